using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>What the delivery log is told of an attempt whose proof holds: what a stranger says of itself is not told.</summary>
internal static class DeliveryNote
{
    private const int KeyPrefix = 8;
    private const int LongestName = 64;

    /// <param name="seen">What is known of the attempt so far.</param>
    /// <param name="envelope">Valid, and of a registered sender.</param>
    public static DeliveryEntry Of(DeliveryEntry seen, JsonNode envelope)
    {
        seen = seen with { KeyPrefix = Text(envelope, "idempotency_key"u8)?[..KeyPrefix], TaskType = Text(envelope, "task_type"u8) };
        if (!envelope.TryGetMember("result"u8, out JsonNode result))
            return seen;
        return seen with
        {
            NotificationType = Text(result, "notification_type"u8) is { Length: <= LongestName } type ? type : null,
            Sequence = result.TryGetMember("sequence_number"u8, out JsonNode number) && number.TryGetInt64(out long sequence) && sequence >= 1 ? sequence : null,
            NextExpectedAt = result.TryGetMember("next_expected_at"u8, out JsonNode next) && WireTime.TryRead(next, out DateTimeOffset at) ? at.ToUniversalTime() : null,
        };
    }

    private static string? Text(JsonNode node, ReadOnlySpan<byte> name) => node.TryGetMember(name, out JsonNode value) && value.Kind == JsonKind.String ? value.GetString() : null;
}
