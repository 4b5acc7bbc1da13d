using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using AdcpFunctions.Host;
using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>What the ledger promises when its process is killed at any moment.</summary>
public sealed class KillTests
{
    private const int Buys = 100;
    private const int Pushes = 1_000;

    [Fact(Timeout = 240_000)]
    public async Task Kill_9_at_random_moments_loses_no_accepted_record_publishes_each_revision_once_and_marks_each_breach_once()
    {
        int seed = Seed.Of(20261121);
        await using var host = new ChildHost();
        await host.StartAsync();
        (string buyer, string url, string secret) = await RegisterAsync(host);

        using var done = new CancellationTokenSource();
        Task<int> killing = KillNowAndThenAsync(host, seed, done.Token);
        int next = -1;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            for (int i = Interlocked.Increment(ref next); i < Pushes; i = Interlocked.Increment(ref next))
            {
                await SendAsync(host, i, buyer, url, secret);
                // Spread over a while, so that there is something to kill.
                await Task.Delay(20);
            }
        }));
        await done.CancelAsync();
        int kills = await killing;
        Assert.True(kills >= 5, $"Only {kills} kills: the run was over before it was tried (seed {seed}).");

        IReadOnlyList<JsonElement> feed = await FeedWhenCompleteAsync(host);
        await AssertPublishedOnceAsync(host, feed);
        await AssertNothingLostAsync(host);
        await AssertBreachedOnceAsync(host);
        await AssertReplaysAsync(host);
    }

    /// <summary>Request i is a provisional push, a buyer's final, or a seller's final row; each buy gets all three kinds.</summary>
    private static async Task SendAsync(ChildHost host, int i, string buyer, string url, string secret)
    {
        int buy = i % Buys;
        int round = i / Buys;
        (HttpStatusCode status, string body) = round switch
        {
            8 => await host.SendUntilAnsweredAsync(() => Webhook(buy, url, secret)),
            9 => await host.SendUntilAnsweredAsync(() => ChildHost.Request(HttpMethod.Post, "/adcp/report_usage", Usage(buy, round, final: true), buyer)),
            _ => await host.SendUntilAnsweredAsync(() => ChildHost.Request(HttpMethod.Post, "/adcp/report_usage", Usage(buy, round, final: false), buyer)),
        };
        Assert.True(status == HttpStatusCode.OK, $"Request {i} was answered {status}: {body}");
        if (round != 8)
            Assert.Contains("\"accepted\":1", body, StringComparison.Ordinal);
    }

    private static async Task<int> KillNowAndThenAsync(ChildHost host, int seed, CancellationToken done)
    {
        var random = new Random(seed);
        int kills = 0;
        while (!done.IsCancellationRequested)
        {
            await Task.Delay(random.Next(150, 600), CancellationToken.None);
            await host.KillAsync();
            kills++;
            await host.StartAsync();
        }

        return kills;
    }

    private static async Task<(string Buyer, string Url, string Secret)> RegisterAsync(ChildHost host)
    {
        await PutAsync(host, "/v1/accounts/acct", """
            {"brand":{"domain":"acme.example"},"operator":"holdco.example","currency":"USD","billing":"adcp",
             "parties":{"seller_ad_servers":[],"buyer_measurement":[{"domain":"cm.example"}]}}
            """);
        await PutAsync(host, "/v1/agents/holdco", """{"role":"buyer","accounts":["acct"]}""");
        using JsonDocument key = await ReadAsync(host, ChildHost.Request(HttpMethod.Post, "/v1/agents/holdco/keys", "{}"));
        using JsonDocument endpoint = await ReadAsync(host, ChildHost.Request(HttpMethod.Post, "/v1/webhook-endpoints", """{"seller_agent":"seller"}"""));
        for (int i = 0; i < Buys; i++)
            await PutAsync(host, $"/v1/media-buys/mb_{i}", Contract("cm.example", "10.00", """,'max_variance_percent':10"""));
        // Nobody ever reports on these, and their deadline has passed: each is breached by the first sweep that sees it.
        for (int i = 0; i < 20; i++)
            await PutAsync(host, $"/v1/media-buys/silent_{i}", Contract("cm.example", "10.00", """,'finalization_deadline_hours':0"""));
        return (key.RootElement.GetProperty("key").GetString()!, endpoint.RootElement.GetProperty("url").GetString()!, endpoint.RootElement.GetProperty("secret").GetString()!);
    }

    private static string Contract(string vendor, string rate, string terms) => ($$"""
        {'account_id':'acct','seller_agent':'seller','currency':'USD','flight':{'start':'2026-01-01T00:00:00Z','end':'2026-01-31T23:59:59Z'},'billing_cadence':'monthly','grace_hours':0,
         'packages':[{'package_id':'p','pricing_model':'cpm','rate':'{{rate}}','measurement_terms':{'billing_measurement':{'vendor':{'domain':'{{vendor}}'}{{terms}} } } }] }
        """).Replace('\'', '"');

    private static int Count(int buy) => 1_000_000 + 1_000 * buy;

    private static string Usage(int buy, int round, bool final) => string.Create(CultureInfo.InvariantCulture, $$"""
        {"idempotency_key":"kill-{{buy:d6}}-{{round:d6}}","reporting_period":{"start":"2026-01-01T00:00:00Z","end":"2026-01-31T23:59:59Z"},
         "usage":[{"account":{"account_id":"acct"},"media_buy_id":"mb_{{buy}}","impressions":{{(final ? Count(buy) : 1000 + round)}},"vendor_cost":{{Count(buy) / 100}},"currency":"USD"{{(final ? ",\"final\":true,\"finalized_at\":\"2026-02-03T00:00:00Z\"" : ",\"final\":false")}} }]}
        """);

    private static HttpRequestMessage Webhook(int buy, string url, string secret)
    {
        string body = string.Create(CultureInfo.InvariantCulture, $$"""
            {"idempotency_key":"kill-hook-{{buy:d8}}","operation_id":"op","task_id":"t","task_type":"media_buy_delivery","status":"completed","timestamp":"2026-02-02T00:00:00Z",
             "result":{"notification_type":"scheduled","reporting_period":{"start":"2026-01-01T00:00:00Z","end":"2026-01-31T23:59:59Z"},"currency":"USD",
              "media_buy_deliveries":[{"media_buy_id":"mb_{{buy}}","status":"completed","totals":{"spend":1},
               "by_package":[{"package_id":"p","impressions":{{Count(buy) + 500}},"spend":1,"is_final":true,"finalized_at":"2026-02-02T00:00:00Z"}] }] } }
            """);
        string timestamp = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add(LegacyHmac.TimestampHeader, timestamp);
        request.Headers.Add(LegacyHmac.SignatureHeader, LegacyHmac.Sign(timestamp, Encoding.UTF8.GetBytes(body), secret));
        return request;
    }

    private static async Task<IReadOnlyList<JsonElement>> FeedWhenCompleteAsync(ChildHost host)
    {
        for (int wait = 0; ; wait++)
        {
            using JsonDocument page = await ReadAsync(host, ChildHost.Request(HttpMethod.Get, "/v1/settled-records?limit=1000"));
            JsonElement[] records = [.. page.RootElement.GetProperty("records").EnumerateArray().Select(r => r.Clone())];
            if (records.Length >= Buys || wait == 300)
                return records;
            await Task.Delay(100);
        }
    }

    private static async Task AssertPublishedOnceAsync(ChildHost host, IReadOnlyList<JsonElement> feed)
    {
        Assert.Equal(Buys, feed.Count);
        Assert.Equal(Buys, feed.Select(r => r.GetProperty("message_id").GetString()).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(Enumerable.Range(1, Buys).Select(i => (long)i), feed.Select(r => r.GetProperty("seq").GetInt64()));
        foreach (JsonElement record in feed)
        {
            int buy = int.Parse(record.GetProperty("media_buy_id").GetString()![3..], CultureInfo.InvariantCulture);
            Assert.Equal((Count(buy) / 100m).ToString("0.00", CultureInfo.InvariantCulture), record.GetProperty("cumulative").GetProperty("amount").GetString());
        }

        for (int wait = 0; wait < 100 && (await QueueAsync(host)).Length < Buys; wait++)
            await Task.Delay(100);
        string[] queued = await QueueAsync(host);
        Assert.Equal(feed.Select(r => r.GetProperty("message_id").GetString()), queued.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("message_id").GetString()));
    }

    private static async Task<string[]> QueueAsync(ChildHost host)
    {
        if (!File.Exists(host.QueueFile))
            return [];
        using var file = new StreamReader(File.Open(host.QueueFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return (await file.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static async Task AssertNothingLostAsync(ChildHost host)
    {
        for (int buy = 0; buy < Buys; buy++)
        {
            using JsonDocument settlement = await SettlementAsync(host, $"mb_{buy}");
            Assert.Equal("settled", settlement.RootElement.GetProperty("state").GetString());
            long[] provisional = [.. settlement.RootElement.GetProperty("provisional").EnumerateArray()
                .Where(p => p.GetProperty("side").GetString() == "usage_push")
                .Select(p => p.GetProperty("statement").GetProperty("impressions").GetInt64()).Order()];
            Assert.Equal(Enumerable.Range(0, 8).Select(round => 1000L + round), provisional);
        }
    }

    private static async Task AssertBreachedOnceAsync(ChildHost host)
    {
        for (int i = 0; i < 20; i++)
        {
            using JsonDocument settlement = await SettlementAsync(host, $"silent_{i}");
            Assert.Equal("breached", settlement.RootElement.GetProperty("state").GetString());
            int breaches = settlement.RootElement.GetProperty("history").EnumerateArray().Sum(e => e.GetProperty("events").EnumerateArray().Count(one => one.GetProperty("kind").GetString() == "deadline_missed"));
            Assert.Equal(1, breaches);
        }
    }

    /// <summary>The host is still running: a replay needs no ledger to itself.</summary>
    private static async Task AssertReplaysAsync(ChildHost host)
    {
        using StringWriter output = new(), errors = new();
        int code = await ReplayCommand.RunAsync(["--Ledger:Path", host.LedgerPath], output, errors);
        Assert.True(code == 0, $"{output}{errors}");
        Assert.StartsWith($"replayed {Buys + 20} settlements, ", output.ToString(), StringComparison.Ordinal);
        Assert.Contains($"{Buys} records: no difference", output.ToString(), StringComparison.Ordinal);
    }

    private static async Task<JsonDocument> SettlementAsync(ChildHost host, string buy)
    {
        using JsonDocument listed = await ReadAsync(host, ChildHost.Request(HttpMethod.Get, $"/v1/settlements?account_id=acct&media_buy_id={buy}"));
        string id = Assert.Single(listed.RootElement.GetProperty("settlements").EnumerateArray()).GetProperty("id").GetString()!;
        return await ReadAsync(host, ChildHost.Request(HttpMethod.Get, $"/v1/settlements/{id}"));
    }

    private static async Task PutAsync(ChildHost host, string path, string body) => (await ReadAsync(host, ChildHost.Request(HttpMethod.Put, path, body))).Dispose();

    private static async Task<JsonDocument> ReadAsync(ChildHost host, HttpRequestMessage request)
    {
        using HttpResponseMessage response = await host.Http.SendAsync(request);
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{request.Method} {request.RequestUri} was answered {(int)response.StatusCode}: {body}");
        request.Dispose();
        return JsonDocument.Parse(body);
    }
}
