using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

public sealed class NonceLogPlainTests() : NonceLogTests(splitsPages: false);

public sealed class NonceLogSplitTests() : NonceLogTests(splitsPages: true);

public sealed class NonceLogAzuriteTests() : NonceLogTests(splitsPages: false)
{
    protected override bool OverAzurite => true;
}

/// <summary>Replay is impossible on any instance, and what makes it so is neither without bound nor kept for good.</summary>
public abstract class NonceLogTests(bool splitsPages) : LedgerSuite(splitsPages)
{
    private const string Signer = "https://sales.streamhaus.example";
    private const string KeyId = "seller-2026";
    private const int Cap = 100_000;

    [Fact]
    public async Task Of_two_hundred_copies_over_two_instances_one_is_fresh()
    {
        NonceLog[] instances = [New(), New()];

        NonceEntry[] entries = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => AddAsync(instances[i % 2], "nonce")));

        Assert.Equal((1, 199), (entries.Count(e => e == NonceEntry.Fresh), entries.Count(e => e == NonceEntry.Replayed)));
    }

    [Fact]
    public async Task Nonces_are_apart_by_tenant_signer_and_key()
    {
        NonceLog log = New();
        DateTimeOffset until = Time.UtcNow.AddSeconds(360);

        Assert.Equal(NonceEntry.Fresh, await log.AddAsync("t", Signer, KeyId, "nonce", until, Cap, default));
        Assert.Equal(NonceEntry.Fresh, await log.AddAsync("u", Signer, KeyId, "nonce", until, Cap, default));
        Assert.Equal(NonceEntry.Fresh, await log.AddAsync("t", Signer + "/", KeyId, "nonce", until, Cap, default));
        Assert.Equal(NonceEntry.Fresh, await log.AddAsync("t", Signer, KeyId + "-b", "nonce", until, Cap, default));
        Assert.Equal(NonceEntry.Replayed, await log.AddAsync("t", Signer, KeyId, "nonce", until, Cap, default));
    }

    [Fact]
    public async Task A_nonce_that_comes_back_with_other_times_in_any_minute_is_replayed()
    {
        NonceLog log = New();
        Assert.Equal(NonceEntry.Fresh, await AddAsync(log, "nonce"));

        for (int minute = 0; minute < 8; minute++)
        {
            Assert.Equal(NonceEntry.Replayed, await AddAsync(log, "nonce"));
            Assert.Equal(NonceEntry.Replayed, await AddAsync(New(), "nonce"));
            Time.Advance(TimeSpan.FromSeconds(53));
        }
    }

    [Fact]
    public async Task The_cap_is_never_passed_and_is_reached_by_parallel_writers()
    {
        const int cap = 50;
        NonceLog[] instances = [New(), New(), New(), New()];

        NonceEntry[] entries = await Task.WhenAll(Enumerable.Range(0, 300).Select(i => AddAsync(instances[i % 4], $"nonce-{i}", cap)));

        Assert.Equal((cap, 300 - cap), (entries.Count(e => e == NonceEntry.Fresh), entries.Count(e => e == NonceEntry.TooMany)));
        foreach (NonceLog instance in instances)
            Assert.False(await HasRoomAsync(instance, cap));
        Assert.False(await HasRoomAsync(New(), cap));
    }

    [Fact]
    public async Task A_key_over_its_cap_costs_nothing_until_the_minute_ends_and_has_room_again_when_its_nonces_are_forgotten()
    {
        NonceLog log = New();
        for (int i = 0; i < 4; i++)
            Assert.Equal(NonceEntry.Fresh, await AddAsync(log, $"nonce-{i}", cap: 4));
        Assert.Equal(NonceEntry.TooMany, await AddAsync(log, "nonce-4", cap: 4));

        Assert.Empty(await CallsOfAsync(async () => Assert.False(await HasRoomAsync(log, cap: 4))));
        Assert.Empty(await CallsOfAsync(async () => Assert.Equal(NonceEntry.TooMany, await AddAsync(log, "nonce-5", cap: 4))));
        Time.Advance(TimeSpan.FromMinutes(7));
        Assert.False(await HasRoomAsync(log, cap: 4));
        Time.Advance(TimeSpan.FromMinutes(1));

        Assert.True(await HasRoomAsync(log, cap: 4));
        Assert.Equal(NonceEntry.Fresh, await AddAsync(log, "nonce-6", cap: 4));
    }

    [Fact]
    public async Task A_nonce_costs_one_write_and_asking_for_room_nothing_while_a_share_lasts()
    {
        NonceLog log = New();
        await AddAsync(log, "first");

        Assert.Equal(TableCallKind.Submit, Assert.Single(await CallsOfAsync(() => AddAsync(log, "second"))).Kind);
        Assert.Empty(await CallsOfAsync(async () => Assert.True(await HasRoomAsync(log))));
    }

    [Fact]
    public async Task An_instance_that_dies_wastes_no_more_than_its_share()
    {
        Assert.Equal(NonceEntry.Fresh, await AddAsync(New(), "of the dead", cap: 100));
        NonceLog other = New();
        int fresh = 0;
        while (await AddAsync(other, $"nonce-{fresh}", cap: 100) == NonceEntry.Fresh)
            fresh++;

        Assert.Equal(100 - 16, fresh);
    }

    [Fact]
    public async Task A_process_that_stood_still_between_check_and_insert_takes_nothing()
    {
        NonceLog log = New();
        DateTimeOffset until = Time.UtcNow.AddSeconds(60);
        await AddAsync(log, "first");
        Faults.Before = call =>
        {
            Time.UtcNow = until.AddMinutes(5).AddTicks(1);
            return Task.CompletedTask;
        };

        Assert.Equal(NonceEntry.Replayed, await log.AddAsync("t", Signer, KeyId, "nonce", until, Cap, default));
    }

    [Fact]
    public async Task The_sweep_forgets_nothing_that_a_clock_five_minutes_behind_would_still_take()
    {
        NonceLog log = New();
        DateTimeOffset until = Time.UtcNow.AddSeconds(360);
        Assert.Equal(NonceEntry.Fresh, await log.AddAsync("t", Signer, KeyId, "old", until, Cap, default));
        Assert.Equal(NonceEntry.Fresh, await log.AddAsync("t", Signer, KeyId, "young", until.AddSeconds(1), Cap, default));

        Time.UtcNow = until.AddMinutes(10);
        Assert.Equal(0, await log.SweepAsync("t", default));
        Time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(1, await log.SweepAsync("t", default));

        Assert.Equal(0, await log.SweepAsync("u", default));
        Assert.Equal(NonceEntry.Replayed, await log.AddAsync("t", Signer, KeyId, "young", until, Cap, default));
    }

    [Fact]
    public async Task A_key_that_fell_silent_leaves_no_row_behind_and_may_come_back()
    {
        NonceLog log = New();
        for (int i = 0; i < 250; i++)
            await AddAsync(log, $"nonce-{i}");
        Assert.Single(await Ledger.RowsAsync(LedgerKeys.NonceKeys("t")));
        string partition = LedgerKeys.Nonces("t", Assert.Single(await Ledger.RowsAsync(LedgerKeys.NonceKeys("t"))).RowKey);

        Time.Advance(TimeSpan.FromMinutes(16.5));
        Assert.Equal(250, await log.SweepAsync("t", default));
        Assert.Single(await Ledger.RowsAsync(LedgerKeys.NonceKeys("t")));
        Time.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal(0, await log.SweepAsync("t", default));

        Assert.Empty(await Ledger.RowsAsync(LedgerKeys.NonceKeys("t")));
        Assert.Empty(await Ledger.RowsAsync(partition));
        Assert.Equal(NonceEntry.Fresh, await AddAsync(log, "nonce-0"));
        Assert.Single(await Ledger.RowsAsync(LedgerKeys.NonceKeys("t")));
    }

    [Fact]
    public async Task A_sweep_between_the_steps_of_a_writer_loses_no_key_from_its_list()
    {
        foreach (int call in Deaths(4))
        {
            await AddAsync(New(), $"old-{call}");
            Time.Advance(TimeSpan.FromMinutes(20));
            int before = Faults.Calls.Count;
            Faults.RaceBefore(c => c.Number == before + call, async table => await new NonceLog(table, Time).SweepAsync("t", default));
            DateTimeOffset until = Time.UtcNow.AddSeconds(360);

            Assert.Equal(NonceEntry.Fresh, await AddAsync(New(), $"new-{call}"));

            Assert.Single(await Ledger.RowsAsync(LedgerKeys.NonceKeys("t")));
            Time.UtcNow = until;
            Assert.Equal(NonceEntry.Replayed, await AddAsync(New(), $"new-{call}"));
            Time.Advance(TimeSpan.FromMinutes(40));
            await New().SweepAsync("t", default);
        }
    }

    private NonceLog New() => new(Faults, Time);

    private async Task<NonceEntry> AddAsync(NonceLog log, string nonce, int cap = Cap) => await log.AddAsync("t", Signer, KeyId, nonce, Time.UtcNow.AddSeconds(360), cap, default);

    private static async Task<bool> HasRoomAsync(NonceLog log, int cap = Cap) => await log.HasRoomAsync("t", Signer, KeyId, cap, default);
}
