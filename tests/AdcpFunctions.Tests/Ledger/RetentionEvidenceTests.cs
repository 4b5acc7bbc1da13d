using System.Security.Cryptography;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

/// <summary>What a settlement was decided on stays for as long as the settlement does, and what nothing names any more goes.</summary>
public sealed class RetentionEvidenceTests() : LedgerSuite(splitsPages: false)
{
    private static readonly DateTimeOffset Later = new(2033, 6, 3, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Received = LedgerSample.April.Start.AddDays(1);

    private readonly EvidenceDocument _unnamed = Kept("nobody names it") with { ReceivedAt = Received.AddDays(10) };

    [Theory]
    [InlineData("disputed")]
    [InlineData("undecided")]
    [InlineData("month open")]
    public async Task A_delivery_stays_while_a_settlement_is_kept_that_names_it(string why)
    {
        (EvidenceDocument named, RegisteredBuy buy) = await PlayAsync(Ledger, why);

        await RingsAsync(Ledger, Later);

        Assert.True(await IsThereAsync(named));
        Assert.False(await IsThereAsync(_unnamed));
        Assert.Empty(await AuditPlay.FindingsAsync(Ledger));

        // However old it is, who takes it away is found.
        foreach (TableRow row in await Ledger.RowsAsync(LedgerKeys.Evidence(LedgerHarness.Tenant, "ep1")))
            await Faults.DeleteIfUnchangedAsync(LedgerKeys.Evidence(LedgerHarness.Tenant, "ep1"), row, default);
        Assert.Contains(await AuditPlay.FindingsAsync(Ledger), f => f.Settlement == LedgerHarness.Address(buy).Id && f.What.StartsWith("evidence ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_delivery_goes_once_the_dispute_of_its_settlement_has_ended_and_the_years_have_passed_again()
    {
        (EvidenceDocument named, RegisteredBuy buy) = await PlayAsync(Ledger, "disputed");
        await RingsAsync(Ledger, Later);
        await Ledger.SweepAsync();
        await DisputeAsync(Ledger, buy, DisputeAction.Accept, null);
        await Ledger.RelayAsync();
        await RingsAsync(Ledger, Later.AddYears(6));
        Assert.True(await IsThereAsync(named));

        await RingsAsync(Ledger, Later.AddYears(8));

        Assert.Null(await Ledger.Settlements.ReadAsync(LedgerHarness.Address(buy), default));
        Assert.False(await IsThereAsync(named));
        Assert.Empty(await AuditPlay.FindingsAsync(Ledger));
    }

    [Fact]
    public async Task A_period_of_a_year_keeps_what_came_in_at_its_beginning()
    {
        (EvidenceDocument named, RegisteredBuy buy) = await PlayAsync(Ledger, "settled");
        var year = new ReportingPeriod(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero));
        SettlementAddress address = LedgerHarness.Address(buy);
        HeadDocument head = await Ledger.HeadAsync(buy) with { Period = year };
        string key = LedgerKeys.Head(address.Suffix.Replace($"{LedgerSample.March}", $"{year}", StringComparison.Ordinal));
        await Ledger.ImportAsync([(address.Partition, Tables.Row(key, head, LedgerJson.Default.HeadDocument))]);

        await RingsAsync(Ledger, new DateTimeOffset(2033, 7, 1, 0, 0, 0, TimeSpan.Zero));
        Assert.Null(await Ledger.Settlements.ReadAsync(address, default));
        Assert.True(await IsThereAsync(named));
        Assert.False(await IsThereAsync(_unnamed));

        await Faults.DeleteIfUnchangedAsync(address.Partition, (await Faults.GetAsync(address.Partition, key, default))!, default);
        await RingsAsync(Ledger, Ledger.Time.GetUtcNow().AddDays(1));
        Assert.False(await IsThereAsync(named));
    }

    [Fact]
    public async Task A_reading_by_an_instance_whose_clock_is_behind_stays_with_its_settlement()
    {
        await EndpointAsync(Ledger);
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.Read("mb_1"));
        await Ledger.PassUntilAsync(Received);
        EvidenceDocument named = await AuditPlay.DeliverAsync(Ledger, buy, 7_000), read = Kept("read") with { ReceivedAt = Received.AddMinutes(-5) };
        foreach (EvidenceDocument one in (EvidenceDocument[])[read, _unnamed])
            await new EvidenceLog(Faults).KeepAsync(LedgerHarness.Tenant, one, AuditPlay.Body, default);
        HeadDocument head = await Ledger.HeadAsync(buy);
        string mark = Snapshots.MarkOf(head.State, SettlementLedger.ContextOf(buy, head, [])!)!;
        Assert.True(await Ledger.Settlements.NoteSnapshotAsync(buy, head, [], new SnapshotReading(mark, true, read.ReceivedAt, EvidenceLog.PlaceOf(LedgerHarness.Tenant, read)), default));
        await Ledger.RelayAsync();

        await RingsAsync(Ledger, Later);

        Assert.True(await IsThereAsync(named));
        Assert.True(await IsThereAsync(read));
        Assert.False(await IsThereAsync(_unnamed));
        Assert.Empty(await AuditPlay.FindingsAsync(Ledger));
    }

    [Fact]
    public async Task A_count_that_came_before_its_period_began_keeps_its_delivery()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.SellerAttested("mb_1"));
        EvidenceDocument named = await AuditPlay.DeliverAsync(Ledger, buy, 7_000);
        await EndpointAsync(Ledger);

        await RingsAsync(Ledger, named.ReceivedAt.AddYears(7).AddDays(3));

        Assert.True(await IsThereAsync(named));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Before_a_whole_pass_was_made_no_delivery_goes(bool wasBegunByAnOlderVersion)
    {
        (EvidenceDocument named, _) = await PlayAsync(Ledger, "disputed");
        await Ledger.PassUntilAsync(Later);
        if (wasBegunByAnOlderVersion)
            await Ledger.ImportAsync([("scans", Tables.Row($"retention.{LedgerHarness.Tenant}", new ScanDocument(Later, "acct", LedgerKeys.Shards - 1), LedgerJson.Default.ScanDocument))]);

        await RingAsync(Ledger);
        Assert.True(await IsThereAsync(named) && await IsThereAsync(_unnamed));
        await RingAsync(Ledger);

        Assert.True(await IsThereAsync(named));
        Assert.False(await IsThereAsync(_unnamed));
    }

    [Fact]
    public async Task A_pass_that_is_stopped_remembers_what_it_has_seen()
    {
        (EvidenceDocument named, RegisteredBuy buy) = await PlayAsync(Ledger, "disputed");
        await Ledger.PassUntilAsync(Later);
        int shard = Convert.ToInt32(buy.Partition[^1..], 16);
        // The pass is stopped right after the shard in which the dispute is.
        using var stop = new CancellationTokenSource();
        string next = shard < LedgerKeys.Shards - 1 ? LedgerKeys.Ledger(LedgerHarness.Tenant, "acct", shard + 1) : "scans";
        Faults.Before = async call =>
        {
            if (call.Partition != next || call.Kind == TableCallKind.Get || stop.IsCancellationRequested)
                return;
            await stop.CancelAsync();
            throw new OperationCanceledException(stop.Token);
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Sweep(Ledger).RunAsync(LedgerHarness.Tenant, stop.Token));
        Faults.Before = null;

        await RingAsync(Ledger);
        await RingAsync(Ledger);

        Assert.True(await IsThereAsync(named));
        Assert.False(await IsThereAsync(_unnamed));
    }

    [Fact]
    public async Task A_pass_that_dies_anywhere_forgets_no_delivery_that_is_named()
    {
        await PlayAsync(Ledger, "disputed");
        await Ledger.PassUntilAsync(Later);
        int calls = (await CallsOfAsync(async () =>
        {
            await RingAsync(Ledger);
            await RingAsync(Ledger);
        })).Count;
        for (int call = 1; call <= calls; call += 4)
        {
            FaultyTable store = NewStore();
            var ledger = new LedgerHarness(store, new FakeTime(LedgerSample.BeforeFlight), AuditPlay.Keys);
            await ledger.AddAccountAsync(LedgerSample.Account());
            (EvidenceDocument named, _) = await PlayAsync(ledger, "disputed");
            await ledger.PassUntilAsync(Later);
            (_, bool struck) = await store.StrikeAsync(call, call % 8 == 1, async () =>
            {
                try
                {
                    await RingAsync(ledger);
                    await RingAsync(ledger);
                    return true;
                }
                catch (StorageFaultException)
                {
                    return false;
                }
            });
            Assert.True(struck);

            await RingsAsync(ledger, Later.AddDays(1));

            Assert.True(await IsThereAsync(named, ledger), $"call {call}");
            Assert.False(await IsThereAsync(_unnamed, ledger), $"call {call}");
            Assert.Empty(await AuditPlay.FindingsAsync(ledger));
            DropStores(1);
        }

        Assert.True(calls > 60);
    }

    [Fact]
    public async Task What_was_taken_from_quarantine_stays_though_no_pass_has_seen_what_names_it()
    {
        await EndpointAsync(Ledger);
        EvidenceDocument redriven = Kept("redriven");
        await new EvidenceLog(Faults).KeepAsync(LedgerHarness.Tenant, redriven, AuditPlay.Body, default);
        var quarantine = new Quarantine(Faults);
        string key = EvidenceLog.KeyOf(redriven);
        await quarantine.KeepAsync(LedgerHarness.Tenant, key, new QuarantineDocument("ep1", "seller.example", redriven.ReceivedAt, "media_buy_delivery", [new QuarantinedRow(0, "package_unknown")]), default);
        QuarantineEntry entry = (await quarantine.FindAsync(LedgerHarness.Tenant, "ep1", key, default))!;
        Assert.True(await quarantine.ReplaceAsync(LedgerHarness.Tenant, entry, entry.Document.Waiting([]) with { Redrives = [new RedriveDocument("admin", Later.AddDays(-1), [0])] }, default));

        await RingsAsync(Ledger, Later);
        Assert.True(await IsThereAsync(redriven));

        await RingsAsync(Ledger, Later.AddYears(8));
        Assert.False(await IsThereAsync(redriven));
    }

    [Fact]
    public async Task What_a_trial_was_tried_with_goes()
    {
        Account sandbox = LedgerSample.Account("sand", sandbox: true);
        await Ledger.AddAccountAsync(sandbox);
        await EndpointAsync(Ledger);
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.SellerAttested("mb_1"), sandbox);
        await Ledger.PassUntilAsync(Received);
        EvidenceDocument named = await AuditPlay.DeliverAsync(Ledger, buy, 7_000);
        await Ledger.RelayAsync();

        await RingsAsync(Ledger, Later);

        Assert.False(await IsThereAsync(named));
        Assert.Empty(await AuditPlay.FindingsAsync(Ledger));
    }

    [Fact]
    public void Whatever_is_added_no_named_time_is_unnamed_and_all_others_are()
    {
        DateTimeOffset day = LedgerSample.March.Start;
        HeadDocument Of(int from, int to) => new(
            "", "acct", "mb", "g", LedgerSample.March, null, SettlementState.Initial with { SellerRow = new Dictionary<string, UnitFinals> { ["p"] = new(new Statement(Side.SellerRow, "p", 1, null, null, day.AddDays(from), "s", "h", $"{LedgerKeys.Evidence("acme", "ep1")}/x")) } }, 1, "", day.AddDays(to));
        (int From, int To)[][] cases = [[(10, 12), (30, 31), (50, 60)], [(30, 31), (10, 12), (11, 40)], [(10, 12), (14, 16)], [(5, 50), (10, 12)], [(90, 95), (200, 210)], []];
        foreach ((int From, int To)[] spans in cases)
        {
            NamedDeliveries named = spans.Aggregate(new NamedDeliveries(day.AddDays(100), []), (all, s) => all.With("acme", Of(s.From, s.To)));
            (DateTimeOffset From, DateTimeOffset To)[] free = [.. named.Unnamed(day.AddDays(80))];
            for (int at = 0; at < 130; at++)
            {
                bool isFree = free.Any(f => f.From <= day.AddDays(at) && day.AddDays(at) < f.To);
                if (at >= 80 || spans.Any(s => s.From <= at && at <= s.To))
                    Assert.False(isFree, $"{at}");
                else if (!spans.Any(s => s.From <= at + 2 && at - 4 <= s.To))
                    Assert.True(isFree, $"{at}");
            }
        }
    }

    /// <summary>March of one media buy, reported by a webhook whose delivery is evidence; ten days later came a delivery that nothing names.</summary>
    private async Task<(EvidenceDocument Named, RegisteredBuy Buy)> PlayAsync(LedgerHarness ledger, string what)
    {
        await EndpointAsync(ledger);
        RegisteredBuy buy = await ledger.RegisterAsync(what == "undecided" ? LedgerSample.BuyerAttested("mb_1", deadlineHours: 20_000) : LedgerSample.SellerAttested("mb_1"));
        await ledger.PassUntilAsync(Received);
        EvidenceDocument named = await AuditPlay.DeliverAsync(ledger, buy, 7_000);
        await ledger.RelayAsync();
        if (what == "disputed")
            await DisputeAsync(ledger, buy, DisputeAction.Open, 6_000m);
        await ledger.PassUntilAsync(_unnamed.ReceivedAt);
        await new EvidenceLog(ledger.Table).KeepAsync(LedgerHarness.Tenant, _unnamed, AuditPlay.Body, default);
        if (what != "month open")
            Assert.IsType<PeriodRuling.Closed>(await ledger.CloseAsync("2026-03"));
        return (named, buy);
    }

    private static async Task DisputeAsync(LedgerHarness ledger, RegisteredBuy buy, DisputeAction action, decimal? quantity)
    {
        HeadDocument head = await ledger.HeadAsync(buy);
        DisputeMove move = EveryEvent.Move(head.State, DisputeActor.Buyer, action, quantity is null ? null : new ClaimedNumber(quantity, null));
        Assert.IsType<DisputeOutcome.Moved>(await ledger.Settlements.MoveDisputeAsync(buy, head, await ledger.Heartbeat.OutagesAsync(default), move, default));
    }

    private static EvidenceDocument Kept(string key) =>
        new("ep1", "seller.example", LedgerSample.BeforeFlight, key, Convert.ToHexStringLower(SHA256.HashData(AuditPlay.Body)), "hmac", new Dictionary<string, string>(StringComparer.Ordinal), []);

    private static Task EndpointAsync(LedgerHarness ledger) => ledger.ImportAsync([(LedgerKeys.DeliveryLogs(LedgerHarness.Tenant), TableRow.Of("ep1", "{}"u8.ToArray()))]);

    private async Task<bool> IsThereAsync(EvidenceDocument evidence, LedgerHarness? ledger = null) =>
        await new EvidenceLog((ledger ?? Ledger).Table).ReadAsync(LedgerHarness.Tenant, "ep1", EvidenceLog.KeyOf(evidence), default) is not null;

    private static Retention Sweep(LedgerHarness ledger) =>
        new(ledger.Table, ledger.Directory, new RetentionLogs(ledger.Table, "files", ledger.Time), new RetentionTerms(7, 30), ledger.Time) { Seals = AuditPlay.Keys };

    private static Task<int> RingAsync(LedgerHarness ledger) => Sweep(ledger).RunAsync(LedgerHarness.Tenant, default);

    /// <summary>The hours of two days.</summary>
    private static async Task RingsAsync(LedgerHarness ledger, DateTimeOffset at)
    {
        await ledger.PassUntilAsync(at);
        await RingAsync(ledger);
        await ledger.PassAsync(TimeSpan.FromDays(1));
        await RingAsync(ledger);
        await RingAsync(ledger);
    }
}
