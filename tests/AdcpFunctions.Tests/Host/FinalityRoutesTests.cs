using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>Which final speaks, for which window, and when its stamp stands in the way.</summary>
public class FinalityRoutesTests
{
    private const string SellerAdServer = "adserver.streamhaus.example";

    [Fact]
    public async Task A_final_package_settles_under_a_row_that_is_not_final()
    {
        await using Deal deal = await Deal.SignAsync(Deal.Contract());

        await deal.TryDeliverAsync("2026-04", Webhook.Row("mb1", Webhook.Package()).With("is_final", false));

        Assert.Equal("settled", await deal.StateAsync());
    }

    [Theory]
    [InlineData("the other package is not final")]
    [InlineData("the other package does not say")]
    [InlineData("the other package is missing")]
    [InlineData("the other package has no id")]
    public async Task A_final_row_does_not_finish_a_group_of_which_a_package_is_not(string what)
    {
        JsonObject contract = Deal.Contract();
        contract["packages"]!.AsArray().Add(contract["packages"]![0]!.DeepClone().AsObject().With("package_id", "p2"));
        await using Deal deal = await Deal.SignAsync(contract);
        JsonObject other = Webhook.Package("p2");
        JsonObject[] packages = what switch
        {
            "the other package is not final" => [Webhook.Package(), other.With("is_final", false)],
            "the other package does not say" => [Webhook.Package(), other.Without("is_final")],
            "the other package is missing" => [Webhook.Package()],
            _ => [Webhook.Package(), other.Without("package_id")],
        };

        await deal.TryDeliverAsync("2026-04", Webhook.Row("mb1", packages).With("is_final", true));

        Assert.Equal("open", await deal.StateAsync());
        Assert.Empty(await deal.PublishedAsync());
    }

    [Fact]
    public async Task Only_the_contracted_window_settles_whatever_matured_before_or_after()
    {
        await using Deal deal = await Deal.SignAsync(Windowed("c7"));

        await deal.DeliverAsync("2026-04", Webhook.Package("p1", 4_000_000).With("measurement_window", "c3"));
        await deal.DeliverAsync("2026-04", Webhook.Package("p1", 4_100_000).With("measurement_window", "c99"));
        await deal.DeliverAsync("2026-04", Webhook.Package("p1", 4_200_000));
        Assert.Equal("open", await deal.StateAsync());
        await deal.DeliverAsync("2026-04", Webhook.Package("p1", 4_500_000).With("measurement_window", "c7").With("supersedes_window", "c3"));
        await deal.DeliverAsync("2026-04", Webhook.Package("p1", 4_600_000).With("measurement_window", "c3").With("finalized_at", "2026-05-01T11:00:00Z"));

        Assert.Equal(["2026-04: 4500000 45000.00"], await deal.InvoicedAsync());
        Assert.Equal("c7", (string)Assert.Single(await deal.PublishedAsync())["measurement_window"]!);
        Assert.Equal(1, await deal.Host.FinalsAsync(deal.Settlement()));
    }

    [Fact]
    public async Task A_row_without_a_window_speaks_for_the_only_one_a_contract_defines()
    {
        JsonArray one = [new JsonObject { ["window_id"] = "house", ["duration_days"] = 2, ["is_guarantee_basis"] = true }];
        await using Deal deal = await Deal.SignAsync(Windowed("house").With("windows", one));

        await deal.DeliverAsync("2026-04", Webhook.Package());

        Assert.Equal("settled", await deal.StateAsync());
    }

    [Theory]
    [InlineData(null, null, "settled: authoritative_final finalized_at_absent snapshot_not_verified", "nobody measures it: settled, and flagged")]
    [InlineData(null, 240, "held: finalized_at_absent", "a deadline applies and nothing can be measured against it")]
    [InlineData("2026-04-20T00:00:00Z", 240, "settled: authoritative_final before_window_close snapshot_not_verified", "stamped before the period ended: accepted, and timely")]
    [InlineData("2026-05-01T12:05:00Z", 240, "settled: authoritative_final snapshot_not_verified", "five minutes are clock skew")]
    [InlineData("2026-05-01T12:05:01Z", 240, "held: finalized_at_future", "later is the future")]
    [InlineData("2099-01-01T00:00:00Z", null, "held: finalized_at_future", "the future is nobody's, with a deadline or without")]
    public async Task A_stamp_that_is_absent_early_or_in_the_future(string? stamp, int? deadlineHours, string standing, string reason)
    {
        await using Deal deal = await Deal.SignAsync(Deal.Contract(SellerAdServer, deadlineHours: deadlineHours));
        deal.Host.Time.UtcNow = TestHost.AfterApril;
        JsonObject package = Webhook.Package();
        if (stamp is null)
            package.Without("finalized_at");
        else
            package.With("finalized_at", stamp);

        await deal.DeliverAsync("2026-04", package);

        Assert.True(standing == await deal.StandingAsync(), $"{reason}: {await deal.StandingAsync()}");
    }

    [Fact]
    public async Task A_row_lends_its_stamp_to_packages_without_one()
    {
        await using Deal deal = await Deal.SignAsync(Deal.Contract(SellerAdServer, deadlineHours: 240));

        await deal.TryDeliverAsync("2026-04", Webhook.Row("mb1", Webhook.Package().Without("finalized_at")).With("finalized_at", "2026-05-01T10:00:00Z"));

        Assert.Equal("settled", await deal.StateAsync());
    }

    [Theory]
    [InlineData("USD", "EUR", "settled", "the package's own currency counts")]
    [InlineData("EUR", "USD", "open", "even where the delivery's would fit")]
    [InlineData(null, "USD", "settled", "else the delivery's")]
    [InlineData(null, "EUR", "open", "which may be another")]
    public async Task A_package_is_taken_in_the_contracts_currency_only(string? package, string delivery, string state, string reason)
    {
        await using Deal deal = await Deal.SignAsync(Deal.Contract());
        JsonObject said = package is null ? Webhook.Package().Without("currency") : Webhook.Package().With("currency", package);

        JsonObject envelope = Webhook.Envelope(Webhook.Result(Webhook.Row("mb1", said)).With("currency", delivery));
        await deal.Host.DeliverAsync(deal.Endpoint, envelope);

        Assert.True(state == await deal.StateAsync(), reason);
    }

    [Fact]
    public async Task A_sandbox_settles_and_is_never_in_feed_or_totals()
    {
        await using Deal deal = await Deal.SignAsync(Deal.Contract(), TestHost.Account().With("sandbox", true));

        await deal.DeliverAsync("2026-04", Webhook.Package().With("finalized_at", "2099-01-01T00:00:00Z"));

        Assert.Equal("settled", await deal.StateAsync());
        Assert.Empty(await deal.PublishedAsync());
        Assert.Equal(0, (int)(await deal.Host.GetAsync("/v1/settled-records/totals?period=2026-04")).Json["count"]!);
        JsonNode shown = Assert.Single((await deal.Host.GetAsync("/v1/settled-records?sandbox=true")).Json["records"]!.AsArray())!;
        Assert.Contains("sandbox", Deal.Reasons(shown));
    }

    private static JsonObject Windowed(string window)
    {
        JsonObject contract = Deal.Contract(SellerAdServer);
        contract["packages"]![0]!["measurement_terms"]!["billing_measurement"]!["measurement_window"] = window;
        return contract;
    }
}
