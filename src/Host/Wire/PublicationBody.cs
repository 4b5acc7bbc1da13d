using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host.Wire;

/// <summary>Records that were not simply taken by the broker.</summary>
/// <param name="Next">Where to go on; null on the last page.</param>
internal sealed record PublicationList(IReadOnlyList<PublicationBody> Publications, string? Next);

/// <summary>A record that was not simply taken: what it says, what happened and what was decided.</summary>
/// <param name="Mark">Names what a decision would be taken on.</param>
/// <param name="Amount">What the record adds to the invoice.</param>
internal sealed record PublicationBody(
    string MessageId,
    long Seq,
    string SettlementId,
    int Revision,
    string AccountId,
    string? MediaBuyId,
    string Currency,
    string Amount,
    PublicationState State,
    DateTimeOffset Since,
    string Mark,
    DateTimeOffset? FirstAttemptAt,
    string Why,
    IReadOnlyList<DecidedPublication> Decisions)
{
    public static PublicationBody Of(PublicationEntry entry)
    {
        (PublicationDocument row, SettledRecord record) = entry;
        return new PublicationBody(
            record.MessageId, row.Seq, row.SettlementId, row.Revision, record.AccountId, record.MediaBuyId, record.Currency, record.Delta.Amount,
            row.State, row.Since, row.Mark, row.FirstAttemptAt, row.Why, row.Decisions);
    }
}

/// <param name="Mark">What the decider has looked at; null for whatever stands.</param>
internal sealed record PublicationDecisionRequest(PublicationDecision Decision, string Reason, string? Mark);
