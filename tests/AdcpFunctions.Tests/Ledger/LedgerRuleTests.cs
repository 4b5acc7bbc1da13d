using System.Text;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

/// <summary>The rules the ledger keeps, each at its plainest; interleavings and faults are tested beside the parts.</summary>
public class LedgerRuleTests
{
    [Theory]
    [InlineData("2026-03-01", 1, "before the second version takes effect")]
    [InlineData("2026-04-01", 2, "from the period that starts with it")]
    [InlineData("2026-05-01", 3, "the newest of those in force")]
    public void A_period_is_settled_under_the_newest_version_in_force_at_its_start(string start, int version, string reason)
    {
        Contract first = Sample.Contract();
        var buy = new RegisteredBuy(Service.Tenant, Service.Account, new MediaBuyDocument("mb_1", "acc",
            [first, first with { Version = 2, EffectiveFrom = Sample.At("2026-04-01") }, first with { Version = 3, EffectiveFrom = Sample.At("2026-05-01") }]));

        Assert.True(buy.InForce(Sample.Period(start, "2026-12-01")).Version == version, reason);
    }

    [Fact]
    public async Task A_new_version_never_reaches_a_period_with_a_final_statement()
    {
        await using Service service = await Service.StartAsync();
        RegisteredBuy buy = await service.RegisterAsync();
        await service.RecordAsync(buy, Sample.Final(Side.SellerRow));

        ContractDraft dearer = Sample.Draft(Attests.Buyer, Sample.Package(rate: 11m)) with { EffectiveFrom = Sample.Start, Reason = "mistyped" };
        RegisterOutcome outcome = await service.Get<MediaBuyRegister>().RegisterAsync(Service.Tenant, Service.Account, dearer, default);

        Assert.Equal("period_has_final", Assert.IsType<RegisterOutcome.Refused>(outcome).Problems[0].Code);
    }

    [Fact]
    public async Task A_silence_of_ours_is_an_outage_and_a_short_one_is_not()
    {
        await using Service service = await Service.StartAsync();
        var heartbeat = service.Get<Heartbeat>();
        DateTimeOffset start = service.Time.UtcNow;
        await heartbeat.BeatAsync(default);
        service.Time.Advance(TimeSpan.FromMinutes(5));
        await heartbeat.BeatAsync(default);
        Assert.Empty(await heartbeat.OutagesAsync(default));

        service.Time.Advance(TimeSpan.FromHours(3));
        await heartbeat.BeatAsync(default);
        DateTimeOffset last = start + TimeSpan.FromMinutes(5);
        Assert.Equal([new ReportingPeriod(last, last.AddHours(3))], await heartbeat.OutagesAsync(default));
    }

    [Theory]
    [InlineData(false, 1, "nothing is here: a breach")]
    [InlineData(true, 0, "a timely final that names no pricing option contests it")]
    public async Task An_unallocatable_final_contests_the_deadline_of_its_senders_groups(bool unallocated, int breaches, string reason)
    {
        await using Service service = await Service.StartAsync();
        service.Time.UtcNow = Sample.At("2026-02-01");
        RegisteredBuy buy = await service.RegisterAsync(Sample.Draft(Attests.Buyer, Sample.Package(), Sample.Package("p2", 12m, option: "cpm_2")));
        service.Time.UtcNow = Sample.At("2026-04-09T15:32");
        if (unallocated)
            await service.RecordAsync(buy, Sample.Final(Side.UsagePush), groupId: "");

        service.Time.UtcNow = Sample.At("2026-04-13");
        await service.Get<DeadlineSweep>().RunAsync(default);
        HeadDocument? settlement = await service.SettlementAsync(buy);

        Assert.True((settlement?.State.Breach is null ? 0 : 1) == breaches, reason);
        Assert.Equal(unallocated, settlement!.State.Reasons.Contains(Reasons.DeadlineContested));
    }

    [Fact]
    public async Task A_counterparts_final_after_the_grace_records_no_breach_that_an_unallocatable_final_contests()
    {
        await using Service service = await Service.StartAsync();
        service.Time.UtcNow = Sample.At("2026-02-01");
        RegisteredBuy buy = await service.RegisterAsync(Sample.Draft(Attests.Buyer, Sample.Package(), Sample.Package("p2", 12m, option: "cpm_2")));
        service.Time.UtcNow = Sample.At("2026-04-09T15:32");
        await service.RecordAsync(buy, Sample.Final(Side.UsagePush), groupId: "");

        service.Time.UtcNow = Sample.At("2026-04-13");
        await service.RecordAsync(buy, Sample.Final(Side.SellerRow));
        HeadDocument? settlement = await service.SettlementAsync(buy);

        Assert.Null(settlement!.State.Breach);
        Assert.Null(settlement.State.Posted);
    }

    [Fact]
    public async Task Totals_are_added_up_from_what_was_published()
    {
        await using Service service = await Service.StartAsync();
        RegisteredBuy buy = await service.RegisterAsync();
        await service.RecordAsync(buy, Sample.Final(Side.SellerRow));
        await service.RecordAsync(buy, Sample.Final(Side.UsagePush));
        var feed = service.Get<Feed>();
        Assert.Equal(0, (await feed.TotalsAsync(Service.Tenant, "2026-03", null, _ => true, default)).Count);

        await service.Get<Relay>().RunAsync(Service.Tenant, default);
        FeedTotals totals = await feed.TotalsAsync(Service.Tenant, "2026-03", null, _ => true, default);

        Assert.Equal((1, 50_400m), (totals.Count, totals.Amounts["USD"]));
        Assert.Equal(0, (await feed.TotalsAsync(Service.Tenant, "2026-04", null, _ => true, default)).Count);
        Assert.Equal(0, (await feed.TotalsAsync(Service.Tenant, "2026-03", null, _ => false, default)).Count);
    }

    [Fact]
    public async Task Of_two_requests_with_one_key_one_is_worked_on()
    {
        await using Service service = await Service.StartAsync();
        var log = service.Get<RequestLog>();
        DateTimeOffset now = service.Time.UtcNow;
        var reserved = Assert.IsType<Reservation.Reserved>(await log.ReserveAsync("t", "s", "key", "one", now, default));

        Assert.IsType<Reservation.InFlight>(await log.ReserveAsync("t", "s", "key", "one", now, default));
        Assert.IsType<Reservation.Conflict>(await log.ReserveAsync("t", "s", "key", "two", now, default));
        Assert.IsType<Reservation.Reserved>(await log.ReserveAsync("t", "elsewhere", "key", "two", now, default));

        Assert.True(await log.CompleteAsync(reserved, "answer"u8.ToArray(), now, [], default));
        var replay = Assert.IsType<Reservation.Replay>(await log.ReserveAsync("t", "s", "key", "one", now.AddHours(24), default));
        Assert.Equal("answer", Encoding.UTF8.GetString(replay.Answer.Span));
        Assert.IsType<Reservation.Conflict>(await log.ReserveAsync("t", "s", "key", "two", now, default));
        Assert.IsType<Reservation.Expired>(await log.ReserveAsync("t", "s", "key", "one", now.AddHours(25), default));
    }

    [Fact]
    public async Task A_request_that_was_not_completed_frees_its_key()
    {
        await using Service service = await Service.StartAsync();
        var log = service.Get<RequestLog>();
        DateTimeOffset now = service.Time.UtcNow;
        var released = Assert.IsType<Reservation.Reserved>(await log.ReserveAsync("t", "s", "key", "one", now, default));
        await log.ReleaseAsync(released, default);

        var died = Assert.IsType<Reservation.Reserved>(await log.ReserveAsync("t", "s", "key", "two", now, default));
        var heir = Assert.IsType<Reservation.Reserved>(await log.ReserveAsync("t", "s", "key", "two", now + TimeSpan.FromSeconds(60), default));
        Assert.False(await log.CompleteAsync(died, "late"u8.ToArray(), now, [], default));
        Assert.True(await log.CompleteAsync(heir, "answer"u8.ToArray(), now, [], default));
    }
}
