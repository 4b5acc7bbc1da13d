using System.Globalization;
using System.Text;

namespace AdcpFunctions.Protocol;

/// <summary>The six parameters a signature must carry.</summary>
internal sealed record SignatureParameters(long Created, long Expires, string Nonce, string KeyId, string Algorithm, string Tag);

/// <summary>What the signature headers of a message say, read and not yet believed.</summary>
internal sealed class SignatureFields
{
    public const string InputHeader = "Signature-Input";
    public const string SignatureHeader = "Signature";

    public const string Method = "@method";
    public const string TargetUri = "@target-uri";
    public const string Authority = "@authority";
    public const string ContentType = "content-type";
    public const string ContentDigest = "content-digest";

    /// <summary>The one label that is processed: whoever passes a message on may add its own beside it.</summary>
    private const string Label = "sig1";

    private const int MaxComponents = 32;
    private const int MaxSignature = 64;
    private const int DigestLength = 32;

    private readonly List<string> _components = new(5);
    private readonly string _input;
    private int _inputStart;
    private int _inputEnd;
    private long? _created;
    private long? _expires;
    private string? _nonce;
    private string? _keyId;
    private string? _algorithm;
    private string? _tag;

    private SignatureFields(string input) => _input = input;

    /// <summary>What is covered, in the order signed.</summary>
    public IReadOnlyList<string> Components => _components;

    /// <summary>False when a component is covered in a form other than its plain value, which no sender of AdCP does.</summary>
    public bool IsPlain { get; private set; } = true;

    /// <summary>The list and its parameters as they were sent: the last line of the signature base.</summary>
    public ReadOnlySpan<char> RawParameters => _input.AsSpan(_inputStart.._inputEnd);

    /// <summary>The signature itself; empty when it is longer than any allowed algorithm's.</summary>
    public byte[] Signature { get; private set; } = [];

    /// <summary>The body's SHA-256 as the message states it; null when it states none.</summary>
    public byte[]? Digest { get; private set; }

    /// <summary>Rule SIG-4: signature headers are read strictly, and a message whose headers could be read in two ways is refused.</summary>
    /// <remarks>
    /// Spec: AdCP 3.1, building/by-layer/L1/security, "Verifier checklist", step 1. Also looked at here, because the specification names the same code:
    /// a second value of a header that may have only one, and a host that is not written in ASCII.
    /// </remarks>
    /// <returns>Null for headers that are malformed, and where there are none.</returns>
    public static SignatureFields? Read(ReceivedMessage message)
    {
        if (Joined(message.Headers(InputHeader)) is not { } input || Joined(message.Headers(SignatureHeader)) is not { } signature)
            return null;
        if (Protocol.TargetUri.HasForeignHost(message.Url) || !Ascii.IsValid(message.Authority))
            return null;
        var fields = new SignatureFields(input);
        bool isRead = fields.TryReadInput() && fields.TryReadSignature(signature) && IsSingle(message.Headers(ContentType)) && fields.TryReadDigest(message.Headers(ContentDigest));
        return isRead ? fields : null;
    }

    public bool Covers(string component) => _components.Contains(component);

    /// <returns>Null when one is missing.</returns>
    public SignatureParameters? Parameters() =>
        _created is { } created && _expires is { } expires && _nonce is not null && _keyId is { Length: > 0 } && _algorithm is not null && _tag is not null
            ? new SignatureParameters(created, expires, _nonce, _keyId, _algorithm, _tag)
            : null;

    /// <summary>Several lines of a header are one value (RFC 9110, 5.3).</summary>
    private static string? Joined(IReadOnlyList<string?> lines) => lines.Count switch
    {
        0 => null,
        1 => lines[0],
        _ => string.Join(", ", lines),
    };

    /// <summary>One line, and no comma outside quotes: what a list of types would have.</summary>
    private static bool IsSingle(IReadOnlyList<string?> lines)
    {
        if (lines.Count == 0)
            return true;
        if (lines.Count > 1 || lines[0] is not { } value)
            return false;
        bool isQuoted = false;
        for (int i = 0; i < value.Length; i++)
        {
            if (value[i] == '"')
                isQuoted = !isQuoted;
            else if (isQuoted && value[i] == '\\')
                i++;
            else if (!isQuoted && value[i] == ',')
                return false;
        }

        return !isQuoted;
    }

    private bool TryReadInput()
    {
        var text = new StructuredText(_input);
        bool isFound = false;
        while (text.NextMember(out ReadOnlySpan<char> label))
        {
            if (!label.SequenceEqual(Label))
            {
                text.SkipMember();
                continue;
            }

            isFound = true;
            _inputStart = text.Position + 1;
            if (!TryReadComponents(ref text) || !TryReadParameters(ref text))
                return false;
            _inputEnd = text.Position;
        }

        return isFound && !text.IsMalformed;
    }

    private bool TryReadComponents(ref StructuredText text)
    {
        if (!text.TryBeginList())
            return false;
        for (bool isFirst = true; text.NextInList(isFirst, out StructuredItem item); isFirst = false)
        {
            if (item.Kind != StructuredKind.Text || _components.Count == MaxComponents)
                return false;
            string component = Known(item.Text);
            if (!SignatureLines.IsComponentName(component) || Covers(component))
                return false;
            if (text.NextParameter(out _, out _))
            {
                IsPlain = false;
                text.SkipParameters();
            }

            _components.Add(component);
        }

        return !text.IsMalformed;
    }

    private bool TryReadParameters(ref StructuredText text)
    {
        while (text.NextParameter(out ReadOnlySpan<char> name, out StructuredItem value))
        {
            bool isExpected = name switch
            {
                "created" => TryTime(value, out _created),
                "expires" => TryTime(value, out _expires),
                "nonce" => TryText(value, out _nonce) && BinaryToken.IsNonce(_nonce, out _),
                "keyid" => TryText(value, out _keyId),
                "alg" => TryText(value, out _algorithm),
                "tag" => TryText(value, out _tag),
                _ => true,
            };
            if (!isExpected)
                return false;
        }

        return !text.IsMalformed;
    }

    private bool TryReadSignature(string header)
    {
        var text = new StructuredText(header);
        bool isFound = false;
        while (text.NextMember(out ReadOnlySpan<char> label))
        {
            if (!label.SequenceEqual(Label))
            {
                text.SkipMember();
                continue;
            }

            isFound = text.TryValue(out StructuredItem item) && item.Kind == StructuredKind.Binary;
            if (!isFound)
                return false;
            byte[] bytes = new byte[MaxSignature];
            Signature = BinaryToken.TryDecode(item.Text, bytes, out int length) && length == MaxSignature ? bytes : [];
            text.SkipParameters();
        }

        return isFound && !text.IsMalformed;
    }

    /// <summary>Only SHA-256 counts (decision A3 of the digest): other algorithms beside it are read and left alone.</summary>
    private bool TryReadDigest(IReadOnlyList<string?> lines)
    {
        if (lines.Count == 0)
            return true;
        if (lines.Count > 1)
            return false;
        var text = new StructuredText(lines[0]);
        while (text.NextMember(out ReadOnlySpan<char> algorithm))
        {
            if (!text.TryValue(out StructuredItem item) || item.Kind != StructuredKind.Binary)
                return false;
            if (algorithm is "sha-256")
            {
                Digest = new byte[DigestLength];
                if (!BinaryToken.TryDecode(item.Text, Digest, out int length) || length != DigestLength)
                    return false;
            }

            text.SkipParameters();
        }

        return !text.IsMalformed;
    }

    private static bool TryTime(StructuredItem value, out long? seconds)
    {
        bool isTime = long.TryParse(value.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long read) && value.Kind == StructuredKind.Integer;
        seconds = isTime ? read : null;
        return isTime;
    }

    private static bool TryText(StructuredItem value, out string text)
    {
        text = Known(value.Text);
        return value.Kind == StructuredKind.Text;
    }

    /// <summary>The words that every signature repeats are not made anew for each.</summary>
    private static string Known(ReadOnlySpan<char> text) => text switch
    {
        Method => Method,
        TargetUri => TargetUri,
        Authority => Authority,
        ContentType => ContentType,
        ContentDigest => ContentDigest,
        SigningAlgorithms.Ed25519 => SigningAlgorithms.Ed25519,
        SigningAlgorithms.EcdsaP256 => SigningAlgorithms.EcdsaP256,
        "adcp/webhook-signing/v1" => SigningProfile.Webhook.Tag,
        "adcp/request-signing/v1" => SigningProfile.Request.Tag,
        _ => StructuredText.Unescape(text),
    };
}
