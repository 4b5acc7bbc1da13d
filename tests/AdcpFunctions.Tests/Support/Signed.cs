using System.Buffers.Text;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Tests.Support;

/// <summary>A message as a careful sender signs it; a test changes one thing of what is signed, or of what is sent afterwards.</summary>
/// <remarks>It knows nothing of the verifier: <see cref="Url"/> is written as it is to be signed, so a test gives it in canonical form.</remarks>
public sealed record Signed(SigningKeyPair Key, string Tag, string Url, byte[] Body, DateTimeOffset Now)
{
    public static readonly IReadOnlyList<string> AllComponents = ["@method", "@target-uri", "@authority", "content-type", "content-digest"];

    public string Method { get; init; } = "POST";

    public string ContentType { get; init; } = "application/json";

    /// <summary>What <c>Content-Digest</c> says; the body's own unless a test says another.</summary>
    public string Digest { get; init; } = $"sha-256=:{Base64Url.EncodeToString(SHA256.HashData(Body))}:";

    public IReadOnlyList<string> Components { get; init; } = AllComponents;

    public long? Created { get; init; } = Now.ToUnixTimeSeconds();

    public long? Expires { get; init; } = Now.ToUnixTimeSeconds() + 300;

    /// <summary>A fresh one for every message.</summary>
    public string? Nonce { get; init; } = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));

    public string? KeyId { get; init; } = Key.KeyId;

    public string? Algorithm { get; init; } = Key.Algorithm;

    public string Label { get; init; } = "sig1";

    /// <summary>More parameters, as they are to stand, such as <c>;x=1</c>.</summary>
    public string MoreParameters { get; init; } = "";

    /// <summary>Further headers, which may be covered.</summary>
    public IReadOnlyDictionary<string, string> MoreHeaders { get; init; } = new Dictionary<string, string>();

    public static Signed Webhook(SigningKeyPair key, string url, byte[] body, DateTimeOffset now) => new(key, "adcp/webhook-signing/v1", url, body, now);

    public static Signed Request(SigningKeyPair key, string url, byte[] body, DateTimeOffset now) => new(key, "adcp/request-signing/v1", url, body, now);

    /// <summary>The value of the label in <c>Signature-Input</c>.</summary>
    public string Parameters()
    {
        var text = new StringBuilder("(").AppendJoin(' ', Components.Select(c => $"\"{c}\"")).Append(')');
        text.Append(Created is null ? "" : $";created={Created}").Append(Expires is null ? "" : $";expires={Expires}");
        foreach ((string name, string? value) in new[] { ("nonce", Nonce), ("keyid", KeyId), ("alg", Algorithm), ("tag", Tag.Length > 0 ? Tag : null) })
            text.Append(value is null ? "" : $";{name}=\"{value}\"");
        return text.Append(MoreParameters).ToString();
    }

    /// <summary>The text that is signed.</summary>
    public string BaseText()
    {
        var lines = new StringBuilder();
        foreach (string component in Components)
        {
            string value = component switch
            {
                "@method" => Method,
                "@target-uri" => Url,
                "@authority" => Url.Split('/')[2],
                "content-type" => ContentType,
                "content-digest" => Digest,
                _ => MoreHeaders.GetValueOrDefault(component, ""),
            };
            lines.Append($"\"{component}\": {value}\n");
        }

        return lines.Append("\"@signature-params\": ").Append(Parameters()).ToString();
    }

    public SentMessage Sent()
    {
        string signature = Base64Url.EncodeToString(Key.Sign(Encoding.ASCII.GetBytes(BaseText())));
        var sent = new SentMessage { Method = Method, Url = Url, Authority = Url.Split('/')[2], Body = Body };
        sent.Headers["Content-Type"] = [ContentType];
        sent.Headers["Content-Digest"] = [Digest];
        foreach ((string name, string value) in MoreHeaders)
            sent.Headers[name] = [value];
        sent.Headers["Signature-Input"] = [$"{Label}={Parameters()}"];
        sent.Headers["Signature"] = [$"{Label}=:{signature}:"];
        return sent;
    }

    /// <summary>The same over HTTP; the address it is sent to may differ from the one it is signed for.</summary>
    public HttpRequestMessage ToHttp(Uri? address = null) => Sent().ToHttp(address ?? new Uri(Url));
}

/// <summary>A message on its way; what a test changes here was not signed.</summary>
public sealed class SentMessage
{
    public required string Method { get; set; }

    public required string Url { get; set; }

    public required string Authority { get; set; }

    public required byte[] Body { get; set; }

    public Dictionary<string, string[]> Headers { get; } = new(StringComparer.OrdinalIgnoreCase);

    public ReceivedMessage Received() => new(Method, Url, Authority, name => Headers.TryGetValue(name, out string[]? lines) ? lines : [], Body);

    public HttpRequestMessage ToHttp(Uri address)
    {
        var request = new HttpRequestMessage(new HttpMethod(Method), address) { Content = new ByteArrayContent(Body) };
        foreach ((string name, string[] lines) in Headers)
        {
            HttpHeaders into = name.StartsWith("Content-T", StringComparison.OrdinalIgnoreCase) ? request.Content.Headers : request.Headers;
            Assert.True(into.TryAddWithoutValidation(name, lines), name);
        }

        return request;
    }
}
