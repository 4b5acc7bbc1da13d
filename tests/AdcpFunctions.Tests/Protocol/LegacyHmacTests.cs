using System.Globalization;
using System.Text;
using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Protocol;

public class LegacyHmacTests
{
    private const string Vectors = "adcp-3.1.19/vectors/webhook-hmac-sha256.json";
    private const string Secret = "a credential of thirty-two bytes or more";
    private const string Stamp = "1700000000";

    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);
    private static readonly byte[] Body = """{"event":"test"}"""u8.ToArray();

    [Fact]
    public void Accepts_and_makes_every_official_signature() => ForEach("vectors", 15, (vector, secret) =>
    {
        string stamp = Text(vector, "timestamp")!, signature = Text(vector, "expected_signature")!;
        byte[] body = Encoding.UTF8.GetBytes(Text(vector, "raw_body")!);
        DateTimeOffset now = DateTimeOffset.FromUnixTimeSeconds(long.Parse(stamp, CultureInfo.InvariantCulture));

        Assert.Equal(signature, LegacyHmac.Sign(stamp, body, secret));
        Assert.Equal(HmacVerdict.Valid, LegacyHmac.Verify(signature, stamp, body, secret, now));
    });

    [Fact]
    public void A_body_with_a_repeated_key_is_signed_well_and_refused_as_malformed() => ForEach("vectors", 15, (vector, _) =>
    {
        bool malformed = Text(vector, "expected_verifier_action") == "reject-malformed";
        Assert.Equal(Text(vector, "id") == "duplicate-keys-conflicting-values", malformed);
        if (!malformed)
            return;

        using JsonTape tape = JsonTape.Rent();
        Assert.False(tape.TryRead(Encoding.UTF8.GetBytes(Text(vector, "raw_body")!), JsonLimits.Default, out JsonFault fault));
        Assert.Equal(JsonFaultKind.DuplicateKey, fault.Kind);
    });

    [Fact]
    public void Rejects_every_official_rejection_for_its_own_reason() => ForEach("rejection_vectors", 10, (vector, secret) =>
    {
        HmacVerdict expected = Text(vector, "id") switch
        {
            "timestamp-too-old" or "timestamp-too-future" => HmacVerdict.OutsideWindow,
            "body-tampered" or "signer-spaced-wire-compact" => HmacVerdict.Mismatch,
            _ => HmacVerdict.HeaderMalformed,
        };
        DateTimeOffset now = Text(vector, "current_time") is { } current ? DateTimeOffset.FromUnixTimeSeconds(long.Parse(current, CultureInfo.InvariantCulture)) : Now;

        Assert.Equal(expected, LegacyHmac.Verify(Text(vector, "signature"), Text(vector, "timestamp"), Encoding.UTF8.GetBytes(Text(vector, "raw_body")!), secret, now));
    });

    [Fact]
    public void Rejects_every_official_weak_secret_even_under_a_matching_signature() => ForEach("secret_rejection_vectors", 4, (vector, _) =>
    {
        string weak = Text(vector, "secret")!;

        Assert.False(LegacyHmac.IsUsableSecret(weak));
        Assert.Equal(HmacVerdict.SecretUnusable, LegacyHmac.Verify(LegacyHmac.Sign(Stamp, Body, weak), Stamp, Body, weak, Now));
    });

    [Theory]
    [InlineData(-301, HmacVerdict.OutsideWindow)]
    [InlineData(-300, HmacVerdict.Valid)]
    [InlineData(300, HmacVerdict.Valid)]
    [InlineData(301, HmacVerdict.OutsideWindow)]
    public void The_window_is_300_seconds_either_way(int off, HmacVerdict verdict) =>
        Assert.Equal(verdict, LegacyHmac.Verify(LegacyHmac.Sign(Stamp, Body, Secret), Stamp, Body, Secret, Now.AddSeconds(off)));

    [Theory]
    [InlineData(null, "missing")]
    [InlineData("", "empty")]
    [InlineData("+1700000000", "a sign")]
    [InlineData(" 1700000000", "a space")]
    [InlineData("1700000000.0", "a fraction")]
    [InlineData("-1", "before the epoch")]
    [InlineData("1e9", "an exponent")]
    [InlineData("1,700,000,000", "separators")]
    [InlineData("99999999999999999999", "more than can be a time")]
    [InlineData("１７０００００００", "digits of another script")]
    public void Rejects_a_timestamp_that_is_not_plain_digits(string? timestamp, string reason) =>
        Assert.True(LegacyHmac.Verify(LegacyHmac.Sign(Stamp, Body, Secret), timestamp, Body, Secret, Now) == HmacVerdict.HeaderMalformed, reason);

    [Fact]
    public void Rejects_a_timestamp_written_otherwise_than_it_was_signed() =>
        Assert.Equal(HmacVerdict.Mismatch, LegacyHmac.Verify(LegacyHmac.Sign(Stamp, Body, Secret), "01700000000", Body, Secret, Now));

    [Theory]
    [InlineData("SHA256=", "", "the prefix is lower case")]
    [InlineData("", "", "the prefix is there")]
    [InlineData("sha256=", "00", "no more digits than 64")]
    [InlineData("sha256= ", "", "no spaces")]
    public void Rejects_a_signature_of_another_form(string prefix, string suffix, string reason) =>
        Assert.True(LegacyHmac.Verify(prefix + LegacyHmac.Sign(Stamp, Body, Secret)[7..] + suffix, Stamp, Body, Secret, Now) == HmacVerdict.HeaderMalformed, reason);

    [Fact]
    public void Rejects_a_signature_with_a_character_that_is_no_digit()
    {
        string signature = LegacyHmac.Sign(Stamp, Body, Secret);

        Assert.Equal(HmacVerdict.HeaderMalformed, LegacyHmac.Verify(signature[..^1] + "g", Stamp, Body, Secret, Now));
    }

    [Fact]
    public void Rejects_every_single_flipped_bit_of_signature_and_body()
    {
        string signature = LegacyHmac.Sign(Stamp, Body, Secret);
        for (int i = 7; i < signature.Length; i++)
        {
            string broken = signature[..i] + (signature[i] == '0' ? '1' : '0') + signature[(i + 1)..];
            Assert.Equal(HmacVerdict.Mismatch, LegacyHmac.Verify(broken, Stamp, Body, Secret, Now));
        }

        for (int bit = 0; bit < Body.Length * 8; bit++)
        {
            byte[] broken = [.. Body];
            broken[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Equal(HmacVerdict.Mismatch, LegacyHmac.Verify(signature, Stamp, broken, Secret, Now));
        }
    }

    [Fact]
    public void Rejects_another_secret() =>
        Assert.Equal(HmacVerdict.Mismatch, LegacyHmac.Verify(LegacyHmac.Sign(Stamp, Body, Secret), Stamp, Body, Secret + "!", Now));

    private static void ForEach(string set, int count, Action<JsonNode, string> check)
    {
        using JsonTape tape = JsonTape.Rent();
        Assert.True(tape.TryRead(File.ReadAllBytes(SharedAssets.Require(Vectors)), JsonLimits.Default, out JsonFault fault), fault.ToString());
        Assert.True(tape.Root.TryGetMember(Encoding.UTF8.GetBytes(set), out JsonNode vectors));
        Assert.Equal(count, vectors.Count);
        List<string> wrong = [];
        foreach (JsonNode vector in vectors.Items)
        {
            try
            {
                check(vector, Text(tape.Root, "secret")!);
            }
            catch (Xunit.Sdk.XunitException failed)
            {
                wrong.Add($"{Text(vector, "id") ?? Text(vector, "description")}: {failed.Message}");
            }
        }

        Assert.Empty(wrong);
    }

    /// <summary>A text, or a number as it is written; null for neither.</summary>
    private static string? Text(JsonNode node, string name) =>
        !node.TryGetMember(Encoding.UTF8.GetBytes(name), out JsonNode value) || value.Kind == JsonKind.Null ? null
        : value.Kind == JsonKind.String ? value.GetString() : Encoding.ASCII.GetString(value.Raw);
}
