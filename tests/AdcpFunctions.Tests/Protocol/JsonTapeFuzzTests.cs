using System.Text;
using System.Text.Json;
using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Protocol;

public class JsonTapeFuzzTests
{
    private const int Rounds = 60_000;

    private static readonly string[] Texts =
    [
        """{"account":{"account_id":"a"},"impressions":12,"vendor_cost":1.50,"final":false,"list":[1,-2e5,null,true,{}],"é":"\u20ac\n😀"}""",
        """[[],{},"",0,-0.5E-3,{"a":{"a":{"a":[]}}},"\ud83d\ude00","\\\"\/"]""",
        """ { "a" : [ 1 , 2 ] , "b" : "0123456789012345678901234567890123456789" } """,
        "\"\\u0061\\t\"",
        "-12.25e+7",
    ];

    private static readonly string[] Fragments =
    [
        "\"", "\\", "{", "}", "[", "]", ",", ":", "0", "1", "-", ".", "e", "E", "+", "\\u", "\\ud83d", "\\ude00", "\\u0061", "a", "\"a\":", "\"a\":1,", "null", "true", "fals", " ", "\n", "\u0001", "\u007f", "é", "😀", "/", "'",
    ];

    [Fact]
    public void Takes_and_refuses_the_same_texts_as_the_framework_reader()
    {
        int seed = Seed.Of(20_261_121);
        var random = new Random(seed);
        int taken = 0;
        using JsonTape tape = JsonTape.Rent();
        for (int round = 0; round < Rounds; round++)
        {
            byte[] text = Mutate(random);
            bool expected = FrameworkTakes(text);
            bool actual = tape.TryRead(text, JsonLimits.Default, out JsonFault fault);
            taken += expected ? 1 : 0;
            Assert.True(expected == actual, $"Seed {seed}, round {round}: framework {expected}, tape {actual} ({fault}) on {Convert.ToHexString(text)}");
            if (actual)
                AssertSame(tape.Root, text, $"Seed {seed}, round {round}");
        }

        Assert.InRange(taken, Rounds / 10, Rounds * 9 / 10);
    }

    private static byte[] Mutate(Random random)
    {
        List<byte> text = [.. Encoding.UTF8.GetBytes(random.Pick(Texts))];
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            int at = random.Next(text.Count + 1);
            switch (random.Next(5))
            {
                case 0 when at < text.Count:
                    text[at] = (byte)random.Next(256);
                    break;
                case 1 when at < text.Count:
                    text.RemoveRange(at, Math.Min(random.Next(1, 4), text.Count - at));
                    break;
                case 2 when at < text.Count:
                    int length = Math.Min(random.Next(1, 12), text.Count - at);
                    text.InsertRange(random.Next(text.Count + 1), text.GetRange(at, length));
                    break;
                case 3 when at < text.Count && char.IsAsciiLetterOrDigit((char)text[at]):
                    text[at] = (byte)random.Pick("abfinot019".ToCharArray());
                    break;
                default:
                    text.InsertRange(at, Encoding.UTF8.GetBytes(random.Pick(Fragments)));
                    break;
            }
        }

        return [.. text];
    }

    /// <summary>The framework looks into text lazily, so each string and name is asked for.</summary>
    private static bool FrameworkTakes(byte[] text)
    {
        if (!System.Text.Unicode.Utf8.IsValid(text))
            return false;
        try
        {
            using JsonDocument document = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false });
            Touch(document.RootElement);
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private static void Touch(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in element.EnumerateArray())
                    Touch(item);
                break;
            case JsonValueKind.Object:
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    _ = property.Name;
                    Touch(property.Value);
                }

                break;
            default:
                break;
        }
    }

    private static void AssertSame(JsonNode node, byte[] text, string note)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        Assert.True(Same(node, document.RootElement), $"{note}: read differently: {Convert.ToHexString(text)}");
    }

    private static bool Same(JsonNode node, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                return node.Kind == JsonKind.String && node.GetString() == element.GetString();
            case JsonValueKind.Number:
                return node.Kind == JsonKind.Number && Encoding.UTF8.GetString(node.Raw) == element.GetRawText()
                    && (!node.TryGetDecimal(out decimal exact) || !element.TryGetDecimal(out decimal other) || exact == other);
            case JsonValueKind.Array:
                return node.Kind == JsonKind.Array && node.Count == element.GetArrayLength()
                    && element.EnumerateArray().Index().All(item => Same(node.Items.ElementAt(item.Index), item.Item));
            case JsonValueKind.Object:
                return node.Kind == JsonKind.Object && node.Count == element.EnumerateObject().Count()
                    && element.EnumerateObject().All(property => node.TryGetMember(Encoding.UTF8.GetBytes(property.Name), out JsonNode value) && Same(value, property.Value));
            default:
                return node.Kind.ToString() == element.ValueKind.ToString();
        }
    }
}
