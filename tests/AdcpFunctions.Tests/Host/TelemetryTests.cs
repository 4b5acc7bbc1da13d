using System.Text.Json.Nodes;
using AdcpFunctions.Host;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>Each instrument moves by exactly what happened.</summary>
public class TelemetryTests
{
    [Fact]
    public async Task Usage_is_counted_once_however_often_it_is_sent_and_refusals_by_code()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        using var measured = new Measured(host);
        JsonObject request = Usage.Request(Usage.Record(), Usage.Record().With("final", false), Usage.Record().With("currency", "usd"), Usage.Record("nowhere"), Usage.Record("elsewhere"));

        await host.UsageAsync(buyer, request);
        string[] once = ["records.accepted{kind=usage} 2", "records.refused{code=INVALID_USAGE_DATA} 1", "records.refused{code=MEDIA_BUY_NOT_FOUND} 2"];
        Assert.Equal(once, measured.Counted);
        await host.UsageAsync(buyer, request);

        Assert.Equal([once[0], "records.duplicate{kind=usage} 5", .. once[1..]], measured.Counted);
    }

    [Fact]
    public async Task What_was_not_acknowledged_is_not_counted_and_its_retry_is()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        using var measured = new Measured(host);
        host.Table.FaultBefore(call => call.Kind == TableCallKind.Submit && call.Partition.StartsWith("default.acme.", StringComparison.Ordinal));

        await host.UsageAsync(buyer, Usage.Request(Usage.Record()));
        Assert.Empty(measured.Counted);
        await host.UsageAsync(buyer, Usage.Request(Usage.Record()));

        Assert.Equal(["records.accepted{kind=usage} 1"], measured.Counted);
    }

    [Fact]
    public async Task Delivered_rows_are_taken_in_quarantined_or_duplicates()
    {
        (TestHost host, JsonNode endpoint, _) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        using var measured = new Measured(host);
        JsonObject delivery = Webhook.Final("mb1", "nobody's", "nobody's");

        await host.DeliverAsync(endpoint, delivery);
        Assert.Equal(["records.accepted{kind=delivery} 1", "statements.quarantined 2"], measured.Counted);
        await host.DeliverAsync(endpoint, delivery);
        Assert.Equal(["records.accepted{kind=delivery} 1", "records.duplicate{kind=delivery} 3", "statements.quarantined 2"], measured.Counted);
        await host.DeliverAsync(endpoint, delivery.With("timestamp", "2026-05-01T12:00:01Z"));

        // Other content under a used key is kept as evidence, row for row.
        Assert.Equal(["records.accepted{kind=delivery} 1", "records.duplicate{kind=delivery} 3", "statements.quarantined 5"], measured.Counted);
    }

    [Fact]
    public async Task Signatures_that_do_not_hold_are_counted_by_the_code_their_sender_is_told()
    {
        (TestHost host, JsonNode endpoint, _) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        using var measured = new Measured(host);
        byte[] body = System.Text.Encoding.UTF8.GetBytes(Webhook.Final("mb1").ToJsonString());

        await SendAsync(host.Signed(endpoint, body, secret: "another-secret-another-secret-32"));
        await SendAsync(host.Signed(endpoint, body, secret: "another-secret-another-secret-32"));
        await SendAsync(host.Signed(endpoint, body, secondsOff: -301));
        await SendAsync([]);

        Assert.Equal(
            ["signatures.rejected{code=webhook_signature_header_malformed} 1", "signatures.rejected{code=webhook_signature_invalid} 2", "signatures.rejected{code=webhook_signature_window_invalid} 1"],
            measured.Counted);

        Task SendAsync((string Name, string Value)[] headers) => host.PostBytesAsync(TestHost.PathOf(endpoint), body, headers: headers);
    }

    [Theory]
    [InlineData("campaignmanager.example", "settlements.published{basis=usage_push,fallback=false} 1")]
    [InlineData(null, "settlements.published{basis=seller_row,fallback=false} 1")]
    public async Task A_published_record_is_counted_once_by_the_count_it_is_billed_on(string? vendor, string counted)
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        await host.RegisterBuyAsync("mb1", TestHost.Contract(vendor: vendor));
        string buyer = await host.KeyAsync("buyer", ["acme"]);
        JsonNode endpoint = await host.EndpointAsync();
        host.Time.UtcNow = TestHost.AfterApril;
        if (vendor is null)
            await host.DeliverAsync(endpoint, Webhook.Final("mb1"));
        else
            await host.UsageAsync(buyer, Usage.Request(Usage.Record()));
        using var measured = new Measured(host);

        await RelayAsync(host);
        await RelayAsync(host);

        Assert.Equal([counted], measured.Counted);
    }

    [Fact]
    public async Task Sandbox_is_published_to_its_own_feed_and_not_counted()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync("acme", TestHost.Account().With("sandbox", true));
        await host.RegisterBuyAsync("mb1", TestHost.Contract(vendor: "campaignmanager.example"));
        string buyer = await host.KeyAsync("buyer", ["acme"]);
        host.Time.UtcNow = TestHost.AfterApril;
        await host.UsageAsync(buyer, Usage.Request(Usage.Record()));
        using var measured = new Measured(host);

        await RelayAsync(host);

        Assert.Single((await host.GetAsync("/v1/settled-records?sandbox=true")).Json["records"]!.AsArray());
        Assert.Empty(measured.Counted);
    }

    [Fact]
    public async Task A_breach_is_counted_when_it_is_recorded_and_never_again()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        string settlement = await host.RegisterBuyAsync("mb1", TestHost.Contract(vendor: "campaignmanager.example", deadlineHours: 48));
        using var measured = new Measured(host);

        await host.SweepAtAsync(TestHost.AfterApril.AddDays(30));
        await host.Services.GetRequiredService<TimerWork>().EnforceFinalizationDeadlinesAsync(CancellationToken.None);
        await host.ReportAsync(await host.KeyAsync("buyer", ["acme"]), 5_000_000, final: true);

        Assert.NotNull((await host.SettlementAsync(settlement))["breach"]);
        Assert.Equal(["deadlines.missed 1", "records.accepted{kind=usage} 1"], measured.Counted);
    }

    [Fact]
    public async Task A_restored_pointer_is_counted()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        await host.UsageAsync(buyer, Usage.Request(Usage.Record()));
        IReadOnlyList<(TableRow Row, PointerDocument Pointer)> pointers = await host.Services.GetRequiredService<Outbox>().PointersAsync("default", CancellationToken.None);
        await host.Services.GetRequiredService<Outbox>().RemoveAsync("default", [Assert.Single(pointers).Row], CancellationToken.None);
        using var measured = new Measured(host);
        TimerWork timers = host.Services.GetRequiredService<TimerWork>();

        await timers.RepairAsync(CancellationToken.None);
        await timers.RepairAsync(CancellationToken.None);

        Assert.Equal(["pointers.repaired 1"], measured.Counted);
    }

    [Fact]
    public async Task Instruments_carry_these_names_and_units()
    {
        await using TestHost host = await TestHost.StartAsync();
        using var measured = new Measured(host);

        Assert.Equal(
            [
                "adcp.deadlines.missed {settlement}", "adcp.due.backlog {settlement}", "adcp.keys.admitted {key}", "adcp.keys.changed {change}", "adcp.keys.fetches {fetch}", "adcp.pointers.repaired {pointer}", "adcp.publications.refused {record}", "adcp.publications.uncertain {record}",
                "adcp.records.accepted {record}", "adcp.records.duplicate {record}", "adcp.records.refused {record}", "adcp.relay.lag s", "adcp.settlements.published {record}",
                "adcp.signatures.rejected {request}", "adcp.snapshots {reading}", "adcp.statements.quarantined {statement}", "adcp.storage.requests {request}", "adcp.timers.faulted {ring}", "adcp.webhooks.mode_mismatch {request}",
            ],
            measured.Units.Select(i => $"{i.Key} {i.Value}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_only_the_publisher_and_the_store_know_is_theirs_to_tell()
    {
        using var telemetry = new Telemetry(TimeProvider.System, () => [("get", 7), ("batch", 3)]);
        using var measured = new Measured(telemetry);

        telemetry.PublicationsUncertain(2);
        telemetry.PublicationsRefused(1);

        Assert.Equal(["publications.refused 1", "publications.uncertain 2"], measured.Counted);
        Assert.Equal((7, 3), (measured.Now("storage.requests{kind=get}"), measured.Now("storage.requests{kind=batch}")));
    }

    [Fact]
    public void A_push_costs_nothing_where_nobody_listens()
    {
        using var telemetry = new Telemetry(TimeProvider.System, () => []);
        Push();

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1_000; i++)
            Push();

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Push()
        {
            telemetry.UsageTaken(1_000, []);
            telemetry.DeliveryTaken(1, 1);
            telemetry.StartRing("relay");
        }
    }

    private static Task RelayAsync(TestHost host) => host.Services.GetRequiredService<TimerWork>().RelaySettledRecordsAsync(CancellationToken.None);
}
