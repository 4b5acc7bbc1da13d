using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Wire;

/// <summary>What a seller proposes to make good.</summary>
/// <param name="Remedy">The protocol's name of it.</param>
/// <param name="Amount">Of a credit or an invoice adjustment; a decimal string.</param>
/// <param name="Units">Of additional delivery; a decimal string.</param>
internal sealed record RemedyProposalRequest(string Remedy, string? Amount, string? Units, string Reason)
{
    public RemedyMove Move(DisputeActor actor, string by) => new(
        0, RemedyAction.Propose, Enum.GetValues<RemedyKind>().First(kind => Remedies.NameOf(kind) == Remedy), Exact.Read(Amount), Exact.Read(Units), null, actor, by, default, Reason);
}

/// <summary>What the buyer says to it.</summary>
internal sealed record RemedyAnswerRequest(RemedyAction Answer, string Reason);

/// <summary>A remedy as it stands.</summary>
/// <param name="Amount">What is taken off or credited; null for additional delivery.</param>
/// <param name="Units">What is delivered in addition; null for money.</param>
/// <param name="Mark">What it makes good.</param>
/// <param name="Owed">True for additional delivery that was agreed and has not come.</param>
/// <param name="Revision">The posting that booked it.</param>
/// <param name="MayBe">What the buyer may say to it now.</param>
internal sealed record RemedyBody(
    string Id,
    int Number,
    string Remedy,
    RemedyState State,
    string? Amount,
    string? Units,
    string Mark,
    string ProposedBy,
    DateTimeOffset ProposedAt,
    string Reason,
    bool Owed,
    int? Revision,
    string? AnsweredBy,
    DateTimeOffset? AnsweredAt,
    IReadOnlyList<RemedyAction> MayBe)
{
    public static RemedyBody Of(Remedy remedy, string settlementId, string currency) => new(
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{settlementId}.m{remedy.Number}"),
        remedy.Number,
        Remedies.NameOf(remedy.Kind),
        remedy.State,
        remedy.Amount is { } amount ? Money.Text(amount, currency) : null,
        Exact.Text(remedy.Units),
        remedy.Mark,
        remedy.ProposedBy,
        remedy.ProposedAt,
        remedy.Reason,
        remedy.IsOwed,
        remedy.Revision,
        remedy.AnsweredBy,
        remedy.AnsweredAt,
        Remedies.AllowedTo(remedy, DisputeActor.Buyer));
}
