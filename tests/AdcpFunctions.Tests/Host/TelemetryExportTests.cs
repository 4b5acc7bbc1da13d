using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Adapters;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>What leaves the process over OTLP, what never does, and that none of it leaves unless it is asked for.</summary>
public sealed class TelemetryExportTests
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string Span = "b7ad6b7169203331";

    [Fact(Timeout = 120_000)]
    public async Task Traces_metrics_and_logs_of_a_push_and_a_forged_webhook_leave_at_the_stop_and_no_secret_with_them()
    {
        await using FakeCollector collector = await FakeCollector.StartAsync();
        // Nothing is due before the stop, so what arrives was flushed by it.
        using var file = new TemporaryFile();
        await using var host = new ChildHost(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Ledger__Path"] = file.Path,
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Endpoint,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_SERVICE_NAME"] = "ledger-under-test",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "3600000",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "3600000",
            ["OTEL_BLRP_SCHEDULE_DELAY"] = "3600000",
        });
        await host.StartAsync();
        string[] secrets = await PlayAsync(host);

        Assert.Equal(0, await host.StopAsync());

        Assert.Empty(collector.Complaints);
        byte[] traces = collector.Of("traces");
        AssertHolds(traces, "ledger-under-test", "POST /adcp/report_usage", "POST /hooks/{route}", "http.route", "http.response.status_code", "deadlines", "relay");
        Assert.True(FakeCollector.Holds(traces, Convert.FromHexString(Trace)), "The caller's trace is not continued.");
        Assert.True(FakeCollector.Holds(traces, Convert.FromHexString(Span)), "The caller's span is not the parent.");
        AssertHolds(
            collector.Of("metrics"), "ledger-under-test", "adcp.records.accepted", "adcp.signatures.rejected", "webhook_signature_invalid", "adcp.relay.lag", "adcp.due.backlog", "adcp.storage.requests", "point_read",
            "http.server.request.duration");
        AssertHolds(collector.Of("logs"), "ledger-under-test", "Now listening on", "webhook_rejected at endpoint");
        foreach (string secret in secrets)
            Assert.False(FakeCollector.Holds(collector.All, secret), $"{secret} was exported.");
        (string output, string errors) = host.Console;
        Assert.DoesNotContain("Now listening on", output, StringComparison.Ordinal);
        Assert.Contains("webhook_rejected at endpoint", output, StringComparison.Ordinal);
        Assert.Empty(errors);
    }

    [Fact(Timeout = 120_000)]
    public async Task Without_an_endpoint_the_console_is_told_and_nobody_else()
    {
        await using FakeCollector collector = await FakeCollector.StartAsync();
        using var file = new TemporaryFile();
        await using var host = new ChildHost(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Ledger__Path"] = file.Path,
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "",
            ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = $"{collector.Endpoint}/v1/traces",
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        });
        await host.StartAsync();

        Assert.Equal(0, await host.StopAsync());

        Assert.Empty(collector.All);
        (string output, string errors) = host.Console;
        Assert.Contains("Now listening on", output, StringComparison.Ordinal);
        Assert.Empty(errors);
    }

    /// <returns>What must never be exported.</returns>
    private static async Task<string[]> PlayAsync(ChildHost host)
    {
        await SendAsync(host, ChildHost.Request(HttpMethod.Put, "/v1/accounts/acme", TestHost.Account().ToJsonString()));
        await SendAsync(host, ChildHost.Request(HttpMethod.Put, "/v1/media-buys/mb1", TestHost.Contract(vendor: "campaignmanager.example").ToJsonString()));
        await SendAsync(host, ChildHost.Request(HttpMethod.Put, "/v1/agents/agency", """{"role":"buyer","accounts":["acme"]}"""));
        string buyer = Text(await SendAsync(host, ChildHost.Request(HttpMethod.Post, "/v1/agents/agency/keys", "{}")), "key");
        string endpoint = await SendAsync(host, ChildHost.Request(HttpMethod.Post, "/v1/webhook-endpoints", """{"seller_agent":"https://sales.streamhaus.example"}"""));
        string path = new Uri(Text(endpoint, "url")).AbsolutePath;

        HttpRequestMessage push = ChildHost.Request(HttpMethod.Post, "/adcp/report_usage", Usage.Request(Usage.Record()).ToJsonString(), buyer);
        push.Headers.Add("traceparent", $"00-{Trace}-{Span}-01");
        Assert.Contains("\"accepted\":1", await SendAsync(host, push), StringComparison.Ordinal);
        string body = Webhook.Final("mb1").ToJsonString();
        string stamp = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        foreach (string secret in new[] { Text(endpoint, "secret"), "a-forgers-secret-0123456789abcdef" })
        {
            HttpRequestMessage delivery = ChildHost.Request(HttpMethod.Post, path, body, key: null);
            delivery.Headers.Add(LegacyHmac.TimestampHeader, stamp);
            delivery.Headers.Add(LegacyHmac.SignatureHeader, LegacyHmac.Sign(stamp, Encoding.UTF8.GetBytes(body), secret));
            await SendAsync(host, delivery);
        }

        return [ChildHost.AdminKey, buyer, Text(endpoint, "secret"), path.Split('/')[^1], Usage.Key, Webhook.Key];
    }

    private static async Task<string> SendAsync(ChildHost host, HttpRequestMessage request)
    {
        using HttpRequestMessage sent = request;
        using HttpResponseMessage answer = await host.Http.SendAsync(sent);
        Assert.True(answer.IsSuccessStatusCode || answer.StatusCode == HttpStatusCode.Unauthorized, $"{sent.RequestUri} {answer.StatusCode}");
        return await answer.Content.ReadAsStringAsync();
    }

    private static string Text(string json, string member)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.GetProperty(member).GetString()!;
    }

    private static void AssertHolds(byte[] exported, params string[] names) =>
        Assert.All(names, name => Assert.True(FakeCollector.Holds(exported, name), $"{name} was not exported."));
}
