using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Protocol;

public class CanonicalJsonTests
{
    [Theory]
    [InlineData("0000000000000000", "0")]
    [InlineData("8000000000000000", "0")]
    [InlineData("0000000000000001", "5e-324")]
    [InlineData("8000000000000001", "-5e-324")]
    [InlineData("7fefffffffffffff", "1.7976931348623157e+308")]
    [InlineData("ffefffffffffffff", "-1.7976931348623157e+308")]
    [InlineData("4340000000000000", "9007199254740992")]
    [InlineData("c340000000000000", "-9007199254740992")]
    [InlineData("4430000000000000", "295147905179352830000")]
    [InlineData("44b52d02c7e14af5", "9.999999999999997e+22")]
    [InlineData("44b52d02c7e14af6", "1e+23")]
    [InlineData("44b52d02c7e14af7", "1.0000000000000001e+23")]
    [InlineData("444b1ae4d6e2ef4e", "999999999999999700000")]
    [InlineData("444b1ae4d6e2ef4f", "999999999999999900000")]
    [InlineData("444b1ae4d6e2ef50", "1e+21")]
    [InlineData("3eb0c6f7a0b5ed8c", "9.999999999999997e-7")]
    [InlineData("3eb0c6f7a0b5ed8d", "0.000001")]
    [InlineData("41b3de4355555553", "333333333.3333332")]
    [InlineData("41b3de4355555554", "333333333.33333325")]
    [InlineData("41b3de4355555555", "333333333.3333333")]
    [InlineData("41b3de4355555556", "333333333.3333334")]
    [InlineData("41b3de4355555557", "333333333.33333343")]
    [InlineData("becbf647612f3696", "-0.0000033333333333333333")]
    [InlineData("43143ff3c1cb0959", "1424953923781206.2")]
    public void Writes_the_numbers_of_RFC_8785_as_it_does(string bits, string expected)
    {
        double value = BitConverter.Int64BitsToDouble(long.Parse(bits, NumberStyles.HexNumber, CultureInfo.InvariantCulture));

        Assert.Equal(expected, Canonical(value.ToString("E16", CultureInfo.InvariantCulture)));
    }

    [Theory]
    [InlineData("1.50", "1.5")]
    [InlineData("-0", "0")]
    [InlineData("-0.0", "0")]
    [InlineData("1E3", "1000")]
    [InlineData("100", "100")]
    [InlineData("0.0000001", "1e-7")]
    [InlineData("0.10000000000000000000001", "0.1")]
    [InlineData("9007199254740993", "9007199254740992")]
    [InlineData("999999999999999", "999999999999999")]
    [InlineData("-12.25", "-12.25")]
    public void Equal_numbers_are_written_alike(string text, string expected) => Assert.Equal(expected, Canonical(text));

    [Fact]
    public void Writes_the_example_of_RFC_8785()
    {
        string text = """
            {
              "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
              "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
              "literals": [null, true, false]
            }
            """;

        Assert.Equal("""{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}""", Canonical(text));
    }

    [Fact]
    public void Sorts_names_by_UTF16_code_units()
    {
        string text = """{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}""";

        Assert.Equal("{\"\\r\":2,\"1\":4,\"\u0080\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\uFB33\":3}", Canonical(text));
    }

    [Fact]
    public void Leaves_out_the_closed_list_and_nothing_else()
    {
        string text = """
            {"idempotency_key":"k","context":{"a":1},"governance_context":"g","ext":{"context":1},"a":null,
             "push_notification_config":{"authentication":{"credentials":"secret","schemes":["Bearer"]},"credentials":"stays"}}
            """;

        Assert.Equal(
            """{"a":null,"ext":{"context":1},"push_notification_config":{"authentication":{"schemes":["Bearer"]},"credentials":"stays"}}""",
            Canonical(text, CanonicalExclusions.Idempotency));
    }

    [Fact]
    public void An_object_of_which_everything_is_left_out_is_still_an_object() =>
        Assert.Equal("{}", Canonical("""{"idempotency_key":"k"}""", CanonicalExclusions.Idempotency));

    [Theory]
    [InlineData(10)]
    [InlineData(40_000)]
    public void The_hash_is_that_of_the_written_form(int length)
    {
        string text = $$"""{"b":"{{new string('x', length)}}","a":"\u0041"}""";
        using JsonTape tape = Read(text);

        byte[] expected = SHA256.HashData(Encoding.UTF8.GetBytes($$"""{"a":"A","b":"{{new string('x', length)}}"}"""));
        Assert.Equal(expected, CanonicalJson.Hash(tape.Root, CanonicalExclusions.None));
    }

    [Fact]
    public void Agrees_with_a_plain_implementation_on_random_values()
    {
        int seed = Seed.Of(8785);
        var random = new Random(seed);
        for (int round = 0; round < 5_000; round++)
        {
            string text = RandomValue(random, depth: 0);
            using JsonDocument document = JsonDocument.Parse(text);
            string expected = Plain(document.RootElement);
            string actual = Canonical(text);
            Assert.True(expected == actual, $"Seed {seed}, round {round}: {text} became {actual}, not {expected}");
            Assert.Equal(expected, Canonical(actual));
        }
    }

    private static string RandomValue(Random random, int depth) => random.Next(depth < 4 ? 8 : 5) switch
    {
        0 => random.Pick(["null", "true", "false", "-0", "0", "0.10", "1e2", "123456789012345678"]),
        1 => BitConverter.Int64BitsToDouble(random.NextInt64()) is var d && double.IsFinite(d) ? d.ToString("E16", CultureInfo.InvariantCulture) : "1",
        2 => (random.NextInt64(-1_000_000_000, 1_000_000_000) / (decimal)Math.Pow(10, random.Next(12))).ToString(CultureInfo.InvariantCulture),
        3 or 4 => RandomString(random),
        5 => $"[{string.Join(" ,", Enumerable.Range(0, random.Next(5)).Select(_ => RandomValue(random, depth + 1)))}]",
        _ => $"{{{string.Join(", ", Enumerable.Range(0, random.Next(6)).Select(i => $"{RandomString(random, i)} : {RandomValue(random, depth + 1)}"))}}}",
    };

    private static string RandomString(Random random, int? distinct = null)
    {
        string[] pieces = ["a", "Z", "é", "€", "😀", "\\ud83d\\ude00", "\\u20ac", "\\n", "\\u000b", "\\/", "\\\"", "\\\\", "\uFB33", "\uE000", "\u007f", "\\u0000", "longer than a vector of sixteen bytes"];
        string text = string.Concat(Enumerable.Range(0, random.Next(4)).Select(_ => random.Pick(pieces)));
        return $"\"{text}{distinct}\"";
    }

    private static string Plain(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => "{" + string.Join(',', element.EnumerateObject().OrderBy(p => p.Name, StringComparer.Ordinal).Select(p => $"{PlainString(p.Name)}:{Plain(p.Value)}")) + "}",
        JsonValueKind.Array => "[" + string.Join(',', element.EnumerateArray().Select(Plain)) + "]",
        JsonValueKind.String => PlainString(element.GetString()!),
        JsonValueKind.Number => PlainNumber(element.GetDouble()),
        _ => element.GetRawText(),
    };

    private static string PlainString(string text) => "\"" + string.Concat(text.Select(c => c switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\b' => "\\b",
        '\f' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        < ' ' => $"\\u{(int)c:x4}",
        _ => c.ToString(),
    })) + "\"";

    /// <summary>ECMA-262, Number::toString, step by step: digits s of length k, and n with value = s × 10^(n−k).</summary>
    private static string PlainNumber(double value)
    {
        if (value == 0)
            return "0";
        if (value < 0)
            return "-" + PlainNumber(-value);

        Match match = Regex.Match(value.ToString("R", CultureInfo.InvariantCulture), @"^(\d+)(?:\.(\d+))?(?:E([+-]\d+))?$");
        string whole = match.Groups[1].Value.TrimStart('0');
        string fraction = match.Groups[2].Value;
        int n = whole.Length + (match.Groups[3].Success ? int.Parse(match.Groups[3].Value, CultureInfo.InvariantCulture) : 0);
        string s = whole + fraction;
        n -= s.Length - s.TrimStart('0').Length;
        s = s.Trim('0');
        int k = s.Length;
        if (k <= n && n <= 21)
            return s + new string('0', n - k);
        if (0 < n && n <= 21)
            return s[..n] + "." + s[n..];
        if (-6 < n && n <= 0)
            return "0." + new string('0', -n) + s;
        string exponent = (n - 1 < 0 ? "e-" : "e+") + Math.Abs(n - 1).ToString(CultureInfo.InvariantCulture);
        return k == 1 ? s + exponent : s[..1] + "." + s[1..] + exponent;
    }

    private static string Canonical(string text, CanonicalExclusions? exclusions = null)
    {
        using JsonTape tape = Read(text);
        var output = new ArrayBufferWriter<byte>();
        CanonicalJson.Write(tape.Root, output, exclusions ?? CanonicalExclusions.None);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static JsonTape Read(string text)
    {
        JsonTape tape = JsonTape.Rent();
        Assert.True(tape.TryRead(Encoding.UTF8.GetBytes(text), JsonLimits.Default, out JsonFault fault), $"{fault} in {text}");
        return tape;
    }
}
