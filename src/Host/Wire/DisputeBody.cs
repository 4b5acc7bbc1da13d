using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Wire;

/// <summary>A number somebody claims, offers or agrees on; exactly one of both, as decimal strings.</summary>
internal sealed record ClaimBody(string? Quantity, string? Amount)
{
    public static ClaimBody? Of(ClaimedNumber? number, string currency) =>
        number is null ? null : new(Exact.Text(number.Quantity), number.Amount is { } amount ? Money.Text(amount, currency) : null);

    public Problem? Misread() => Exact.Misread(Quantity) ?? Exact.Misread(Amount);

    public ClaimedNumber Number() => new(Exact.Read(Quantity), Exact.Read(Amount));
}

/// <summary>What a buyer claims of a settlement.</summary>
/// <param name="Source">Where the claimed number comes from.</param>
internal sealed record DisputeOpeningRequest(string SettlementId, ClaimBody Claimed, string Source, string Reason, string IdempotencyKey);

/// <summary>What a party does about a dispute.</summary>
/// <param name="Number">The number offered or awarded; null where none is.</param>
/// <param name="Moves">Which state of the dispute was looked at.</param>
internal sealed record DisputeResponseRequest(DisputeAction Action, ClaimBody? Number, string Reason, int Moves);

/// <summary>One page of disputes, or of what might become one.</summary>
/// <param name="Drafts">Disputes the ledger would open for the buyer; only where they are asked for.</param>
/// <param name="Next">Where the next page begins; null on the last.</param>
internal sealed record DisputeList(IReadOnlyList<DisputeBody> Disputes, IReadOnlyList<DraftBody>? Drafts, string? Next);

/// <summary>What an actor may do now.</summary>
internal sealed record AllowedBody(DisputeActor Actor, IReadOnlyList<DisputeAction> Actions);

/// <summary>One move, or the passing of the time for one.</summary>
/// <param name="Due">By when the next answer was due from then on.</param>
internal sealed record DisputeStepBody(DisputeAction Action, DisputeActor Actor, string? By, DateTimeOffset At, ClaimBody? Number, string? Source, string? Reason, DateTimeOffset? Due);

/// <summary>A dispute as it stands.</summary>
/// <param name="Turn">Whose answer is awaited; null where nobody's is.</param>
/// <param name="Due">By when.</param>
/// <param name="Moves">Names what a party has looked at: sent with a response, it is made on exactly that.</param>
/// <param name="Agreed">What it ended on; null while it goes on, and where the number stands as it was.</param>
/// <param name="Invoiced">What is invoiced so far; null for nothing.</param>
/// <param name="Steps">Every move, oldest first; null in lists.</param>
internal sealed record DisputeBody(
    string Id,
    string SettlementId,
    int Number,
    string AccountId,
    string? MediaBuyId,
    VendorUsageBody? VendorUsage,
    string Currency,
    DisputeState State,
    DisputeActor? Turn,
    DateTimeOffset? Due,
    int Moves,
    ClaimBody Claimed,
    string Source,
    string Reason,
    string OpenedBy,
    DateTimeOffset OpenedAt,
    ClaimBody? Offer,
    ClaimBody? Agreed,
    DateTimeOffset? EndedAt,
    ClaimBody? Invoiced,
    IReadOnlyList<AllowedBody> Allowed,
    IReadOnlyList<DisputeStepBody>? Steps = null)
{
    private static readonly DisputeActor[] Parties = [DisputeActor.Buyer, DisputeActor.Seller, DisputeActor.Finance];

    public static DisputeBody Of(Dispute dispute, HeadDocument head, string currency) => new(
        new DisputeId(head.Id, dispute.Number).ToString(),
        head.Id,
        dispute.Number,
        head.Account,
        head.Vendor is null ? head.MediaBuyId : null,
        VendorUsageBody.Of(head.Vendor),
        currency,
        dispute.State,
        dispute.Turn,
        dispute.Due,
        dispute.Moves,
        ClaimBody.Of(dispute.Claim, currency)!,
        dispute.Source,
        dispute.Reason,
        dispute.OpenedBy,
        dispute.OpenedAt,
        ClaimBody.Of(dispute.Offer, currency),
        ClaimBody.Of(dispute.Agreed, currency),
        dispute.EndedAt,
        head.State.Posted is { } posted ? new ClaimBody(Exact.Text(posted.Quantity), Money.Text(posted.Amount, currency)) : null,
        [.. Parties.Select(party => new AllowedBody(party, Disputes.AllowedTo(dispute, party))).Where(allowed => allowed.Actions.Count > 0)]);

    /// <summary>The same with every step of it.</summary>
    public DisputeBody With(IEnumerable<SettlementEvent> history) => this with { Steps = [.. history.Select(happened => Step(happened, Number, Currency)).OfType<DisputeStepBody>()] };

    /// <summary>A dispute as its events make it, however many came after it.</summary>
    /// <returns>Null when there is none of this number.</returns>
    public static Dispute? Find(int number, IEnumerable<SettlementEvent> history)
    {
        SettlementState state = SettlementState.Initial;
        Dispute? found = null;
        foreach (SettlementEvent happened in history.Where(e => e is SettlementEvent.DisputeMoved or SettlementEvent.DisputeLapsed))
        {
            state = state.Apply(happened);
            found = state.Disputes?.FirstOrDefault(d => d.Number == number) ?? found;
        }

        return found;
    }

    private static DisputeStepBody? Step(SettlementEvent happened, int number, string currency) => happened switch
    {
        SettlementEvent.DisputeMoved { Move: var m } when m.Dispute == number => new(m.Action, m.Actor, m.By, m.At, ClaimBody.Of(m.Number, currency), m.Source, m.Reason, m.Due),
        SettlementEvent.DisputeLapsed e when e.Dispute == number => new(DisputeAction.Lapse, DisputeActor.Timer, null, e.RecordedAt, null, null, null, null),
        _ => null,
    };
}

/// <summary>A dispute the ledger would open for the buyer as things stand.</summary>
/// <param name="Grounds">Reason codes, the weightiest first.</param>
/// <param name="Claimed">What the buyer's side has on file; null where it has to say.</param>
internal sealed record DraftBody(string SettlementId, string AccountId, string? MediaBuyId, VendorUsageBody? VendorUsage, string Currency, IReadOnlyList<string> Grounds, ClaimBody? Claimed, string Source, string Reason)
{
    public static DraftBody? Of(DisputeDraft? draft, HeadDocument head, string currency) => draft is null ? null : new(
        head.Id, head.Account, head.Vendor is null ? head.MediaBuyId : null, VendorUsageBody.Of(head.Vendor), currency, draft.Grounds, ClaimBody.Of(draft.Claim, currency), draft.Source, draft.Reason);
}
