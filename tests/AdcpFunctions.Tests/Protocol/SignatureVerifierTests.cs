using System.Security.Cryptography;
using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Protocol;

/// <summary>The checklist: a message that is signed well, with one thing broken at a time.</summary>
public class SignatureVerifierTests
{
    private const string Url = "https://hooks.example.com/hooks/t/a1b2c3";

    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private static readonly SigningKeyPair Key = SigningKeyPair.Ed25519();
    private static readonly SigningKeyPair Curve = SigningKeyPair.Es256();
    private static readonly byte[] Body = """{"idempotency_key":"k-0000000000000001","status":"completed"}"""u8.ToArray();

    private static Signed Hook => Signed.Webhook(Key, Url, Body, Now);

    [Theory]
    [InlineData(true, "webhook")]
    [InlineData(false, "webhook")]
    [InlineData(true, "request")]
    [InlineData(false, "request")]
    public async Task Accepts_what_its_signer_signed_and_says_who_that_is(bool isEdwards, string profile)
    {
        SigningKeyPair key = isEdwards ? Key : Curve;
        Signed signed = profile == "webhook" ? Signed.Webhook(key, Url, Body, Now) : Signed.Request(key, Url, Body, Now);
        var nonces = new SpentNonces();

        SignatureVerdict verdict = await JudgeAsync(signed.Sent(), profile == "webhook" ? SigningProfile.Webhook : SigningProfile.Request, new SignerOf(key.Public()), nonces);

        Assert.Equal(new SignatureVerdict.Verified(key.KeyId, SignerOf.Agent, signed.Nonce!, Now.AddSeconds(300)), verdict);
        Assert.Equal(Now.AddSeconds(360), nonces.Until(key.KeyId, signed.Nonce!));
    }

    public static TheoryData<string, string, Func<Signed, Signed>> SignedWrongly => new()
    {
        { "a short nonce", "signature_params_incomplete", s => s with { Nonce = "AAAAAAAAAAAAAAAAAAAA" } },
        { "an empty nonce", "signature_params_incomplete", s => s with { Nonce = "" } },
        { "no nonce", "signature_params_incomplete", s => s with { Nonce = null } },
        { "a padded nonce", "signature_header_malformed", s => s with { Nonce = "AAAAAAAAAAAAAAAAAAAAAA==" } },
        { "a nonce in base64", "signature_header_malformed", s => s with { Nonce = "AAAAAAAAAAAAAAAAAAAA+/" } },
        { "no created", "signature_params_incomplete", s => s with { Created = null } },
        { "no expires", "signature_params_incomplete", s => s with { Expires = null } },
        { "no keyid", "signature_params_incomplete", s => s with { KeyId = null } },
        { "an empty keyid", "signature_params_incomplete", s => s with { KeyId = "" } },
        { "no alg", "signature_params_incomplete", s => s with { Algorithm = null } },
        { "no tag", "signature_params_incomplete", s => s with { Tag = "" } },
        { "the other profile's tag", "signature_tag_invalid", s => s with { Tag = "adcp/request-signing/v1" } },
        { "a tag in capitals", "signature_tag_invalid", s => s with { Tag = "ADCP/webhook-signing/v1" } },
        { "an algorithm of others", "signature_alg_not_allowed", s => s with { Algorithm = "hmac-sha256" } },
        { "another key's algorithm", "signature_key_purpose_invalid", s => s with { Algorithm = "ecdsa-p256-sha256" } },
        { "expires before created", "signature_window_invalid", s => s with { Expires = s.Created - 1 } },
        { "expires at created", "signature_window_invalid", s => s with { Expires = s.Created } },
        { "a window of 301 seconds", "signature_window_invalid", s => s with { Expires = s.Created + 301 } },
        { "created 61 seconds from now", "signature_window_invalid", s => s with { Created = s.Created + 61 } },
        { "expired 61 seconds ago", "signature_window_invalid", s => s with { Created = s.Created - 300, Expires = s.Created - 61 } },
        { "times beyond counting", "signature_window_invalid", s => s with { Created = -999_999_999_999_999, Expires = 999_999_999_999_999 } },
        { "an unknown key", "signature_key_unknown", s => s with { KeyId = "nobody" } },
        { "created twice", "signature_header_malformed", s => s with { MoreParameters = $";created={s.Created}" } },
        { "a stranger's parameter twice", "signature_header_malformed", s => s with { MoreParameters = ";x;x" } },
        { "created as a text", "signature_header_malformed", s => s with { Created = null, MoreParameters = $";created=\"{s.Created}\"" } },
        { "created as a decimal", "signature_header_malformed", s => s with { Created = null, MoreParameters = $";created={s.Created}.0" } },
        { "created with 16 digits", "signature_header_malformed", s => s with { Created = 1_000_000_000_000_000 } },
        { "keyid as bytes", "signature_header_malformed", s => s with { KeyId = null, MoreParameters = ";keyid=:YWJj:" } },
        { "another label", "signature_header_malformed", s => s with { Label = "sig2" } },
        { "a component twice", "signature_header_malformed", s => s with { Components = [.. Signed.AllComponents, "@method"] } },
        { "a component in capitals", "signature_header_malformed", s => s with { Components = [.. Signed.AllComponents, "Date"] } },
        { "nothing covered", "signature_components_incomplete", s => s with { Components = [] } },
        { "a component nobody sent", "signature_invalid", s => s with { Components = [.. Signed.AllComponents, "x-absent"] } },
        { "a derived component we do not take", "signature_invalid", s => s with { Components = [.. Signed.AllComponents, "@path"] } },
        { "a digest of another length", "signature_header_malformed", s => s with { Digest = "sha-256=:AAAA:" } },
        { "a digest of both alphabets", "signature_header_malformed", s => s with { Digest = "sha-256=:+_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA:" } },
        { "a digest that is a token", "signature_header_malformed", s => s with { Digest = "sha-256=abc" } },
        { "two digests", "signature_header_malformed", s => s with { Digest = $"{s.Digest}, {s.Digest}" } },
        { "only SHA-512", "signature_digest_mismatch", s => s with { Digest = $"sha-512=:{Convert.ToBase64String(SHA512.HashData(s.Body))}:" } },
        { "another body's digest", "signature_digest_mismatch", s => s with { Digest = $"sha-256=:{Convert.ToBase64String(SHA256.HashData([]))}:" } },
        { "two types", "signature_header_malformed", s => s with { ContentType = "application/json, text/plain" } },
        { "another host", "target_uri_malformed", s => s with { Url = "https://hooks.example.com:99999/hooks/t/a1b2c3" } },
    };

    [Theory]
    [MemberData(nameof(SignedWrongly), DisableDiscoveryEnumeration = true)]
    public async Task Rejects_a_good_signature_over(string what, string code, Func<Signed, Signed> change) =>
        Assert.Equal((what, "webhook_" + code), (what, await CodeAsync(change(Hook).Sent())));

    [Theory]
    [InlineData("@method")]
    [InlineData("@target-uri")]
    [InlineData("@authority")]
    [InlineData("content-type")]
    [InlineData("content-digest")]
    public async Task Rejects_a_signature_that_leaves_out(string component) =>
        Assert.Equal("webhook_signature_components_incomplete", await CodeAsync((Hook with { Components = [.. Signed.AllComponents.Where(c => c != component)] }).Sent()));

    public static TheoryData<string, string, Action<SentMessage>> ChangedAfterwards => new()
    {
        { "no signature at all", "signature_header_malformed", m => { m.Headers.Remove("Signature"); m.Headers.Remove("Signature-Input"); } },
        { "no Signature", "signature_header_malformed", m => m.Headers.Remove("Signature") },
        { "no Signature-Input", "signature_header_malformed", m => m.Headers.Remove("Signature-Input") },
        { "an empty Signature", "signature_header_malformed", m => m.Headers["Signature"] = [""] },
        { "the label twice, on two lines", "signature_header_malformed", m => m.Headers["Signature"] = [m.Headers["Signature"][0], m.Headers["Signature"][0]] },
        { "a trailing comma", "signature_header_malformed", m => m.Headers["Signature-Input"][0] += "," },
        { "something behind the last parameter", "signature_header_malformed", m => m.Headers["Signature-Input"][0] += " x" },
        { "a stranger's label that is no structured field", "signature_header_malformed", m => m.Headers["Signature-Input"][0] += ", x=(" },
        { "17 labels", "signature_header_malformed", m => m.Headers["Signature"][0] += string.Concat(Enumerable.Range(0, 16).Select(i => $", x{i}=:AA:")) },
        { "a signature that is a text", "signature_header_malformed", m => m.Headers["Signature"] = ["sig1=\"AAAA\""] },
        { "a shorter signature", "signature_invalid", m => m.Headers["Signature"] = ["sig1=:AAAA:"] },
        { "a longer signature", "signature_invalid", m => m.Headers["Signature"] = [$"sig1=:{new string('A', 88)}:"] },
        { "an empty signature", "signature_invalid", m => m.Headers["Signature"] = ["sig1=::"] },
        { "half a padding", "signature_header_malformed", m => m.Headers["Signature"] = [$"sig1=:{new string('A', 86)}=:"] },
        { "padding behind base64url", "signature_header_malformed", m => m.Headers["Signature"] = [$"sig1=:-{new string('A', 85)}==:"] },
        { "another method", "signature_invalid", m => m.Method = "PUT" },
        { "a method in small letters", "signature_invalid", m => m.Method = "post" },
        { "another path", "signature_invalid", m => m.Url += "x" },
        { "a query", "signature_invalid", m => m.Url += "?" },
        { "another host in the address", "target_uri_malformed", m => m.Url = m.Url.Replace("hooks.", "other.", StringComparison.Ordinal) },
        { "another host as received", "target_uri_malformed", m => m.Authority = "other.example.com" },
        { "no host as received", "target_uri_malformed", m => m.Authority = "" },
        { "another port as received", "target_uri_malformed", m => m.Authority += ":8443" },
        { "both hosts another", "signature_invalid", m => { m.Url = m.Url.Replace("hooks.", "other.", StringComparison.Ordinal); m.Authority = "other.example.com"; } },
        { "a host beyond ASCII", "signature_header_malformed", m => m.Authority = "hööks.example.com" },
        { "another type", "signature_invalid", m => m.Headers["Content-Type"] = ["application/json; charset=utf-8"] },
        { "no type", "signature_invalid", m => m.Headers.Remove("Content-Type") },
        { "the type on two lines", "signature_header_malformed", m => m.Headers["Content-Type"] = ["application/json", "application/json"] },
        { "no digest", "signature_invalid", m => m.Headers.Remove("Content-Digest") },
        { "the digest in another spelling", "signature_invalid", m => m.Headers["Content-Digest"][0] += ";x" },
        { "another body", "signature_digest_mismatch", m => m.Body = [.. m.Body, (byte)' '] },
        { "no body", "signature_digest_mismatch", m => m.Body = [] },
        { "parameters in another order", "signature_invalid", m => m.Headers["Signature-Input"][0] = string.Join(';', [m.Headers["Signature-Input"][0].Split(';')[0], .. m.Headers["Signature-Input"][0].Split(';')[1..].Reverse()]) },
        { "one more parameter", "signature_invalid", m => m.Headers["Signature-Input"][0] += ";x" },
        { "a component read otherwise", "signature_invalid", m => m.Headers["Signature-Input"][0] = m.Headers["Signature-Input"][0].Replace("\"content-type\"", "\"content-type\";sf", StringComparison.Ordinal) },
    };

    [Theory]
    [MemberData(nameof(ChangedAfterwards), DisableDiscoveryEnumeration = true)]
    public async Task Rejects_a_message_that_has_since_got(string what, string code, Action<SentMessage> change)
    {
        SentMessage sent = Hook.Sent();
        change(sent);

        Assert.Equal((what, "webhook_" + code), (what, await CodeAsync(sent)));
    }

    public static TheoryData<string, Func<Signed, Signed>> SignedOtherwise => new()
    {
        { "with more parameters", s => s with { MoreParameters = ";x;y=?1;z=1.5" } },
        { "with more components", s => s with { Components = ["x-more", .. Signed.AllComponents.Reverse()], MoreHeaders = new Dictionary<string, string> { ["x-more"] = "a,  b" } } },
        { "with a padded digest in base64", s => s with { Digest = $"sha-256=:{Convert.ToBase64String(SHA256.HashData(s.Body))}:" } },
        { "with SHA-512 beside SHA-256", s => s with { Digest = $"sha-512=:AAAA:, {s.Digest}" } },
        { "with a type that has quotes", s => s with { ContentType = "application/json; x=\"a, \\\"b\"" } },
        { "60 seconds from now", s => s with { Created = s.Created + 60, Expires = s.Created + 61 } },
        { "expired 60 seconds ago", s => s with { Created = s.Created - 300, Expires = s.Created - 60 } },
    };

    [Theory]
    [MemberData(nameof(SignedOtherwise), DisableDiscoveryEnumeration = true)]
    public async Task Accepts_a_message_signed(string what, Func<Signed, Signed> change) => Assert.Equal((what, null), (what, await CodeAsync(change(Hook).Sent())));

    [Fact]
    public async Task Accepts_a_signature_beside_a_relays_own_on_another_line()
    {
        SentMessage sent = Hook.Sent();
        sent.Headers["Signature-Input"] = ["relay=(\"@method\";req \"a\");x=?0;y=tok/en;z=\"a\\\"\";w=-1.25, bare;p", sent.Headers["Signature-Input"][0]];
        sent.Headers["Signature"] = [sent.Headers["Signature"][0], "relay=:AA==:;p=1"];

        Assert.Null(await CodeAsync(sent));
    }

    [Fact]
    public async Task Accepts_an_address_that_was_spelled_otherwise_on_the_way()
    {
        SentMessage sent = Hook.Sent();
        sent.Url = "HTTPS://Hooks.Example.com:443/hooks/./t/%611b2c3";
        sent.Authority = "HOOKS.example.com:443";

        Assert.Null(await CodeAsync(sent));
    }

    [Fact]
    public async Task A_nonce_counts_once()
    {
        SentMessage sent = Hook.Sent();
        var nonces = new SpentNonces();

        Assert.Null(await CodeAsync(sent, nonces: nonces));
        Assert.Equal("webhook_signature_replayed", await CodeAsync(sent, nonces: nonces));
    }

    [Fact]
    public async Task A_message_that_is_refused_spends_no_nonce()
    {
        var nonces = new SpentNonces();
        SentMessage forged = Hook.Sent(), changed = Hook.Sent();
        forged.Headers["Signature"] = Hook.Sent().Headers["Signature"];
        changed.Body = [];

        Assert.Equal("webhook_signature_invalid", await CodeAsync(forged, nonces: nonces));
        Assert.Equal("webhook_signature_digest_mismatch", await CodeAsync(changed, nonces: nonces));
        Assert.Equal(0, nonces.Count);
    }

    [Fact]
    public async Task A_signature_in_its_last_minute_is_remembered_for_a_minute_from_now()
    {
        Signed late = Hook with { Created = Now.ToUnixTimeSeconds() - 300, Expires = Now.ToUnixTimeSeconds() - 59 };
        var nonces = new SpentNonces();

        Assert.Null(await CodeAsync(late.Sent(), nonces: nonces));
        Assert.Equal(Now.AddSeconds(60), nonces.Until(Key.KeyId, late.Nonce!));
    }

    [Theory]
    [InlineData(KeyStanding.Revoked, "webhook_signature_key_revoked")]
    [InlineData(KeyStanding.RevocationStale, "webhook_signature_revocation_stale")]
    public async Task Rejects_a_key_by_its_standing(KeyStanding standing, string code) =>
        Assert.Equal(code, await CodeAsync(Hook.Sent(), new SignerOf(Key.Public()) { Standing = standing }));

    [Theory]
    [InlineData("2026-11-21T12:00:00Z", "webhook_signature_key_revoked")]
    [InlineData("2026-11-21T12:00:01Z", null)]
    [InlineData("yesterday", "webhook_signature_key_revoked")]
    public async Task A_key_is_withdrawn_from_the_moment_its_owner_says(string at, string? code)
    {
        SigningKeyPair key = SigningKeyPair.Ed25519();
        key.Jwk["revoked_at"] = at;

        Assert.Equal(code, await CodeAsync(Signed.Webhook(key, Url, Body, Now).Sent(), new SignerOf(key.Public())));
    }

    public static TheoryData<string, Func<JsonWebKey, JsonWebKey>> WrongKeys => new()
    {
        { "use enc", k => k with { Use = "enc" } },
        { "no use", k => k with { Use = null } },
        { "no key_ops", k => k with { Operations = null } },
        { "key_ops sign", k => k with { Operations = ["sign"] } },
        { "no adcp_use", k => k with { AdcpUse = null } },
        { "adcp_use of responses", k => k with { AdcpUse = "response-signing" } },
        { "adcp_use in capitals", k => k with { AdcpUse = "Request-Signing" } },
        { "alg of another kind", k => k with { Algorithm = "ES256" } },
        { "kty of another kind", k => k with { KeyType = "EC" } },
        { "crv of another kind", k => k with { Curve = "P-256" } },
        { "crv X25519", k => k with { Curve = "X25519" } },
        { "no x", k => k with { X = null } },
        { "a short x", k => k with { X = "AAAA" } },
        { "an x with rubbish", k => k with { X = k.X + " " } },
        { "a y beside it", k => k with { Y = k.X } },
    };

    [Theory]
    [MemberData(nameof(WrongKeys), DisableDiscoveryEnumeration = true)]
    public async Task Rejects_a_key_that_is_not_for_this(string what, Func<JsonWebKey, JsonWebKey> change) =>
        Assert.Equal((what, "webhook_signature_key_purpose_invalid"), (what, await CodeAsync(Hook.Sent(), new SignerOf(change(Key.Public())))));

    [Fact]
    public async Task Accepts_a_key_that_leaves_its_algorithm_to_its_curve() =>
        Assert.Null(await CodeAsync(Hook.Sent(), new SignerOf(Key.Public() with { Algorithm = null })));

    [Theory]
    [InlineData("request-signing", null, null)]
    [InlineData("webhook-signing", null, "request_signature_key_purpose_invalid")]
    public async Task A_webhook_key_signs_webhooks_alone(string use, string? webhook, string? request)
    {
        JsonWebKey key = Key.Public() with { AdcpUse = use };

        Assert.Equal(webhook, await CodeAsync(Hook.Sent(), new SignerOf(key)));
        Assert.Equal(request, await CodeAsync(Signed.Request(Key, Url, Body, Now).Sent(), new SignerOf(key), profile: SigningProfile.Request));
    }

    [Fact]
    public async Task Keys_that_could_not_be_fetched_are_told_as_the_profile_tells_them()
    {
        var keys = new SignerOf() { Instead = new SignerKey.Unavailable("signature_jwks_unavailable") };

        Assert.Equal("webhook_signature_jwks_unavailable", await CodeAsync(Hook.Sent(), keys));
        Assert.Equal("request_signature_jwks_unavailable", await CodeAsync(Signed.Request(Key, Url, Body, Now).Sent(), keys, profile: SigningProfile.Request));
    }

    [Fact]
    public async Task A_key_found_under_another_name_is_unknown() =>
        Assert.Equal("webhook_signature_key_unknown", await CodeAsync(Hook.Sent(), new SignerOf() { Instead = new SignerKey.Found(Curve.Public(), SignerOf.Agent, KeyStanding.Good) }));

    [Fact]
    public async Task Room_for_a_nonce_is_asked_for_after_the_keys_standing_and_before_any_cryptography()
    {
        SentMessage forged = Hook.Sent();
        forged.Headers["Signature"] = ["sig1=:AAAA:"];
        forged.Url = "https://:1/";
        SpentNonces full = new(), untouched = new();
        full.Fill(Key.KeyId);

        Assert.Equal("webhook_signature_rate_abuse", await CodeAsync(forged, nonces: full));
        Assert.Equal("webhook_signature_key_revoked", await CodeAsync(forged, new SignerOf(Key.Public()) { Standing = KeyStanding.Revoked }, untouched));
        Assert.Equal((1, 0), (full.Asked, untouched.Asked));
    }

    [Fact]
    public async Task No_key_is_looked_for_before_the_message_itself_is_in_order()
    {
        var keys = new SignerOf(Key.Public());

        Assert.NotNull(await CodeAsync((Hook with { Tag = "x" }).Sent(), keys));
        Assert.NotNull(await CodeAsync((Hook with { Expires = Now.ToUnixTimeSeconds() - 61 }).Sent(), keys));
        Assert.NotNull(await CodeAsync((Hook with { Components = ["@method"] }).Sent(), keys));
        Assert.Equal(0, keys.Asked);
    }

    /// <summary>Everything is wrong at once, and is mended in the order of the checklist.</summary>
    [Fact]
    public async Task The_first_check_that_fails_names_the_code()
    {
        long now = Now.ToUnixTimeSeconds();
        JsonWebKey key = Key.Public();
        var nonces = new SpentNonces();
        nonces.Spend(Key.KeyId, "AAAAAAAAAAAAAAAAAAAAAA");
        nonces.Fill(Key.KeyId);
        Signed signed = Hook with { Nonce = null, Tag = "x", Algorithm = "x", Expires = now + 301, Components = [], KeyId = "x", Digest = "x", Url = "https://x:1/" };
        List<string?> codes = [];

        async Task AddAsync(SignerOf keys, Action<SentMessage>? spoil = null)
        {
            SentMessage sent = signed.Sent();
            sent.Authority = "y";
            spoil?.Invoke(sent);
            codes.Add((await CodeAsync(sent, keys, nonces))?["webhook_".Length..]);
        }

        SignerOf Keys(JsonWebKey it, KeyStanding standing) => new(it) { Standing = standing };
        JsonWebKey wrong = key with { Use = "enc", RevokedAt = Now };
        await AddAsync(Keys(wrong, KeyStanding.Revoked));
        signed = signed with { Digest = $"sha-256=:{new string('A', 43)}:" };
        await AddAsync(Keys(wrong, KeyStanding.Revoked));
        signed = signed with { Nonce = "AAAAAAAAAAAAAAAAAAAAAA" };
        await AddAsync(Keys(wrong, KeyStanding.Revoked));
        signed = signed with { Tag = SigningProfile.Webhook.Tag };
        await AddAsync(Keys(wrong, KeyStanding.Revoked));
        signed = signed with { Algorithm = "ed25519" };
        await AddAsync(Keys(wrong, KeyStanding.Revoked));
        signed = signed with { Expires = now + 300 };
        await AddAsync(Keys(wrong, KeyStanding.Revoked));
        signed = signed with { Components = Signed.AllComponents };
        await AddAsync(Keys(wrong, KeyStanding.Revoked));
        signed = signed with { KeyId = Key.KeyId };
        await AddAsync(Keys(wrong, KeyStanding.Revoked));
        await AddAsync(Keys(key with { RevokedAt = Now }, KeyStanding.RevocationStale));
        await AddAsync(Keys(key, KeyStanding.RevocationStale));
        await AddAsync(Keys(key, KeyStanding.Good));
        nonces = new SpentNonces();
        nonces.Spend(Key.KeyId, "AAAAAAAAAAAAAAAAAAAAAA");
        await AddAsync(Keys(key, KeyStanding.Good));
        await AddAsync(Keys(key, KeyStanding.Good), m => { m.Authority = "x:1"; m.Headers["Signature"] = ["sig1=:AAAA:"]; });
        await AddAsync(Keys(key, KeyStanding.Good), m => m.Authority = "x:1");
        signed = Hook with { Nonce = "AAAAAAAAAAAAAAAAAAAAAA" };
        await AddAsync(Keys(key, KeyStanding.Good), m => m.Authority = "hooks.example.com");
        nonces = new SpentNonces();
        await AddAsync(Keys(key, KeyStanding.Good), m => m.Authority = "hooks.example.com");

        Assert.Equal(
            [
                "signature_header_malformed", "signature_params_incomplete", "signature_tag_invalid", "signature_alg_not_allowed", "signature_window_invalid",
                "signature_components_incomplete", "signature_key_unknown", "signature_key_purpose_invalid", "signature_key_revoked", "signature_revocation_stale",
                "signature_rate_abuse", "target_uri_malformed", "signature_invalid", "signature_digest_mismatch", "signature_replayed", null,
            ],
            codes);
    }

    [Theory]
    [InlineData(DigestPolicy.Required, true, null)]
    [InlineData(DigestPolicy.Required, false, "request_signature_components_incomplete")]
    [InlineData(DigestPolicy.Either, true, null)]
    [InlineData(DigestPolicy.Either, false, null)]
    [InlineData(DigestPolicy.Forbidden, true, "request_signature_components_unexpected")]
    [InlineData(DigestPolicy.Forbidden, false, null)]
    public async Task The_digest_is_covered_as_the_policy_says(DigestPolicy policy, bool isCovered, string? code)
    {
        Signed signed = Signed.Request(Key, Url, Body, Now);
        if (!isCovered)
            signed = signed with { Components = [.. Signed.AllComponents.Take(4)] };

        Assert.Equal(code, await CodeAsync(signed.Sent(), profile: SigningProfile.Request with { Digest = policy }));
    }

    [Fact]
    public async Task A_verification_that_is_called_off_ends()
    {
        using var over = new CancellationTokenSource();
        await over.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await new SignatureVerifier(SigningProfile.Webhook, new FakeTime(Now)).VerifyAsync(Hook.Sent().Received(), new SignerOf(Key.Public()), new SpentNonces(), over.Token));
    }

    private static async Task<string?> CodeAsync(SentMessage sent, SignerOf? keys = null, SpentNonces? nonces = null, SigningProfile? profile = null) =>
        await JudgeAsync(sent, profile ?? SigningProfile.Webhook, keys ?? new SignerOf(Key.Public()), nonces ?? new SpentNonces()) is SignatureVerdict.Refused(var code) ? code : null;

    private static ValueTask<SignatureVerdict> JudgeAsync(SentMessage sent, SigningProfile profile, SignerOf keys, SpentNonces nonces) =>
        new SignatureVerifier(profile, new FakeTime(Now)).VerifyAsync(sent.Received(), keys, nonces, default);
}
