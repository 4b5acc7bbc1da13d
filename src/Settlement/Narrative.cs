using System.Diagnostics;
using System.Globalization;

namespace AdcpFunctions.Settlement;

/// <summary>Each event of a settlement's history in a sentence.</summary>
public static class Narrative
{
    /// <param name="happened">The event.</param>
    /// <param name="context">Null where no terms group stands behind the settlement.</param>
    /// <param name="currency">ISO 4217.</param>
    public static string Of(SettlementEvent happened, SettlementContext? context, string currency) => happened switch
    {
        SettlementEvent.FinalReceived e => Final(e.Statement, context?.Group, currency),
        SettlementEvent.UnknownReceived e => $"{e.Reporter} reported without saying whether its count is final; received {Wording.At(e.ReceivedAt)}.",
        SettlementEvent.DeadlineMissed e => $"The {Wording.Name(e.Breach.LateParty)} missed its finalization deadline of {Wording.At(e.Breach.Deadline.Due)}: by {Wording.At(e.Breach.Deadline.GraceEnd)} no final count stamped in time had arrived.",
        SettlementEvent.FallbackApproved e => $"{e.By} approved invoicing on the other party's count, {Wording.At(e.At)}: \"{e.Reason}\"",
        SettlementEvent.Ruled e => $"{e.Ruling.By} {Ruled(e.Ruling)}, {Wording.At(e.Ruling.At)}: \"{e.Ruling.Reason}\"",
        SettlementEvent.SnapshotRead e => $"The seller's own records were read {Wording.At(e.Reading.At)}: {(e.Reading.Matches ? "they say the same as its report" : e.Reading.Difference ?? "they say something else than its report")}.",
        SettlementEvent.DisputeMoved e => DisputeWords.Told(e.Move, context, currency),
        SettlementEvent.DisputeLapsed e => DisputeWords.Told(e, context),
        SettlementEvent.RemedyMoved e => $"{e.Move.By} {Moved(e.Move, context?.Group, currency)}, {Wording.At(e.Move.At)}: \"{e.Move.Reason}\"",
        SettlementEvent.Posted e => Posted(e.Posting, context, currency),
        SettlementEvent.StatusChanged e => Changed(e),
        _ => throw new UnreachableException(happened.GetType().Name),
    };

    private static string Final(Statement said, TermsGroup? group, string currency)
    {
        string who = said.Side == Side.SellerRow ? $"The seller's delivery report ({said.Reporter})" : $"The usage report of {said.Reporter}";
        string what = said.Quantity is { } count ? $"{Wording.Count(count)} {Wording.Metric(group?.PricingModel)}" : said.Cost is null ? "its delivery" : "";
        string cost = said.Cost is not { } stated ? "" : (what.Length == 0 ? "a cost of " : " at a cost of ") + Wording.Cash(stated, currency);
        string rate = said.Rate is { } auction ? $" at an auction price of {Wording.Cash(auction, currency)}" : "";
        string package = said.Unit.Length == 0 ? "" : $" for package {said.Unit}";
        string day = said.Day is { } only ? $" on {only.Start.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}" : "";
        string stamp = said.FinalizedAt is { } at ? $"stamped {Wording.At(at)}" : "without a stamp";
        return $"{who} states {what}{rate}{cost}{package}{day} as final, {stamp}; received {Wording.At(said.ReceivedAt)}.";
    }

    private static string Ruled(Ruling ruling) => (ruling.Topic, ruling.Accepts) switch
    {
        (RulingTopic.LateFinal, true) => "accepted the late final count",
        (RulingTopic.LateFinal, false) => "put the late final count aside",
        (RulingTopic.Restatement, true) => "accepted the changed final count",
        (RulingTopic.Restatement, false) => "put the changed final count aside",
        (RulingTopic.Variance, _) => "accepted the difference between the counts",
        (RulingTopic.Hold, _) => "released the final count that was held",
        (RulingTopic.Remedy, _) => $"chose the remedy {ruling.Remedy}",
        _ => throw new UnreachableException(ruling.Topic.ToString()),
    };

    private static string Moved(RemedyMove move, TermsGroup? group, string currency)
    {
        string remedy = $"remedy {move.Remedy.ToString(CultureInfo.InvariantCulture)}";
        return move.Action switch
        {
            RemedyAction.Propose => $"proposed {remedy}, {Remedies.Words(move.Kind ?? default, move.Amount, move.Units, group, currency)}",
            RemedyAction.Accept => $"accepted {remedy}",
            RemedyAction.Dispute => $"turned {remedy} down",
            _ => $"said that the additional delivery of {remedy} had come",
        };
    }

    private static string Posted(Posting posted, SettlementContext? context, string currency)
    {
        string amount = Wording.Cash(posted.Amount, currency);
        string what = posted.Revision == 1 ? $"{amount} were settled" : $"Revision {posted.Revision.ToString(CultureInfo.InvariantCulture)} changed the invoice by {Wording.Cash(posted.DeltaAmount, currency)} to {amount}";
        string how = context is null ? "" : $": {Arithmetic.OfAmount(posted, context)}";
        string whose = posted.Agreement is { } dispute ? $"by the end of dispute {DisputeWords.Id(dispute)}" : $"on the {Wording.Name(posted.Basis, context?.Group)}'s count";
        return $"{what} {whose}{how}. Because {Wording.Words(posted.Reasons)}.";
    }

    private static string Changed(SettlementEvent.StatusChanged e)
    {
        string why = e.Reasons.Count == 0 ? "" : $", because {Wording.Words(e.Reasons)}";
        string look = e.DueAt is { } at ? $" It is looked at again {Wording.At(at)}." : "";
        return $"From here on it is {StandingOf(e.Status)}{why}.{look}";
    }

    private static string StandingOf(SettlementStatus status) => status switch
    {
        SettlementStatus.Open => "open",
        SettlementStatus.AwaitingFinal => "waiting for the governing party's final count",
        SettlementStatus.AwaitingCounterpart => "waiting for the other party's count",
        SettlementStatus.VarianceExceeded => "waiting for finance",
        SettlementStatus.Breached => "past its deadline without a final count of either party",
        SettlementStatus.FallbackAvailable => "waiting for the fallback to be approved",
        SettlementStatus.Held => "held",
        SettlementStatus.Disputed => "disputed",
        SettlementStatus.Settled => "settled",
        SettlementStatus.Adjusted => "settled, and corrected since",
        SettlementStatus.Unallocatable => "without a terms group it could be allocated to",
        SettlementStatus.OutOfBand => "billed outside AdCP",
        _ => throw new UnreachableException(status.ToString()),
    };
}
