using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>What the production verifier made of one vector.</summary>
/// <param name="Name">The file, and the case within it where it holds several.</param>
/// <param name="Code">The code it was refused with; null for one accepted, and for a refusal that has no code on the wire.</param>
/// <param name="Missed">What the file expected instead; null when the expectation is met.</param>
internal sealed record VectorVerdict(string Name, bool IsAccepted, string? Code, string? Missed);

/// <summary>Runs the production verifier over the published signing vectors: exact bytes, the vector's clock, its keys and its state.</summary>
/// <remarks>
/// The state lives in this process's memory. Besides tests this is the only place where it does: a service keeps nonces where all of its instances see them.
/// </remarks>
internal static class SigningVectors
{
    /// <summary>Judges a file that holds one vector, or many.</summary>
    /// <param name="name">What its verdicts are called.</param>
    /// <param name="file">The file's content.</param>
    /// <param name="keys">The published key set.</param>
    /// <returns>Null for a file that holds no signing vectors.</returns>
    public static async Task<IReadOnlyList<VectorVerdict>?> JudgeAsync(string name, JsonElement file, Func<IReadOnlyList<JsonWebKey>> keys)
    {
        if (file.ValueKind != JsonValueKind.Object)
            return null;
        if (file.TryGetProperty("request", out _) && file.TryGetProperty("reference_now", out _))
            return [await SignedAsync(name, file, keys)];
        if (file.TryGetProperty("cases", out JsonElement cases) && cases.ValueKind == JsonValueKind.Array)
            return [.. cases.EnumerateArray().Select(each => Canonical(name, each))];
        return file.TryGetProperty("rejection_vectors", out _) && file.TryGetProperty("secret", out _) ? [.. LegacyVectors.Judge(name, file)] : null;
    }

    /// <summary>The text of a member, or a number as it is written; null when there is neither.</summary>
    public static string? Text(JsonElement element, string member) =>
        !element.TryGetProperty(member, out JsonElement value) || value.ValueKind == JsonValueKind.Null ? null
        : value.ValueKind == JsonValueKind.Number ? value.GetRawText() : value.GetString();

    /// <summary>The checklist's step 14: the code for a body that names a key twice; null for any other, also for one that is no JSON, which is not the signature's business.</summary>
    public static string? BodyFault(ReadOnlyMemory<byte> body, string prefix)
    {
        using JsonTape tape = JsonTape.Rent();
        return !tape.TryRead(body, JsonLimits.Default, out JsonFault fault) && fault.Kind == JsonFaultKind.DuplicateKey ? prefix + "_body_malformed" : null;
    }

    private static async Task<VectorVerdict> SignedAsync(string name, JsonElement vector, Func<IReadOnlyList<JsonWebKey>> keys)
    {
        ReceivedMessage message = MessageOf(vector.GetProperty("request"));
        string? code;
        if (vector.TryGetProperty("verifier_capability", out JsonElement capability))
        {
            string policy = Text(capability, "covers_content_digest") ?? "required";
            SigningProfile profile = SigningProfile.Request with { Digest = Enum.Parse<DigestPolicy>(policy, ignoreCase: true) };
            code = Precheck(message, capability);
            if (code is null && RequestPrecheck.PresenceOf(message.Headers) == SignaturePresence.Both)
                code = await CodeAsync(message, profile, vector, keys);
        }
        else
        {
            code = await CodeAsync(message, SigningProfile.Webhook, vector, keys);
        }

        JsonElement expected = vector.GetProperty("expected_outcome");
        string? expectedCode = Text(expected, "error_code");
        bool isMet = expected.GetProperty("success").GetBoolean() == (code is null) && expectedCode == code;
        return new VectorVerdict(name, code is null, code, isMet ? null : expectedCode ?? "accepted");
    }

    private static async Task<string?> CodeAsync(ReceivedMessage message, SigningProfile profile, JsonElement vector, Func<IReadOnlyList<JsonWebKey>> keys)
    {
        var state = new VectorState(vector, keys);
        var clock = new StoppedClock(DateTimeOffset.FromUnixTimeSeconds(vector.GetProperty("reference_now").GetInt64()));
        SignatureVerdict verdict = await new SignatureVerifier(profile, clock).VerifyAsync(message, state, state, CancellationToken.None);
        return verdict is SignatureVerdict.Refused(var code) ? code : BodyFault(message.Body, profile.Prefix);
    }

    private static string? Precheck(ReceivedMessage message, JsonElement capability)
    {
        using JsonTape tape = JsonTape.Rent();
        bool isRead = tape.TryRead(message.Body, JsonLimits.Default, out _);
        var called = new CalledOperation(message.Url.Split('?')[0].Split('/')[^1], null);
        bool namesCredentials = false;
        if (isRead)
        {
            JsonNode arguments = tape.Root;
            if (tape.Root.TryGetMember("jsonrpc"u8, out _) && tape.Root.TryGetMember("method"u8, out JsonNode method) && method.Kind == JsonKind.String)
            {
                called = new CalledOperation(null, method.GetString());
                if (called.ProtocolMethod == "tools/call" && tape.Root.TryGetMember("params"u8, out JsonNode call) && call.TryGetMember("name"u8, out JsonNode task) && task.Kind == JsonKind.String)
                {
                    called = new CalledOperation(task.GetString(), null);
                    arguments = call.TryGetMember("arguments"u8, out JsonNode given) ? given : call;
                }
            }

            namesCredentials = capability.GetProperty("supported").GetBoolean() && RequestPrecheck.NamesCredentials(arguments);
        }

        var requirement = new SigningRequirement(Texts(capability, "required_for"), Texts(capability, "protocol_methods_required_for"));
        return RequestPrecheck.Refusal(RequestPrecheck.PresenceOf(message.Headers), called, message.Headers("Authorization").Count > 0, namesCredentials, requirement);
    }

    /// <summary>The request as it would have come in. Vectors carry no <c>Host</c>, so it is what a client would have made of the address.</summary>
    private static ReceivedMessage MessageOf(JsonElement request)
    {
        var headers = request.GetProperty("headers").EnumerateObject()
            .ToLookup(h => h.Name, h => h.Value.GetString(), StringComparer.OrdinalIgnoreCase);
        string url = Text(request, "url") ?? "";
        int start = url.IndexOf("://", StringComparison.Ordinal) + 3;
        int length = start < 3 ? -1 : url.AsSpan(start).IndexOfAny('/', '?', '#');
        string authority = start < 3 ? "" : length < 0 ? url[start..] : url.Substring(start, length);
        return new ReceivedMessage(Text(request, "method") ?? "", url, headers["Host"].FirstOrDefault() ?? authority, name => [.. headers[name]], Encoding.UTF8.GetBytes(Text(request, "body") ?? ""));
    }

    private static VectorVerdict Canonical(string name, JsonElement one)
    {
        TargetUri? target = TargetUri.Of(Text(one, "input_url") ?? "");
        string? code = target is null ? "request_target_uri_malformed" : null;
        bool isMet = one.TryGetProperty("reject", out JsonElement reject) && reject.GetBoolean()
            ? code is not null && (Text(one, "expected_error_code") ?? code) == code
            : target is not null && target.Text == Text(one, "expected_target_uri") && target.Authority == Text(one, "expected_authority");
        return new VectorVerdict($"{name}#{Text(one, "name")}", code is null, code, isMet ? null : Text(one, "expected_target_uri") ?? Text(one, "expected_error_code") ?? "refused");
    }

    private static string[] Texts(JsonElement element, string member) =>
        element.TryGetProperty(member, out JsonElement values) ? [.. values.EnumerateArray().Select(v => v.GetString() ?? "")] : [];

    private sealed class StoppedClock(DateTimeOffset at) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => at;
    }

    /// <summary>The signer's keys and nonces as <c>jwks_ref</c>, <c>jwks_override</c> and <c>test_harness_state</c> describe them.</summary>
    private sealed class VectorState(JsonElement vector, Func<IReadOnlyList<JsonWebKey>> keys) : ISignerKeys, INonceLog
    {
        private readonly JsonElement _state = vector.TryGetProperty("test_harness_state", out JsonElement state) ? state : default;

        public ValueTask<SignerKey> FindAsync(string keyId, CancellationToken cancel)
        {
            JsonWebKey? key = Override().FirstOrDefault(k => k.KeyId == keyId);
            if (key is null && Texts(vector, "jwks_ref").Contains(keyId))
                key = keys().FirstOrDefault(k => k.KeyId == keyId);
            return new(key is null ? new SignerKey.Unknown() : new SignerKey.Found(key, "vector", StandingOf(keyId)));
        }

        public ValueTask<bool> HasRoomAsync(string keyId, CancellationToken cancel)
        {
            string? full = Member("replay_cache_per_keyid_cap_hit") is { } hit ? Text(hit, "keyid") : Member("per_keyid_cap_filled_for")?.GetString();
            return new(full != keyId);
        }

        public ValueTask<NonceOutcome> AddAsync(string keyId, string nonce, DateTimeOffset until, CancellationToken cancel)
        {
            bool isSpent = Member("replay_cache_entries") is { } spent && spent.EnumerateArray().Any(e => Text(e, "keyid") == keyId && Text(e, "nonce") == nonce);
            return new(isSpent ? NonceOutcome.Replayed : NonceOutcome.Fresh);
        }

        private KeyStanding StandingOf(string keyId)
        {
            if (_state.ValueKind == JsonValueKind.Object && Texts(Member("revocation_list") ?? _state, "revoked_kids").Contains(keyId))
                return KeyStanding.Revoked;
            return Member("revocation_list_stale_seconds") is null ? KeyStanding.Good : KeyStanding.RevocationStale;
        }

        private JsonElement? Member(string name) => _state.ValueKind == JsonValueKind.Object && _state.TryGetProperty(name, out JsonElement value) ? value : null;

        /// <summary>A key set, or an object of keys by name.</summary>
        private IReadOnlyList<JsonWebKey> Override()
        {
            if (!vector.TryGetProperty("jwks_override", out JsonElement own))
                return [];
            var bytes = new ArrayBufferWriter<byte>();
            using (var json = new Utf8JsonWriter(bytes))
            {
                json.WriteStartObject();
                json.WriteStartArray("keys");
                foreach (JsonElement key in own.TryGetProperty("keys", out JsonElement set) ? set.EnumerateArray().ToArray() : [.. own.EnumerateObject().Select(k => k.Value)])
                    key.WriteTo(json);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            return JsonWebKey.ReadSet(bytes.WrittenMemory) ?? throw new FormatException("jwks_override is no key set");
        }
    }
}

/// <summary>The vectors of legacy HMAC: signatures, rejections and secrets too weak to be configured.</summary>
internal static class LegacyVectors
{
    public static IEnumerable<VectorVerdict> Judge(string name, JsonElement file)
    {
        string secret = SigningVectors.Text(file, "secret") ?? "";
        foreach (JsonElement vector in file.GetProperty("vectors").EnumerateArray())
        {
            string? expected = SigningVectors.Text(vector, "expected_verifier_action") == "reject-malformed" ? "webhook_body_malformed" : null;
            string? code = CodeOf(vector, "expected_signature", secret);
            yield return new VectorVerdict($"{name}#{SigningVectors.Text(vector, "id")}", code is null, code, code == expected ? null : expected ?? "accepted");
        }

        foreach (JsonElement vector in file.GetProperty("rejection_vectors").EnumerateArray())
        {
            string? code = CodeOf(vector, "signature", secret);
            yield return new VectorVerdict($"{name}#{SigningVectors.Text(vector, "id")}", code is null, code, code is null ? "refused" : null);
        }

        // A weak secret has no code: it is refused when an endpoint is made, and no message ever meets it.
        foreach (JsonElement vector in file.GetProperty("secret_rejection_vectors").EnumerateArray())
        {
            bool isUsable = LegacyHmac.IsUsableSecret(SigningVectors.Text(vector, "secret") ?? "");
            yield return new VectorVerdict($"{name}#{SigningVectors.Text(vector, "description")}", isUsable, null, isUsable ? "refused" : null);
        }
    }

    private static string? CodeOf(JsonElement vector, string signature, string secret)
    {
        string? timestamp = SigningVectors.Text(vector, "timestamp");
        byte[] body = Encoding.UTF8.GetBytes(SigningVectors.Text(vector, "raw_body") ?? "");
        string clock = SigningVectors.Text(vector, "current_time") ?? timestamp ?? "";
        long now = long.TryParse(clock, NumberStyles.None, CultureInfo.InvariantCulture, out long seconds) ? seconds : 0;
        return LegacyHmac.Verify(SigningVectors.Text(vector, signature), timestamp, body, secret, DateTimeOffset.FromUnixTimeSeconds(now)) switch
        {
            HmacVerdict.Valid => SigningVectors.BodyFault(body, "webhook"),
            HmacVerdict.HeaderMalformed => "webhook_signature_header_malformed",
            HmacVerdict.OutsideWindow => "webhook_signature_window_invalid",
            _ => "webhook_signature_invalid",
        };
    }
}
