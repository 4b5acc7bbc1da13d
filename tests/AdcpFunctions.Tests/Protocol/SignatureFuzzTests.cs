using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Protocol;

/// <summary>Signed messages, mutated at random: whatever is done to one, it is judged, and never accepted for more than was signed.</summary>
public class SignatureFuzzTests
{
    private const int Messages = 100_000;
    private const string Characters = "\"\\():;,=.-_*+/?@# \t\r\n\0aZ09%é~";
    private const string Host = "hooks.example.com";

    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private static readonly string[] Signing = ["Signature-Input", "Signature", "Content-Digest", "Content-Type"];

    [Fact]
    public async Task Nothing_unsigned_is_accepted_and_nothing_escapes()
    {
        int seed = Seed.Of(20261121), accepted = 0;
        var random = new Random(seed);
        SigningKeyPair[] keys = [SigningKeyPair.Ed25519(), SigningKeyPair.Ed25519("another"), SigningKeyPair.Es256()];
        var signer = new SignerOf([.. keys.Select(k => k.Public())]);
        (Signed Signed, SentMessage Sent)[] originals = [.. Enumerable.Range(0, 48).Select(i => Original(keys[i % 3], i)).Select(s => (s, s.Sent()))];
        var nonces = new SpentNonces();
        var codes = new SortedDictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < Messages; i++)
        {
            (Signed signed, SentMessage sent) = random.Pick(originals);
            SentMessage mutated = Copy(sent);
            for (int changes = random.Next(1, 4); changes > 0; changes--)
                Mutate(mutated, random.Pick(originals).Sent, random);
            SigningProfile profile = signed.Tag == SigningProfile.Webhook.Tag ? SigningProfile.Webhook : SigningProfile.Request;
            SignatureVerdict verdict;
            try
            {
                verdict = await new SignatureVerifier(profile, new FakeTime(Now)).VerifyAsync(mutated.Received(), signer, nonces, default);
            }
            catch (Exception escaped)
            {
                Assert.Fail($"seed {seed}, message {i}: {Describe(mutated)}\n{escaped}");
                return;
            }

            nonces.Clear();
            codes[(verdict as SignatureVerdict.Refused)?.Code ?? "accepted"] = codes.GetValueOrDefault((verdict as SignatureVerdict.Refused)?.Code ?? "accepted") + 1;
            if (verdict is not SignatureVerdict.Verified verified)
                continue;
            accepted++;
            Signed? claimed = originals.Select(o => o.Signed).FirstOrDefault(o => o.Nonce == verified.Nonce && o.KeyId == verified.KeyId);
            Assert.True(claimed is not null && IsWhatWasSigned(claimed, mutated), $"seed {seed}, message {i} was accepted: {Describe(mutated)}");
        }

        TestContext.Current.SendDiagnosticMessage($"seed {seed}: {string.Join(", ", codes.Select(c => $"{c.Value} {c.Key}"))}");
        Assert.True(accepted > Messages / 100 && codes.Count > 10, $"seed {seed}: {string.Join(", ", codes)}");
    }

    private static Signed Original(SigningKeyPair key, int number)
    {
        byte[] body = [.. System.Text.Encoding.UTF8.GetBytes($$"""{"idempotency_key":"k-{{number:d16}}","status":"completed","result":{"n":{{number}} } }""")];
        string url = $"https://{Host}/hooks/t/route{number}" + (number % 5 == 0 ? "?b=2&a=%7e" : "");
        Signed signed = number % 2 == 0 ? Signed.Webhook(key, url, body, Now) : Signed.Request(key, url, body, Now);
        return number % 7 == 0 ? signed with { Components = ["x-more", .. Signed.AllComponents.Reverse()], MoreHeaders = new Dictionary<string, string> { ["x-more"] = "some, thing" } } : signed;
    }

    /// <summary>Judged without the verifier: the parts that were signed are there as they were signed.</summary>
    private static bool IsWhatWasSigned(Signed signed, SentMessage sent) =>
        sent.Method == signed.Method
        && sent.Body.AsSpan().SequenceEqual(signed.Body)
        && sent.Headers["Content-Type"].Single().Trim() == signed.ContentType
        && sent.Headers["Content-Digest"].Single().Trim() == signed.Digest
        && signed.MoreHeaders.All(h => string.Join(", ", sent.Headers[h.Key].Select(l => l.Trim())) == h.Value)
        && string.Join(", ", sent.Headers["Signature-Input"]).Contains($"sig1={signed.Parameters()}", StringComparison.Ordinal)
        && IsSameAddress(signed.Url, sent.Url)
        && IsSameAddress($"https://{Host}/", $"https://{sent.Authority}/");

    /// <summary>As <see cref="Uri"/> sees it, which the verifier never asks; the root's dot is no difference.</summary>
    private static bool IsSameAddress(string signed, string sent) =>
        Uri.TryCreate(sent.Replace($"{Host}.", Host, StringComparison.OrdinalIgnoreCase), UriKind.Absolute, out Uri? address)
        && Uri.Compare(new Uri(signed), address, UriComponents.HttpRequestUrl, UriFormat.Unescaped, StringComparison.Ordinal) == 0;

    private static void Mutate(SentMessage message, SentMessage other, Random random)
    {
        string header = random.Pick(Signing);
        string[] lines = message.Headers.GetValueOrDefault(header, []);
        switch (random.Next(22))
        {
            case 0: message.Headers.Remove(header); break;
            case 1: message.Headers[header] = [.. lines, .. lines]; break;
            case 2: message.Headers[header] = other.Headers.GetValueOrDefault(header, []); break;
            case 3: message.Headers[header] = [.. lines, .. other.Headers.GetValueOrDefault(header, [])]; break;
            case 4: message.Headers[header] = [.. lines.SelectMany(l => l.Split(','))]; break;
            case 5: message.Headers["Signature-Input"] = [.. Inputs(message).Select(l => Shuffled(l, ';', 1, random))]; break;
            case 6: message.Headers["Signature-Input"] = [.. Inputs(message).Select(l => Shuffled(l, ' ', 0, random))]; break;
            case 7: message.Headers["Signature-Input"] = [.. Inputs(message), "sig2=(\"@method\");x"]; break;
            case 8: message.Headers["Signature"] = ["sig2=:AA==:", .. message.Headers.GetValueOrDefault("Signature", [])]; break;
            case 9: message.Headers[header] = [.. lines.Select(l => $" \t{l}  ")]; break;
            case 10: message.Body = Flipped(message.Body, random); break;
            case 11: message.Body = message.Body[..random.Next(message.Body.Length + 1)]; break;
            case 12: message.Body = random.Next(2) == 0 ? other.Body : [.. message.Body, .. other.Body]; break;
            case 13: message.Url = random.Next(3) == 0 ? other.Url : Edited(message.Url, random); break;
            case 14: message.Url = random.Next(2) == 0 ? message.Url.Replace("hooks/", "hooks/./", StringComparison.Ordinal) : message.Url.Replace(Host, $"user@{Host}:443", StringComparison.Ordinal); break;
            case 15: message.Authority = random.Next(2) == 0 ? message.Authority.ToUpperInvariant() : Edited(message.Authority, random); break;
            case 16: message.Method = Edited(message.Method, random); break;
            case 17: message.Headers["x-more"] = [.. message.Headers.GetValueOrDefault("x-more", []).SelectMany(l => l.Split(','))]; break;
            case 18: message.Headers["x-more"] = [Edited("some, thing", random)]; break;
            default: message.Headers[header] = [.. lines.Select(l => Edited(l, random))]; break;
        }
    }

    private static string[] Inputs(SentMessage message) => message.Headers.GetValueOrDefault("Signature-Input", []);

    private static string Edited(string text, Random random)
    {
        int at = random.Next(text.Length + 1), end = Math.Min(text.Length, at + random.Next(1, 9));
        char character = random.Next(8) == 0 ? (char)random.Next(0x10000) : Characters[random.Next(Characters.Length)];
        return random.Next(7) switch
        {
            0 => text[..at],
            1 => text[..at] + text[end..],
            2 => text[..at] + character + text[at..],
            3 => text[..at] + text[at..end] + text[at..],
            4 when at < text.Length => text[..at] + (char)(text[at] ^ (1 << random.Next(8))) + text[(at + 1)..],
            5 when at < text.Length => text[..at] + (char.IsAsciiLetterLower(text[at]) ? char.ToUpperInvariant(text[at]) : char.ToLowerInvariant(text[at])) + text[(at + 1)..],
            _ => text[..at] + character + text[end..],
        };
    }

    private static string Shuffled(string text, char separator, int keep, Random random)
    {
        string[] parts = text.Split(separator);
        if (parts.Length > keep)
            random.Shuffle(parts.AsSpan(keep));
        return string.Join(separator, parts.Take(random.Next(4) == 0 ? parts.Length - 1 : parts.Length));
    }

    private static byte[] Flipped(byte[] bytes, Random random)
    {
        byte[] flipped = [.. bytes];
        if (flipped.Length > 0)
            flipped[random.Next(flipped.Length)] ^= (byte)(1 << random.Next(8));
        return flipped;
    }

    private static SentMessage Copy(SentMessage sent)
    {
        var copy = new SentMessage { Method = sent.Method, Url = sent.Url, Authority = sent.Authority, Body = sent.Body };
        foreach ((string name, string[] lines) in sent.Headers)
            copy.Headers[name] = lines;
        return copy;
    }

    private static string Describe(SentMessage message) =>
        $"{message.Method} {message.Url} at {message.Authority}; {string.Join("; ", message.Headers.Select(h => $"{h.Key}: {string.Join(" | ", h.Value)}"))}; body {Convert.ToHexString(message.Body)}";
}
