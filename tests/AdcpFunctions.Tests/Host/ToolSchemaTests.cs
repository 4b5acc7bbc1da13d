using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AdcpFunctions.Host.Mcp;
using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Support;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>What a tool shows of its arguments, held against what its task takes.</summary>
public class ToolSchemaTests
{
    private const string Delivery =
        """
        {"adcp_version":"3.1","adcp_major_version":3,"account":{"brand":{"domain":"acme.example"},"operator":"agency.example","sandbox":false},"media_buy_ids":["mb1"],"status_filter":["active","paused"],
         "start_date":"2026-04-01","end_date":"2026-05-01","include_package_daily_breakdown":true,"time_granularity":"daily","include_window_breakdown":false,
         "attribution_window":{"post_click":{"interval":7,"unit":"days"},"post_view":{"interval":1,"unit":"days"},"model":"linear"},"context":{"a":1},"ext":{"b":[]}}
        """;

    private static readonly string[] Documents =
    [
        """{"adcp_version":"3.1","adcp_major_version":3,"protocols":["media_buy"],"context":{"a":1},"ext":{}}""",
        SampleDocuments.All[0],
        """{"idempotency_key":"0123456789abcdef","reporting_period":{"start":"2026-01-01T00:00:00Z","end":"2026-02-01T00:00:00Z"},"usage":[{"account":{"brand":{"domain":"acme.example"},"operator":"a.example"},"vendor_cost":1,"currency":"USD"}],"account":{"x":1}}""",
        Delivery,
        Delivery.Replace("[\"active\",\"paused\"]", "\"completed\"", StringComparison.Ordinal),
    ];

    public static TheoryData<string> Tools => [.. McpTools.All.Select(tool => tool.Name)];

    [Theory]
    [MemberData(nameof(Tools))]
    public void A_tools_schema_refers_to_nothing_and_closes_nothing(string tool)
    {
        JsonElement schema = McpTools.All.Single(t => t.Name == tool).InputSchema;
        string text = schema.GetRawText();

        Assert.Equal("object", schema.GetProperty("type").GetString());
        Assert.True(schema.GetProperty("properties").TryGetProperty("adcp_version", out _));
        Assert.DoesNotContain("$ref", text, StringComparison.Ordinal);
        Assert.DoesNotContain("$id", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"additionalProperties\":false", text.Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.False(schema.TryGetProperty("allOf", out _));
    }

    [Theory]
    [MemberData(nameof(Tools))]
    public void A_tools_schema_takes_what_its_task_takes_and_refuses_what_it_refuses(string tool)
    {
        var set = new SchemaSet(new SchemaOptions());
        set.Add("tool.json", Encoding.UTF8.GetBytes(McpTools.All.Single(t => t.Name == tool).InputSchema.GetRawText()));
        CompiledSchema shown = set["tool.json"];
        CompiledSchema judged = SchemaSet.Embedded[$"adcp/3.1/{tool.Replace('_', '-')}-request.json"];
        var random = new Random(Seed.Of(3_020));
        int agreed = 0;
        foreach (string start in Documents)
        {
            foreach (string text in JsonMutation.Sweep(JsonNode.Parse(start)!).Concat(Changed(start, random)))
            {
                using JsonTape tape = JsonTape.Rent();
                Assert.True(tape.TryRead(Encoding.UTF8.GetBytes(text), JsonLimits.Default, out _), text);
                var why = new List<SchemaViolation>();
                bool taken = judged.Validate(tape.Root, why);
                // Members too many are the one thing a tool's schema says nothing about: references to accounts and brands are closed, and durations.
                bool isOnlyClosed = !taken && why.TrueForAll(v => v.Keyword == "additionalProperties" || (v.Keyword == "oneOf" && v.Pointer.EndsWith("/account", StringComparison.Ordinal)));
                Assert.True(shown.IsValid(tape.Root) == taken || isOnlyClosed, $"{tool}, task {taken}: {string.Join("; ", why)} {text}");
                agreed += taken ? 1 : 0;
            }
        }

        Assert.True(agreed > 50);
    }

    [Fact]
    public void Our_delivery_request_and_the_official_one_agree_on_changed_documents()
    {
        CompiledSchema ours = SchemaSet.Embedded["adcp/3.1/get-media-buy-delivery-request.json"];
        CompiledSchema official = OfficialSchemas.Load()["media-buy/get-media-buy-delivery-request.json"];
        var random = new Random(Seed.Of(3_021));
        foreach (string text in JsonMutation.Sweep(JsonNode.Parse(Delivery)!).Concat(Changed(Delivery, random)))
        {
            using JsonTape tape = JsonTape.Rent();
            Assert.True(tape.TryRead(Encoding.UTF8.GetBytes(text), JsonLimits.Default, out _), text);
            Assert.True(official.IsValid(tape.Root) == ours.IsValid(tape.Root), text);
        }
    }

    [Fact]
    public async Task Tools_are_listed_with_what_they_are_for()
    {
        await using TestHost host = await TestHost.StartAsync();
        byte[] list = """{"jsonrpc":"2.0","id":1,"method":"tools/list"}"""u8.ToArray();

        JsonArray tools = (await host.PostBytesAsync("/mcp", list)).Json["result"]!["tools"]!.AsArray();

        Assert.Equal(["get_adcp_capabilities", "report_usage", "get_media_buy_delivery"], tools.Select(t => (string)t!["name"]!));
        Assert.All(tools, t => Assert.True(((string)t!["description"]!).Contains("Call it", StringComparison.Ordinal) && t["inputSchema"]!["properties"]!.AsObject().Count > 3 && t["outputSchema"] is null));
    }

    private static IEnumerable<string> Changed(string start, Random random)
    {
        for (int round = 0; round < 1_500; round++)
        {
            JsonNode document = JsonNode.Parse(start)!;
            for (int changes = random.Next(1, 3); changes > 0; changes--)
                JsonMutation.Apply(document, random);
            yield return document.ToJsonString();
        }
    }
}
