using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Host.Mcp;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>Exchanges that real AdCP clients accepted, recorded from another server, replayed here.</summary>
public class McpRecordedTests
{
    /// <summary>Where this service answers otherwise, and why.</summary>
    private static readonly Dictionary<string, string> Otherwise = new(StringComparer.Ordinal)
    {
        // Records are refused one by one, as the specification allows; the recorded server refused the whole request.
        ["06-report_usage-partial"] = """200 {"status":"completed","accepted":1,"context":{"correlation_id":"corr-1"},"adcp_version":"3.1"} usage[1].currency""",
        ["14-report_usage-negative-cost"] = """200 {"status":"completed","accepted":0,"context":{"correlation_id":"corr-1"},"adcp_version":"3.1"} usage[0].vendor_cost""",
        // There is nothing to listen on here, whoever asks.
        ["23-get-mcp"] = "405 -32600",
    };

    [Fact]
    public async Task Every_recorded_exchange_is_answered_in_the_same_way()
    {
        (TestHost host, string key) = await RecordedWorldAsync();
        await using TestHost running = host;
        var differences = new List<string>();
        int compared = 0;
        foreach (string file in Directory.EnumerateFiles(SharedAssets.Require("wire-samples"), "*.json").Order(StringComparer.Ordinal).Where(f => !f.EndsWith("99-body-over-2MiB.json", StringComparison.Ordinal)))
        {
            JsonNode exchange = JsonNode.Parse(await File.ReadAllTextAsync(file))!;
            string name = Path.GetFileNameWithoutExtension(file);
            if (IsNotServed(exchange["request"]!["body"]))
                continue;
            HttpAnswer answer = await SendAsync(host, exchange["request"]!, key);
            string expected = Otherwise.GetValueOrDefault(name) ?? Told((int)exchange["response"]!["status"]!, exchange["response"]!["body_parsed"]);
            string told = Told((int)answer.Status, answer.Body.Length == 0 ? null : answer.Json);
            if (expected != told)
                differences.Add($"{name}\n  recorded {expected}\n  answered {told}");
            compared++;
        }

        Assert.True(differences.Count == 0, string.Join("\n", differences));
        Assert.True(compared >= 23, $"Only {compared} were compared.");
    }

    [Fact]
    public async Task Twelve_thousand_records_at_once_are_taken_as_recorded()
    {
        JsonNode recorded = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(SharedAssets.Require("wire-samples"), "99-body-over-2MiB.json")))!;
        (TestHost host, string key) = await RecordedWorldAsync();
        await using TestHost running = host;
        JsonObject report = Usage.Request([.. Enumerable.Range(0, 12_000).Select(i => Usage.Record("mb_1", 1_000 + i, "acct_pinnacle").With("vendor_cost", 0.5).With("pricing_option_id", "po_vast_30s_cpm").With("final", false).Without("finalized_at"))])
            .With("reporting_period", Usage.Period("2025-03-01T00:00:00Z", "2025-03-31T23:59:59Z"))
            .With("context", new JsonObject { ["filler"] = new string('x', 120_000) });
        string message = Rpc.Call(report).ToJsonString();

        HttpAnswer answer = await host.McpAsync(message, key);

        Assert.True(message.Length > (int)recorded["bytes"]!, $"{message.Length} bytes.");
        JsonNode expected = JsonNode.Parse((string)recorded["response"]!["body"]!)!["result"]!["structuredContent"]!;
        Assert.Equal(((string?)expected["status"], (int?)expected["accepted"]), ((string?)answer.Envelope()["status"], (int?)answer.Envelope()["accepted"]));
    }

    /// <summary>What the recorded server was told of beforehand, as contracts.</summary>
    private static async Task<(TestHost Host, string Key)> RecordedWorldAsync()
    {
        // The recorded records name a creative beside their media buy, so they are a vendor's, by its price list.
        TestHost host = await TestHost.StartAsync(o => o.BillsThroughAdcp = true);
        await host.RegisterAccountAsync("acct_pinnacle", TestHost.Account("pinnacle.example").With("vendor_pricing", new JsonArray(VendorSample.Price("po_vast_30s_cpm", "creative", "cpm", ("rate", "0.50")))));
        JsonObject contract = TestHost.Contract("acct_pinnacle", vendor: "campaignmanager.example")
            .With("flight", Usage.Period("2025-03-01T00:00:00Z", "2025-03-31T23:59:59Z"));
        contract["packages"]![0]!["pricing_option_id"] = "po_vast_30s_cpm";
        contract["packages"]![0]!["rate"] = "0.50";
        await host.RegisterBuyAsync("mb_1", contract);
        return (host, await host.KeyAsync("buyer", ["acct_pinnacle"]));
    }

    private static bool IsNotServed(JsonNode? body) =>
        body is JsonObject && (string?)body["method"] == "tools/call" && (string?)body["params"]!["name"] is { } tool && tool != "no_such_tool" && McpTools.All.All(t => t.Name != tool);

    private static Task<HttpAnswer> SendAsync(TestHost host, JsonNode request, string key)
    {
        string? credential = request["headers"]!["authorization"] is null ? null : key;
        if ((string?)request["method"] == "GET")
            return host.GetAsync("/mcp", credential, (string?)request["headers"]!["accept"]);
        string body = request["body"] is JsonValue text ? (string)text! : request["body"]!.ToJsonString();
        return host.PostBytesAsync("/mcp", Encoding.UTF8.GetBytes(body), credential, headers: ("Accept", (string)request["headers"]!["accept"]!));
    }

    /// <summary>What of an answer matters to a client: its status, the error, the members of the envelope.</summary>
    private static string Told(int status, JsonNode? body)
    {
        if (status == 401)
            return "401";
        if ((int?)body?["error"]?["code"] is { } code)
            return $"{status} {code}";
        JsonNode result = body!["result"]!;
        if (result["structuredContent"] is not { } envelope)
            return $"{status} {(string?)result["protocolVersion"]} {(result["tools"] is null ? "" : "tools")}";
        var members = new JsonObject();
        foreach (string name in new[] { "status", "accepted", "replayed", "context", "adcp_version" })
        {
            // Beside a failure of the whole the recorded server does not say that nothing was accepted.
            if (envelope[name] is { } value && !(name == "accepted" && envelope["adcp_error"] is not null))
                members[name] = value.DeepClone();
        }

        // The codes for a shape that does not fit differ, and clients take either.
        string? failure = ((string?)envelope["adcp_error"]?["code"])?.Replace("VALIDATION_ERROR", "INVALID_REQUEST", StringComparison.Ordinal);
        if (failure is not null)
            return $"{status} {members.ToJsonString()} {failure} {(string?)envelope["adcp_error"]!["recovery"]} {(bool?)result["isError"]} {envelope["adcp_error"]!["details"]?["supported_versions"]?.ToJsonString()}";
        return $"{status} {members.ToJsonString()} {(string?)envelope["errors"]?[0]?["field"]}";
    }
}
