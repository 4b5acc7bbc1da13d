using System.Net;
using AdcpFunctions.Adapters;
using AdcpFunctions.Host;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Adapters;
using AdcpFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AdcpFunctions.Tests.Host;

/// <summary>What operators and load balancers are told, and that strangers learn nothing from it.</summary>
public class HealthTests
{
    [Fact]
    public async Task A_service_is_ready_when_its_ledger_answers_and_says_so_of_each_part()
    {
        await using TestHost host = await TestHost.StartAsync();

        Assert.Equal((HttpStatusCode.OK, """{"status":"ready","ledger":"ok","publisher":"untried"}"""), await ReadyAsync(host));
        await host.Services.GetRequiredService<TimerWork>().RelaySettledRecordsAsync(CancellationToken.None);

        Assert.Equal((HttpStatusCode.OK, """{"status":"ready","ledger":"ok","publisher":"ok"}"""), await ReadyAsync(host));
    }

    [Fact]
    public async Task Without_its_ledger_a_service_lives_and_is_not_ready()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.CloseLedgerAsync();

        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"status":"unavailable","ledger":"failing","publisher":"untried"}"""), await ReadyAsync(host));
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/health/live", null)).Status);
    }

    [Fact]
    public async Task A_ledger_that_times_out_is_one_that_does_not_answer()
    {
        await using TestHost host = await TestHost.StartAsync();
        host.Table.Before = _ => throw new TaskCanceledException("The account key is k.");

        (HttpStatusCode status, string body) = await ReadyAsync(host);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"status":"unavailable","ledger":"failing","publisher":"untried"}"""), (status, body));
    }

    [Fact]
    public async Task A_publisher_that_fails_is_named_with_its_first_failure_and_takes_nobody_out_of_rotation()
    {
        using var folder = new TemporaryFile();
        string queue = Path.GetDirectoryName(folder.Path)!;
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync(options => options.QueueDir = queue);
        await using TestHost running = host;
        await host.UsageAsync(buyer, Usage.Request(Usage.Record()));
        string inTheWay = Path.Combine(queue, "settled-records.default.ndjson");
        Directory.CreateDirectory(inTheWay);
        TimerWork timers = host.Services.GetRequiredService<TimerWork>();

        await Assert.ThrowsAsync<AggregateException>(() => timers.RelaySettledRecordsAsync(CancellationToken.None));
        host.Time.Advance(TimeSpan.FromMinutes(1));
        await Assert.ThrowsAsync<AggregateException>(() => timers.RelaySettledRecordsAsync(CancellationToken.None));

        Assert.Equal((HttpStatusCode.OK, """{"status":"ready","ledger":"ok","publisher":"failing since 2026-05-01T12:00:00Z"}"""), await ReadyAsync(host));
        Directory.Delete(inTheWay);
        await timers.RelaySettledRecordsAsync(CancellationToken.None);
        Assert.Equal((HttpStatusCode.OK, """{"status":"ready","ledger":"ok","publisher":"ok"}"""), await ReadyAsync(host));
        Assert.Equal(new Holding.UpTo(1), await new NdjsonPublisher(queue).HoldingAsync("default", CancellationToken.None));
    }

    private static async Task<(HttpStatusCode Status, string Body)> ReadyAsync(TestHost host)
    {
        HttpAnswer answer = await host.GetAsync("/health/ready", null);
        return (answer.Status, answer.Body);
    }
}
