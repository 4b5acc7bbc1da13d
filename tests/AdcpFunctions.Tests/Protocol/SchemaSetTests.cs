using System.Text;
using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Protocol;

public class SchemaSetTests
{
    [Fact]
    public void Every_embedded_schema_is_a_sound_draft_07_schema()
    {
        var meta = new SchemaSet(new SchemaOptions());
        meta.Add(Metaschema.Address, Metaschema.Utf8);
        foreach (string path in SchemaSet.Embedded.Paths)
        {
            Assert.NotNull(SchemaSet.Embedded[path]);
            byte[] document = File.ReadAllBytes(Path.Combine(SharedAssets.RepositoryRoot, "schemas", path));
            Assert.Empty(Violations(meta[Metaschema.Address], Encoding.UTF8.GetString(document)));
        }
    }

    [Fact]
    public void The_embedded_schemas_are_those_of_the_folder()
    {
        string folder = Path.Combine(SharedAssets.RepositoryRoot, "schemas");
        IEnumerable<string> files = Directory.GetFiles(folder, "*.json", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, file).Replace('\\', '/'));

        Assert.Equal(files.Order(StringComparer.Ordinal), SchemaSet.Embedded.Paths);
    }

    [Fact]
    public void Reports_every_violation_with_its_place_and_never_the_value()
    {
        string text = """
            {"idempotency_key":"k","reporting_period":{"start":"2025-03-01T00:00:00","end":"2025-03-31T23:59:59Z"},
             "usage":[{"account":{"account_id":"a"},"vendor_cost":-13.37,"currency":"hush"},{"account":{"account_id":7},"vendor_cost":1,"currency":"USD","a/b~c":1,"impressions":1.5}]}
            """;

        List<SchemaViolation> violations = Violations(SchemaSet.Embedded["adcp/3.1/report-usage-request.json"], text);

        Assert.Equal(
            ["/reporting_period/start format", "/usage/0/vendor_cost minimum", "/usage/0/currency pattern", "/usage/1/account oneOf", "/usage/1/impressions type"],
            violations.Select(violation => $"{violation.Pointer} {violation.Keyword}"));
        Assert.DoesNotContain(violations, violation => violation.Message.Contains("hush", StringComparison.Ordinal) || violation.Message.Contains("13.37", StringComparison.Ordinal));
    }

    [Fact]
    public void Pointers_are_escaped_as_RFC_6901_asks()
    {
        CompiledSchema schema = Compile("""{"additionalProperties":false}""");

        SchemaViolation violation = Assert.Single(Violations(schema, """{"a/b~c":1}"""));
        Assert.Equal(("/a~1b~0c", "additionalProperties"), (violation.Pointer, violation.Keyword));
    }

    [Theory]
    [InlineData("2025-03-01T00:00:00Z", true)]
    [InlineData("2025-03-01t00:00:00z", true)]
    [InlineData("2025-03-01T00:00:00.123456789+05:30", true)]
    [InlineData("2024-02-29T23:59:59-00:00", true)]
    [InlineData("2016-12-31T23:59:60Z", true)]
    [InlineData("2016-12-31T15:59:60-08:00", true)]
    [InlineData("2016-12-31T22:59:60Z", false)]
    [InlineData("2025-03-01T00:00:00", false)]
    [InlineData("2025-03-01 00:00:00Z", false)]
    [InlineData("2025-02-29T00:00:00Z", false)]
    [InlineData("2025-13-01T00:00:00Z", false)]
    [InlineData("2025-03-01T24:00:00Z", false)]
    [InlineData("2025-03-01T00:00:00.Z", false)]
    [InlineData("2025-03-01T00:00Z", false)]
    [InlineData("2025-03-01T00:00:00+0530", false)]
    [InlineData("2025-03-01T00:00:00Zx", false)]
    [InlineData("٢٠٢٥-03-01T00:00:00Z", false)]
    public void A_date_time_is_RFC_3339_with_an_offset(string text, bool valid) =>
        Assert.Equal(valid, Violations(Compile("""{"format":"date-time"}"""), $"\"{text}\"").Count == 0);

    [Theory]
    [InlineData("^[A-Z]{3}$", "USD", "US", "USDX", "usd", "USD\n")]
    [InlineData("^[A-Za-z0-9_.:-]{2,4}$", "a:-", "a", "abcde", "a b", "é1")]
    [InlineData("^\\d+\\.\\d+(-[a-zA-Z0-9.-]+)?$", "3.1-rc.1", "3", "3.", "3.1-", "3.1\n")]
    [InlineData("^https://", "https://x", "http://x", "xhttps://", "HTTPS://x", "")]
    [InlineData("^[\\x20-\\x7E]+$", "a ~", "", "\u007f", "é", "a\n")]
    [InlineData("^#[0-9a-fA-F]{6}$", "#00ffAA", "#00ffA", "00ffAA", "#00ffAAA", "#00ffAG")]
    [InlineData("^[a-z][a-z0-9_]*$", "a_9", "9a", "", "A", "a-")]
    [InlineData("^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$", "a.b--c.d0", "", ".a", "a..b", "a-.b", "a.-b", "a-", "A", "a.", "a_b", "a\n")]
    [InlineData("^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?){0,}$", "a.b--c.d0", "", ".a", "a..b", "a-.b", "a.-b", "a-", "A", "a.", "a_b", "a\n")]
    [InlineData("b+$", "abb", "aba", "bb ", "", "bb\n")]
    public void Patterns_match_as_in_ECMAScript(string pattern, string match, params string[] others)
    {
        CompiledSchema schema = Compile($$"""{"pattern":"{{pattern.Replace("\\", "\\\\", StringComparison.Ordinal)}}"}""");

        Assert.Empty(Violations(schema, System.Text.Json.JsonSerializer.Serialize(match)));
        Assert.All(others, other => Assert.Single(Violations(schema, System.Text.Json.JsonSerializer.Serialize(other))));
    }

    [Theory]
    [InlineData("""{"maximum":9007199254740993}""", "9007199254740993", "9007199254740994")]
    [InlineData("""{"multipleOf":0.01}""", "19.99", "19.999")]
    [InlineData("""{"const":0.1}""", "1e-1", "0.1000000000000000055")]
    [InlineData("""{"maximum":1e30}""", "1e29", "1e400")]
    [InlineData("""{"maximum":100}""", "1e-99999999999", "1e99999999999")]
    [InlineData("""{"minimum":-100}""", "-1e-99999999999", "-1e99999999999")]
    [InlineData("""{"type":"integer","minimum":0}""", "0", "-1")]
    [InlineData("""{"minLength":2,"maxLength":2}""", "\"😀é\"", "\"😀\"")]
    public void Numbers_and_lengths_are_compared_exactly(string schema, string valid, string invalid)
    {
        Assert.Empty(Violations(Compile(schema), valid));
        Assert.Single(Violations(Compile(schema), invalid));
    }

    [Fact]
    public void Uniqueness_of_many_items_takes_no_time_and_ignores_how_they_are_written()
    {
        CompiledSchema schema = Compile("""{"uniqueItems":true}""");
        string many = string.Join(',', Enumerable.Range(0, 50_000).Select(i => $$"""{"a":{{i}},"b":"x"}"""));

        Assert.Empty(Violations(schema, $"[{many}]"));
        Assert.Single(Violations(schema, $$"""[{{many}},{"b":"\u0078","a":7.0}]"""));
    }

    [Theory]
    [InlineData("""{"$ref":"elsewhere.json"}""")]
    [InlineData("""{"allOf":[{"$ref":"#"}]}""")]
    [InlineData("""{"type":"text"}""")]
    [InlineData("3")]
    public void An_unsound_schema_is_a_fault_when_it_is_compiled(string schema) =>
        Assert.Throws<InvalidOperationException>(() => Compile(schema));

    private static CompiledSchema Compile(string schema)
    {
        var set = new SchemaSet(new SchemaOptions());
        set.Add("test.json", Encoding.UTF8.GetBytes(schema));
        return set["test.json"];
    }

    private static List<SchemaViolation> Violations(CompiledSchema schema, string text)
    {
        using JsonTape tape = JsonTape.Rent();
        Assert.True(tape.TryRead(Encoding.UTF8.GetBytes(text), JsonLimits.Default, out JsonFault fault), fault.ToString());
        List<SchemaViolation> violations = [];
        Assert.Equal(schema.IsValid(tape.Root), schema.Validate(tape.Root, violations));
        return violations;
    }
}
