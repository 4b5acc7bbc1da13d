using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Support;
using JsonArray = System.Text.Json.Nodes.JsonArray;
using JsonNode = System.Text.Json.Nodes.JsonNode;
using JsonObject = System.Text.Json.Nodes.JsonObject;

namespace AdcpFunctions.Tests.Protocol;

public class SchemaParityTests
{
    private const int Rounds = 4_000;
    private const string Official = "adcp-3.1.19/schemas";

    public static TheoryData<string, string> Messages => new()
    {
        { "report-usage-request.json", "account/report-usage-request.json" },
        { "report-usage-response.json", "account/report-usage-response.json" },
        { "mcp-webhook-payload.json", "core/mcp-webhook-payload.json" },
        { "media-buy-delivery-webhook-result.json", "media-buy/media-buy-delivery-webhook-result.json" },
        { "measurement-terms.json", "core/measurement-terms.json" },
    };

    [Theory]
    [MemberData(nameof(Messages))]
    public void Our_schema_and_the_official_one_agree_on_thousands_of_changed_documents(string ours, string official)
    {
        CompiledSchema mine = SchemaSet.Embedded[$"adcp/3.1/{ours}"];
        CompiledSchema theirs = OfficialSchemas.Load()[official];
        int seed = Seed.Of(3_119);
        var random = new Random(seed);
        var complete = new SchemaSample(SharedAssets.Require(Official), random, optional: 75);
        List<string> documents = Corpus(theirs, official);
        Assert.NotEmpty(documents);

        int accepted = 0;
        for (int round = 0; round < Rounds; round++)
        {
            JsonNode? document = round % 2 == 0 ? JsonNode.Parse(random.Pick(documents)) : complete.Of(official);
            string before = document!.ToJsonString();
            Assert.True(Verdict(theirs, before, out string reasons), $"Seed {seed}, round {round}: the starting document is not valid: {reasons} in {before}");

            for (int changes = random.Next(1, 3); changes > 0; changes--)
                JsonMutation.Apply(document, random);
            string text = document.ToJsonString();
            bool expected = Verdict(theirs, text, out string theirReasons);
            accepted += expected ? 1 : 0;
            Assert.True(expected == Verdict(mine, text, out string ourReasons), $"Seed {seed}, round {round}: official '{theirReasons}', ours '{ourReasons}': {text}");
        }

        Assert.InRange(accepted, Rounds / 5, Rounds * 4 / 5);
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void Our_schema_and_the_official_one_agree_whatever_stands_at_any_place(string ours, string official)
    {
        CompiledSchema mine = SchemaSet.Embedded[$"adcp/3.1/{ours}"];
        CompiledSchema theirs = OfficialSchemas.Load()[official];
        int seed = Seed.Of(31);
        var complete = new SchemaSample(SharedAssets.Require(Official), new Random(seed), optional: 100);
        using JsonTape tape = JsonTape.Rent();
        for (int sample = 0; sample < 2; sample++)
        {
            foreach (string text in JsonMutation.Sweep(complete.Of(official)!))
            {
                Assert.True(tape.TryRead(System.Text.Encoding.UTF8.GetBytes(text), JsonLimits.Default, out _));
                bool expected = theirs.IsValid(tape.Root);
                Assert.True(expected == mine.IsValid(tape.Root), $"Seed {seed}, sample {sample}: official {expected}, ours {!expected}: {text}");
            }
        }
    }

    /// <summary>Every object in the samples, vectors and the schema's own examples that the official schema takes.</summary>
    private static List<string> Corpus(CompiledSchema schema, string official)
    {
        List<string> files = [.. Directory.GetFiles(SharedAssets.Require("wire-samples"), "*.json")];
        files.Add(SharedAssets.Require("adcp-3.1.19/vectors/webhook-receiver-envelope.json"));
        files.Add(SharedAssets.Require($"{Official}/{official}"));
        HashSet<string> found = new(StringComparer.Ordinal);
        foreach (string file in files)
            Harvest(JsonNode.Parse(File.ReadAllText(file)), schema, found);
        foreach (string sample in SampleDocuments.All)
            Harvest(JsonNode.Parse(sample), schema, found);
        return [.. found.Order(StringComparer.Ordinal)];
    }

    private static void Harvest(JsonNode? node, CompiledSchema schema, HashSet<string> found)
    {
        if (node is JsonObject members)
        {
            string text = members.ToJsonString();
            if (Verdict(schema, text, out _))
                found.Add(text);
            foreach (KeyValuePair<string, JsonNode?> member in members)
                Harvest(member.Value, schema, found);
        }
        else if (node is JsonArray items)
        {
            foreach (JsonNode? item in items)
                Harvest(item, schema, found);
        }
    }

    private static bool Verdict(CompiledSchema schema, string text, out string reasons)
    {
        using JsonTape tape = JsonTape.Rent();
        Assert.True(tape.TryRead(System.Text.Encoding.UTF8.GetBytes(text), JsonLimits.Default, out JsonFault fault), fault.ToString());
        List<SchemaViolation> violations = [];
        bool valid = schema.Validate(tape.Root, violations);
        Assert.Equal(valid, violations.Count == 0);
        reasons = string.Join("; ", violations.Select(violation => $"{violation.Pointer} {violation.Keyword}"));
        return valid;
    }
}
