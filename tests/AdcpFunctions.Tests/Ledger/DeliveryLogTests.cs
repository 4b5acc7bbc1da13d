using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

/// <summary>What is remembered of attempts to deliver.</summary>
public sealed class DeliveryLogPlainTests() : DeliveryLogTests(splitsPages: false);

public sealed class DeliveryLogSplitTests() : DeliveryLogTests(splitsPages: true);

public abstract class DeliveryLogTests(bool splitsPages) : LedgerSuite(splitsPages)
{
    private const string Tenant = "default", Instance = "00000000000a";
    private static readonly WebhookEndpoint Endpoint = new("route", Tenant, "ep1", "https://seller.example", "secret", null, SenderProfile.V31, LedgerSample.BeforeFlight);

    [Fact]
    public async Task Attempts_are_told_newest_first_and_page_by_page()
    {
        using var log = new DeliveryLog(Faults, Instance);
        for (int i = 0; i < 400; i++)
        {
            log.Note(Endpoint, Taken(i));
            if (i % 150 == 0)
                await log.FlushAsync(default);
        }

        await log.FlushAsync(default);
        var history = new DeliveryHistory(Faults);
        var told = new List<long>();
        string? after = null;
        do
        {
            IReadOnlyList<LoggedDelivery> page = await history.ListAsync(Tenant, "ep1", Endpoint.CreatedAt, after, 90, default);
            told.AddRange(page.Select(p => p.Entry.Sequence!.Value));
            after = page.Count == 90 ? page[^1].Place : null;
        }
        while (after is not null);

        Assert.Equal(Enumerable.Range(0, 400).Select(i => (long)i).Reverse(), told);
    }

    [Fact]
    public async Task Strangers_cause_few_entries_and_every_attempt_is_counted()
    {
        using var log = new DeliveryLog(Faults, Instance);
        for (int i = 0; i < 30_000; i++)
            log.Note(Endpoint, Refused(i % 2 == 0 ? "webhook_signature_invalid" : "webhook_mode_mismatch"));
        log.Note(Endpoint, Taken(1));

        IReadOnlyList<TableCall> calls = await CallsOfAsync(() => log.FlushAsync(default));

        IReadOnlyList<LoggedDelivery> told = await new DeliveryHistory(Faults).ListAsync(Tenant, "ep1", Endpoint.CreatedAt, null, 1000, default);
        Assert.InRange(calls.Count(c => c.Kind == TableCallKind.Submit), 1, 2);
        Assert.Equal(32 + 2 + 1, told.Count);
        Assert.Equal(30_001, told.Sum(t => t.Entry.Count));
        Assert.Equal(1, told.Single(t => t.Entry.IsTaken).Entry.Count);
        DeliveryHour hour = Assert.Single(await new DeliveryHistory(Faults).HoursAsync(Tenant, "ep1", Endpoint.CreatedAt, default));
        Assert.Equal((15_000, 15_000, 1), (hour.Counts!["401 webhook_signature_invalid"], hour.Counts["401 webhook_mode_mismatch"], hour.Counts["200 accepted"]));
    }

    [Fact]
    public async Task A_full_memory_gives_up_refused_attempts_before_taken_ones()
    {
        using var log = new DeliveryLog(Faults, Instance);
        WebhookEndpoint other = Endpoint with { Id = "ep2", Route = "other" };
        for (int i = 0; i < 32; i++)
            log.Note(Endpoint, Refused("webhook_signature_invalid"));
        for (int i = 32; i < 20_000; i++)
            log.Note(other, Taken(i));

        log.Note(Endpoint, Taken(7));
        log.Note(other, Taken(8));
        await log.FlushAsync(default);

        var history = new DeliveryHistory(Faults);
        IReadOnlyList<LoggedDelivery> told = await history.ListAsync(Tenant, "ep1", Endpoint.CreatedAt, null, 1000, default);
        Assert.Equal(7, told.Single(t => t.Entry.IsTaken).Entry.Sequence);
        Assert.Equal((31 + 1, 32), (told.Count(t => !t.Entry.IsTaken), told.Where(t => !t.Entry.IsTaken).Sum(t => t.Entry.Count)));
        long counted = (await history.HoursAsync(Tenant, "ep2", Endpoint.CreatedAt, default)).Sum(h => h.Counts!["200 accepted"]);
        Assert.Equal(20_000 - 32 + 1, counted);
    }

    [Fact]
    public async Task What_a_fault_leaves_open_is_written_once()
    {
        foreach (bool afterEffect in new[] { false, true })
        {
            for (int call = 1; ; call++)
            {
                using var log = new DeliveryLog(Faults, Instance);
                WebhookEndpoint endpoint = Endpoint with { Id = $"ep-{afterEffect}-{call}" };
                log.Note(endpoint, Taken(1));
                (_, bool struck) = await Faults.StrikeAsync(call, afterEffect, async () => await Record.ExceptionAsync(() => log.FlushAsync(default)));
                log.Note(endpoint, Taken(2));
                await log.FlushAsync(default);

                var history = new DeliveryHistory(Faults);
                Assert.Equal([2L, 1L], (await history.ListAsync(Tenant, endpoint.Id, Endpoint.CreatedAt, null, 10, default)).Select(t => t.Entry.Sequence!.Value));
                DeliveryHour hour = Assert.Single(await history.HoursAsync(Tenant, endpoint.Id, Endpoint.CreatedAt, default));
                Assert.Equal((2, new SequenceRun(1, 2)), (hour.Counts!["200 accepted"], Assert.Single(hour.Runs!)));
                if (!struck)
                    break;
            }
        }
    }

    [Fact]
    public async Task Two_instances_add_to_the_same_hour()
    {
        using DeliveryLog one = new(Faults, Instance), two = new(Faults, "00000000000b");
        for (int i = 1; i <= 20; i++)
            (i % 2 == 0 ? one : two).Note(Endpoint, Taken(i));

        await Task.WhenAll(one.FlushAsync(default), two.FlushAsync(default));

        DeliveryHour hour = Assert.Single(await new DeliveryHistory(Faults).HoursAsync(Tenant, "ep1", Endpoint.CreatedAt, default));
        Assert.Equal((20, new SequenceRun(1, 20)), (hour.Counts!["200 accepted"], Assert.Single(hour.Runs!)));
    }

    [Fact]
    public async Task What_is_older_than_asked_for_is_forgotten_and_what_an_older_endpoint_of_the_name_received_is_not_told()
    {
        using var log = new DeliveryLog(Faults, Instance);
        DateTimeOffset start = Endpoint.CreatedAt;
        foreach (int day in new[] { 0, 10, 20 })
        {
            log.Note(Endpoint, Taken(day) with { At = start.AddDays(day) });
            await log.FlushAsync(default);
        }

        var history = new DeliveryHistory(Faults);
        Assert.Equal([20L, 10L], (await history.ListAsync(Tenant, "ep1", start.AddDays(5), null, 10, default)).Select(t => t.Entry.Sequence!.Value));
        await history.SweepAsync(Tenant, start.AddDays(15), default);

        Assert.Equal([20L], (await history.ListAsync(Tenant, "ep1", start, null, 10, default)).Select(t => t.Entry.Sequence!.Value));
        Assert.Single(await history.HoursAsync(Tenant, "ep1", start, default));
    }

    [Fact]
    public void Scattered_numbers_stay_few()
    {
        var hour = new DeliveryHour(Endpoint.CreatedAt);
        for (int i = 1; i <= 1_000; i++)
            hour = hour.With(Taken(i * 7L));
        hour = hour.With(Taken(long.MaxValue)).With(Taken(long.MaxValue - 1));

        Assert.Equal(DeliveryHour.MaxRuns, hour.Runs!.Count);
        Assert.Equal(new SequenceRun(long.MaxValue - 1, long.MaxValue), hour.Runs[^1]);
    }

    private static DeliveryEntry Taken(long sequence) => new(Endpoint.CreatedAt.AddSeconds(Math.Min(sequence, 3_000)), 200, "accepted", 900, "whk_2026", null, "media_buy_delivery", "scheduled", sequence);

    private static DeliveryEntry Refused(string code) => new(Endpoint.CreatedAt.AddSeconds(1), 401, code, 20);
}
