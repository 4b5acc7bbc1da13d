using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;
using Spectre.Console;

namespace AdcpFunctions.Host;

/// <summary>Plays AdCP's worked examples through the real HTTP surface, on a temporary ledger and a simulated clock.</summary>
/// <remarks>Spec: AdCP 3.1, media-buy/advanced-topics/billing-authority, worked examples A to C.</remarks>
internal sealed class Demo : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly LedgerStore _ledger;
    private readonly SimulatedTime _time;
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler());
    private readonly Uri _origin;
    private readonly string _adminKey;
    private readonly IAnsiConsole _console;
    private readonly string _folder;

    private Demo(WebApplication app, LedgerStore ledger, SimulatedTime time, string adminKey, IAnsiConsole console, string folder) =>
        (_app, _ledger, _time, _origin, _adminKey, _console, _folder) = (app, ledger, time, new Uri(app.Urls.First()), adminKey, console, folder);

    /// <returns>0 when every step was answered as expected and replays without a difference.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter output)
    {
        bool piped = Console.IsOutputRedirected;
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = piped ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = piped ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
        });
        if (piped)
            console.Profile.Width = 200;
        if (!args.All(IsStore))
        {
            console.MarkupLine("demo takes no arguments but where its ledger is (--Ledger:Kind=AzureTables and --Ledger:ConnectionString=... or --Ledger:Endpoint=...) and a broker on this machine (--Publisher:Kind=ServiceBus and --Publisher:ConnectionString=...).");
            return 2;
        }

        try
        {
            HostOptions options = HostOptions.From(new ConfigurationBuilder().AddCommandLine(args).Build());
            // What is published here was never said by anybody: finance must not receive it.
            if (options.PublisherKind == "ServiceBus" && options.PublisherConnectionString?.Contains("UseDevelopmentEmulator=true", StringComparison.OrdinalIgnoreCase) != true)
                throw new ValidationException("The demo publishes to a broker on this machine only: Publisher:ConnectionString with UseDevelopmentEmulator=true.");
            await using Demo demo = await StartAsync(options, console);
            await demo.PlayAsync();
            return await demo.ReplayAsync() ? 0 : 1;
        }
        catch (ValidationException refused)
        {
            await Console.Error.WriteLineAsync(refused.Message);
            return 1;
        }
    }

    private static bool IsStore(string argument) =>
        argument.Contains('=', StringComparison.Ordinal)
        && (argument.StartsWith("--Ledger:", StringComparison.OrdinalIgnoreCase) || argument.StartsWith("--Publisher:", StringComparison.OrdinalIgnoreCase));

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _app.DisposeAsync();
        await _ledger.DiscardAsync();
        await _ledger.DisposeAsync();
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }

    private static async Task<Demo> StartAsync(HostOptions options, IAnsiConsole console)
    {
        const string adminKey = "demo-admin-key-for-this-run-only";
        var time = new SimulatedTime(At("2026-02-25T09:00:00Z"));
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        string folder = Path.Combine(Path.GetTempPath(), "adcp-demo-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)));
        options.LedgerPath = Path.Combine(folder, "ledger.db");
        options.LedgerTable = "demo" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        options.InProcessTimers = false;
        options.OutageAfter = TimeSpan.FromDays(3650);
        options.AdminKeys["default"] = adminKey;
        LedgerStore ledger = await LedgerStore.OpenAsync(options);
        Composition.AddFlow(builder, options, ledger.Table, time);
        WebApplication app = builder.Build();
        Composition.UseFlow(app);
        await Bootstrap.AdminKeysAsync(app.Services, TextWriter.Null);
        await app.StartAsync();
        return new Demo(app, ledger, time, adminKey, console, folder);
    }

    private async Task PlayAsync()
    {
        _console.MarkupLine("[bold]Three contracts of the AdCP billing pages, over HTTP, on a simulated clock[/]");
        await PutAsync("/v1/accounts/acct_acme", """
            {"brand":{"domain":"acme.example"},"operator":"holdco.example","currency":"USD","billing":"adcp",
             "parties":{"seller_ad_servers":[{"domain":"ads.streamhaus.example"}],"buyer_measurement":[{"domain":"campaignmanager.google.com"}]}}
            """);
        string buyer = await KeyAsync("holdco", "buyer");
        string finance = await KeyAsync("finance", "finance");
        (string url, string secret) = await EndpointAsync();

        await RegisterAsync("mb_buyer_attested", "CM360 governs, 10 % tolerance, final within 240 h", "10.00", """{"billing_measurement":{"vendor":{"domain":"campaignmanager.google.com"},"max_variance_percent":10,"measurement_window":"post_sivt","finalization_deadline_hours":240}}""", "");
        await RegisterAsync("mb_nielsen_c7", "Nielsen C7 governs, pushed by the buyer, 5 %, final within 528 h, late finals accepted", "25.00", """{"billing_measurement":{"vendor":{"domain":"nielsen.com"},"max_variance_percent":5,"measurement_window":"c7","finalization_deadline_hours":528},"makegood_policy":{"available_remedies":["credit"]}}""", ""","delivered_by":"usage_push","late_final_policy":"accept_late" """);
        await RegisterAsync("mb_default", "no measurement terms: the seller attests", "6.50", null, "");

        await UsageAsync(buyer, "2026-03-20T08:00:00Z", "mb_buyer_attested", 3_100_000, 31_000m, "post_sivt", final: false, "pacing push, provisional");
        await RowAsync(url, secret, "2026-04-03T07:00:00Z", "mb_default", 800_000, 5_200m, null, "the seller's final row");
        await RowAsync(url, secret, "2026-04-08T18:00:00Z", "mb_buyer_attested", 5_120_000, 51_200m, "post_sivt", "the seller's final row");
        await UsageAsync(buyer, "2026-04-09T14:32:00Z", "mb_buyer_attested", 5_040_000, 50_400m, "post_sivt", final: true, "CM360's final, pushed by the operator");
        await RowAsync(url, secret, "2026-04-10T06:00:00Z", "mb_nielsen_c7", 2_000_000, 50_000m, "c7", "the seller's final row");
        await PassAsync("2026-05-01T00:05:00Z", "mb_nielsen_c7", "deadline of 30 April and a day of grace have passed");
        await UsageAsync(buyer, "2026-05-04T10:00:00Z", "mb_nielsen_c7", 1_950_000, 48_750m, "c7", final: true, "Nielsen's late final");
        await SummariseAsync(finance);
    }

    /// <summary>Takes every decision of the demo again, as the subcommand does.</summary>
    private async Task<bool> ReplayAsync()
    {
        var replay = new Replay(_ledger.Table, _app.Services.GetRequiredService<AccessDirectory>());
        ReplayCount count = await replay.RunAsync("default", difference => _console.MarkupLineInterpolated($"  {difference}"), CancellationToken.None);
        _console.MarkupLineInterpolated($"  {ReplayCommand.Summary([count])}");
        return count.Differences == 0;
    }

    private async Task RegisterAsync(string buy, string terms, string rate, string? measurement, string policies)
    {
        string windows = """[{"window_id":"c7","duration_days":7},{"window_id":"post_sivt","duration_days":0}]""";
        string package = $$"""{"package_id":"{{buy}}_p1","pricing_option_id":"po_{{buy}}","pricing_model":"cpm","rate":"{{rate}}"{{(measurement is null ? "" : ",\"measurement_terms\":" + measurement)}} }""";
        await PutAsync($"/v1/media-buys/{buy}", $$"""
            {"account_id":"acct_acme","seller_agent":"streamhaus","currency":"USD","flight":{"start":"2026-03-01T00:00:00Z","end":"2026-03-31T23:59:59Z"},
             "billing_cadence":"monthly","windows":{{windows}},"packages":[{{package}}]{{policies}} }
            """);
        _console.MarkupLineInterpolated($"  {buy,-18} {terms}");
    }

    private async Task UsageAsync(string key, string at, string buy, long impressions, decimal cost, string window, bool final, string what)
    {
        _time.Set(At(at));
        string finality = final ? $$""","final":true,"finalized_at":"{{at}}" """ : ""","final":false""";
        string body = string.Create(CultureInfo.InvariantCulture, $$"""
            {"idempotency_key":"demo-{{buy}}-{{at}}","reporting_period":{"start":"2026-03-01T00:00:00Z","end":"2026-03-31T23:59:59Z"},
             "usage":[{"account":{"account_id":"acct_acme"},"media_buy_id":"{{buy}}","impressions":{{impressions}},"vendor_cost":{{cost}},"currency":"USD","measurement_window":"{{window}}"{{finality}} }]}
            """);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/adcp/report_usage") { Content = Json(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        await SendAsync(request);
        await StateAsync(at, buy, string.Create(CultureInfo.InvariantCulture, $"report_usage {impressions:N0}: {what}"));
    }

    private async Task RowAsync(string url, string secret, string at, string buy, long impressions, decimal spend, string? window, string what)
    {
        _time.Set(At(at));
        string staged = window is null ? "" : $$""","measurement_window":"{{window}}" """;
        string body = string.Create(CultureInfo.InvariantCulture, $$"""
            {"idempotency_key":"demo-{{buy}}-{{at}}","operation_id":"delivery_{{buy}}","task_id":"delivery_{{buy}}_1","task_type":"media_buy_delivery","status":"completed","timestamp":"{{at}}",
             "result":{"notification_type":"scheduled","reporting_period":{"start":"2026-03-01T00:00:00Z","end":"2026-03-31T23:59:59Z"},"currency":"USD",
              "media_buy_deliveries":[{"media_buy_id":"{{buy}}","status":"completed","is_final":true,"finalized_at":"{{at}}","totals":{"impressions":{{impressions}},"spend":{{spend}} },
               "by_package":[{"package_id":"{{buy}}_p1","impressions":{{impressions}},"spend":{{spend}},"is_final":true,"finalized_at":"{{at}}"{{staged}} }] }] } }
            """);
        string timestamp = At(at).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = Json(body) };
        request.Headers.Add(LegacyHmac.TimestampHeader, timestamp);
        request.Headers.Add(LegacyHmac.SignatureHeader, LegacyHmac.Sign(timestamp, Encoding.UTF8.GetBytes(body), secret));
        await SendAsync(request);
        await StateAsync(at, buy, string.Create(CultureInfo.InvariantCulture, $"webhook {impressions:N0}: {what}"));
    }

    private async Task PassAsync(string at, string buy, string what)
    {
        _time.Set(At(at));
        await StateAsync(at, buy, what);
    }

    /// <summary>Rings the timers as a host would, then says where the settlement stands.</summary>
    private async Task StateAsync(string at, string buy, string what)
    {
        await RingAsync();
        using JsonDocument listed = await GetAsync($"/v1/settlements?account_id=acct_acme&media_buy_id={buy}");
        JsonElement settlement = listed.RootElement.GetProperty("settlements")[0];
        _console.MarkupLineInterpolated($"[grey]{at[..16]}[/] {buy,-18} {what} -> [bold]{settlement.GetProperty("state").GetString()}[/] [grey]{string.Join(", ", settlement.GetProperty("reason_codes").EnumerateArray().Select(r => r.GetString()))}[/]");
    }

    private async Task RingAsync()
    {
        TimerWork timers = _app.Services.GetRequiredService<TimerWork>();
        await timers.EnforceFinalizationDeadlinesAsync(CancellationToken.None);
        await timers.RelaySettledRecordsAsync(CancellationToken.None);
    }

    private async Task SummariseAsync(string finance)
    {
        var table = new Table().Border(Console.IsOutputRedirected ? TableBorder.Ascii : TableBorder.Rounded);
        foreach (string column in new[] { "settlement of", "state", "count", "basis", "amount", "reason" })
            table.AddColumn(column);
        using JsonDocument published = await GetAsync("/v1/settled-records", finance);
        foreach (string buy in new[] { "mb_buyer_attested", "mb_nielsen_c7", "mb_default" })
        {
            using JsonDocument listed = await GetAsync($"/v1/settlements?account_id=acct_acme&media_buy_id={buy}");
            using JsonDocument told = await GetAsync($"/v1/settlements/{listed.RootElement.GetProperty("settlements")[0].GetProperty("id").GetString()}");
            JsonElement newest = published.RootElement.GetProperty("records").EnumerateArray().Last(r => r.GetProperty("media_buy_id").GetString() == buy);
            JsonElement basis = newest.GetProperty("basis");
            table.AddRow(
                Markup.Escape(buy),
                told.RootElement.GetProperty("state").GetString()!,
                long.Parse(newest.GetProperty("cumulative").GetProperty("quantity").GetString()!, CultureInfo.InvariantCulture).ToString("N0", CultureInfo.InvariantCulture),
                basis.GetProperty("source").GetString() + (basis.GetProperty("fallback").GetBoolean() ? " (fallback)" : ""),
                $"{newest.GetProperty("cumulative").GetProperty("amount").GetString()} {newest.GetProperty("currency").GetString()}",
                Markup.Escape(told.RootElement.GetProperty("sentence").GetString()!));
        }

        _console.WriteLine();
        _console.Write(table);
        _console.MarkupLine("Published, in order (the queue carries the same bodies):");
        foreach (JsonElement record in published.RootElement.GetProperty("records").EnumerateArray())
        {
            _console.MarkupLineInterpolated(
                $"  {record.GetProperty("seq").GetInt64()}  {record.GetProperty("media_buy_id").GetString(),-18} revision {record.GetProperty("revision").GetInt32()}  delta {record.GetProperty("delta").GetProperty("amount").GetString(),10}  {string.Join(", ", record.GetProperty("reasons").EnumerateArray().Select(r => r.GetString()))}");
        }
    }

    private async Task<string> KeyAsync(string agent, string role)
    {
        await PutAsync($"/v1/agents/{agent}", $$"""{"role":"{{role}}","accounts":["acct_acme"]}""");
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/agents/{agent}/keys") { Content = Json("{}") };
        using JsonDocument issued = await SendAsync(request);
        return issued.RootElement.GetProperty("key").GetString()!;
    }

    private async Task<(string Url, string Secret)> EndpointAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/webhook-endpoints") { Content = Json("""{"seller_agent":"streamhaus"}""") };
        using JsonDocument made = await SendAsync(request);
        return (new Uri(made.RootElement.GetProperty("url").GetString()!).PathAndQuery, made.RootElement.GetProperty("secret").GetString()!);
    }

    private async Task PutAsync(string path, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, path) { Content = Json(body) };
        (await SendAsync(request)).Dispose();
    }

    private async Task<JsonDocument> GetAsync(string path, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (key is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return await SendAsync(request);
    }

    private async Task<JsonDocument> SendAsync(HttpRequestMessage request)
    {
        request.RequestUri = new Uri(_origin, request.RequestUri!);
        if (!request.Headers.Contains(LegacyHmac.SignatureHeader))
            request.Headers.Authorization ??= new AuthenticationHeaderValue("Bearer", _adminKey);
        using HttpResponseMessage response = await _http.SendAsync(request, CancellationToken.None);
        string body = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode
            ? JsonDocument.Parse(body)
            : throw new InvalidOperationException($"{request.Method} {request.RequestUri} was answered {(int)response.StatusCode}: {body}");
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}

/// <summary>A clock that stands until it is set.</summary>
internal sealed class SimulatedTime(DateTimeOffset start) : TimeProvider
{
    private DateTimeOffset _now = start;

    public void Set(DateTimeOffset now) => _now = now;

    public override DateTimeOffset GetUtcNow() => _now;
}
