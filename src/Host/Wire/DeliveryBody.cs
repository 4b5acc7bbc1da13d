using System.Text.Json.Serialization;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host.Wire;

/// <param name="Next">Where to go on; null on the last page.</param>
internal sealed record DeliveryList(IReadOnlyList<DeliveryItem> Deliveries, string? Next);

/// <summary>An attempt to deliver.</summary>
/// <param name="Count">How many attempts alike are told as one; null for one.</param>
internal sealed record DeliveryItem(
    DateTimeOffset At, int Status, string Code, int Bytes, string? KeyPrefix, string? KeyId, string? TaskType, string? NotificationType, long? SequenceNumber, int? Count)
{
    public static DeliveryItem Of(DeliveryEntry entry) => new(
        entry.At, entry.Status, entry.Code, entry.Bytes, entry.KeyPrefix, entry.KeyId, entry.TaskType, entry.NotificationType, entry.Sequence, entry.Count == 1 ? null : entry.Count);
}

/// <summary>How many attempts were told one thing.</summary>
internal sealed record CodeCount(int Status, string Code, long Count);

/// <summary>A sender's health card.</summary>
/// <param name="Last24Hours">The hours that have begun in the last 24.</param>
/// <param name="DuplicateRate">Of what was taken in seven days, the part that was known before, 0 to 1; null when nothing was taken.</param>
/// <param name="MissingSequenceNumbers">Between those that came in seven days; it says nothing about money.</param>
/// <param name="QuarantinedDeliveries">Those of which rows wait; 1,000 stands for more.</param>
/// <param name="Verdicts">The same in words.</param>
internal sealed record SenderHealthBody(
    string EndpointId,
    string SellerAgent,
    DateTimeOffset? LastSeen,
    DateTimeOffset? LastAccepted,
    [property: JsonPropertyName("last_24_hours")] IReadOnlyList<CodeCount> Last24Hours,
    [property: JsonPropertyName("last_7_days")] IReadOnlyList<CodeCount> Last7Days,
    double? DuplicateRate,
    long RefusedSignatures,
    IReadOnlyList<SequenceRun> MissingSequenceNumbers,
    int QuarantinedDeliveries,
    DateTimeOffset? NextExpectedAt,
    bool Overdue,
    IReadOnlyList<string> Verdicts);
