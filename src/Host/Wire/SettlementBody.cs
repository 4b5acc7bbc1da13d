using System.Globalization;
using System.Text.Json;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Wire;

/// <summary>One page of settlements.</summary>
/// <param name="Next">Where the next page begins; null on the last.</param>
internal sealed record SettlementList(IReadOnlyList<SettlementSummary> Settlements, string? Next);

/// <summary>A settlement in a list.</summary>
/// <param name="Billable">As its grade says.</param>
/// <param name="Amount">What was invoiced so far; null while nothing was.</param>
internal sealed record SettlementSummary(
    string Id,
    string AccountId,
    string? MediaBuyId,
    VendorUsageBody? VendorUsage,
    ReportingPeriod ReportingPeriod,
    string? MeasurementWindow,
    SettlementStatus State,
    IReadOnlyList<string> ReasonCodes,
    bool Billable,
    BillingGrade BillingGrade,
    int? ContractVersion,
    string? Amount,
    string Currency,
    DateTimeOffset ChangedAt);

/// <summary>Why a settlement is or is not billable: everything the decision was taken on.</summary>
/// <param name="Sentence">The same in one sentence.</param>
/// <param name="Billable">As its grade says.</param>
/// <param name="Contract">The terms in force; null for vendor usage, which has none, and where no terms group stands behind it.</param>
/// <param name="Seller">What the seller's delivery rows said.</param>
/// <param name="Usage">What <c>report_usage</c> said.</param>
/// <param name="Provisional">What was said and decided nothing, oldest first.</param>
/// <param name="WhatWouldChangeIt">Sentences: whose report, which timer, which decision.</param>
/// <param name="OpenDecisions">What may be decided now, and by whom.</param>
/// <param name="History">Every decision; each carries the hash of the one before.</param>
internal sealed record SettlementBody(
    string Id,
    string AccountId,
    string? MediaBuyId,
    VendorUsageBody? VendorUsage,
    string? GroupId,
    IReadOnlyList<string> PackageIds,
    string? PricingOptionId,
    PricingModel? PricingModel,
    string? Rate,
    string Currency,
    ReportingPeriod ReportingPeriod,
    string? MeasurementWindow,
    SettlementStatus State,
    string Sentence,
    IReadOnlyList<string> ReasonCodes,
    bool Billable,
    BillingGrade BillingGrade,
    int? ContractVersion,
    ContractTermsBody? Contract,
    Party? Authority,
    Side? AuthoritySide,
    SideBody Seller,
    SideBody Usage,
    VarianceBody Variance,
    DeadlineBody? Deadline,
    BreachBody? Breach,
    DateTimeOffset? DueAt,
    IReadOnlyList<PostingBody> Postings,
    IReadOnlyList<string> WhatWouldChangeIt,
    IReadOnlyList<OpenDecisionBody> OpenDecisions,
    IReadOnlyList<ProvisionalBody> Provisional,
    IReadOnlyList<DecisionBody> History)
{
    /// <summary>When the seller's own records were last asked for in vain; null where nothing waits for them, or nobody was asked yet.</summary>
    public RecordsAskedBody? RecordsAsked { get; init; }

    /// <summary>The dispute that is open, else the newest; null where there was none.</summary>
    public DisputeBody? Dispute { get; init; }

    /// <summary>The dispute the ledger would open for the buyer as things stand; null without a ground.</summary>
    public DraftBody? DisputeDraft { get; init; }

    /// <summary>What was agreed to make good with, in the seller's order; null without a makegood policy.</summary>
    public IReadOnlyList<string>? RemedyMenu { get; init; }

    /// <summary>What was proposed to make good, oldest first; null for nothing.</summary>
    public IReadOnlyList<RemedyBody>? Remedies { get; init; }
}

/// <summary>A question to a seller's agent that brought no usable answer.</summary>
/// <param name="Code">Why, as the runbook explains it: a word of ours, or the seller's own error code.</param>
/// <param name="Attempts">How often in a row.</param>
internal sealed record RecordsAskedBody(DateTimeOffset At, string Code, int Attempts, DateTimeOffset NextAt)
{
    public static RecordsAskedBody? Of(AskedDocument? asked) => asked is null ? null : new(asked.At, asked.Code, asked.Attempts, asked.NextAt);
}

/// <summary>One side's final count for the whole group.</summary>
/// <param name="Final">False while any package of the group lacks a final.</param>
/// <param name="ExpectedCost">What the account's price list makes of it; null where there is none to compare with.</param>
internal sealed record SideBody(bool Final, string? Quantity, string? Cost, string? ExpectedCost, DateTimeOffset? FinalizedAt, DateTimeOffset? ReceivedAt, IReadOnlyList<StatementBody> Statements)
{
    public static SideBody Of(Side side, SettlementState state, TermsGroup? group, ReportingPeriod period)
    {
        IReadOnlyDictionary<string, UnitFinals> said = state.On(side);
        SideFinal? sum = group is null ? null : SideFinal.Of(side, said, group, period);
        IEnumerable<Statement> statements = said.OrderBy(s => s.Key, StringComparer.Ordinal).SelectMany(s => s.Value.First.Hash == s.Value.Newest.Hash ? [s.Value.Newest] : new[] { s.Value.First, s.Value.Newest });
        return new SideBody(sum is not null, Exact.Text(sum?.Quantity), Exact.Text(sum?.Cost), Exact.Text(sum?.Expected), sum?.FinalizedAt, sum?.ReceivedAt, [.. statements.Select(StatementBody.Of)]);
    }
}

/// <param name="PackageId">Null for a usage record, which speaks for its whole group.</param>
/// <param name="Day">The day it is for, where a period is the sum of its days.</param>
/// <param name="Rate">What the seller says an auction came to.</param>
/// <param name="ExpectedCost">What the vendor's price list makes of it.</param>
internal sealed record StatementBody(
    string? PackageId,
    ReportingPeriod? Day,
    string? Quantity,
    string? Cost,
    string? Rate,
    string? ExpectedCost,
    DateTimeOffset? FinalizedAt,
    DateTimeOffset ReceivedAt,
    string Reporter,
    string ContentHash,
    string? Evidence)
{
    public static StatementBody Of(Statement s) => new(
        s.Unit.Length == 0 ? null : s.Unit, s.Day, Exact.Text(s.Quantity), Exact.Text(s.Cost), Exact.Text(s.Rate), Exact.Text(s.Expected),
        s.FinalizedAt, s.ReceivedAt, s.Reporter, s.Hash, s.Evidence.Length == 0 ? null : s.Evidence);
}

/// <param name="Percent">Of the greater count; null while only one is final.</param>
/// <param name="TolerancePercent">Null when none was agreed.</param>
/// <param name="Sentence">The division itself; null where no terms say what would be compared.</param>
internal sealed record VarianceBody(string? Percent, string? TolerancePercent, string? Sentence);

internal sealed record BreachBody(Party LateParty, Side LateSide, DateTimeOffset Due, DateTimeOffset GraceEnd, DateTimeOffset RecordedAt)
{
    public static BreachBody Of(Breach b) => new(b.LateParty, b.LateSide, b.Deadline.Due, b.Deadline.GraceEnd, b.RecordedAt);
}

/// <summary>One revision of what is invoiced.</summary>
/// <param name="Rate">What one unit cost, to eight digits; null where the price does not depend on a count.</param>
/// <param name="Arithmetic">How the amount follows from count, price and cap.</param>
/// <param name="Agreement">The dispute whose end it books.</param>
/// <param name="Remedy">The remedy it books.</param>
/// <param name="Remedied">What remedies took off so far.</param>
internal sealed record PostingBody(
    int Revision,
    Side Basis,
    bool Fallback,
    string? Quantity,
    string Amount,
    string? DeltaQuantity,
    string DeltaAmount,
    string? SellerCount,
    string? UsageCount,
    string? VariancePercent,
    DateTimeOffset SettledAt,
    IReadOnlyList<string> ReasonCodes,
    int ContractVersion,
    string? Rate,
    string? Arithmetic,
    int? Agreement = null,
    int? Remedy = null,
    string? Remedied = null)
{
    public static PostingBody Of(Posting p, SettlementContext? context, string currency) => new(
        p.Revision, p.Basis, p.IsFallback, Exact.Text(p.Quantity), Money.Text(p.Amount, currency), Exact.Text(p.DeltaQuantity), Money.Text(p.DeltaAmount, currency),
        Exact.Text(p.SellerCount), Exact.Text(p.UsageCount), Exact.Text(p.Variance), p.SettledAt, p.Reasons, p.ContractVersion,
        p.Rate is { } rate ? Money.Text(decimal.Round(rate, 8), currency) : null, context is null ? null : Settlement.Arithmetic.OfAmount(p, context),
        p.Agreement, p.Remedy, p.Remedied is { } off ? Money.Text(off, currency) : null);
}

/// <summary>A statement that decided nothing.</summary>
/// <param name="Final">As the sender said; null when it did not.</param>
/// <param name="ProvisionalAfterFinal">True when its side had already been final.</param>
/// <param name="Statement">As received.</param>
internal sealed record ProvisionalBody(Side Side, string Reporter, DateTimeOffset ReceivedAt, string? MeasurementWindow, bool? Final, bool ProvisionalAfterFinal, JsonElement Statement);

/// <summary>One decision of the chain.</summary>
internal sealed record DecisionBody(int Sequence, DateTimeOffset At, string Previous, string Hash, IReadOnlyList<EventBody> Events);

/// <summary>One thing that happened. Which members are set follows from its kind.</summary>
/// <param name="Sentence">The same in words.</param>
/// <param name="Mark">Names the statements a decision was taken on.</param>
internal sealed record EventBody(
    string Kind,
    string Sentence = "",
    Side? Side = null,
    StatementBody? Statement = null,
    int? ContractVersion = null,
    string? Reporter = null,
    DateTimeOffset? ReceivedAt = null,
    BreachBody? Breach = null,
    string? By = null,
    DateTimeOffset? At = null,
    string? Reason = null,
    PostingBody? Posting = null,
    SettlementStatus? State = null,
    IReadOnlyList<string>? ReasonCodes = null,
    DateTimeOffset? DueAt = null,
    RulingTopic? Topic = null,
    bool? Accepts = null,
    string? Remedy = null,
    string? Mark = null,
    bool? Matches = null,
    string? Difference = null,
    int? Number = null,
    string? Action = null,
    DisputeActor? Actor = null,
    string? Quantity = null,
    string? Amount = null,
    string? Units = null,
    string? Source = null,
    DisputeActor? Late = null)
{
    public static EventBody Of(SettlementEvent happened, SettlementContext? context, string currency) =>
        Plain(happened, context, currency) with { Sentence = Narrative.Of(happened, context, currency) };

    private static EventBody Plain(SettlementEvent happened, SettlementContext? context, string currency) => happened switch
    {
        SettlementEvent.FinalReceived e => new EventBody("final_received", Side: e.Statement.Side, Statement: StatementBody.Of(e.Statement), ContractVersion: e.ContractVersion),
        SettlementEvent.UnknownReceived e => new EventBody("unknown_received", Reporter: e.Reporter, ReceivedAt: e.ReceivedAt),
        SettlementEvent.DeadlineMissed e => new EventBody("deadline_missed", Breach: BreachBody.Of(e.Breach)),
        SettlementEvent.FallbackApproved e => new EventBody("fallback_approved", By: e.By, At: e.At, Reason: e.Reason, Mark: e.Mark),
        SettlementEvent.Ruled e => new EventBody("ruled", By: e.Ruling.By, At: e.Ruling.At, Reason: e.Ruling.Reason, Topic: e.Ruling.Topic, Accepts: e.Ruling.Accepts, Remedy: e.Ruling.Remedy, Mark: e.Ruling.Mark),
        SettlementEvent.SnapshotRead e => new EventBody("snapshot_read", Side: Settlement.Side.SellerRow, At: e.Reading.At, Matches: e.Reading.Matches, Difference: e.Reading.Difference, Mark: e.Reading.Mark),
        SettlementEvent.DisputeMoved e => new EventBody(
            "dispute_moved", By: e.Move.By, At: e.Move.At, Reason: e.Move.Reason, Number: e.Move.Dispute, Action: HostJson.Name(e.Move.Action), Actor: e.Move.Actor,
            Quantity: Exact.Text(e.Move.Number?.Quantity), Amount: e.Move.Number?.Amount is { } claimed ? Money.Text(claimed, currency) : null, Source: e.Move.Source),
        SettlementEvent.DisputeLapsed e => new EventBody("dispute_lapsed", At: e.RecordedAt, Number: e.Dispute, Late: e.Late, DueAt: e.Due),
        SettlementEvent.RemedyMoved e => new EventBody(
            "remedy_moved", By: e.Move.By, At: e.Move.At, Reason: e.Move.Reason, Number: e.Move.Remedy, Action: HostJson.Name(e.Move.Action), Actor: e.Move.Actor,
            Remedy: e.Move.Kind is { } kind ? Settlement.Remedies.NameOf(kind) : null, Amount: e.Move.Amount is { } amount ? Money.Text(amount, currency) : null, Units: Exact.Text(e.Move.Units), Mark: e.Move.Mark),
        SettlementEvent.Posted e => new EventBody("posted", Posting: PostingBody.Of(e.Posting, context, currency)),
        SettlementEvent.StatusChanged e => new EventBody("status_changed", State: e.Status, ReasonCodes: e.Reasons, DueAt: e.DueAt),
        _ => throw new System.Diagnostics.UnreachableException(happened.GetType().Name),
    };
}

/// <summary>Numbers as text, digit by digit.</summary>
internal static class Exact
{
    /// <summary>More digits than a number here is ever kept with.</summary>
    private const int MaxDigits = 28;

    /// <summary>A number of a body whose schema has seen to its form.</summary>
    public static decimal? Read(string? text) => text is null ? null : decimal.Parse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    /// <summary>What is said to a number with more digits than can be kept: it is never rounded in silence.</summary>
    /// <returns>Null for one that can.</returns>
    public static Problem? Misread(string? text) =>
        text?.Count(char.IsAsciiDigit) > MaxDigits ? new Problem(422, "number_out_of_range", "A number has at most 28 digits.") : null;

    public static string? Text(decimal? value) => value?.ToString("0.############################", CultureInfo.InvariantCulture);
}
