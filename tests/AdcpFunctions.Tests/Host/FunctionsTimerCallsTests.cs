using System.Net;
using System.Net.Sockets;
using System.Text;
using AdcpFunctions.Host;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AdcpFunctions.Tests.Host;

/// <summary>Timer invocations as the Functions host sends them, byte by byte (spec azure-platform 1.3 to 1.5).</summary>
public class FunctionsTimerCallsTests
{
    public static readonly TheoryData<string> Timers = ["EnforceFinalizationDeadlines", "PullSnapshots", "RelaySettledRecords", "RepairPointers"];

    [Theory]
    [MemberData(nameof(Timers))]
    public async Task The_recorded_invocation_is_answered_200_with_an_empty_object(string timer)
    {
        await using TestHost host = await StartAsync();

        string[] lines = (await SendAsync(host, Recorded(timer))).Split("\r\n");

        Assert.Equal("HTTP/1.1 200 OK", lines[0]);
        Assert.Equal(["Content-Length: 2", "Content-Type: application/json"], lines[1..^2].Where(l => l.StartsWith("Content-Length", StringComparison.Ordinal) || l.StartsWith("Content-Type:", StringComparison.Ordinal)));
        Assert.Equal(["", "{}"], lines[^2..]);
    }

    [Fact]
    public async Task An_invocation_does_the_timers_work()
    {
        await using TestHost host = await StartAsync();
        await host.RegisterAccountAsync();
        string settlement = await host.RegisterBuyAsync("mb1", TestHost.Contract(vendor: "campaignmanager.example", deadlineHours: 24));
        host.Time.UtcNow = TestHost.AfterApril.AddDays(10);

        await SendAsync(host, Recorded("EnforceFinalizationDeadlines"));
        await SendAsync(host, Recorded("EnforceFinalizationDeadlines"));

        Assert.Equal("breached", await host.StateAsync(settlement));
    }

    [Fact]
    public async Task An_invocation_publishes_what_was_decided_once()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync(UnderFunctions);
        await using TestHost disposed = host;
        await host.UsageAsync(buyer, Usage.Request(Usage.Record()));

        await SendAsync(host, Recorded("RelaySettledRecords"));
        await SendAsync(host, Recorded("RelaySettledRecords"));

        Assert.Single((await host.GetAsync("/v1/settled-records")).Json["records"]!.AsArray());
    }

    [Theory]
    [InlineData("x-ms-invocation-id: 3683d882-a6ec-4b28-bed9-20b1632a3358")]
    [InlineData("X-Forwarded-For: 203.0.113.9")]
    [InlineData("x-forwarded-host: settlement.example")]
    [InlineData("X-Forwarded-Proto: https")]
    public async Task A_call_that_came_through_the_proxy_finds_nothing_there(string mark)
    {
        await using TestHost host = await StartAsync();
        int calls = host.Table.Calls.Count;

        string refused = await SendAsync(host, Recorded("RelaySettledRecords").Replace("Transfer-Encoding", mark + "\r\nTransfer-Encoding", StringComparison.Ordinal));
        string unknown = await SendAsync(host, Recorded("NoSuchFunction"));

        Assert.StartsWith("HTTP/1.1 404 Not Found", refused, StringComparison.Ordinal);
        Assert.Equal(WithoutDate(unknown), WithoutDate(refused));
        Assert.Equal(calls, host.Table.Calls.Count);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("PUT")]
    [InlineData("OPTIONS")]
    public async Task Another_method_finds_nothing_there(string method)
    {
        await using TestHost host = await StartAsync();

        string refused = await SendAsync(host, Recorded("RelaySettledRecords").Replace("POST", method, StringComparison.Ordinal));

        Assert.Equal(WithoutDate(await SendAsync(host, Recorded("NoSuchFunction").Replace("POST", method, StringComparison.Ordinal))), WithoutDate(refused));
    }

    [Fact]
    public async Task A_fault_is_a_500_that_tells_nothing_and_the_retry_does_the_work()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync(UnderFunctions);
        await using TestHost disposed = host;
        await host.UsageAsync(buyer, Usage.Request(Usage.Record()));
        host.Table.FaultBefore(call => call.Partition == LedgerKeys.Feed("default", sandbox: false));

        string faulted = await SendAsync(host, Recorded("RelaySettledRecords"));
        Assert.StartsWith("HTTP/1.1 500 Internal Server Error", faulted, StringComparison.Ordinal);
        Assert.Contains("\"code\":\"timer_faulted\"", faulted, StringComparison.Ordinal);
        Assert.DoesNotContain("Call ", faulted, StringComparison.Ordinal);
        Assert.Empty((await host.GetAsync("/v1/settled-records")).Json["records"]!.AsArray());

        Assert.StartsWith("HTTP/1.1 200 OK", await SendAsync(host, Recorded("RelaySettledRecords")), StringComparison.Ordinal);
        Assert.Single((await host.GetAsync("/v1/settled-records")).Json["records"]!.AsArray());
    }

    [Fact]
    public async Task What_is_wrong_with_one_tenant_stops_no_other()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync(UnderFunctions);
        await using TestHost disposed = host;
        await host.UsageAsync(buyer, Usage.Request(Usage.Record()));
        host.Table.FaultBefore(call => call.Partition == LedgerKeys.OutboxPointers("other"), times: 1_000);

        for (int minute = 0; minute < 2; minute++)
        {
            host.Time.Advance(TimeSpan.FromMinutes(1));
            Assert.StartsWith("HTTP/1.1 500", await SendAsync(host, Recorded("RelaySettledRecords")), StringComparison.Ordinal);
            Assert.Single((await host.GetAsync("/v1/settled-records")).Json["records"]!.AsArray());
        }
    }

    [Fact]
    public async Task A_ring_while_another_instance_works_is_answered_at_once()
    {
        await using TestHost host = await StartAsync();
        Assert.NotNull(await host.Services.GetRequiredService<WorkLease>().TakeAsync("RelaySettledRecords", default));
        int calls = host.Table.Calls.Count;

        Assert.EndsWith("{}", await SendAsync(host, Recorded("RelaySettledRecords")), StringComparison.Ordinal);

        Assert.Equal(calls + 1, host.Table.Calls.Count);
    }

    [Fact]
    public async Task The_hosts_probe_is_answered_without_the_ledger()
    {
        await using TestHost host = await StartAsync();
        int calls = host.Table.Calls.Count;

        Assert.StartsWith("HTTP/1.1 404", await SendAsync(host, "GET / HTTP/1.1\r\nHost: 127.0.0.1:38631\r\n\r\n"), StringComparison.Ordinal);

        Assert.Equal(calls, host.Table.Calls.Count);
    }

    private static void UnderFunctions(HostOptions options) => (options.FunctionsPort, options.PublicOrigin) = (1, "https://settlement.example");

    private static Task<TestHost> StartAsync() => TestHost.StartAsync(UnderFunctions);

    /// <summary>The recorded request of spec 1.3, with this function's name.</summary>
    private static string Recorded(string function)
    {
        string body = """{"Data":{"myTimer":{"Schedule":{"AdjustForDST":true},"ScheduleStatus":{"Last":"2026-11-21T08:02:56.5473722+00:00","Next":"2026-11-21T08:07:56.5484317+00:00","LastUpdated":"2026-11-21T08:02:56.548441+00:00"},"IsPastDue":false}},"Metadata":{"sys":{"MethodName":"Sweep","UtcNow":"2026-11-21T08:07:56.5486087Z","RandGuid":"796e670a-2494-40d8-b9d0-0cf4b023893d"}}}"""
            .Replace("Sweep", function, StringComparison.Ordinal);
        return string.Join("\r\n",
            $"POST /{function} HTTP/1.1",
            "Host: 127.0.0.1:38631",
            "X-Azure-Functions-HostVersion: 4.1037.0.0",
            "X-Azure-Functions-InvocationId: 3683d882-a6ec-4b28-bed9-20b1632a3358",
            "User-Agent: Azure-Functions-Host/4.1037.0.0",
            "Transfer-Encoding: chunked",
            "Content-Type: application/json; charset=utf-8",
            "",
            body.Length.ToString("X", System.Globalization.CultureInfo.InvariantCulture),
            body,
            "0",
            "",
            "");
    }

    /// <summary>Sends bytes and reads one answer, whose length its header says.</summary>
    private static async Task<string> SendAsync(TestHost host, string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, host.Address.Port);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        var answer = new StringBuilder();
        byte[] buffer = new byte[4096];
        while (!IsWhole(answer.ToString()))
        {
            int read = await stream.ReadAsync(buffer);
            Assert.True(read > 0, $"The connection ended after: {answer}");
            answer.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }

        return answer.ToString();
    }

    private static bool IsWhole(string answer)
    {
        int head = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (head < 0)
            return false;
        string? length = answer[..head].Split("\r\n").FirstOrDefault(l => l.StartsWith("Content-Length: ", StringComparison.Ordinal));
        return length is null
            ? answer.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal)
            : answer.Length >= head + 4 + int.Parse(length["Content-Length: ".Length..], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static string WithoutDate(string answer) => string.Join('\n', answer.Split("\r\n").Where(l => !l.StartsWith("Date: ", StringComparison.Ordinal)));
}
