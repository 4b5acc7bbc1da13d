using System.Text;
using System.Text.Json;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Tests.Support;

/// <summary>One official signing vector, with the keys beside it and the state it asks for.</summary>
public sealed class SigningVector
{
    private const string Folder = "adcp-3.1.19/vectors";

    private readonly JsonElement _vector;
    private readonly IReadOnlyList<JsonWebKey> _keys;

    private SigningVector(string suite, string name)
    {
        string folder = SharedAssets.Require(Path.Combine(Folder, suite));
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, name)));
        _vector = document.RootElement.Clone();
        IReadOnlyList<JsonWebKey> beside = JsonWebKey.ReadSet(File.ReadAllBytes(Path.Combine(folder, "keys.json")))!;
        string[] named = [.. Texts(_vector, "jwks_ref")];
        _keys = _vector.TryGetProperty("jwks_override", out JsonElement own)
            ? JsonWebKey.ReadSet(Encoding.UTF8.GetBytes(own.TryGetProperty("keys", out _) ? own.GetRawText() : $$"""{"keys":[{{string.Join(',', own.EnumerateObject().Select(k => k.Value.GetRawText()))}}]}"""))!
            : [.. beside.Where(key => named.Contains(key.KeyId))];
    }

    public string? BaseText => _vector.TryGetProperty("expected_signature_base", out JsonElement text) ? text.GetString() : null;

    public string? ErrorCode => _vector.GetProperty("expected_outcome").TryGetProperty("error_code", out JsonElement code) ? code.GetString() : null;

    public FakeTime Clock => new(DateTimeOffset.FromUnixTimeSeconds(_vector.GetProperty("reference_now").GetInt64()));

    public ReceivedMessage Message
    {
        get
        {
            JsonElement request = _vector.GetProperty("request");
            var headers = request.GetProperty("headers").EnumerateObject().ToDictionary(h => h.Name, h => h.Value.GetString(), StringComparer.OrdinalIgnoreCase);
            string url = request.GetProperty("url").GetString()!;
            return new ReceivedMessage(
                request.GetProperty("method").GetString()!,
                url,
                url.Split('/')[2],
                name => headers.TryGetValue(name, out string? value) ? [value] : [],
                Encoding.UTF8.GetBytes(request.GetProperty("body").GetString()!));
        }
    }

    public DigestPolicy Digest => Enum.Parse<DigestPolicy>(_vector.GetProperty("verifier_capability").GetProperty("covers_content_digest").GetString()!, ignoreCase: true);

    public JsonElement? State => _vector.TryGetProperty("test_harness_state", out JsonElement state) ? state : null;

    public static SigningVector Read(string suite, string name) => new(suite, name);

    /// <summary>The rows of a suite; nothing where the vectors are not beside the repository, which a fact of its own says.</summary>
    public static TheoryData<string> Names(string suite)
    {
        string folder = Path.GetFullPath(Path.Combine(SharedAssets.RepositoryRoot, "..", "shared", Folder, suite));
        string[] files = Directory.Exists(folder) ? Directory.GetFiles(folder, "*.json", SearchOption.AllDirectories) : [];
        return new TheoryData<string>(files.Select(f => Path.GetRelativePath(folder, f)).Where(f => f.Contains(Path.DirectorySeparatorChar)).Order(StringComparer.Ordinal));
    }

    /// <summary>The keys, in the standing the vector's state gives them.</summary>
    public ISignerKeys Keys() => new SignerKeys(this);

    /// <summary>What is refused before the checklist, under the vector's own capabilities.</summary>
    public string? Refusal()
    {
        ReceivedMessage message = Message;
        JsonElement capability = _vector.GetProperty("verifier_capability");
        var requirement = new SigningRequirement([.. Texts(capability, "required_for")], [.. Texts(capability, "protocol_methods_required_for")]);
        using JsonTape tape = JsonTape.Rent();
        Assert.True(tape.TryRead(message.Body, JsonLimits.Default, out _));
        var called = tape.Root.TryGetMember("jsonrpc"u8, out _) && tape.Root.TryGetMember("method"u8, out JsonNode method)
            ? new CalledOperation(null, method.GetString())
            : new CalledOperation(message.Url.Split('?')[0].Split('/')[^1], null);
        return RequestPrecheck.Refusal(RequestPrecheck.PresenceOf(message.Headers), called, message.Headers("Authorization").Count > 0, RequestPrecheck.NamesCredentials(tape.Root), requirement);
    }

    public SpentNonces Nonces()
    {
        var nonces = new SpentNonces();
        if (State is not { } state)
            return nonces;
        if (state.TryGetProperty("replay_cache_entries", out JsonElement entries))
        {
            foreach (JsonElement entry in entries.EnumerateArray())
                nonces.Spend(entry.GetProperty("keyid").GetString()!, entry.GetProperty("nonce").GetString()!);
        }

        if (state.TryGetProperty("per_keyid_cap_filled_for", out JsonElement full))
            nonces.Fill(full.GetString()!);
        if (state.TryGetProperty("replay_cache_per_keyid_cap_hit", out JsonElement hit))
            nonces.Fill(hit.GetProperty("keyid").GetString()!);
        return nonces;
    }

    private KeyStanding StandingOf(string keyId)
    {
        if (State is not { } state)
            return KeyStanding.Good;
        JsonElement list = state.TryGetProperty("revocation_list", out JsonElement inside) ? inside : state;
        if (Texts(list, "revoked_kids").Contains(keyId))
            return KeyStanding.Revoked;
        return state.TryGetProperty("revocation_list_stale_seconds", out _) ? KeyStanding.RevocationStale : KeyStanding.Good;
    }

    private static IEnumerable<string> Texts(JsonElement element, string member) =>
        element.TryGetProperty(member, out JsonElement values) ? values.EnumerateArray().Select(v => v.GetString()!) : [];

    private sealed class SignerKeys(SigningVector vector) : ISignerKeys
    {
        public ValueTask<SignerKey> FindAsync(string keyId, CancellationToken cancel)
        {
            JsonWebKey? key = vector._keys.FirstOrDefault(k => k.KeyId == keyId);
            return new(key is null ? new SignerKey.Unknown() : new SignerKey.Found(key, "https://signer.example.com", vector.StandingOf(keyId)));
        }
    }
}
