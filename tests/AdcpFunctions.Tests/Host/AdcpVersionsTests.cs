using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Host;
using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Support;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>Which release a request is answered in, and what becomes of records of newer ones.</summary>
public class AdcpVersionsTests
{
    [Theory]
    [InlineData("{}", "3.1")]
    [InlineData("""{"adcp_version":"3.0"}""", "3.0")]
    [InlineData("""{"adcp_version":"3.1"}""", "3.1")]
    [InlineData("""{"adcp_version":"3.2"}""", "3.1")]
    [InlineData("""{"adcp_version":"3.10"}""", "3.1")]
    [InlineData("""{"adcp_version":"3.99"}""", "3.1")]
    [InlineData("""{"adcp_version":"3.99999999999999999999999"}""", "3.1")]
    [InlineData("""{"adcp_version":"3.0","adcp_major_version":3}""", "3.0")]
    [InlineData("""{"adcp_major_version":3}""", "3.1")]
    [InlineData("""{"adcp_version":"03.1"}""", null)]
    [InlineData("""{"adcp_version":"3.01"}""", null)]
    [InlineData("""{"adcp_version":"2.9"}""", null)]
    [InlineData("""{"adcp_version":"4.0"}""", null)]
    [InlineData("""{"adcp_version":"30.1"}""", null)]
    [InlineData("""{"adcp_version":"3.1-rc.2"}""", null)]
    [InlineData("""{"adcp_version":"3.2-beta.5"}""", null)]
    [InlineData("""{"adcp_version":"3.0-"}""", "3.1")]
    [InlineData("""{"adcp_version":"3.1","adcp_major_version":4}""", null)]
    [InlineData("""{"adcp_version":"4.0","adcp_major_version":3}""", null)]
    [InlineData("""{"adcp_major_version":2}""", null)]
    [InlineData("""{"adcp_major_version":99}""", null)]
    // What breaks the schema is passed over: the schema says so.
    [InlineData("""{"adcp_version":"3.1.0"}""", "3.1")]
    [InlineData("""{"adcp_version":"3"}""", "3.1")]
    [InlineData("""{"adcp_version":3.1}""", "3.1")]
    [InlineData("""{"adcp_major_version":"4"}""", "3.1")]
    [InlineData("""{"adcp_major_version":100}""", "3.1")]
    [InlineData("[]", "3.1")]
    public void A_pin_is_served_by_the_highest_listed_release_not_above_it(string request, string? served)
    {
        using JsonTape tape = JsonTape.Rent();
        Assert.True(tape.TryRead(Encoding.UTF8.GetBytes(request), JsonLimits.Default, out _));

        (string version, AdcpError? refused) = AdcpVersions.Negotiate(tape.Root);

        Assert.Equal(served is null, refused is not null);
        Assert.Equal(served ?? "3.1", version);
    }

    [Theory]
    [InlineData("get_adcp_capabilities")]
    [InlineData("report_usage")]
    [InlineData("get_media_buy_delivery")]
    public async Task Every_tool_names_the_release_it_served_and_tells_what_it_could_serve(string tool)
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        JsonObject Ask(string pin) => (tool == "report_usage" ? Usage.Request(Usage.Record()).With("idempotency_key", $"pin-{pin}-0123456789") : []).With("adcp_version", pin).With("context", new JsonObject { ["trace"] = pin });

        foreach ((string pin, string served) in new[] { ("3.0", "3.0"), ("3.1", "3.1"), ("3.7", "3.1") })
        {
            JsonNode answer = await host.ToolAsync(tool, Ask(pin), buyer);
            Assert.Equal(("completed", served, pin), ((string)answer["status"]!, (string)answer["adcp_version"]!, (string)answer["context"]!["trace"]!));
        }

        JsonNode refused = await host.ToolAsync(tool, Ask("4.0"), buyer);
        Assert.Equal(("failed", "VERSION_UNSUPPORTED", "correctable", "3.1", "4.0"), ((string)refused["status"]!, (string)refused["adcp_error"]!["code"]!, (string)refused["adcp_error"]!["recovery"]!, (string)refused["adcp_version"]!, (string)refused["context"]!["trace"]!));
        JsonNode details = refused["adcp_error"]!["details"]!;
        Assert.Equal("[\"3.0\",\"3.1\"]", details["supported_versions"]!.ToJsonString());
        Assert.Equal("[3]", details["supported_majors"]!.ToJsonString());
        Assert.Equal(AdcpVersions.Build, (string)details["build_version"]!);
        // A failure of another kind is answered in the release that was asked for as well.
        JsonNode broken = await host.ToolAsync(tool, Ask("3.0").With(tool == "report_usage" ? "usage" : tool == "get_media_buy_delivery" ? "media_buy_ids" : "protocols", 7), buyer);
        Assert.Equal(("failed", "INVALID_REQUEST", "3.0"), ((string)broken["status"]!, (string)broken["adcp_error"]!["code"]!, (string)broken["adcp_version"]!));
    }

    [Theory]
    [InlineData("3.0", true)]
    [InlineData("3.1", true)]
    [InlineData("3.2", true)]
    [InlineData("3.0", false)]
    [InlineData("3.1", false)]
    [InlineData("3.2", false)]
    public async Task What_a_newer_release_adds_to_a_record_is_kept_and_is_never_what_is_billed(string pin, bool byTool)
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        JsonObject Newer(bool final) => Usage.Record().With("final", final).With("commissionable_value", 112_500.25m).With("conversions", 77).With("conversion_value", 9_999.5m);
        JsonObject provisional = Newer(final: false).Without("finalized_at");

        foreach ((JsonObject record, string key) in new[] { (provisional, "provisional-0123456789"), (Newer(final: true), "final-0123456789") })
        {
            JsonObject request = Usage.Request(record).With("idempotency_key", key).With("adcp_version", pin);
            JsonNode answer = byTool ? await host.ToolAsync("report_usage", request, buyer) : (await host.UsageAsync(buyer, request)).Json;
            Assert.Equal(("completed", 1, pin == "3.2" ? "3.1" : pin), ((string)answer["status"]!, (int)answer["accepted"]!, (string)answer["adcp_version"]!));
        }

        JsonNode kept = Assert.Single((await host.SettlementAsync(settlement))["provisional"]!.AsArray())!["statement"]!;
        Assert.Equal(provisional.ToJsonString(), kept.ToJsonString());
        JsonNode published = Assert.Single(await host.PublishedAsync());
        Assert.Equal("50000.00", (string)published["cumulative"]!["amount"]!);
    }

    [Theory]
    [InlineData("report_usage", 0)]
    [InlineData("get_media_buy_delivery", null)]
    public async Task A_fault_and_a_refusal_before_the_task_are_told_in_the_release_asked_for_and_in_the_tasks_own_form(string tool, int? accepted)
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        var told = new List<JsonNode>();
        JsonObject Ask(int i) => (tool == "report_usage" ? Usage.Request(Usage.Record()).With("idempotency_key", $"struck-{i:d10}") : []).With("adcp_version", "3.0");
        for (int call = 1; ; call++)
        {
            (HttpAnswer answer, bool struck) = await host.Table.StrikeAsync(call, afterEffect: false, () => host.PostToolAsync(tool, Ask(call), buyer));
            if (!struck)
                break;
            if (answer.Status == HttpStatusCode.OK)
                told.Add(answer.Json["result"]!["structuredContent"]!);
        }

        JsonNode[] faults = [.. told.Where(a => (string?)a["adcp_error"]?["code"] == "SERVICE_UNAVAILABLE")];
        Assert.NotEmpty(faults);
        JsonNode refused = await host.ToolAsync(tool, Ask(0).With("ext", new JsonObject { ["key"] = buyer }), buyer);
        Assert.Equal("CREDENTIAL_IN_ARGS", (string)refused["adcp_error"]!["code"]!);
        Assert.All([.. faults, refused], a => Assert.Equal(("failed", "3.0", accepted), ((string)a["status"]!, (string)a["adcp_version"]!, (int?)a["accepted"])));
    }

    [Fact]
    public async Task A_pin_that_is_no_release_is_a_broken_field()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;

        HttpAnswer answer = await host.UsageAsync(buyer, Usage.Request(Usage.Record()).With("adcp_version", "3.1.0"));

        Assert.Equal((HttpStatusCode.BadRequest, "INVALID_REQUEST", "adcp_version"), (answer.Status, (string)answer.Json["adcp_error"]!["code"]!, (string)answer.Json["adcp_error"]!["field"]!));
    }
}
