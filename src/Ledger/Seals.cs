namespace AdcpFunctions.Ledger;

/// <summary>A keyed proof that a published text is this service's own.</summary>
/// <param name="KeyId">Which key.</param>
/// <param name="Value">HMAC-SHA256, lower-case hex.</param>
public sealed record RecordSeal(string KeyId, string Value);
