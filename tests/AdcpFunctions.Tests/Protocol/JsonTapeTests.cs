using System.Text;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Tests.Protocol;

public class JsonTapeTests
{
    [Theory]
    [InlineData("", JsonFaultKind.Empty, 0)]
    [InlineData(" \t\r\n", JsonFaultKind.Empty, 4)]
    [InlineData("01", JsonFaultKind.Malformed, 1)]
    [InlineData("-", JsonFaultKind.Malformed, 0)]
    [InlineData("+1", JsonFaultKind.Malformed, 0)]
    [InlineData("1.", JsonFaultKind.Malformed, 0)]
    [InlineData("1e", JsonFaultKind.Malformed, 0)]
    [InlineData(".5", JsonFaultKind.Malformed, 0)]
    [InlineData("NaN", JsonFaultKind.Malformed, 0)]
    [InlineData("tru", JsonFaultKind.Malformed, 0)]
    [InlineData("[1,]", JsonFaultKind.Malformed, 3)]
    [InlineData("[1 2]", JsonFaultKind.Malformed, 3)]
    [InlineData("[1}", JsonFaultKind.Malformed, 2)]
    [InlineData("{\"a\":1,}", JsonFaultKind.Malformed, 7)]
    [InlineData("{\"a\" 1}", JsonFaultKind.Malformed, 5)]
    [InlineData("{a:1}", JsonFaultKind.Malformed, 1)]
    [InlineData("{\"a\":1", JsonFaultKind.Malformed, 6)]
    [InlineData("{} {}", JsonFaultKind.Malformed, 3)]
    [InlineData("\u00A01", JsonFaultKind.Malformed, 0)]
    [InlineData("\uFEFF{}", JsonFaultKind.Malformed, 0)]
    [InlineData("[// no\n1]", JsonFaultKind.Malformed, 1)]
    [InlineData("\"a\nb\"", JsonFaultKind.Malformed, 2)]
    [InlineData("\"a", JsonFaultKind.Malformed, 2)]
    [InlineData("\"\\x\"", JsonFaultKind.Malformed, 1)]
    [InlineData("\"\\u12g4\"", JsonFaultKind.Malformed, 1)]
    public void Refuses_what_RFC_8259_does_not_allow(string text, JsonFaultKind kind, int offset)
    {
        using JsonTape tape = JsonTape.Rent();

        Assert.False(tape.TryRead(Encoding.UTF8.GetBytes(text), JsonLimits.Default, out JsonFault fault));
        Assert.Equal(new JsonFault(kind, offset), fault);
        Assert.Throws<InvalidOperationException>(() => tape.Root);
    }

    [Theory]
    [InlineData("\"\\ud800\"")]
    [InlineData("\"\\udc00\"")]
    [InlineData("\"\\ud83dx\"")]
    [InlineData("\"\\ud83d\\u0041\"")]
    [InlineData("{\"\\ud83d\":1}")]
    public void Refuses_half_a_surrogate_pair(string text) => Assert.Equal(JsonFaultKind.Malformed, FaultOf(text));

    [Theory]
    [InlineData("{\"a\":1,\"a\":2}")]
    [InlineData("[{\"b\":{\"a\":1,\"b\":2,\"a\":1}}]")]
    public void Refuses_a_key_that_repeats(string text) => Assert.Equal(JsonFaultKind.DuplicateKey, FaultOf(text));

    [Fact]
    public void Refuses_a_key_that_repeats_after_unescaping() =>
        Assert.Equal(JsonFaultKind.DuplicateKey, FaultOf("""{"final":true,"f\u0069nal":false}"""));

    [Fact]
    public void Refuses_a_repeated_key_among_very_many()
    {
        string members = string.Join(',', Enumerable.Range(0, 20_000).Select(i => $"\"k{i}\":0"));

        Assert.Equal(JsonFaultKind.None, FaultOf($"{{{members}}}"));
        Assert.Equal(JsonFaultKind.DuplicateKey, FaultOf($"{{{members},\"k77\":0}}"));
    }

    [Fact]
    public void Refuses_bytes_that_are_not_UTF8_and_says_where()
    {
        using JsonTape tape = JsonTape.Rent();

        Assert.False(tape.TryRead(new byte[] { (byte)'"', 0xC3, 0xA9, 0xC3, (byte)'"' }, JsonLimits.Default, out JsonFault fault));
        Assert.Equal(new JsonFault(JsonFaultKind.InvalidUtf8, 3), fault);
    }

    [Theory]
    [InlineData(3, JsonFaultKind.None)]
    [InlineData(4, JsonFaultKind.TooDeep)]
    [InlineData(100_000, JsonFaultKind.TooDeep)]
    public void Nests_to_the_limit_and_no_deeper(int depth, JsonFaultKind expected) =>
        Assert.Equal(expected, FaultOf(new string('[', depth) + new string(']', depth), new JsonLimits(MaxDepth: 3, MaxNodes: 1_000_000)));

    [Theory]
    [InlineData("[1,2]", JsonFaultKind.None)]
    [InlineData("[1,2,3]", JsonFaultKind.TooManyNodes)]
    public void Holds_values_to_the_limit_and_no_more(string text, JsonFaultKind expected) =>
        Assert.Equal(expected, FaultOf(text, new JsonLimits(MaxDepth: 64, MaxNodes: 3)));

    [Fact]
    public void Objects_with_the_same_names_in_the_same_order_share_a_shape()
    {
        using JsonTape tape = Read("""[{"a":1,"b":2},{"a":3,"\u0062":4},{"b":1,"a":2}]""");
        JsonNode[] items = [.. Items(tape.Root)];

        Assert.Same(items[0].Shape, items[1].Shape);
        Assert.NotSame(items[0].Shape, items[2].Shape);
        Assert.Equal(["a", "b"], items[1].Shape.Names.Select(Encoding.UTF8.GetString));
    }

    [Fact]
    public void Yields_members_with_ordinal_name_and_value()
    {
        using JsonTape tape = Read("""{"a":[1,{"x":{}}],"b":"two","c":null}""");
        List<string> seen = [];
        foreach (JsonMember member in tape.Root.Members)
            seen.Add($"{member.Ordinal} {Encoding.UTF8.GetString(member.Name)} {member.Value.Kind}");

        Assert.Equal(["0 a Array", "1 b String", "2 c Null"], seen);
        Assert.True(tape.Root.TryGetMember("b"u8, out JsonNode b));
        Assert.True(b.StringEquals("two"u8));
        Assert.False(tape.Root.TryGetMember("d"u8, out JsonNode none));
        Assert.False(none.Exists);
        Assert.Equal("""[1,{"x":{}}]""", Encoding.UTF8.GetString(tape.Root.MemberAt(0).Raw));
    }

    [Fact]
    public void Text_comes_out_unescaped()
    {
        using JsonTape tape = Read("""["plain","\"\\\/\b\f\n\r\t\u20ac\ud83d\ude00é"]""");
        JsonNode escaped = Items(tape.Root).Last();

        Assert.True(tape.Root.Items.ElementAt(0).TryGetUtf8(out ReadOnlySpan<byte> plain));
        Assert.Equal("plain", Encoding.UTF8.GetString(plain));
        Assert.False(escaped.TryGetUtf8(out _));
        Assert.Equal("\"\\/\b\f\n\r\t€😀é", escaped.GetString());
        Assert.True(escaped.StringEquals("\"\\/\b\f\n\r\t€😀é"u8));
    }

    [Theory]
    [InlineData("0", "0")]
    [InlineData("-0", "0")]
    [InlineData("12.50", "12.5")]
    [InlineData("1e3", "1000")]
    [InlineData("25e-2", "0.25")]
    [InlineData("-1.5E+2", "-150")]
    [InlineData("0.0000000000000000000000000001", "0.0000000000000000000000000001")]
    [InlineData("79228162514264337593543950335", "79228162514264337593543950335")]
    [InlineData("79228162514264337593543950336", null)]
    [InlineData("0.00000000000000000000000000001", null)]
    [InlineData("1.00000000000000000000000000000000000000000000000000", "1")]
    [InlineData("1e400", null)]
    [InlineData("0e400", "0")]
    [InlineData("0.1234567890123456789012345678", "0.1234567890123456789012345678")]
    [InlineData("123456789012345678901234567890123456789012345678901234567890", null)]
    public void Decimals_are_exact_or_refused(string text, string? expected)
    {
        using JsonTape tape = Read(text);

        Assert.Equal(expected is not null, tape.Root.TryGetDecimal(out decimal value));
        if (expected is not null)
            Assert.Equal(decimal.Parse(expected), value);
    }

    [Theory]
    [InlineData("5", 5L)]
    [InlineData("5.0", 5L)]
    [InlineData("5e3", 5000L)]
    [InlineData("50e-1", 5L)]
    [InlineData("-9223372036854775808", long.MinValue)]
    [InlineData("9223372036854775808", null)]
    [InlineData("5.5", null)]
    [InlineData("5e-1", null)]
    [InlineData("\"5\"", null)]
    public void Integers_may_be_written_in_any_way(string text, long? expected)
    {
        using JsonTape tape = Read(text);

        Assert.Equal(expected is not null, tape.Root.TryGetInt64(out long value));
        Assert.Equal(expected ?? 0, value);
    }

    [Fact]
    public void A_tape_reads_again_and_again_and_from_the_middle_of_an_array()
    {
        using JsonTape tape = JsonTape.Rent();
        for (int i = 0; i < 6_000; i++)
        {
            byte[] text = Encoding.UTF8.GetBytes($"xx{{\"k{i}\":{{\"same\":{i}}}}}xx");
            Assert.True(tape.TryRead(text.AsMemory(2..^2), JsonLimits.Default, out _));
            Assert.True(tape.Root.MemberAt(0).TryGetMember("same"u8, out JsonNode same));
            Assert.True(same.TryGetInt64(out long value));
            Assert.Equal(i, value);
        }
    }

    private static JsonFaultKind FaultOf(string text, JsonLimits? limits = null)
    {
        using JsonTape tape = JsonTape.Rent();
        return tape.TryRead(Encoding.UTF8.GetBytes(text), limits ?? JsonLimits.Default, out JsonFault fault) ? JsonFaultKind.None : fault.Kind;
    }

    private static JsonTape Read(string text)
    {
        JsonTape tape = JsonTape.Rent();
        Assert.True(tape.TryRead(Encoding.UTF8.GetBytes(text), JsonLimits.Default, out JsonFault fault), fault.ToString());
        return tape;
    }

    private static List<JsonNode> Items(JsonNode array)
    {
        List<JsonNode> items = [];
        foreach (JsonNode item in array.Items)
            items.Add(item);
        return items;
    }
}
