using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host.Wire;

/// <summary>Records that were not simply taken by the broker.</summary>
/// <param name="Next">Where to go on; null on the last page.</param>
internal sealed record PublicationList(IReadOnlyList<PublicationBody> Publications, string? Next);

/// <summary>An entry of the feed that was not simply taken: what it says, what happened and what was decided.</summary>
/// <param name="SettlementId">Null for the close or reopening of a month, and so are currency and amount.</param>
/// <param name="Period">The month that was closed or opened again; null for a settled record.</param>
/// <param name="Mark">Names what a decision would be taken on.</param>
/// <param name="Amount">What the record adds to the invoice.</param>
internal sealed record PublicationBody(
    string MessageId,
    long Seq,
    string? SettlementId,
    int Revision,
    string AccountId,
    string? Period,
    string? MediaBuyId,
    string? Currency,
    string? Amount,
    PublicationState State,
    DateTimeOffset Since,
    string Mark,
    DateTimeOffset? FirstAttemptAt,
    string Why,
    IReadOnlyList<DecidedPublication> Decisions)
{
    public static PublicationBody Of(PublicationEntry entry)
    {
        (PublicationDocument row, FeedEntry sent) = entry;
        SettledRecord? record = sent.Period is null ? sent.Record : null;
        return new PublicationBody(
            sent.MessageId, row.Seq, record?.SettlementId, row.Revision, sent.AccountId, sent.Period?.Period, record?.MediaBuyId, record?.Currency, record?.Delta.Amount,
            row.State, row.Since, row.Mark, row.FirstAttemptAt, row.Why, row.Decisions);
    }
}

/// <param name="Mark">What the decider has looked at; null for whatever stands.</param>
internal sealed record PublicationDecisionRequest(PublicationDecision Decision, string Reason, string? Mark);
