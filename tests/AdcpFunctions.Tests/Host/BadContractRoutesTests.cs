using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>Contracts that cannot be decided: refused at registration, with everything that is wrong with them in one answer.</summary>
public class BadContractRoutesTests
{
    [Theory]
    [InlineData("no rate", "rate_missing /packages/0/rate")]
    [InlineData("an auction with a rate", "rate_of_auction /packages/0/rate")]
    [InlineData("an auction of no count", "auction_without_metric /packages/0/auction")]
    [InlineData("a time price without a unit", "time_unit_misplaced /packages/0/time_unit")]
    [InlineData("a unit without a time price", "time_unit_misplaced /packages/0/time_unit")]
    [InlineData("a cap on a flat rate", "billable_cap_without_metric /packages/0/billable_cap")]
    [InlineData("a cap on one of two alike", "billable_cap_partial /packages/0/billable_cap")]
    [InlineData("an unknown window", "window_unknown /packages/0/measurement_terms/billing_measurement/measurement_window")]
    [InlineData("a window twice", "window_repeated /windows")]
    [InlineData("a package twice", "package_repeated /packages")]
    [InlineData("a third party without delivered_by", "delivered_by_missing /delivered_by")]
    [InlineData("no listed periods", "billing_periods_missing /billing_periods")]
    [InlineData("overlapping periods", "billing_periods_overlap /billing_periods")]
    [InlineData("a period outside the flight", "billing_period_outside_flight /billing_periods")]
    [InlineData("another currency", "currency_mismatch /currency")]
    [InlineData("more than one row keeps", "group_too_large /packages")]
    [InlineData("too many days to sum", "sum_daily_too_large /sum_daily")]
    public async Task A_contract_that_cannot_be_decided_is_refused_with(string what, string problem)
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();

        HttpAnswer answer = await host.PutAsync("/v1/media-buys/mb1", Broken(what));

        Assert.Equal((HttpStatusCode.UnprocessableEntity, "contract_refused"), (answer.Status, answer.Code));
        Assert.Equal([problem], Issues(answer));
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync("/v1/media-buys/mb1?account_id=acme")).Status);
    }

    [Fact]
    public async Task Everything_that_is_wrong_with_a_contract_is_said_at_once()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        JsonObject contract = Deal.Contract("nielsen.example", new JsonObject { ["rate"] = null }, new JsonObject { ["currency"] = "EUR", ["billing_cadence"] = "listed" });
        contract["packages"]!.AsArray().Add(new JsonObject { ["package_id"] = "p1", ["pricing_model"] = "time", ["rate"] = "1.00", ["billable_cap"] = "5" });
        contract["packages"]!.AsArray().Add(new JsonObject { ["package_id"] = "p3", ["pricing_model"] = "cpc", ["rate"] = "1.00", ["auction"] = true });

        HttpAnswer answer = await host.PutAsync("/v1/media-buys/mb1", contract);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.Status);
        Assert.Equal(
            [
                "billable_cap_without_metric /packages/1/billable_cap", "billing_periods_missing /billing_periods", "currency_mismatch /currency", "delivered_by_missing /delivered_by",
                "package_repeated /packages", "rate_missing /packages/0/rate", "rate_of_auction /packages/2/rate", "time_unit_misplaced /packages/1/time_unit",
            ],
            Issues(answer).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Every_member_that_no_contract_may_have_is_named_at_once()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        JsonObject contract = Deal.Contract("campaignmanager.example");
        JsonObject package = contract["packages"]![0]!.AsObject();
        JsonObject measurement = package["measurement_terms"]!["billing_measurement"]!.AsObject();
        measurement["max_variance_percent"] = -1;
        measurement["measurement_window"] = new string('w', 51);
        measurement["finalization_deadline_hours"] = -1;
        package["rate"] = "1e400";
        package["billable_cap"] = "-5";
        package["time_unit"] = "year";
        package["package_id"] = new string('p', 256);
        contract["windows"] = new JsonArray(new JsonObject { ["window_id"] = new string('w', 51), ["duration_days"] = -1 });
        contract["delivered_by"] = "carrier_pigeon";
        contract["sum_weekly"] = true;
        contract["flight"]!["start"] = "2026-04-01T00:00:00";

        HttpAnswer answer = await host.PutAsync("/v1/media-buys/mb1", contract);

        Assert.Equal((HttpStatusCode.BadRequest, "body_invalid"), (answer.Status, answer.Code));
        const string terms = "/packages/0/measurement_terms/billing_measurement/";
        string[] expected =
        [
            terms + "max_variance_percent", terms + "measurement_window", terms + "finalization_deadline_hours", "/packages/0/rate", "/packages/0/billable_cap", "/packages/0/time_unit",
            "/packages/0/package_id", "/windows/0/window_id", "/windows/0/duration_days", "/delivered_by", "/flight/start",
        ];
        string[] pointers = [.. answer.Json["issues"]!.AsArray().Select(i => (string)i!["pointer"]!)];
        Assert.Empty(expected.Except(pointers));
        Assert.Contains(answer.Json["issues"]!.AsArray(), i => (string)i!["code"]! == "additionalProperties");
    }

    [Fact]
    public async Task Every_period_that_cannot_be_one_is_named_at_once()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        JsonObject contract = Deal.Contract(contract: new JsonObject
        {
            ["billing_cadence"] = "listed",
            ["flight"] = Usage.Period("2026-04-30T00:00:00Z", "2026-04-01T00:00:00Z"),
            ["billing_periods"] = new JsonArray(Usage.Period("2026-04-01T00:00:00Z", "2026-04-01T00:00:30Z"), Usage.Period("0001-01-01T00:00:00Z", "2026-04-01T00:00:00Z"), Deal.Period("2026-04")),
        });

        HttpAnswer answer = await host.PutAsync("/v1/media-buys/mb1", contract);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal(
            ["period_invalid /flight/end", "period_invalid /billing_periods/0/end", "period_invalid /billing_periods/1"],
            Issues(answer));
    }

    [Theory]
    [InlineData("effective_from", "\"0001-01-01T00:00:00+14:00\"")]
    [InlineData("effective_from", "\"9999-12-31T23:59:60Z\"")]
    [InlineData("grace_hours", "1e400")]
    [InlineData("counterpart_wait_hours", "99999999999999999999999999999999999999999")]
    [InlineData("billing_utc_offset", "\"+14:00\"")]
    [InlineData("reason", "\"\"")]
    public async Task A_value_beyond_what_can_be_computed_with_is_refused(string member, string value)
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        string body = TestHost.Contract().ToJsonString();

        HttpAnswer answer = await host.SendAsync(HttpMethod.Put, "/v1/media-buys/mb1", TestHost.AdminKey, $"{body[..^1]},\"{member}\":{value}}}");

        Assert.Equal((HttpStatusCode.BadRequest, "body_invalid"), (answer.Status, answer.Code));
        Assert.Equal($"/{member}", (string)Assert.Single(answer.Json["issues"]!.AsArray())!["pointer"]!);
    }

    [Theory]
    [InlineData("1e400")]
    [InlineData("100")]
    [InlineData("99.9999999999999999999999999999999999999999")]
    [InlineData("1e-400")]
    public async Task A_tolerance_is_computed_with_or_refused_and_never_a_fault(string percent)
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        JsonObject contract = Deal.Contract("campaignmanager.example");
        contract["packages"]![0]!["measurement_terms"]!["billing_measurement"]!["max_variance_percent"] = 7;
        string body = contract.ToJsonString().Replace("\"max_variance_percent\":7", $"\"max_variance_percent\":{percent}", StringComparison.Ordinal);

        HttpAnswer answer = await host.SendAsync(HttpMethod.Put, "/v1/media-buys/mb1", TestHost.AdminKey, body);

        Assert.True(answer.Status is HttpStatusCode.Created or HttpStatusCode.BadRequest, $"{answer.Status} {answer.Body}");
    }

    [Fact]
    public async Task A_media_buy_id_of_300_characters_is_refused()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();

        Assert.Equal("media_buy_id_invalid", (await host.PutAsync($"/v1/media-buys/{new string('b', 300)}", TestHost.Contract())).Code);
        Assert.Equal(HttpStatusCode.Created, (await host.PutAsync($"/v1/media-buys/{new string('b', 255)}", TestHost.Contract())).Status);
    }

    private static JsonObject Broken(string what)
    {
        JsonObject contract = Deal.Contract(what switch
        {
            "an unknown window" => "campaignmanager.example",
            "a third party without delivered_by" => "nielsen.example",
            _ => null,
        });
        JsonObject package = contract["packages"]![0]!.AsObject();
        switch (what)
        {
            case "no rate": package.Without("rate"); break;
            case "an auction with a rate": package.With("auction", true); break;
            case "an auction of no count": package.Without("rate").With("auction", true).With("pricing_model", "flat_rate"); break;
            case "a time price without a unit": package.With("pricing_model", "time"); break;
            case "a unit without a time price": package.With("time_unit", "day"); break;
            case "a cap on a flat rate": package.With("pricing_model", "flat_rate").With("billable_cap", "5"); break;
            case "a cap on one of two alike":
                contract["packages"]!.AsArray().Add(package.DeepClone().AsObject().With("package_id", "p2"));
                package.With("billable_cap", "5");
                break;
            case "an unknown window": contract.With("packages", new JsonArray(package.DeepClone().AsObject().With("measurement_terms/billing_measurement/measurement_window", "house"))); break;
            case "a window twice": contract.With("windows", new JsonArray(Window(1), Window(2))); break;
            case "a package twice": contract["packages"]!.AsArray().Add(package.DeepClone().AsObject().With("rate", "20.00")); break;
            case "no listed periods": contract.With("billing_cadence", "listed"); break;
            case "overlapping periods": Listed(contract, "2026-04-01/2026-04-16", "2026-04-15/2026-05-01"); break;
            case "a period outside the flight": Listed(contract, "2026-04-01/2026-05-02"); break;
            case "another currency": contract.With("currency", "EUR"); break;
            case "more than one row keeps": contract.With("packages", new JsonArray([.. Enumerable.Range(0, 500).Select(i => package.DeepClone().AsObject().With("package_id", $"{i}{new string('é', 200)}"))])); break;
            case "too many days to sum": contract.With("billing_cadence", "flight").With("flight", Deal.Period("2026-01-01/2029-01-01")).With("sum_daily", true); break;
            default: break;
        }

        return contract;
    }

    private static void Listed(JsonObject contract, params string[] periods) =>
        contract.With("billing_cadence", "listed").With("billing_periods", new JsonArray([.. periods.Select(Deal.Period)]));

    private static JsonObject Window(int days) => new() { ["window_id"] = "house", ["duration_days"] = days };

    private static string[] Issues(HttpAnswer answer) => [.. answer.Json["issues"]!.AsArray().Select(i => $"{i!["code"]} {i["pointer"]}")];
}
