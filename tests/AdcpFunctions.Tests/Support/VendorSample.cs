using System.Text.Json.Nodes;

namespace AdcpFunctions.Tests.Support;

/// <summary>An account with a price list, and valid records priced by it; a test changes one thing.</summary>
internal static class VendorSample
{
    public const string FirstWeek = "2026-04-06", SecondWeek = "2026-04-13", ThirdWeek = "2026-04-20";

    public static JsonArray Prices() =>
    [
        Price("po_cpm", "signal", "cpm", ("rate", "2.50")),
        Price("po_capped", "signal", "percent_of_media", ("percent", "10"), ("max_cpm", "2.00")),
        Price("po_words", "signal", "custom", ("description", "by letter of 1 March")),
        Price("po_fee", "governance", "flat_fee", ("amount", "300.00"), ("period", "monthly")),
        Price("po_unit", "property_list", "per_unit", ("unit", "list"), ("unit_price", "0.25")),
        Price("po_grant", "rights", "rights_fee", ("price", "500.00"), ("period", "monthly"), ("impression_cap", "1000000"), ("overage_cpm", "5.00")),
        Price("po_once", "rights", "rights_fee", ("price", "900.00"), ("period", "one_time")),
        Price("po_creative", "creative", "cpm", ("rate", "1.00")),
    ];

    public static JsonObject Account(string brand = "acme.example", string restatement = "manual") =>
        TestHost.Account(brand).With("vendor_pricing", Prices()).With("restatement", restatement);

    /// <summary>A host with account <c>acme</c>, its price list, its buyer's key, in May.</summary>
    public static async Task<(TestHost Host, string Buyer)> StartAsync(JsonObject? account = null, Action<AdcpFunctions.Host.HostOptions>? configure = null)
    {
        TestHost host = await TestHost.StartAsync(configure);
        await host.RegisterAccountAsync("acme", account ?? Account());
        string buyer = await host.KeyAsync("buyer", ["acme"]);
        host.Time.UtcNow = TestHost.AfterApril;
        return (host, buyer);
    }

    /// <summary>100,000 impressions of a signal at 2.50 a thousand; nothing said of finality.</summary>
    public static JsonObject Signal(string segment = "seg_1", string account = "acme") => new()
    {
        ["account"] = new JsonObject { ["account_id"] = account },
        ["signal_agent_segment_id"] = segment,
        ["pricing_option_id"] = "po_cpm",
        ["impressions"] = 100_000,
        ["vendor_cost"] = 250,
        ["currency"] = "USD",
    };

    /// <summary>A record of another kind, without any number but its cost.</summary>
    public static JsonObject Record(string idName, string pricingOption, decimal cost) => Signal().Without("signal_agent_segment_id").Without("impressions")
        .With(idName, "id_1").With("pricing_option_id", pricingOption).With("vendor_cost", cost);

    /// <summary>A request under a key of its own, for April or for the week that begins on a day.</summary>
    public static JsonObject Request(string? week, params JsonNode[] records)
    {
        JsonObject request = Usage.Request(records).With("idempotency_key", $"vendor-{Guid.NewGuid():N}");
        return week is null ? request : request.With("reporting_period", Usage.Period($"{week}T00:00:00Z", $"{DateOnly.Parse(week, System.Globalization.CultureInfo.InvariantCulture).AddDays(6):yyyy-MM-dd}T23:59:59Z"));
    }

    /// <summary>Reports one record, which must be taken.</summary>
    public static async Task TakenAsync(this TestHost host, string key, JsonObject record, string? week = null)
    {
        HttpAnswer answer = await host.UsageAsync(key, Request(week, record));
        Assert.True((int)answer.Json["accepted"]! == 1 && answer.Json["errors"] is null, answer.Body);
    }

    /// <summary>Every settlement of an account, as listed.</summary>
    public static async Task<IReadOnlyList<JsonNode>> SettlementsAsync(this TestHost host, string account = "acme") =>
        [.. (await host.GetAsync($"/v1/settlements?account_id={account}")).Json["settlements"]!.AsArray().Select(s => s!)];

    /// <summary>The only settlement there is, with its whole story.</summary>
    public static async Task<JsonNode> OnlyAsync(this TestHost host) => await host.SettlementAsync((string)Assert.Single(await host.SettlementsAsync())["id"]!);

    public static string[] Reasons(this JsonNode settlement) => [.. settlement["reason_codes"]!.AsArray().Select(r => (string)r!)];

    public static JsonObject Price(string option, string appliesTo, string model, params (string Name, string Value)[] members)
    {
        var price = new JsonObject { ["pricing_option_id"] = option, ["applies_to"] = appliesTo, ["model"] = model };
        foreach ((string name, string value) in members)
            price[name] = value;
        return price;
    }
}
