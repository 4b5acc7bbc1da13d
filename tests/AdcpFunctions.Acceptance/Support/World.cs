using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Protocol;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Acceptance.Support;

/// <summary>The published app on a ledger of its own, with buyers who do not know each other, and what each client saw of it.</summary>
public sealed class World : IAsyncLifetime
{
    /// <summary>The account the storyboards name; the runner itself asks for one of <c>test.example</c>.</summary>
    public const string StoryboardAccount = "acct_acme_creative";

    private const string RunnerAccount = "test";
    private const string Seller = "https://sales.streamhaus.example";

    private const string Account = """{"brand":{"domain":"{0}"},"operator":"{1}","currency":"USD","billing":"adcp","parties":{"seller_ad_servers":[],"buyer_measurement":[{"domain":"cm.example"}]}}""";

    private readonly string _data = Directory.CreateTempSubdirectory("adcp-acceptance-").FullName;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Task<IReadOnlyList<JsonNode>>> _told = new(StringComparer.Ordinal);
    private ChildHost _host = null!;

    /// <summary>The endpoint as an agent knows it.</summary>
    public Uri Endpoint => new(_host.Http.BaseAddress!, "/mcp");

    /// <summary>A buyer's key, for <c>acme</c> alone.</summary>
    public string Buyer { get; private set; } = "";

    /// <summary>Another buyer's, for <c>rival</c> alone.</summary>
    public string Rival { get; private set; } = "";

    /// <summary>That of the storyboards' runner.</summary>
    public string Runner { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        await Task.WhenAll(NodeModules.EnsureAsync(), PublishedApp.EnsureAsync());
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Ledger__Path"] = Path.Combine(_data, "ledger.db"),
        };
        _host = new ChildHost(settings, PublishedApp.Executable);
        await _host.StartAsync();
        await RegisterAccountAsync("acme", "acme.example", "agency.example");
        await RegisterAccountAsync("rival", "rival.example", "agency.example");
        await RegisterAccountAsync(StoryboardAccount, "acmeoutdoor.example", "pinnacle-agency.example");
        await RegisterAccountAsync(RunnerAccount, "test.example", "test.example");
        await RegisterBuysAsync(RunnerAccount, "mb_runner");
        Buyer = await KeyAsync("buyer", "acme");
        Rival = await KeyAsync("rival", "rival");
        Runner = await KeyAsync("runner", RunnerAccount, StoryboardAccount);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    /// <summary>What a script told, which is run once for all who ask.</summary>
    /// <param name="name">Under which it is remembered.</param>
    /// <param name="run">Registers what it needs, and runs it.</param>
    public Task<IReadOnlyList<JsonNode>> OnceAsync(string name, Func<Task<IReadOnlyList<JsonNode>>> run)
    {
        lock (_gate)
            return _told.TryGetValue(name, out Task<IReadOnlyList<JsonNode>>? told) ? told : _told[name] = run();
    }

    /// <summary>Registers media buys of April, each of one package the buyer's count governs.</summary>
    public Task RegisterBuysAsync(string account, params IEnumerable<string> mediaBuys) =>
        Parallel.ForEachAsync(mediaBuys, async (id, _) => await PutAsync($"/v1/media-buys/{id}", Contract(account)));

    /// <summary>A contract of 2026 over April, 10.00 per thousand.</summary>
    public static JsonObject Contract(string account) => JsonNode.Parse($$$"""
        {"account_id":"{{{account}}}","seller_agent":"{{{Seller}}}","currency":"USD","billing_cadence":"monthly","fallback":"on_approval",
         "flight":{"start":"2026-04-01T00:00:00Z","end":"2026-04-30T23:59:59Z"},
         "packages":[{"package_id":"p1","pricing_option_id":"po_cpm","pricing_model":"cpm","rate":"10.00",
          "measurement_terms":{"billing_measurement":{"vendor":{"domain":"cm.example"} } } }]}
        """)!.AsObject();

    /// <summary>The seller's final row for April, by a webhook that its endpoint's secret vouches for.</summary>
    public async Task DeliverAsync(string mediaBuy, long impressions)
    {
        JsonNode endpoint = await SendAsync(HttpMethod.Post, "/v1/webhook-endpoints", new JsonObject { ["seller_agent"] = Seller });
        string body = $$$"""
            {"idempotency_key":"delivery-{{{mediaBuy}}}-0001","operation_id":"op_1","task_id":"delivery_1","task_type":"media_buy_delivery","status":"completed","timestamp":"2026-05-01T10:00:00Z",
             "result":{"notification_type":"final","currency":"USD","reporting_period":{"start":"2026-04-01T00:00:00Z","end":"2026-04-30T23:59:59Z"},
             "media_buy_deliveries":[{"media_buy_id":"{{{mediaBuy}}}","status":"completed","totals":{"impressions":{{{impressions}}},"spend":{{{impressions / 100}}} },
             "by_package":[{"package_id":"p1","impressions":{{{impressions}}},"spend":{{{impressions / 100}}},"is_final":true,"finalized_at":"2026-05-01T10:00:00Z","pricing_model":"cpm","rate":10,"currency":"USD"}]}]}}
            """;
        string stamp = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        using HttpRequestMessage request = ChildHost.Request(HttpMethod.Post, new Uri((string)endpoint["url"]!).AbsolutePath, body, key: null);
        request.Headers.Add(LegacyHmac.SignatureHeader, LegacyHmac.Sign(stamp, Encoding.UTF8.GetBytes(body), (string)endpoint["secret"]!));
        request.Headers.Add(LegacyHmac.TimestampHeader, stamp);
        using HttpResponseMessage response = await _host.Http.SendAsync(request);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    public async Task PutAsync(string path, JsonNode body) => await SendAsync(HttpMethod.Put, path, body);

    /// <summary>The one settlement of a media buy, with its whole history.</summary>
    public async Task<JsonNode> SettlementAsync(string account, string mediaBuy)
    {
        JsonNode found = Assert.Single((await SendAsync(HttpMethod.Get, $"/v1/settlements?account_id={account}&media_buy_id={mediaBuy}"))["settlements"]!.AsArray())!;
        return await SendAsync(HttpMethod.Get, $"/v1/settlements/{found["id"]}");
    }

    /// <summary>What was settled for a media buy, once the feed has it; a second record would be there with the first.</summary>
    public async Task<IReadOnlyList<JsonNode>> SettledAsync(params IReadOnlyCollection<string> mediaBuys)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            IReadOnlyList<JsonNode> found = [.. (await FeedAsync()).Where(r => mediaBuys.Contains((string)r["media_buy_id"]!))];
            if (found.Select(r => (string)r["media_buy_id"]!).Distinct(StringComparer.Ordinal).Count() == mediaBuys.Count)
                return found;
            await Task.Delay(100, patience.Token);
        }
    }

    /// <summary>An agent whose signatures are held against these keys.</summary>
    public Task RegisterSignerAsync(string id, JsonArray keys, params string[] revoked) => PutAsync($"/v1/agents/{id}", new JsonObject
    {
        ["role"] = "buyer",
        ["accounts"] = new JsonArray("acme"),
        ["signer"] = new JsonObject
        {
            ["agent_url"] = $"https://{id}.example/mcp",
            ["jwks"] = new JsonObject { ["keys"] = keys },
            ["revoked_keys"] = new JsonArray([.. revoked.Select(r => (JsonNode)r)]),
        },
    });

    private async Task<IReadOnlyList<JsonNode>> FeedAsync()
    {
        var records = new List<JsonNode>();
        JsonNode page;
        string after = "";
        do
        {
            page = await SendAsync(HttpMethod.Get, $"/v1/settled-records?account_id=acme&limit=1000{after}");
            records.AddRange(page["records"]!.AsArray()!);
            after = $"&after={page["next"]}";
        }
        while (page["records"]!.AsArray().Count > 0 && page["next"] is not null);
        return records;
    }

    private Task RegisterAccountAsync(string id, string brand, string agency) =>
        PutAsync($"/v1/accounts/{id}", JsonNode.Parse(Account.Replace("{0}", brand, StringComparison.Ordinal).Replace("{1}", agency, StringComparison.Ordinal))!);

    private async Task<string> KeyAsync(string agent, params string[] accounts)
    {
        await PutAsync($"/v1/agents/{agent}", new JsonObject { ["role"] = "buyer", ["accounts"] = new JsonArray([.. accounts.Select(a => (JsonNode)a)]) });
        return (string)(await SendAsync(HttpMethod.Post, $"/v1/agents/{agent}/keys", new JsonObject()))["key"]!;
    }

    private async Task<JsonNode> SendAsync(HttpMethod method, string path, JsonNode? body = null)
    {
        using HttpRequestMessage request = ChildHost.Request(method, path, body?.ToJsonString());
        using HttpResponseMessage response = await _host.Http.SendAsync(request);
        string answer = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Created, $"{method} {path}: {response.StatusCode} {answer}");
        return JsonNode.Parse(answer)!;
    }
}
