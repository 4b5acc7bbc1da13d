using System.Globalization;
using System.Text.Json;
using AdcpFunctions.Host;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>What the ledger promises when its processes, one or several, are killed at any moment: the same as if nothing had happened.</summary>
public sealed class FleetTests : IDisposable
{
    private static readonly Lock Gate = new();
    private static Task<SeasonOutcome>? _undisturbed;

    private readonly string _folder = Directory.CreateTempSubdirectory("adcp-fleet-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact(Timeout = 240_000)]
    public async Task A_season_without_a_disturbance_publishes_and_breaches_what_it_must()
    {
        SeasonOutcome outcome = await UndisturbedAsync();

        Assert.Equal(Season.Published, outcome.Published.Count);
        Assert.Equal(Season.Silent, outcome.Settlements.Count(line => line.Contains(" breached ", StringComparison.Ordinal)));
        Assert.Contains(outcome.Published, line => line.Contains(".2 ", StringComparison.Ordinal) && line.Contains("\"amount\":\"100.00\"", StringComparison.Ordinal));
        foreach (string state in new[] { "settled", "adjusted", "variance_exceeded", "fallback_available" })
            Assert.Contains(outcome.Settlements, line => line.Contains($" {state} ", StringComparison.Ordinal));
    }

    [Fact(Timeout = 240_000)]
    public async Task One_process_killed_at_random_moments_ends_as_if_nothing_had_happened_and_its_queue_file_holds_each_record_once()
    {
        string queue = Path.Combine(_folder, "queue");
        IReadOnlyList<JsonElement> feed = await PlayAsync(1, new() { ["Ledger__Path"] = Path.Combine(_folder, "ledger.db"), ["Publisher__QueueDir"] = queue }, async fleet =>
        {
            for (int wait = 0; wait < 100 && (await QueuedAsync(queue)).Length < Season.Published; wait++)
                await Task.Delay(100);
        });

        Assert.Equal(feed.Select(record => record.GetProperty("message_id").GetString()), await QueuedAsync(queue));
    }

    [Fact(Timeout = 240_000)]
    public async Task Two_processes_on_one_file_killed_at_random_moments_end_as_one_undisturbed() =>
        await PlayAsync(2, new() { ["Ledger__Path"] = Path.Combine(_folder, "ledger.db") }, _ => Task.CompletedTask);

    [Theory(Timeout = 240_000)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task Processes_on_one_table_killed_at_random_moments_end_as_one_undisturbed(int processes) =>
        await PlayAsync(processes, await TableAsync(), _ => Task.CompletedTask);

    [Fact(Timeout = 240_000)]
    public async Task Storage_that_fails_one_call_in_ten_before_or_after_its_effect_leaves_nothing_wrong_and_nothing_twice()
    {
        Dictionary<string, string> settings = await TableAsync();
        int seed = Seed.Of(4);
        await using UnreliableStorage storage = await UnreliableStorage.StartAsync(OriginOf(settings["Ledger__ConnectionString"]), percent: 10, seed);
        Dictionary<string, string> unreliable = new(settings) { ["Ledger__ConnectionString"] = settings["Ledger__ConnectionString"].Replace(OriginOf(settings["Ledger__ConnectionString"]), storage.Origin, StringComparison.Ordinal) };
        await using Fleet fleet = await Fleet.StartAsync(2, unreliable);
        var season = new Season(fleet);
        await season.RegisterAsync();
        await season.SendAsync(TimeSpan.Zero);

        (await SeasonOutcome.OfAsync(fleet)).AssertIs(await UndisturbedAsync());
        Assert.All(storage.Struck, kind => Assert.True(kind.Value > 0, $"{kind.Key} never happened (seed {seed})."));
        Assert.Equal(7, storage.Struck.Count);
        await AssertReplaysAsync(settings);
    }

    private static async Task<Dictionary<string, string>> TableAsync() => new()
    {
        ["Ledger__Kind"] = "AzureTables",
        ["Ledger__ConnectionString"] = (await Azurite.SharedAsync()).ConnectionString,
        ["Ledger__Table"] = Azurite.NewTable(),
    };

    private static string OriginOf(string connectionString) => new Uri(connectionString.Split("TableEndpoint=")[1]).GetLeftPart(UriPartial.Authority);

    /// <summary>Plays a season on processes that are killed now and then, and compares what it ends in.</summary>
    private static async Task<IReadOnlyList<JsonElement>> PlayAsync(int processes, Dictionary<string, string> settings, Func<Fleet, Task> settle)
    {
        int seed = Seed.Of(20261121);
        await using Fleet fleet = await Fleet.StartAsync(processes, settings);
        var season = new Season(fleet);
        await season.RegisterAsync();
        using var done = new CancellationTokenSource();
        Task killing = fleet.KillNowAndThenAsync(seed, most: 10, done.Token);
        await season.SendAsync(TimeSpan.FromMilliseconds(150));
        await done.CancelAsync();
        await killing;
        Assert.True(fleet.Kills >= 5, $"Only {fleet.Kills} kills: the season was over before it was tried (seed {seed}).");

        SeasonOutcome outcome = await SeasonOutcome.OfAsync(fleet);
        outcome.AssertIs(await UndisturbedAsync());
        await settle(fleet);
        await AssertReplaysAsync(settings);
        return await SeasonOutcome.FeedAsync(fleet);
    }

    private static Task<SeasonOutcome> UndisturbedAsync()
    {
        lock (Gate)
            return _undisturbed ??= RunAsync();

        static async Task<SeasonOutcome> RunAsync()
        {
            string folder = Directory.CreateTempSubdirectory("adcp-season-").FullName;
            await using Fleet fleet = await Fleet.StartAsync(1, new Dictionary<string, string> { ["Ledger__Path"] = Path.Combine(folder, "ledger.db") });
            var season = new Season(fleet);
            await season.RegisterAsync();
            await season.SendAsync(TimeSpan.Zero);
            SeasonOutcome outcome = await SeasonOutcome.OfAsync(fleet);
            Directory.Delete(folder, recursive: true);
            return outcome;
        }
    }

    private static async Task<string[]> QueuedAsync(string folder)
    {
        string path = Path.Combine(folder, "settled-records.default.ndjson");
        if (!File.Exists(path))
            return [];
        using var file = new StreamReader(File.Open(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return [.. (await file.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("message_id").GetString()!)];
    }

    /// <summary>The processes are still running: a replay needs no ledger to itself.</summary>
    private static async Task AssertReplaysAsync(Dictionary<string, string> settings)
    {
        using StringWriter output = new(), errors = new();
        string[] arguments = [.. settings.Where(s => s.Key.StartsWith("Ledger__", StringComparison.Ordinal)).SelectMany(s => new[] { "--" + s.Key.Replace("__", ":", StringComparison.Ordinal), s.Value })];
        int code = await ReplayCommand.RunAsync(arguments, output, errors);
        Assert.True(code == 0, $"{output}{errors}");
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"{Season.Published} records: no difference"), output.ToString(), StringComparison.Ordinal);
    }
}
