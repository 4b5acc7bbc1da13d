using System.Net;
using System.Net.Http.Headers;
using System.Text;
using AdcpFunctions.Adapters;
using AdcpFunctions.Host;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Adapters;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AdcpFunctions.Tests.Support;

/// <summary>The whole service in this process: real store, real routes, a clock that the test moves; no timers of its own.</summary>
public sealed class Service : IAsyncDisposable
{
    public const string Tenant = "default";
    public const string BuyerKey = "buyer-key-of-thirty-two-characters";
    public const string SellerAgent = "https://seller.example";
    public const string HookSecret = "a credential of thirty-two bytes or more";

    private readonly TemporaryFile _file = new();
    private readonly SqliteTable _table;
    private readonly WebApplication _app;
    private readonly LogWatch _log = new();
    private HttpClient _client = null!;

    private Service()
    {
        _table = SqliteTable.Open(_file.Path);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.AddProvider(_log).SetMinimumLevel(LogLevel.Debug);
        Table = new FaultyTable(_table);
        Composition.AddFlow(builder, Unlimited(), Table, Time);
        _app = builder.Build();
        Composition.UseFlow(_app);
    }

    /// <summary>The clock stands still, so no bucket would ever fill again.</summary>
    private static HostOptions Unlimited()
    {
        var options = new HostOptions { InProcessTimers = false };
        TestHost.LiftLimits(options);
        return options;
    }

    /// <summary>The store, which fails where a test asks it to.</summary>
    public FaultyTable Table { get; }

    public FakeTime Time { get; } = new(Sample.At("2026-04-09T15:00"));

    public static Account Account { get; } =
        new("acc", new BrandKey("acme.example"), "agency.example", false, AccountStatus.Active, "USD", false, Sample.Parties, new InvoiceFacts());

    public T Get<T>() where T : notnull => _app.Services.GetRequiredService<T>();

    /// <summary>A service with one account, one buyer that may report for it, and a seller's endpoint <c>hook</c>.</summary>
    public static async Task<Service> StartAsync(Account? account = null)
    {
        var service = new Service();
        await service._app.StartAsync();
        service._client = new HttpClient(new SecretNotingHandler(service._log, service._app.GetTestServer().CreateHandler())) { BaseAddress = service._app.GetTestServer().BaseAddress };
        service._log.Keep(HookSecret, "a webhook secret");
        var directory = service.Get<AccessDirectory>();
        await directory.AddTenantAsync(Tenant, default);
        Assert.Equal(AccountOutcome.Created, await directory.RegisterAccountAsync(Tenant, account ?? Account, default));
        Assert.Equal(AccountOutcome.Created, await directory.RegisterAccountAsync(Tenant, Account with { Id = "other", Brand = new BrandKey("other.example") }, default));
        await directory.ChangeAgentAsync(Tenant, "buyer", _ => new Agent("buyer", AgentRole.Buyer, ["acc"], false), default);
        await service.Get<KeyRing>().AddAsync(KeyRing.HashOf(BuyerKey), new AgentKey(Tenant, "buyer", "buyer-ke", service.Time.UtcNow, null, "key-1"), default);
        await service.Get<EndpointDirectory>().AddAsync(new WebhookEndpoint("hook", Tenant, "ep1", SellerAgent, HookSecret, null, SenderProfile.V31, service.Time.UtcNow), default);
        return service;
    }

    public async Task<RegisteredBuy> RegisterAsync(ContractDraft? draft = null)
    {
        RegisterOutcome outcome = await Get<MediaBuyRegister>().RegisterAsync(Tenant, Account, draft ?? Sample.Draft(), default);
        return Assert.IsType<RegisterOutcome.Registered>(outcome).Buy;
    }

    /// <summary>The settlement of a buy's first group and period; null when it has none.</summary>
    public async Task<HeadDocument?> SettlementAsync(RegisteredBuy buy)
    {
        TermsGroup group = buy.Newest.Groups[0];
        return (await Get<SettlementLedger>().ReadAsync(buy.Address(group.Id, group.Periods[0], group.Window), default))?.Document;
    }

    /// <summary>A statement taken in without HTTP, as a mapped push.</summary>
    public async Task RecordAsync(RegisteredBuy buy, Statement statement, string? groupId = null)
    {
        TermsGroup group = buy.Newest.Groups[0];
        var push = new Push(Tenant, statement.Side, statement.Reporter, LedgerKeys.Token(statement.Hash), Time.UtcNow, "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z");
        push.For(buy.Partition).Facts.Add(new Fact(buy, groupId ?? group.Id, group.Periods[0], group.Window, statement, statement.Reporter, "{}"u8.ToArray()));
        await Get<StatementLedger>().RecordAsync(push, default);
    }

    public async Task<(HttpStatusCode Status, string Body)> ReportAsync(string body, string? key = BuyerKey)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/adcp/report_usage") { Content = Json(body) };
        if (key is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return await SendAsync(request);
    }

    /// <summary>A delivery as its sender signs it.</summary>
    public async Task<(HttpStatusCode Status, string Body)> DeliverAsync(string body)
    {
        string stamp = Time.UtcNow.ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/hooks/hook") { Content = Json(body) };
        request.Headers.Add(LegacyHmac.TimestampHeader, stamp);
        request.Headers.Add(LegacyHmac.SignatureHeader, LegacyHmac.Sign(stamp, Encoding.UTF8.GetBytes(body), HookSecret));
        return await SendAsync(request);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.DisposeAsync();
        await _table.DisposeAsync();
        _file.Dispose();
        _log.Judge();
    }

    private static ByteArrayContent Json(string body)
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }

    private async Task<(HttpStatusCode Status, string Body)> SendAsync(HttpRequestMessage request)
    {
        using HttpResponseMessage response = await _client.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
