using System.Globalization;
using System.Text.Json;
using AdcpFunctions.Host;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>What the ledger promises when its processes, one or several, are killed at any moment: the same as if nothing had happened.</summary>
public sealed class FleetTests : IAsyncLifetime
{
    private static readonly Lock Gate = new();
    private static Task<SeasonOutcome>? _undisturbed;

    private readonly string _folder = Directory.CreateTempSubdirectory("adcp-fleet-").FullName;

    /// <summary>Publishing is no part of any test's time.</summary>
    public async ValueTask InitializeAsync() => await PublishedApp.EnsureAsync();

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact(Timeout = 600_000)]
    public async Task A_season_without_a_disturbance_publishes_and_breaches_what_it_must()
    {
        SeasonOutcome outcome = await UndisturbedAsync();

        Assert.Equal(Season.Published, outcome.Published.Count);
        Assert.Equal(Season.Silent, outcome.Settlements.Count(line => line.Contains(" breached ", StringComparison.Ordinal)));
        Assert.Contains(outcome.Published, line => line.Contains(".2 ", StringComparison.Ordinal) && line.Contains("\"amount\":\"100.00\"", StringComparison.Ordinal));
        foreach (string state in new[] { "settled", "adjusted", "variance_exceeded", "fallback_available" })
            Assert.Contains(outcome.Settlements, line => line.Contains($" {state} ", StringComparison.Ordinal));
    }

    [Fact(Timeout = 600_000)]
    public async Task One_process_killed_at_random_moments_ends_as_if_nothing_had_happened_and_its_queue_file_holds_each_record_once()
    {
        string queue = Path.Combine(_folder, "queue");
        var settings = new Dictionary<string, string> { ["Ledger__Path"] = Path.Combine(_folder, "ledger.db"), ["Publisher__QueueDir"] = queue };

        IReadOnlyList<string> feed = await PlayAsync(1, settings, () => QueuedAsync(queue), executable: null);

        Assert.Equal(feed, await QueuedAsync(queue));
    }

    [Fact(Timeout = 600_000)]
    public async Task Two_published_apps_on_one_file_killed_at_random_moments_end_as_one_undisturbed()
    {
        await using FakeServiceBus bus = await FakeServiceBus.StartAsync(TimeProvider.System);

        await PlayOverAsync(bus, 2, new() { ["Ledger__Path"] = Path.Combine(_folder, "ledger.db") });
    }

    [Theory(Timeout = 600_000)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task Published_apps_on_one_table_killed_at_random_moments_end_as_one_undisturbed(int processes)
    {
        await using FakeServiceBus bus = await FakeServiceBus.StartAsync(TimeProvider.System);

        await PlayOverAsync(bus, processes, await TableAsync());
    }

    [Fact(Timeout = 600_000)]
    public async Task Storage_that_fails_one_call_in_ten_and_a_broker_that_loses_every_fourth_answer_leave_nothing_wrong_and_nothing_twice()
    {
        int seed = Seed.Of(4);
        Dictionary<string, string> settings = await TableAsync();
        string origin = OriginOf(settings["Ledger__ConnectionString"]);
        await using UnreliableStorage storage = await UnreliableStorage.StartAsync(origin, percent: 10, seed);
        await using FakeServiceBus bus = await FakeServiceBus.StartAsync(TimeProvider.System);
        bus.Inject = batch => batch.Number % 4 == 1 ? BusFault.LostReply : batch.Number % 4 == 3 ? new BusFault(503, RetryAfterSeconds: 1) : null;
        Dictionary<string, string> unreliable = new(Over(bus, settings)) { ["Ledger__ConnectionString"] = settings["Ledger__ConnectionString"].Replace(origin, storage.Origin, StringComparison.Ordinal) };
        await using Fleet fleet = await Fleet.StartAsync(2, unreliable);
        var season = new Season(fleet);
        await season.RegisterAsync();
        await season.SendAsync(TimeSpan.Zero);

        (await SeasonOutcome.OfAsync(fleet)).AssertIs(await UndisturbedAsync());
        await AssertReceivedOnceAsync(fleet, () => Task.FromResult(Received(bus)));
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

    private static Dictionary<string, string> Over(FakeServiceBus bus, Dictionary<string, string> ledger) =>
        new(ledger) { ["Publisher__Kind"] = "ServiceBus", ["Publisher__ConnectionString"] = bus.ConnectionString };

    private static string[] Received(FakeServiceBus bus) => [.. bus.Taken.Select(message => message.MessageId)];

    private static async Task PlayOverAsync(FakeServiceBus bus, int processes, Dictionary<string, string> ledger)
    {
        await PlayAsync(processes, Over(bus, ledger), () => Task.FromResult(Received(bus)), PublishedApp.Executable);
        Assert.DoesNotContain(bus.Answers, answer => answer.Status >= 400);
    }

    private static string OriginOf(string connectionString) => new Uri(connectionString.Split("TableEndpoint=")[1]).GetLeftPart(UriPartial.Authority);

    /// <summary>Plays a season on processes that are killed now and then, and compares what it ends in.</summary>
    /// <returns>The message ids of the feed, in its order.</returns>
    private static async Task<IReadOnlyList<string>> PlayAsync(int processes, Dictionary<string, string> settings, Func<Task<string[]>> received, string? executable)
    {
        int seed = Seed.Of(20261121);
        await using Fleet fleet = await Fleet.StartAsync(processes, settings, executable);
        var season = new Season(fleet);
        await season.RegisterAsync();
        using var done = new CancellationTokenSource();
        Task killing = fleet.KillNowAndThenAsync(seed, most: 10, done.Token);
        await season.SendAsync(TimeSpan.FromMilliseconds(150));
        await done.CancelAsync();
        await killing;
        Assert.True(fleet.Kills >= 5, $"Only {fleet.Kills} kills: the season was over before it was tried (seed {seed}).");

        (await SeasonOutcome.OfAsync(fleet)).AssertIs(await UndisturbedAsync());
        IReadOnlyList<string> feed = await AssertReceivedOnceAsync(fleet, received);
        await AssertReplaysAsync(settings);
        return feed;
    }

    private static async Task<IReadOnlyList<string>> AssertReceivedOnceAsync(Fleet fleet, Func<Task<string[]>> received)
    {
        string[] feed = [.. (await SeasonOutcome.FeedAsync(fleet)).Select(record => record.GetProperty("message_id").GetString()!)];
        for (int wait = 0; wait < 300 && (await received()).Length < feed.Length; wait++)
            await Task.Delay(100);
        Assert.Equal(feed.Order(StringComparer.Ordinal), (await received()).Order(StringComparer.Ordinal));
        return feed;
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
