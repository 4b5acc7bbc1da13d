using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>Numbers, times and names at the edge of what can be computed with: an error of one record, never a fault, and nothing lost of the others.</summary>
public class BadNumberRoutesTests
{
    /// <summary>About as many packages as are settled as one when their ids are as long as they may be.</summary>
    private const int Largest = 370;

    private const string Digits40 = "1234567890123456789012345678901234567890";

    public static TheoryData<string, string> Numbers
    {
        get
        {
            var numbers = new TheoryData<string, string>();
            foreach (string member in new[] { "clicks", "vendor_cost" })
            {
                foreach (string number in new[] { "1e400", "1e29", "-1", "-1e-400", Digits40, $"0.{Digits40}e20", "1e16", "79228162514264337593543950336" })
                    numbers.Add(member, number);
            }

            numbers.Add("clicks", "10000000000001");
            numbers.Add("clicks", "\"7\"");
            numbers.Add("clicks", "true");
            numbers.Add("vendor_cost", "1000000000000001");
            numbers.Add("impressions", "-1");
            numbers.Add("impressions", "0.5");
            return numbers;
        }
    }

    [Theory]
    [MemberData(nameof(Numbers))]
    public async Task A_record_with_a_number_that_cannot_be_taken_is_refused_alone(string member, string number)
    {
        await using Deal deal = await ByClickAsync();
        string text = Usage.Request(Usage.Record().With("clicks", 1_001).With(member, 777_777), Usage.Record("mb2")).ToJsonString().Replace("777777", number, StringComparison.Ordinal);

        HttpAnswer answer = await deal.PushTextAsync(text);

        Assert.True(answer.Status == HttpStatusCode.OK && (int)answer.Json["accepted"]! == 1, answer.Body);
        JsonNode error = Assert.Single(answer.Json["errors"]!.AsArray())!;
        Assert.Equal(("INVALID_USAGE_DATA", $"usage[0].{member}"), ((string)error["code"]!, (string)error["field"]!));
        Assert.Equal("open", await deal.StateAsync());
        Assert.Equal(["2026-04: 5000000 50000.00"], await deal.InvoicedAsync());
    }

    [Theory]
    [InlineData("clicks", "1e400")]
    [InlineData("clicks", "1e29")]
    [InlineData("clicks", Digits40)]
    [InlineData("clicks", "-1")]
    [InlineData("clicks", "10000000000001")]
    [InlineData("spend", "1e400")]
    [InlineData("spend", "1e16")]
    [InlineData("rate", "1e400")]
    [InlineData("rate", "1e12")]
    [InlineData("rate", "-1")]
    public async Task A_row_with_a_number_that_cannot_be_taken_is_quarantined_alone(string member, string number)
    {
        await using Deal deal = await Deal.SignAsync(Deal.Contract(package: new JsonObject { ["pricing_model"] = "cpc", ["rate"] = null, ["auction"] = true }));
        await deal.Host.RegisterBuyAsync("mb2");
        JsonObject bad = Webhook.Package().With("clicks", 1_001).With(member, 777_777);
        string text = Webhook.Envelope(Webhook.Result(Webhook.Row("mb1", bad), Webhook.Row("mb2", Webhook.Package()))).ToJsonString().Replace("777777", number, StringComparison.Ordinal);

        HttpAnswer answer = await deal.Host.DeliverAsync(deal.Endpoint, Encoding.UTF8.GetBytes(text));

        Assert.True(answer.Status == HttpStatusCode.OK, answer.Body);
        Assert.Equal("open", await deal.StateAsync());
        Assert.Equal(["2026-04: 5000000 50000.00"], await deal.InvoicedAsync());
    }

    public static TheoryData<string, string> Extremes => new()
    {
        { "cpm", "impressions" },
        { "vcpm", "viewable_impressions" },
        { "cpc", "clicks" },
        { "cpcv", "completed_views" },
        { "cpv", "views" },
        { "cpp", "grps" },
        { "cpa", "conversions" },
        { "revenue_share", "commissionable_value" },
    };

    /// <remarks>The greatest count at the greatest rate, in the smallest and the largest group and the currency of most digits.</remarks>
    [Theory]
    [MemberData(nameof(Extremes))]
    public async Task The_greatest_count_at_the_greatest_rate_is_invoiced_in_every_model(string model, string metric)
    {
        foreach (bool auction in new[] { false, true })
        {
            await using Deal deal = await Deal.SignAsync(Many(Largest, model, auction).With("currency", "CLF"), TestHost.Account(currency: "CLF"));
            JsonObject[] packages = [.. Enumerable.Range(0, Largest).Select(i => Greatest(metric, "CLF").With("package_id", Id(i)))];

            HttpAnswer answer = await deal.TryDeliverAsync("2026-04", Webhook.Row("mb1", packages));

            Assert.True(answer.Status == HttpStatusCode.OK, answer.Body);
            JsonNode record = Assert.Single(await deal.PublishedAsync());
            Assert.Equal(Largest * 10_000_000_000_000m, decimal.Parse((string)record["cumulative"]!["quantity"]!, CultureInfo.InvariantCulture));
            decimal per = model is "cpm" or "vcpm" ? 1_000m : 1m;
            Assert.Equal(Largest * 10_000_000_000_000m * 999_999_999_999.99999999m / per, decimal.Parse((string)record["cumulative"]!["amount"]!, CultureInfo.InvariantCulture));
            Assert.Equal("settled", await deal.StateAsync());
        }
    }

    [Fact]
    public async Task A_month_of_the_greatest_days_of_an_auction_is_invoiced()
    {
        await using Deal deal = await Deal.SignAsync(Many(1, "cpc", auction: true, new JsonObject { ["billing_cadence"] = "flight", ["sum_daily"] = true, ["flight"] = Deal.Period("2026-04-01/2026-05-01") }));

        for (int day = 1; day <= 30; day++)
            await deal.DeliverAsync(string.Create(CultureInfo.InvariantCulture, $"2026-04-{day:d2}"), Greatest("clicks").With("package_id", Id(0)));

        JsonNode record = Assert.Single(await deal.PublishedAsync());
        Assert.Equal("300000000000000", (string)record["cumulative"]!["quantity"]!);
    }

    [Theory]
    [InlineData("hour")]
    [InlineData("day")]
    [InlineData("week")]
    [InlineData("month")]
    public async Task The_longest_flight_at_the_greatest_time_price_is_invoiced(string unit)
    {
        JsonObject contract = Many(Largest, "time", auction: false, new JsonObject { ["billing_cadence"] = "flight", ["flight"] = Deal.Period("2000-01-01/2199-01-01") });
        foreach (JsonNode? package in contract["packages"]!.AsArray())
            package!["time_unit"] = unit;
        await using Deal deal = await Deal.SignAsync(contract);

        JsonObject[] packages = [.. Enumerable.Range(0, Largest).Select(i => Webhook.Package(Id(i)))];
        await deal.DeliverAsync("2000-01-01/2199-01-01", packages);

        Assert.Single(await deal.PublishedAsync());
    }

    [Fact]
    public async Task A_tiny_count_at_an_auction_is_priced_and_never_divided_by_nothing()
    {
        await using Deal deal = await Deal.SignAsync(Many(1, "cpp", auction: true));
        string body = Webhook.Envelope(Webhook.Result(Webhook.Row("mb1", Greatest("grps").With("package_id", Id(0)).With("grps", 777_777)))).ToJsonString().Replace("777777", "1e-28", StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.OK, (await deal.Host.DeliverAsync(deal.Endpoint, Encoding.UTF8.GetBytes(body))).Status);

        Assert.Equal("0.00", (string)Assert.Single(await deal.PublishedAsync())["cumulative"]!["amount"]!);
    }

    /// <remarks>Ids of the greatest length and rows of some kilobytes: one decision would outgrow its row.</remarks>
    [Fact]
    public async Task A_delivery_as_large_as_may_be_settles_a_group_as_large_as_may_be()
    {
        await using Deal deal = await Deal.SignAsync(Many(Largest, "cpm", auction: false));
        foreach (int hour in new[] { 8, 9, 10, 11 })
        {
            string stamp = string.Create(CultureInfo.InvariantCulture, $"2026-05-01T{hour:d2}:00:00Z");
            JsonObject[] packages = [.. Enumerable.Range(0, Largest).Select(i => Webhook.Package(Id(i), 100 * hour).With("finalized_at", stamp).With("ext", new JsonObject { ["pad"] = new string('x', 1_200) }))];
            HttpAnswer answer = await deal.TryDeliverAsync("2026-04", Webhook.Row("mb1", packages));
            Assert.True(answer.Status == HttpStatusCode.OK, answer.Body);
        }

        Assert.Equal("296000", (string)Assert.Single(await deal.PublishedAsync())["cumulative"]!["quantity"]!);
        Assert.Equal("held: restatement_held", await deal.StandingAsync());
        Assert.Equal(4 * Largest, await deal.Host.FinalsAsync(deal.Settlement()));
    }

    [Theory]
    [InlineData("measurement_window", 51, "usage[0].measurement_window", "INVALID_USAGE_DATA")]
    [InlineData("media_buy_id", 300, "usage[0].media_buy_id", "MEDIA_BUY_NOT_FOUND")]
    [InlineData("pricing_option_id", 5_000, "usage[0].pricing_option_id", "INVALID_PRICING_OPTION")]
    public async Task A_name_that_is_too_long_is_that_records_error(string member, int length, string field, string code)
    {
        await using Deal deal = await ByClickAsync();

        HttpAnswer answer = await deal.TryPushAsync("2026-04", Usage.Record().With("clicks", 1).With(member, new string('é', length)), Usage.Record("mb2"));

        Assert.True(answer.Status == HttpStatusCode.OK && (int)answer.Json["accepted"]! == 1, answer.Body);
        JsonNode error = Assert.Single(answer.Json["errors"]!.AsArray())!;
        Assert.Equal((code, field), ((string)error["code"]!, (string)error["field"]!));
        Assert.Single(await deal.PublishedAsync());
    }

    [Theory]
    [InlineData("media_buy_id", 300)]
    [InlineData("by_package/package_id", 300)]
    [InlineData("by_package/measurement_window", 51)]
    [InlineData("by_package/supersedes_window", 51)]
    public async Task A_row_with_a_name_that_is_too_long_is_quarantined_alone(string member, int length)
    {
        await using Deal deal = await Deal.SignAsync(Deal.Contract());
        await deal.Host.RegisterBuyAsync("mb2");
        JsonObject package = Webhook.Package();
        JsonObject row = Webhook.Row("mb1", package);
        (member.StartsWith("by_package/", StringComparison.Ordinal) ? package : row)[member.Split('/')[^1]] = new string('é', length);

        HttpAnswer answer = await deal.TryDeliverAsync("2026-04", row, Webhook.Row("mb2", Webhook.Package()));

        Assert.True(answer.Status == HttpStatusCode.OK, answer.Body);
        Assert.Equal("open", await deal.StateAsync());
        Assert.Single(await deal.PublishedAsync());
    }

    [Theory]
    [InlineData("2026-05-01T10:00:00")]
    [InlineData("2026-05-01")]
    [InlineData("0001-01-01T00:00:00+14:00")]
    [InlineData("9999-12-31T23:59:59-14:00")]
    [InlineData("2026-02-30T00:00:00Z")]
    [InlineData("yesterday")]
    public async Task A_time_inside_a_record_that_cannot_be_computed_with_is_that_records_error(string stamp)
    {
        await using Deal deal = await ByClickAsync();

        HttpAnswer answer = await deal.TryPushAsync("2026-04", Usage.Record().With("clicks", 1).With("finalized_at", stamp), Usage.Record("mb2"));

        Assert.True(answer.Status == HttpStatusCode.OK && (int)answer.Json["accepted"]! == 1, answer.Body);
        Assert.Equal("usage[0].finalized_at", (string)Assert.Single(answer.Json["errors"]!.AsArray())!["field"]!);
        Assert.Single(await deal.PublishedAsync());
    }

    [Theory]
    [InlineData("2026-04-01T00:00:00", "2026-05-01T00:00:00Z")]
    [InlineData("2026-04-01T00:00:00Z", "2026-05-01T00:00:00")]
    [InlineData("2026-05-01T00:00:00Z", "2026-04-01T00:00:00Z")]
    [InlineData("2026-05-01T00:00:00Z", "2026-05-01T00:00:30Z")]
    [InlineData("0001-01-01T00:00:00+14:00", "2026-05-01T00:00:00Z")]
    [InlineData("2026-04-01T00:00:00Z", "9999-12-31T23:59:59-14:00")]
    public async Task A_period_that_cannot_be_one_is_refused_with_the_whole_request(string start, string end)
    {
        await using Deal deal = await ByClickAsync();

        HttpAnswer pushed = await deal.Host.UsageAsync(deal.Buyer, Usage.Request(Usage.Record("mb2")).With("reporting_period", Usage.Period(start, end)));
        HttpAnswer delivered = await deal.Host.DeliverAsync(deal.Endpoint, Webhook.Final("mb2").With("result/reporting_period", Usage.Period(start, end)));

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (pushed.Status, delivered.Status));
        Assert.Empty(await deal.PublishedAsync());
    }

    [Theory]
    [InlineData("0001-01-03T00:00:00Z", "9999-12-29T00:00:00Z")]
    [InlineData("0001-01-03T00:00:00Z", "0001-01-04T00:00:00Z")]
    [InlineData("9999-12-28T00:00:00Z", "9999-12-29T23:59:59Z")]
    public async Task A_period_at_the_end_of_the_calendar_is_evidence_and_no_fault(string start, string end)
    {
        await using Deal deal = await Deal.SignAsync(Deal.Contract(contract: new JsonObject { ["sum_daily"] = true }));

        HttpAnswer pushed = await deal.Host.UsageAsync(deal.Buyer, Usage.Request(Usage.Record()).With("reporting_period", Usage.Period(start, end)));
        HttpAnswer delivered = await deal.Host.DeliverAsync(deal.Endpoint, Webhook.Final("mb1").With("result/reporting_period", Usage.Period(start, end)));

        Assert.True((HttpStatusCode.OK, HttpStatusCode.OK) == (pushed.Status, delivered.Status), pushed.Body + delivered.Body);
        Assert.Empty(await deal.PublishedAsync());
    }

    /// <summary>mb1 is billed by the click, mb2 by the thousand, both on the buyer's count.</summary>
    private static async Task<Deal> ByClickAsync()
    {
        Deal deal = await Deal.SignAsync(Deal.Contract("campaignmanager.example", new JsonObject { ["pricing_model"] = "cpc", ["rate"] = "0.50" }));
        await deal.Host.RegisterBuyAsync("mb2", Deal.Contract("campaignmanager.example"));
        return deal;
    }

    private static JsonObject Many(int packages, string model, bool auction, JsonObject? contract = null)
    {
        JsonObject body = Deal.Contract(
            package: auction ? new JsonObject { ["pricing_model"] = model, ["rate"] = null, ["auction"] = true } : new JsonObject { ["pricing_model"] = model, ["rate"] = "999999999999.99999999" },
            contract: contract);
        JsonObject one = body["packages"]![0]!.AsObject();
        body["packages"] = new JsonArray([.. Enumerable.Range(0, packages).Select(i => one.DeepClone().AsObject().With("package_id", Id(i)))]);
        return body;
    }

    private static JsonObject Greatest(string metric, string currency = "USD") => Webhook.Package().With("currency", currency).With(metric, JsonNode.Parse("10000000000000")).With("rate", JsonNode.Parse("999999999999.99999999"));

    /// <summary>As long as a contract may name a package.</summary>
    private static string Id(int i) => i.ToString("d3", CultureInfo.InvariantCulture) + new string('p', 252);
}
