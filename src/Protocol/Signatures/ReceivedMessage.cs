namespace AdcpFunctions.Protocol;

/// <summary>Every line of a header, as received and in order; empty when it was not sent.</summary>
public delegate IReadOnlyList<string?> HeaderLines(string name);

/// <summary>A request as it came in: what a signature is made over.</summary>
/// <param name="Method">As sent.</param>
/// <param name="Url">Scheme, authority and raw target as sent, not yet canonical; no type that would tidy it may have touched it.</param>
/// <param name="Authority">The <c>:authority</c> or <c>Host</c> as received, never what a proxy says it was.</param>
/// <param name="Headers">Looks up header lines by name.</param>
/// <param name="Body">The raw bytes.</param>
public sealed record ReceivedMessage(string Method, string Url, string Authority, HeaderLines Headers, ReadOnlyMemory<byte> Body);
