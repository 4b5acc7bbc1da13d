using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

public sealed class DispatchPlainTests() : DispatchTests(splitsPages: false);

public sealed class DispatchSplitTests() : DispatchTests(splitsPages: true);

/// <summary>From the feed to a strict broker: whatever fails, each record arrives once, and nobody guesses.</summary>
public abstract class DispatchTests(bool splitsPages) : BusSuite(splitsPages)
{
    public static TheoryData<string, BusFault> Faults_of_a_broker => new()
    {
        { "timeout", new BusFault(408) },
        { "throttled", new BusFault(429) },
        { "throttled, with a time", new BusFault(429, RetryAfterSeconds: 7) },
        { "internal", new BusFault(500) },
        { "gateway", new BusFault(502) },
        { "busy", new BusFault(503, RetryAfterSeconds: 3) },
        { "gateway timeout", new BusFault(504) },
        { "taken, and answered 500", new BusFault(500, Takes: true) },
        { "the reply is lost", BusFault.LostReply },
        { "the connection is cut", BusFault.Unreachable },
        { "forbidden for a while", new BusFault(403) },
        { "gone for a while", new BusFault(410) },
        { "not there yet", new BusFault(404) },
        { "the token is refused once", new BusFault(401) },
    };

    [Fact]
    public async Task What_is_published_reaches_the_broker_once_and_byte_for_byte()
    {
        await Bus.AppendAsync("acct", 120);

        DeliveryReport report = await Bus.SendAsync();

        Assert.Equal(new DeliveryReport(120, 0, 0, 0, null), report);
        await Bus.AssertReceivedOnceAsync();
        BusMessageTaken first = Bus.Bus.Taken[0];
        Assert.Equal(("mb_1", SettledRecord.SchemaName, "acme.acct", "application/json"), (first.CorrelationId, first.Label, first.PartitionKey, first.ContentType));
        int requests = Bus.Bus.Answers.Count;
        Assert.Equal(new DeliveryReport(0, 0, 0, 0, null), await Bus.SendAsync());
        Assert.Equal(requests, Bus.Bus.Answers.Count);
    }

    [Theory]
    [MemberData(nameof(Faults_of_a_broker))]
    public async Task A_fault_of_the_broker_loses_nothing_and_repeats_nothing(string what, BusFault fault)
    {
        Assert.NotEmpty(what);
        await Bus.AppendAsync(Enumerable.Range(0, 60).Select(i => i % 3 == 0 ? "busy" : "acct"));
        for (int struck = 1; struck <= 9; struck += 4)
        {
            int first = struck;
            Bus.Bus.Inject = batch => batch.Number >= first && batch.Number < first + 3 ? fault : null;
            await Bus.SendAllAsync();
            await Bus.AppendAsync(Enumerable.Repeat("acct", 10));
        }

        await Bus.SendAllAsync();
        await Bus.AssertReceivedOnceAsync();
        Assert.Equal((0, 0), ((await Bus.StandingAsync()).Uncertain, (await Bus.StandingAsync()).Refused));
    }

    [Fact]
    public async Task A_broker_that_never_answers_is_asked_again()
    {
        await Bus.AppendAsync("acct", 5);
        Bus.Waiting.LimitsStrike = true;
        Bus.Bus.Inject = batch => batch.Number == 1 ? new BusFault(0, Stalls: true, Takes: true) : null;

        await Bus.SendAllAsync();

        await Bus.AssertReceivedOnceAsync();
        Assert.Equal([0, 201], Bus.Bus.Answers.Select(a => a.Status));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Killed_at_every_storage_call_and_run_again_nothing_is_missing(bool afterEffect)
    {
        int deaths = 0;
        for (bool died = true; died;)
        {
            FaultyTable store = NewStore();
            await using BusHarness bus = await BusHarness.StartAsync(store, Time);
            await bus.AppendAsync(Enumerable.Range(0, 12).Select(i => i % 4 == 0 ? "busy" : "acct"));
            // An account that fails for a while, so that rows are written, tried again and removed.
            bus.Bus.Inject = batch => batch.PartitionKey == "acme.busy" && batch.Number < 12 ? new BusFault(500) : null;
            store.KillAt(store.Calls.Count + deaths + 1, afterEffect);
            died = await DiesAsync(bus);
            if (!died)
                break;
            deaths++;

            await bus.SendAllAsync();
            await bus.AssertReceivedOnceAsync();
            DropStores(keep: 1);
        }

        Assert.InRange(deaths, 15, 300);

        static async Task<bool> DiesAsync(BusHarness bus)
        {
            try
            {
                Delivery delivery = bus.Delivery();
                for (int ring = 0; ring < 6; ring++)
                {
                    await delivery.RunAsync(BusHarness.Tenant, default);
                    bus.Time.Advance(TimeSpan.FromSeconds(61));
                }

                return false;
            }
            catch (StorageFaultException)
            {
                return true;
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Killed_at_every_request_and_run_again_nothing_is_missing(bool taken)
    {
        for (int n = 1; n <= 6; n++)
        {
            FaultyTable store = NewStore();
            await using BusHarness bus = await BusHarness.StartAsync(store, Time);
            await bus.AppendAsync(Enumerable.Range(0, 24).Select(i => $"acct{i % 6}"));
            using var kill = new CancellationTokenSource();
            bus.Bus.Inject = batch =>
            {
                if (batch.Number != n)
                    return null;
                kill.Cancel();
                return new BusFault(0, Takes: taken, Cuts: true);
            };
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => bus.Delivery().RunAsync(BusHarness.Tenant, kill.Token));

            await bus.SendAllAsync();
            await bus.AssertReceivedOnceAsync();
            DropStores(keep: 1);
        }
    }

    [Fact]
    public async Task Of_two_instances_in_any_interleaving_neither_loses_nor_skips()
    {
        for (int n = 1; n <= 6; n++)
        {
            FaultyTable store = NewStore();
            await using BusHarness bus = await BusHarness.StartAsync(store, Time);
            IReadOnlyList<SettledRecord> records = await bus.AppendAsync(Enumerable.Range(0, 20).Select(i => i % 5 == 0 ? "busy" : "acct"));
            bus.Bus.Inject = batch => batch.PartitionKey == "acme.busy" && batch.Number < 6 ? new BusFault(503) : null;
            int at = store.Calls.Count + n;
            store.RaceBefore(call => call.Number >= at && call.Partition.StartsWith("sent.", StringComparison.Ordinal), _ => bus.SendAsync());

            await Task.WhenAll(bus.SendAsync(), bus.SendAsync());
            await bus.SendAllAsync();

            await bus.AssertReceivedOnceAsync();
            Assert.Equal(records.Count, bus.Bus.Taken.Count);
            DropStores(keep: 1);
        }
    }

    [Fact]
    public async Task A_busy_account_does_not_hold_up_the_others_and_catches_up()
    {
        await Bus.AppendAsync(Enumerable.Range(0, 90).Select(i => i % 3 == 0 ? "busy" : i % 3 == 1 ? "left" : "right"));
        bool busy = true;
        Bus.Bus.Inject = batch => busy && batch.PartitionKey == "acme.busy" ? new BusFault(503) : null;

        DeliveryReport report = await Bus.SendAsync();

        Assert.Equal(new DeliveryReport(60, 30, 0, 0, null) { Held = true }, report);
        Assert.DoesNotContain(Bus.Bus.Taken, m => m.PartitionKey == "acme.busy");
        busy = false;
        await Bus.AppendAsync("busy", 1);
        await Bus.SendAllAsync();
        await Bus.AssertReceivedOnceAsync();
        Assert.Equal(31, Bus.Bus.Taken.Count(m => m.PartitionKey == "acme.busy"));
    }

    [Fact]
    public async Task A_busy_account_that_fills_a_whole_range_is_passed_for_whoever_comes_after()
    {
        await Bus.AppendAsync([.. Enumerable.Repeat("busy", 600), "other", "busy"]);
        Bus.Bus.Inject = batch => batch.PartitionKey == "acme.busy" ? new BusFault(429) : null;

        Assert.Equal(1, (await Bus.SendAsync()).Sent);

        Assert.Equal("acme.other", Assert.Single(Bus.Bus.Taken).PartitionKey);
        Assert.Equal(601, (await Bus.StandingAsync()).Waiting);
        Bus.Bus.Inject = null;
        await Bus.SendAllAsync();
        await Bus.AssertReceivedOnceAsync();
    }

    [Fact]
    public async Task A_busy_account_with_nobody_behind_it_stays_in_the_feed()
    {
        await Bus.AppendAsync("busy", 20);
        Bus.Bus.Inject = _ => new BusFault(503);

        await Bus.SendAsync();

        Assert.Equal((20L, 0), ((await Bus.StandingAsync()).Behind, (await Bus.StandingAsync()).Waiting));
    }

    [Fact]
    public async Task A_throttled_broker_is_left_alone_and_everything_is_held()
    {
        await Bus.AppendAsync(Enumerable.Range(0, 80).Select(i => $"acct{i % 8}"));
        Bus.Bus.Inject = _ => new BusFault(429, RetryAfterSeconds: 120);
        Delivery delivery = Bus.Delivery();

        await delivery.RunAsync(BusHarness.Tenant, default);

        Assert.Equal((80L, 0), ((await Bus.StandingAsync()).Behind, (await Bus.StandingAsync()).Waiting));
        int asked = Bus.Bus.Answers.Count;
        // The second account to fail ends it; a few were on their way.
        Assert.InRange(asked, 2, 7);
        Time.Advance(TimeSpan.FromSeconds(119));
        await delivery.RunAsync(BusHarness.Tenant, default);
        Assert.Equal(asked, Bus.Bus.Answers.Count);
        Time.Advance(TimeSpan.FromSeconds(2));
        Bus.Bus.Inject = null;
        await delivery.RunAsync(BusHarness.Tenant, default);
        await Bus.AssertReceivedOnceAsync();
    }

    [Fact]
    public async Task One_bad_record_is_refused_alone_and_the_others_are_sent()
    {
        IReadOnlyList<SettledRecord> records = await Bus.AppendAsync(Enumerable.Range(0, 60).Select(i => i % 2 == 0 ? "acct" : "other"));
        string bad = records[30].MessageId;
        Bus.Bus.Inject = batch => batch.Messages.Any(m => m.MessageId.EndsWith(bad, StringComparison.Ordinal)) ? new BusFault(400) : null;

        DeliveryReport report = await Bus.SendAsync();

        Assert.Equal(new DeliveryReport(59, 0, 0, 1, null) { EverRefused = 1 }, report);
        Assert.DoesNotContain(Bus.Bus.Taken, m => m.MessageId.EndsWith(bad, StringComparison.Ordinal));
        PublicationEntry refused = Assert.Single(await Bus.ListAsync(PublicationState.Refused));
        Assert.Equal((bad, "http_400"), (refused.Entry.MessageId, refused.Publication.Why));
        Assert.Equal(0, (await Bus.StandingAsync()).Behind);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(410)]
    public async Task A_closed_broker_raises_an_alarm_and_nothing_is_lost_or_made_uncertain_however_long_it_stays_closed(int status)
    {
        await Bus.AppendAsync(Enumerable.Range(0, 20).Select(i => $"acct{i % 2}"));
        Bus.Bus.Inject = _ => new BusFault(status);
        for (int day = 0; day < 3; day++)
        {
            DeliveryReport report = await Bus.SendAsync();
            Assert.Equal($"http_{status}", report.Closed);
            Assert.Equal((0L, 0, 0), (report.Sent, report.Uncertain, report.Refused));
            Assert.Null((await Bus.StandingAsync()).FirstAttemptAt);
            Time.Advance(Bus.Window);
        }

        Bus.Bus.Inject = null;
        await Bus.SendAllAsync();
        await Bus.AssertReceivedOnceAsync();
    }

    [Fact]
    public async Task Within_one_partition_key_the_order_is_the_feeds()
    {
        await Bus.AppendAsync(Enumerable.Range(0, 1_200).Select(i => $"acct{i * i % 7}"));

        await Bus.SendAsync();

        Assert.Equal(1_200, Bus.Bus.Taken.Count);
        Assert.All(Bus.Bus.Taken.GroupBy(m => m.PartitionKey, StringComparer.Ordinal), account =>
        {
            int[] sent = [.. account.Select(m => int.Parse(m.CorrelationId![3..]))];
            Assert.Equal(sent.Order(), sent);
        });
    }

    [Fact]
    public async Task What_it_costs_follows_what_is_sent()
    {
        await Bus.AppendAsync("acct", 2_000);
        int before = Faults.Calls.Count;

        await Bus.SendAsync();

        // A range of 500 is read once, announced once and marked once.
        int pages = SplitsPages ? 2_000 / 7 : 4;
        Assert.InRange(Faults.Calls.Count - before, pages + 8, pages * 2 + 12);
        Assert.Equal(9, Faults.Calls.Skip(before).Count(c => c.Kind != TableCallKind.Query));
    }
}
