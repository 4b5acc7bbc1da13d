using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace AdcpFunctions.Tests.Support;

/// <summary>A media buy under a contract a test wrote, with both parties' means to speak; the clock stands after its flight.</summary>
internal sealed class Deal : IAsyncDisposable
{
    private int _sent;

    private Deal(TestHost host, JsonNode endpoint, string buyer, JsonNode registered) => (Host, Endpoint, Buyer, Registered) = (host, endpoint, buyer, registered);

    public TestHost Host { get; }

    public JsonNode Endpoint { get; }

    /// <summary>The buyer's key.</summary>
    public string Buyer { get; }

    /// <summary>What the registration answered.</summary>
    public JsonNode Registered { get; }

    /// <summary>A contract of one package, with members of the package and of the contract replaced; null removes one.</summary>
    public static JsonObject Contract(string? vendor = null, JsonObject? package = null, JsonObject? contract = null, int? deadlineHours = null)
    {
        JsonObject body = TestHost.Contract(vendor: vendor, deadlineHours: deadlineHours);
        Replace(body["packages"]![0]!.AsObject(), package);
        Replace(body, contract);
        return body;
    }

    /// <summary>Registers account, contract, endpoint and buyer.</summary>
    public static async Task<Deal> SignAsync(JsonObject contract, JsonObject? account = null)
    {
        TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync("acme", account);
        HttpAnswer registered = await host.PutAsync("/v1/media-buys/mb1", contract);
        Assert.True(registered.Status == HttpStatusCode.Created, registered.Body);
        var deal = new Deal(host, await host.EndpointAsync(), await host.KeyAsync("buyer", ["acme"]), registered.Json);
        host.Time.UtcNow = DateTimeOffset.Parse((string)contract["flight"]!["end"]!, CultureInfo.InvariantCulture).ToUniversalTime().AddHours(12);
        return deal;
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();

    public string Settlement(int period = 0, int group = 0) => (string)Registered["groups"]![group]!["settlement_ids"]![period]!;

    public Task<string> StateAsync(int period = 0, int group = 0) => Host.StateAsync(Settlement(period, group));

    /// <summary>State and reason codes: <c>held: rate_unknown</c>.</summary>
    public async Task<string> StandingAsync(int period = 0, int group = 0)
    {
        JsonNode told = await Host.SettlementAsync(Settlement(period, group));
        return $"{told["state"]}: {string.Join(' ', told["reason_codes"]!.AsArray())}";
    }

    /// <summary>The seller's rows for a period; what they settle is published at once.</summary>
    public async Task DeliverAsync(string period, params JsonObject[] packages)
    {
        HttpAnswer answer = await TryDeliverAsync(period, Webhook.Row("mb1", packages));
        Assert.True(answer.Status == HttpStatusCode.OK, $"{answer.Status} {answer.Body}");
        await Host.PublishAsync();
    }

    public Task<HttpAnswer> TryDeliverAsync(string period, params JsonObject[] rows) =>
        Host.DeliverAsync(Endpoint, Webhook.Envelope(Webhook.Result(rows).With("reporting_period", Period(period)), NextKey()));

    /// <summary>The buyer's records for a period, each of them accepted.</summary>
    public async Task PushAsync(string period, params JsonObject[] records)
    {
        HttpAnswer answer = await TryPushAsync(period, records);
        Assert.True(answer.Status == HttpStatusCode.OK && (int)answer.Json["accepted"]! == records.Length, answer.Body);
    }

    public Task<HttpAnswer> TryPushAsync(string period, params JsonObject[] records) =>
        Host.UsageAsync(Buyer, Usage.Request(records).With("reporting_period", Period(period)).With("idempotency_key", NextKey()));

    /// <summary>A body whose text a test wrote itself, for numbers that no JSON library here can hold.</summary>
    public Task<HttpAnswer> PushTextAsync(string body) => Host.PostBytesAsync("/adcp/report_usage", Encoding.UTF8.GetBytes(body), Buyer);

    /// <summary>Everything published, oldest first.</summary>
    public Task<IReadOnlyList<JsonNode>> PublishedAsync() => Host.PublishedAsync();

    /// <summary>What each record invoices in all: <c>2026-04: 5000000 50000.00</c>.</summary>
    public async Task<string[]> InvoicedAsync() =>
        [.. (await PublishedAsync()).Select(r => $"{((string)r["reporting_period"]!["start"]!)[..7]}: {Cumulative(r)}")];

    public static string Cumulative(JsonNode record) => $"{record["cumulative"]!["quantity"]?.ToString() ?? "none"} {record["cumulative"]!["amount"]}";

    public static string[] Reasons(JsonNode record) => [.. record["reasons"]!.AsArray().Select(r => (string)r!)];

    /// <summary><c>2026-04</c> is the month, <c>2026-04-07</c> the day, <c>2026-04-01/2026-05-16</c> from one day up to another.</summary>
    public static JsonObject Period(string text)
    {
        string[] parts = text.Split('/');
        DateTime start = DateTime.Parse(parts[0].Length == 7 ? parts[0] + "-01" : parts[0], CultureInfo.InvariantCulture);
        DateTime end = parts.Length == 2 ? DateTime.Parse(parts[1], CultureInfo.InvariantCulture) : text.Length == 7 ? start.AddMonths(1) : start.AddDays(1);
        return Usage.Period(Text(start), Text(end));
    }

    private static void Replace(JsonObject body, JsonObject? members)
    {
        foreach ((string name, JsonNode? value) in members ?? [])
        {
            if (value is null)
                body.Remove(name);
            else
                body[name] = value.DeepClone();
        }
    }

    private static string Text(DateTime at) => at.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private string NextKey() => $"deal-key-{++_sent:d12}";
}
