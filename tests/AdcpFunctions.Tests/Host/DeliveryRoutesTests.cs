using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>Who delivered what, and how a sender fares.</summary>
public class DeliveryRoutesTests
{
    [Fact]
    public async Task Every_attempt_is_told_with_what_it_was_told()
    {
        (TestHost host, JsonNode endpoint, _) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        byte[] body = Encoding.UTF8.GetBytes(Webhook.Final("mb1").With("result/sequence_number", 4).ToJsonString());
        await host.DeliverAsync(endpoint, body);
        await host.DeliverAsync(endpoint, body);
        await host.DeliverAsync(endpoint, "{\"status\":\"completed\"}"u8.ToArray());
        await host.PostBytesAsync(TestHost.PathOf(endpoint), body, null, "application/json", false, default, host.Signed(endpoint, body, secret: "another secret of thirty-two bytes"));

        JsonArray told = (await host.GetAsync(PathOf(endpoint, "deliveries"))).Json["deliveries"]!.AsArray();

        Assert.Equal(["401 webhook_signature_invalid", "400 missing_envelope_fields", "200 duplicate", "200 accepted"], told.Select(d => $"{d!["status"]} {d["code"]}").OrderBy(t => t[0] == '4' ? 0 : 1).ThenByDescending(t => t, StringComparer.Ordinal));
        JsonNode accepted = told.Single(d => (string)d!["code"]! == "accepted")!;
        Assert.Equal(("delivery", "media_buy_delivery", "scheduled", 4, body.Length), ((string)accepted["key_prefix"]!, (string)accepted["task_type"]!, (string)accepted["notification_type"]!, (int)accepted["sequence_number"]!, (int)accepted["bytes"]!));
        Assert.Null(told.Single(d => (string)d!["code"]! == "webhook_signature_invalid")!["key_prefix"]);
        Assert.DoesNotContain(Webhook.Key, told.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_list_goes_on_where_it_ended()
    {
        (TestHost host, JsonNode endpoint, _) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        for (int i = 1; i <= 5; i++)
        {
            host.Time.Advance(TimeSpan.FromSeconds(1));
            await host.DeliverAsync(endpoint, Webhook.Final("mb1").With("idempotency_key", $"delivery-key-000000030{i}").With("result/sequence_number", i));
        }

        JsonNode first = (await host.GetAsync(PathOf(endpoint, "deliveries?limit=3"))).Json;
        JsonNode rest = (await host.GetAsync(PathOf(endpoint, $"deliveries?limit=3&after={(string)first["next"]!}"))).Json;

        Assert.Equal([5, 4, 3, 2, 1], first["deliveries"]!.AsArray().Concat(rest["deliveries"]!.AsArray()).Select(d => (int)d!["sequence_number"]!));
        Assert.Null(rest["next"]);
        Assert.Equal((HttpStatusCode.BadRequest, "cursor_invalid"), Proposing.Told(await host.GetAsync(PathOf(endpoint, "deliveries?after=1.2"))));
    }

    [Fact]
    public async Task A_sender_that_was_never_seen_is_said_to_be()
    {
        (TestHost host, JsonNode endpoint, _) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;

        JsonNode card = (await host.GetAsync(PathOf(endpoint, "health"))).Json;

        Assert.Null(card["last_seen"]);
        Assert.Equal("Nothing has been delivered here, as far back as is remembered.", (string)Assert.Single(card["verdicts"]!.AsArray())!);
    }

    [Fact]
    public async Task The_health_card_tells_gaps_duplicates_refusals_quarantine_and_what_is_overdue()
    {
        (TestHost host, JsonNode endpoint, _) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        foreach (int number in new[] { 1, 2, 5, 6 })
        {
            JsonObject report = Webhook.Final(number == 6 ? "mb9" : "mb1").With("idempotency_key", $"delivery-key-000000040{number}").With("result/sequence_number", number);
            await host.DeliverAsync(endpoint, report.With("result/next_expected_at", "2026-05-02T12:00:00Z"));
        }

        await host.DeliverAsync(endpoint, Webhook.Final("mb1").With("idempotency_key", "delivery-key-0000000401").With("result/sequence_number", 1).With("result/next_expected_at", "2026-05-02T12:00:00Z"));
        host.Time.UtcNow = TestHost.AfterApril.AddDays(2);
        byte[] body = Encoding.UTF8.GetBytes(Webhook.Final("mb1").ToJsonString());
        await host.PostBytesAsync(TestHost.PathOf(endpoint), body, null, "application/json", false, default, host.Signed(endpoint, body, secret: "another secret of thirty-two bytes"));

        JsonNode card = (await host.GetAsync(PathOf(endpoint, "health"))).Json;

        Assert.Equal(("2026-05-03T12:00:00Z", "2026-05-01T12:00:00Z"), ((string)card["last_seen"]!, (string)card["last_accepted"]!));
        Assert.Equal("""[{"status":200,"code":"accepted","count":4},{"status":200,"code":"duplicate","count":1},{"status":401,"code":"webhook_signature_invalid","count":1}]""", card["last_7_days"]!.ToJsonString());
        Assert.Equal("""[{"status":401,"code":"webhook_signature_invalid","count":1}]""", card["last_24_hours"]!.ToJsonString());
        Assert.Equal((0.2, 1, 1, true), ((double)card["duplicate_rate"]!, (int)card["refused_signatures"]!, (int)card["quarantined_deliveries"]!, (bool)card["overdue"]!));
        Assert.Equal("""[{"from":3,"to":4}]""", card["missing_sequence_numbers"]!.ToJsonString());
        Assert.Equal(4, card["verdicts"]!.AsArray().Count);
    }

    [Fact]
    public async Task The_log_is_written_when_the_process_stops_and_forgotten_when_it_is_old()
    {
        (TestHost host, JsonNode endpoint, _) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        await host.DeliverAsync(endpoint, Webhook.Final("mb1"));
        var history = host.Services.GetRequiredService<DeliveryHistory>();
        ValueTask<IReadOnlyList<LoggedDelivery>> ToldAsync() => history.ListAsync("default", (string)endpoint["id"]!, DateTimeOffset.UnixEpoch, null, 10, default);
        Assert.Empty(await ToldAsync());

        foreach (AdcpFunctions.Host.DeliveryLogFlush flush in host.Services.GetServices<Microsoft.Extensions.Hosting.IHostedService>().OfType<AdcpFunctions.Host.DeliveryLogFlush>())
            await flush.StopAsync(default);
        Assert.Single(await ToldAsync());
        host.Time.Advance(TimeSpan.FromDays(31));
        await host.Services.GetRequiredService<AdcpFunctions.Host.TimerWork>().RepairAsync(default);

        Assert.Empty(await ToldAsync());
    }

    [Theory]
    [InlineData("""{"id":"task_005","status":{"state":"completed"},"artifacts":[{"parts":[{"kind":"data","data":{"media_buy_id":"mb1"}}]}]}""")]
    [InlineData("""{"statusUpdate":{"status":{"state":"TASK_STATE_WORKING"}}}""")]
    [InlineData("""{"message":{"role":"agent","parts":[{"kind":"text","text":"done"}]}}""")]
    public async Task A2as_own_push_is_refused_by_its_name_and_never_acknowledged(string body)
    {
        (TestHost host, JsonNode endpoint, _) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;

        HttpAnswer answer = await host.DeliverAsync(endpoint, Encoding.UTF8.GetBytes(body));

        Assert.Equal((HttpStatusCode.BadRequest, "unsupported_envelope"), (answer.Status, (string)answer.Json["error"]!["code"]!));
    }

    private static string PathOf(JsonNode endpoint, string what) => $"/v1/webhook-endpoints/{(string)endpoint["id"]!}/{what}";
}
