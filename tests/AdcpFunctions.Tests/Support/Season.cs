using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Tests.Support;

/// <summary>A season of campaigns: contracts of every kind, and everything that is said about them, whoever takes it in.</summary>
/// <remarks>
/// What a buy ends in depends on what was said about it and on the order, never on when or to which process. One sender therefore says
/// everything about a buy, in order, and goes on only when it has been answered for good.
/// </remarks>
internal sealed class Season(Fleet fleet)
{
    public const int Buys = 60;
    public const int Silent = 10;
    public const int Senders = 8;
    public const int Provisional = 5;

    private string _buyer = "";
    private string _route = "";
    private string _secret = "";

    /// <summary>The kinds of buys: buy number n is of kind n modulo 6.</summary>
    private enum Kind
    {
        /// <summary>The buyer's count governs and lies within tolerance.</summary>
        Agreed,

        /// <summary>The seller's row governs alone.</summary>
        SellerAttested,

        /// <summary>The seller restates after publication, and the contract books it.</summary>
        Restated,

        /// <summary>Too far apart: nothing may be invoiced.</summary>
        TooFarApart,

        /// <summary>The party in charge is late, and the other has counted: a fallback waits.</summary>
        Late,

        /// <summary>Two groups with prices of their own.</summary>
        TwoPrices,
    }

    public async Task RegisterAsync()
    {
        await fleet.PutAsync("/v1/accounts/acct", """
            {"brand":{"domain":"acme.example"},"operator":"holdco.example","currency":"USD","billing":"adcp",
             "parties":{"seller_ad_servers":[],"buyer_measurement":[{"domain":"cm.example"}]}}
            """);
        await fleet.PutAsync("/v1/agents/holdco", """{"role":"buyer","accounts":["acct"]}""");
        using JsonDocument key = await fleet.ReadAsync(HttpMethod.Post, "/v1/agents/holdco/keys", "{}");
        using JsonDocument endpoint = await fleet.ReadAsync(HttpMethod.Post, "/v1/webhook-endpoints", """{"seller_agent":"seller"}""");
        _buyer = key.RootElement.GetProperty("key").GetString()!;
        _route = new Uri(endpoint.RootElement.GetProperty("url").GetString()!).AbsolutePath;
        _secret = endpoint.RootElement.GetProperty("secret").GetString()!;
        await Parallel.ForEachAsync(Enumerable.Range(0, Buys), async (buy, _) => await fleet.PutAsync($"/v1/media-buys/mb_{buy}", Contract((Kind)(buy % 6))));
        // Nobody ever reports on these, and their deadline has passed: each is breached by the first sweep that sees it.
        await Parallel.ForEachAsync(Enumerable.Range(0, Silent), async (buy, _) => await fleet.PutAsync($"/v1/media-buys/silent_{buy}", Contract(Kind.Late)));
    }

    /// <summary>Says everything there is to say, by several senders at once.</summary>
    /// <param name="pause">How long a sender rests between two requests, so that there is something to kill.</param>
    public Task SendAsync(TimeSpan pause) => Task.WhenAll(Enumerable.Range(0, Senders).Select(async sender =>
    {
        for (int round = 0; round < Provisional; round++)
        {
            for (int buy = sender; buy < Buys; buy += Senders)
            {
                await PushAsync(buy, $"provisional-{round:d6}", 1000 + round, final: false);
                await Task.Delay(pause);
            }
        }

        for (int buy = sender; buy < Buys; buy += Senders)
        {
            await FinishAsync(buy);
            await Task.Delay(pause);
        }
    }));

    /// <summary>How many records the season publishes.</summary>
    public static int Published => Enumerable.Range(0, Buys).Sum(buy => (Kind)(buy % 6) switch { Kind.Agreed or Kind.SellerAttested => 1, Kind.Restated or Kind.TwoPrices => 2, _ => 0 });

    public static int Count(int buy) => 1_000_000 + 1_000 * buy;

    private async Task FinishAsync(int buy)
    {
        switch ((Kind)(buy % 6))
        {
            case Kind.Agreed:
                await DeliverAsync(buy, "first", (0, "p", Count(buy) + 500));
                await PushAsync(buy, "final", Count(buy), final: true);
                break;
            case Kind.TooFarApart:
                await DeliverAsync(buy, "first", (0, "p", Count(buy) * 2));
                await PushAsync(buy, "final", Count(buy), final: true);
                break;
            case Kind.Restated:
                await DeliverAsync(buy, "first", (0, "p", Count(buy)));
                await DeliverAsync(buy, "restated", (1, "p", Count(buy) + 10_000));
                break;
            case Kind.TwoPrices:
                await DeliverAsync(buy, "first", (0, "p", Count(buy)), (0, "q", Count(buy) + 7));
                break;
            default:
                await DeliverAsync(buy, "first", (0, "p", Count(buy)));
                break;
        }
    }

    private async Task PushAsync(int buy, string what, int count, bool final)
    {
        string option = (Kind)(buy % 6) == Kind.TwoPrices ? ",\"pricing_option_id\":\"po_p\"" : "";
        string body = string.Create(CultureInfo.InvariantCulture, $$"""
            {"idempotency_key":"season-{{buy:d4}}-{{what}}-0000000","reporting_period":{"start":"2026-01-01T00:00:00Z","end":"2026-01-31T23:59:59Z"},
             "usage":[{"account":{"account_id":"acct"},"media_buy_id":"mb_{{buy}}"{{option}},"impressions":{{count}},"vendor_cost":{{count / 100m}},"currency":"USD"{{(final ? ",\"final\":true,\"finalized_at\":\"2026-02-03T00:00:00Z\"" : ",\"final\":false")}} }]}
            """);
        (HttpStatusCode status, string answer) = await fleet.SendUntilAnsweredAsync(() => ChildHost.Request(HttpMethod.Post, "/adcp/report_usage", body, _buyer));
        Assert.True(status == HttpStatusCode.OK && answer.Contains("\"accepted\":1", StringComparison.Ordinal), $"A push for mb_{buy} was answered {status}: {answer}");
    }

    private async Task DeliverAsync(int buy, string what, params (int Day, string Package, int Count)[] rows)
    {
        string packages = string.Join(',', rows.Select(row => string.Create(CultureInfo.InvariantCulture, $$"""
            {"package_id":"{{row.Package}}","impressions":{{row.Count}},"spend":1,"is_final":true,"finalized_at":"2026-02-0{{2 + row.Day}}T00:00:00Z"}
            """)));
        string body = string.Create(CultureInfo.InvariantCulture, $$"""
            {"idempotency_key":"season-hook-{{buy:d4}}-{{what}}","operation_id":"op","task_id":"t","task_type":"media_buy_delivery","status":"completed","timestamp":"2026-02-02T00:00:00Z",
             "result":{"notification_type":"scheduled","reporting_period":{"start":"2026-01-01T00:00:00Z","end":"2026-01-31T23:59:59Z"},"currency":"USD",
              "media_buy_deliveries":[{"media_buy_id":"mb_{{buy}}","status":"completed","totals":{"spend":1},"by_package":[{{packages}}]}] } }
            """);
        (HttpStatusCode status, string answer) = await fleet.SendUntilAnsweredAsync(() => Signed(body));
        Assert.True(status == HttpStatusCode.OK, $"A delivery for mb_{buy} was answered {status}: {answer}");
    }

    private HttpRequestMessage Signed(string body)
    {
        string timestamp = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var request = new HttpRequestMessage(HttpMethod.Post, _route) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add(LegacyHmac.TimestampHeader, timestamp);
        request.Headers.Add(LegacyHmac.SignatureHeader, LegacyHmac.Sign(timestamp, Encoding.UTF8.GetBytes(body), _secret));
        return request;
    }

    private static string Contract(Kind kind)
    {
        string cm = "'vendor':{'domain':'cm.example'}";
        (string packages, string more) = kind switch
        {
            Kind.Agreed or Kind.TooFarApart => (Package("p", cm + ",'max_variance_percent':10"), ""),
            Kind.Late => (Package("p", cm + ",'finalization_deadline_hours':0"), ""),
            Kind.Restated => (Package("p", null), ",'restatement':'automatic'"),
            Kind.TwoPrices => (Package("p", null) + "," + Package("q", null, "20.00"), ""),
            _ => (Package("p", null), ""),
        };
        return ($$"""
            {'account_id':'acct','seller_agent':'seller','currency':'USD','flight':{'start':'2026-01-01T00:00:00Z','end':'2026-01-31T23:59:59Z'},'billing_cadence':'monthly','grace_hours':0{{more}},
             'packages':[{{packages}}]}
            """).Replace('\'', '"');
    }

    private static string Package(string id, string? billing, string rate = "10.00") =>
        $"{{'package_id':'{id}','pricing_option_id':'po_{id}','pricing_model':'cpm','rate':'{rate}'" + (billing is null ? "" : $",'measurement_terms':{{'billing_measurement':{{{billing}}}}}") + "}";
}
