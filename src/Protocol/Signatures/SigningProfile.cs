namespace AdcpFunctions.Protocol;

/// <summary>Whether a signature covers <c>content-digest</c>.</summary>
public enum DigestPolicy
{
    Required,
    Forbidden,
    Either,
}

/// <summary>AdCP's two uses of RFC 9421: they differ in tag, codes, key purposes and digest.</summary>
/// <param name="Tag">The <c>tag</c> a signature must carry.</param>
/// <param name="Prefix">What each error code begins with: <c>webhook</c> or <c>request</c>.</param>
/// <param name="Purposes">The <c>adcp_use</c> values a key may have.</param>
/// <param name="Digest">Whether the body's digest is covered.</param>
/// <remarks>Spec: AdCP 3.1, building/by-layer/L1/security, "AdCP RFC 9421 profile" and "Webhook callbacks".</remarks>
public sealed record SigningProfile(string Tag, string Prefix, IReadOnlyList<string> Purposes, DigestPolicy Digest)
{
    public static readonly SigningProfile Webhook = new("adcp/webhook-signing/v1", "webhook", ["request-signing", "webhook-signing"], DigestPolicy.Required);

    public static readonly SigningProfile Request = new("adcp/request-signing/v1", "request", ["request-signing"], DigestPolicy.Required);
}
