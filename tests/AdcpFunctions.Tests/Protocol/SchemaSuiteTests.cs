using System.Text;
using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Protocol;

public class SchemaSuiteTests
{
    private const string Folder = "json-schema-draft7";

    /// <summary>Cases that may fail, each with its reason.</summary>
    private static readonly Dictionary<string, string> Excused = new(StringComparer.Ordinal);

    public static TheoryData<string> Files => new(
        "additionalItems", "additionalProperties", "allOf", "anyOf", "boolean_schema", "const", "contains", "default", "definitions", "dependencies", "enum",
        "exclusiveMaximum", "exclusiveMinimum", "format", "if-then-else", "infinite-loop-detection", "items", "maxItems", "maxLength", "maxProperties", "maximum",
        "minItems", "minLength", "minProperties", "minimum", "multipleOf", "not", "oneOf", "pattern", "patternProperties", "properties", "propertyNames", "ref",
        "refRemote", "required", "type", "uniqueItems");

    [Theory]
    [MemberData(nameof(Files))]
    public void Judges_every_case_of_the_official_suite_as_it_asks(string file)
    {
        string path = SharedAssets.Require($"{Folder}/{file}.json");
        using JsonTape tape = JsonTape.Rent();
        Assert.True(tape.TryRead(File.ReadAllBytes(path), JsonLimits.Default, out _));

        List<string> wrong = [];
        foreach (JsonNode group in tape.Root.Items)
        {
            CompiledSchema schema = Compile(Member(group, "schema"));
            foreach (JsonNode test in Member(group, "tests").Items)
            {
                string name = $"{file}: {Member(group, "description").GetString()}: {Member(test, "description").GetString()}";
                bool expected = Member(test, "valid").Kind == JsonKind.True;
                List<SchemaViolation> violations = [];
                bool verdict = schema.IsValid(Member(test, "data"));
                bool explained = schema.Validate(Member(test, "data"), violations);
                if ((verdict != expected || explained != verdict || violations.Count == 0 != verdict) && !Excused.ContainsKey(name))
                    wrong.Add($"{name} (expected {expected}, verdict {verdict}, {violations.Count} violations)");
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void The_list_of_files_is_the_suites()
    {
        string[] present = [.. Directory.GetFiles(SharedAssets.Require(Folder), "*.json").Select(Path.GetFileNameWithoutExtension).OfType<string>().Order(StringComparer.Ordinal)];

        Assert.Equal(present, Files.Select(row => row.Data).Order(StringComparer.Ordinal));
        Assert.InRange(Excused.Count, 0, 4);
    }

    private static CompiledSchema Compile(JsonNode source)
    {
        // Formats are annotations to the suite's mandatory part.
        var set = new SchemaSet(new SchemaOptions(FormatAssertion.None));
        string remotes = SharedAssets.Require($"{Folder}/remotes");
        foreach (string remote in Directory.GetFiles(remotes, "*.json", SearchOption.AllDirectories))
            set.Add("http://localhost:1234/" + Path.GetRelativePath(remotes, remote).Replace('\\', '/'), File.ReadAllBytes(remote));
        set.Add(Metaschema.Address, Metaschema.Utf8);
        set.Add("suite.json", source.Raw.ToArray());
        return set["suite.json"];
    }

    private static JsonNode Member(JsonNode node, string name) =>
        node.TryGetMember(Encoding.UTF8.GetBytes(name), out JsonNode value) ? value : throw new InvalidOperationException($"The suite always has '{name}' here.");
}
