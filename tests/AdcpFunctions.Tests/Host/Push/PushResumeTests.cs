using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>What is killed goes on: nothing is lost, nothing is twice.</summary>
public sealed class PushResumeTests : IDisposable
{
    private const int Records = 100_000;

    /// <summary>One record in so many settles by itself; the others are kept as evidence.</summary>
    private const int FinalEvery = 50;

    private readonly PushFolder _folder = new();

    [Fact]
    public async Task A_batch_whose_answer_never_came_is_sent_again_under_the_same_key_after_a_kill()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedAgent agent = await ScriptedAgent.StartAsync(call =>
        {
            if (call.Nth != 2)
                return call.AcceptAsync();
            asked.SetResult();
            return Task.Delay(Timeout.Infinite, call.Http.RequestAborted);
        });
        string file = _folder.Write("usage.ndjson", Enumerable.Range(1, 5).Select(i => Usage.Record($"mb{i}")));
        using (var killed = new ChildPush("a-key", file, "--to", agent.Plain, "--period", PushFolder.April, "--batch", "2"))
        {
            await asked.Task;
            await killed.KillAsync();
        }

        // What a death in the middle of a line leaves.
        await File.AppendAllTextAsync(file + ".push/journal.ndjson", """{"answered":1,"answ""");
        (int code, string output, string errors) = await _folder.PushAsync(file, agent.Plain, "a-key", "--batch", "2");

        Assert.Equal((0, ""), (code, errors));
        Assert.StartsWith("going on after 2 of 5 records", output, StringComparison.Ordinal);
        Assert.Equal(4, agent.Keys.Count);
        Assert.Equal(agent.Keys[1], agent.Keys[2]);
        Assert.Equal(3, agent.Keys.Distinct().Count());
        Assert.Equal([1, 2, 3, 4, 5], PushFolder.Results(file).Where(row => row.Status == "accepted").Select(row => row.Line));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_hundred_thousand_records_end_up_once_each_though_the_push_is_killed_twice_and_the_server_once()
    {
        string ledger = Path.Combine(_folder.Path, "ledger.db");
        await using var server = new ChildHost(new Dictionary<string, string> { ["Ledger__Path"] = ledger });
        await server.StartAsync();
        string key = await RegisterAsync(server);
        string file = _folder.Write("usage.ndjson", Enumerable.Range(1, Records).Select(RecordOf));
        string[] arguments = [file, "--to", new Uri(server.Http.BaseAddress!, "/mcp").ToString(), "--period", PushFolder.April];

        foreach (int until in new[] { 40, 90 })
        {
            using var killed = new ChildPush(key, arguments);
            await killed.UntilAsync($"batch {until}/200:");
            await killed.KillAsync();
        }

        using var last = new ChildPush(key, arguments);
        await last.UntilAsync("batch 140/200:");
        await server.KillAsync();
        await server.StartAsync();
        (int code, string errors) = await last.EndAsync();

        Assert.Equal((0, ""), (code, errors));
        Assert.Contains(last.Lines, line => line.Contains("100,000 accepted", StringComparison.Ordinal) && line.Contains("0 refused, 0 unclear, 0 open", StringComparison.Ordinal));
        IReadOnlyList<PushRow> results = PushFolder.Results(file);
        Assert.Equal(Enumerable.Range(1, Records), results.Select(row => row.Line));
        Assert.All(results, row => Assert.True(row.Status is "accepted" or "replayed" && row.Key.Length > 0, $"line {row.Line}: {row.Status}"));
        await AssertSettledOnceAsync(server);
        await server.StopAsync();
        await AssertKeptOnceAsync(ledger);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Each says its own number, in its cost or in its count, so that one lost or doubled is missed or found.</summary>
    private static JsonNode RecordOf(int number) => number % FinalEvery == 0
        ? VendorSample.Signal($"seg_{number}").With("impressions", number * 1_000).With("vendor_cost", number * 2.5m)
        : Usage.Record(impressions: number).With("final", false).Without("finalized_at");

    private static async Task<string> RegisterAsync(ChildHost server)
    {
        await PutAsync(server, "/v1/accounts/acme", VendorSample.Account());
        await PutAsync(server, "/v1/media-buys/mb1", TestHost.Contract(vendor: "campaignmanager.example"));
        await PutAsync(server, "/v1/agents/buyer", new JsonObject { ["role"] = "buyer", ["accounts"] = new JsonArray("acme") });
        using HttpRequestMessage request = ChildHost.Request(HttpMethod.Post, "/v1/agents/buyer/keys", "{}");
        using HttpResponseMessage issued = await server.Http.SendAsync(request);
        return (string)JsonNode.Parse(await issued.Content.ReadAsStringAsync())!["key"]!;
    }

    private static async Task PutAsync(ChildHost server, string path, JsonNode body)
    {
        using HttpRequestMessage request = ChildHost.Request(HttpMethod.Put, path, body.ToJsonString());
        using HttpResponseMessage answer = await server.Http.SendAsync(request);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>The feed has each final once, at its first revision and its own amount.</summary>
    private static async Task AssertSettledOnceAsync(ChildHost server)
    {
        string[] expected = [.. Enumerable.Range(1, Records / FinalEvery).Select(i => string.Create(CultureInfo.InvariantCulture, $"seg_{i * FinalEvery} 1 {i * FinalEvery * 2.5m:0.00}"))];
        List<string> found = [];
        for (int tries = 0; tries < 200 && found.Count < expected.Length; tries++)
        {
            await Task.Delay(100);
            found = [];
            for (string? next = "/v1/settled-records?limit=1000"; next is not null;)
            {
                using HttpRequestMessage page = ChildHost.Request(HttpMethod.Get, next);
                using HttpResponseMessage answer = await server.Http.SendAsync(page);
                JsonNode body = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
                JsonArray records = body["records"]!.AsArray();
                found.AddRange(records.Select(r => $"{r!["vendor_usage"]!["id"]} {r["revision"]} {r["cumulative"]!["amount"]}"));
                next = records.Count == 0 ? null : $"/v1/settled-records?limit=1000&after={Uri.EscapeDataString((string)body["next"]!)}";
            }
        }

        Assert.Equal(expected.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    /// <summary>The ledger's pages have each provisional record once.</summary>
    private static async Task AssertKeptOnceAsync(string path)
    {
        await using SqliteTable table = SqliteTable.OpenForReading(path);
        var statements = new StatementLedger(table, null!, null!);
        var april = new ReportingPeriod(new DateTimeOffset(2026, 4, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2026, 5, 1, 0, 0, 0, TimeSpan.Zero));
        var found = new List<int>();
        for (int shard = 0; shard < LedgerKeys.Shards; shard++)
        {
            foreach (Page page in await statements.PagesAsync(LedgerKeys.Ledger("default", "acme", shard), april, default))
                found.AddRange(page.Lines.Select(line => (int)JsonNode.Parse(Encoding.UTF8.GetString(line.Span))!["impressions"]!));
        }

        Assert.Equal(Enumerable.Range(1, Records).Where(i => i % FinalEvery != 0), found.Order());
    }
}
