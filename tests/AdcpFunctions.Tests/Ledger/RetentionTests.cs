using System.Security.Cryptography;
using System.Text.Json;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

/// <summary>What was kept for its years goes, what is younger stays, and whoever checks the ledger finds it whole.</summary>
public sealed class RetentionTests() : LedgerSuite(splitsPages: false)
{
    private const int Years = 7;
    private const string Destination = "files";

    private static readonly DateTimeOffset Later = new(2033, 6, 3, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task After_its_years_a_closed_month_is_forgotten_and_the_books_stay()
    {
        LedgerHarness ledger = await PlayAsync();
        string[] published = [.. (await ledger.PublishedAsync()).Select(e => Convert.ToHexString(e.Body.Span))];
        (PeriodClose close, _) = await AuditPlay.CloseAsync(ledger);

        int over = (await HeadsAsync(ledger)).Count(h => h.Account == "acct" && h.Period.End <= LedgerSample.April.End && !PeriodSettlements.IsOpen(h));
        Assert.True(over > 5);

        Assert.True(await ForgetAsync(ledger) >= over);

        IReadOnlyList<HeadDocument> left = await HeadsAsync(ledger);
        // May was not closed, and no month of the other accounts was; what nobody has decided is not over.
        Assert.All(left, head => Assert.True(head.Account != "acct" || head.Period.End > LedgerSample.April.End || PeriodSettlements.IsOpen(head), head.Id));
        Assert.Contains(left, head => head.Account == "acct" && head.Period == LedgerSample.March && head.State.OpenDispute is not null);
        Assert.Contains(left, head => head.Account != "acct" && head.Period == LedgerSample.March);
        Assert.Equal(left.Sum(h => h.Sequence), (await AuditPlay.RowsAsync(ledger)).Count(r => r.Row.RowKey.StartsWith("e_", StringComparison.Ordinal)));
        Assert.Equal(published, (await ledger.PublishedAsync()).Select(e => Convert.ToHexString(e.Body.Span)));
        Assert.Empty(await ledger.RowsAsync(LedgerKeys.Evidence(LedgerHarness.Tenant, "ep1")));
        Assert.Empty(await ledger.LedgerTextAsync("p_"));
        await ledger.AssertReplaysAsync();
        Assert.Empty(await AuditPlay.FindingsAsync(ledger, anchor: AuditPlay.RootOf(close)));
    }

    [Fact]
    public async Task Nothing_young_is_ever_forgotten()
    {
        LedgerHarness ledger = await PlayAsync();
        Dictionary<string, HeadDocument> all = (await HeadsAsync(ledger)).ToDictionary(h => h.Id, StringComparer.Ordinal);
        DateTimeOffset last = all.Values.Where(h => h.Account == "acct").Max(h => h.ChangedAt);

        foreach (DateTimeOffset now in (DateTimeOffset[])[
            .. all.Values.SelectMany(h => new[] { h.Period.End, h.ChangedAt }).Distinct().Order().SelectMany(at => new[] { at.AddYears(Years).AddTicks(-1), at.AddYears(Years) }).Where(at => at > Time.GetUtcNow()), last.AddYears(Years + 1)])
        {
            if (now > Time.GetUtcNow())
                await ledger.PassUntilAsync(now);
            await ForgetAsync(ledger, at: null);

            HashSet<string> left = [.. (await HeadsAsync(ledger)).Select(h => h.Id)];
            foreach (HeadDocument head in all.Values)
            {
                bool old = !PeriodSettlements.IsOpen(head) && head.Period.End.AddYears(Years) <= Time.GetUtcNow() && head.ChangedAt.AddYears(Years) <= Time.GetUtcNow() && head.Account == "acct" && head.Period.End <= LedgerSample.April.End;
                Assert.True(left.Contains(head.Id) != old || (old && Time.GetUtcNow() < head.ChangedAt.AddYears(Years).AddDays(2)), $"{head.Id} at {Time.GetUtcNow():O}");
            }
        }

        Assert.Empty(await AuditPlay.FindingsAsync(ledger));
    }

    [Fact]
    public async Task A_month_that_was_opened_again_is_kept()
    {
        LedgerHarness ledger = await PlayAsync();
        Assert.IsType<PeriodRuling.Reopened>(await ledger.ReopenAsync("2026-03"));

        await ForgetAsync(ledger);

        Assert.Contains(await HeadsAsync(ledger), h => h.Account == "acct" && h.Period == LedgerSample.March);
        Assert.DoesNotContain(await HeadsAsync(ledger), h => h.Account == "acct" && h.Period == LedgerSample.April && !PeriodSettlements.IsOpen(h));
    }

    [Fact]
    public async Task Money_that_nobody_has_decided_is_not_forgotten_however_old_it_is()
    {
        // Of the first nobody reports, of the second the buyer, whose count governs, does not, and the third is held.
        RegisteredBuy silent = await Ledger.RegisterAsync(LedgerSample.BuyerAlone("mb_silent")), half = await Ledger.RegisterAsync(LedgerSample.BuyerAttested("mb_half", deadlineHours: 20_000));
        RegisteredBuy held = await Ledger.RegisterAsync(LedgerSample.Read("mb_held"));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        await Ledger.PushAsync("half", Ledger.SellerFinals(half, 1_000));
        await Ledger.PushAsync("held", Ledger.SellerFinals(held, 1_000));
        Assert.IsType<PeriodRuling.Closed>(await Ledger.CloseAsync("2026-03"));
        RegisteredBuy[] open = [silent, half, held];
        SettlementStatus[] stood = [.. await Task.WhenAll(open.Select(async buy => (await Ledger.HeadAsync(buy)).State.Status))];
        Assert.Equal(3, stood.Distinct().Count());

        await ForgetAsync(Ledger, Later.AddYears(20));
        Assert.Equal(stood, await Task.WhenAll(open.Select(async buy => (await Ledger.HeadAsync(buy)).State.Status)));

        // Once it is decided, the years begin.
        await Ledger.NoteAsync(held);
        await Ledger.RelayAsync();
        Assert.Equal(SettlementStatus.Settled, (await Ledger.HeadAsync(held)).State.Status);
        await ForgetAsync(Ledger, Later.AddYears(20 + Years + 1));
        Assert.Null(await Ledger.Settlements.ReadAsync(LedgerHarness.Address(held), default));
        Assert.NotNull(await Ledger.Settlements.ReadAsync(LedgerHarness.Address(half), default));
    }

    [Fact]
    public async Task Additional_delivery_that_is_owed_is_not_forgotten()
    {
        await Ledger.AddAccountAsync(LedgerSample.Account());
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.Draft("mb_owed", LedgerSample.Package("pkg_1", new BillingMeasurement(LedgerSample.BuyerAdServer, 10m, null, 72, ["additional_delivery"]))));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        await Ledger.PushAsync("seller", Ledger.SellerFinals(buy, 900_000));
        await Ledger.PassUntilAsync(LedgerSample.MarchGrace.AddMinutes(1));
        await Ledger.SweepAsync();
        await MoveAsync(new RemedyMove(0, RemedyAction.Propose, RemedyKind.AdditionalDelivery, null, 100_000m, null, DisputeActor.Seller, "seller", default, "in May"));
        await MoveAsync(new RemedyMove(1, RemedyAction.Accept, null, null, null, null, DisputeActor.Buyer, "buyer", default, "so be it"));
        await Ledger.RelayAsync();
        Assert.IsType<PeriodRuling.Closed>(await Ledger.CloseAsync("2026-03"));

        await ForgetAsync(Ledger);
        Assert.True((await Ledger.HeadAsync(buy)).State.Remedies![0].IsOwed);

        await MoveAsync(new RemedyMove(1, RemedyAction.Fulfil, null, null, null, null, DisputeActor.Buyer, "buyer", default, "it came"));
        await ForgetAsync(Ledger, Later.AddYears(Years + 1));
        Assert.Null(await Ledger.Settlements.ReadAsync(LedgerHarness.Address(buy), default));

        async Task MoveAsync(RemedyMove move) => Assert.Null(await Ledger.Settlements.MoveRemedyAsync(buy, await Ledger.HeadAsync(buy), [], move, default));
    }

    [Fact]
    public async Task Agreed_money_that_waits_is_not_forgotten_until_its_account_settles_elsewhere()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.Draft("mb_waits", LedgerSample.Package("pkg_1", new BillingMeasurement(LedgerSample.BuyerAdServer, 10m, null, 72, ["credit"]))));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        await Ledger.PushAsync("seller", Ledger.SellerFinals(buy, 900_000));
        await Ledger.PassUntilAsync(LedgerSample.MarchGrace.AddMinutes(1));
        await Ledger.SweepAsync();
        await MakeGoodAsync(new RemedyMove(0, RemedyAction.Propose, RemedyKind.Credit, 5_000m, null, null, DisputeActor.Seller, "seller", default, "we were late"));
        await DisputeAsync(DisputeActor.Buyer, DisputeAction.Open, 100_000m);
        await MakeGoodAsync(new RemedyMove(1, RemedyAction.Accept, null, null, null, null, DisputeActor.Buyer, "buyer", default, "so be it"));
        await DisputeAsync(DisputeActor.Seller, DisputeAction.Adjust, 400_000m);
        await DisputeAsync(DisputeActor.Buyer, DisputeAction.Accept, null);
        await Ledger.RelayAsync();
        Assert.IsType<PeriodRuling.Closed>(await Ledger.CloseAsync("2026-03"));
        Assert.Equal((true, 4_000m), ((await Ledger.HeadAsync(buy)).State.Remedies![0].IsWaiting, (await Ledger.HeadAsync(buy)).State.Posted!.Amount));

        await ForgetAsync(Ledger);
        Assert.True((await Ledger.HeadAsync(buy)).State.Remedies![0].IsWaiting);

        await Ledger.AddAccountAsync(LedgerSample.Account() with { OutOfBand = true });
        await ForgetAsync(Ledger, at: null);
        Assert.Null(await Ledger.Settlements.ReadAsync(LedgerHarness.Address(buy), default));
        await Ledger.AssertReplaysAsync();

        async Task MakeGoodAsync(RemedyMove move) => Assert.Null(await Ledger.Settlements.MoveRemedyAsync(buy, await Ledger.HeadAsync(buy), [], move, default));

        async Task DisputeAsync(DisputeActor actor, DisputeAction action, decimal? quantity)
        {
            HeadDocument head = await Ledger.HeadAsync(buy);
            DisputeMove move = EveryEvent.Move(head.State, actor, action, quantity is null ? null : new ClaimedNumber(quantity, null));
            Assert.IsType<DisputeOutcome.Moved>(await Ledger.Settlements.MoveDisputeAsync(buy, head, [], move, default));
        }
    }

    [Fact]
    public async Task A_sweep_that_dies_at_any_call_is_completed_by_the_next_and_no_check_stumbles_meanwhile()
    {
        await SmallAsync(Ledger);
        await Ledger.PassUntilAsync(Later);
        int calls = (await CallsOfAsync(() => Sweep(Ledger).RunAsync(LedgerHarness.Tenant, default))).Count;
        for (int call = 1; call <= calls; call++)
        {
            foreach (bool afterEffect in new[] { false, true })
            {
                FaultyTable store = NewStore();
                var ledger = new LedgerHarness(store, new FakeTime(LedgerSample.BeforeFlight), AuditPlay.Keys);
                await ledger.AddAccountAsync(LedgerSample.Account());
                await SmallAsync(ledger);
                await ledger.PassUntilAsync(Later);
                (_, bool struck) = await store.StrikeAsync(call, afterEffect, async () =>
                {
                    try
                    {
                        return await Sweep(ledger).RunAsync(LedgerHarness.Tenant, default);
                    }
                    catch (StorageFaultException)
                    {
                        return -1;
                    }
                });
                Assert.True(struck);
                Assert.Empty(await AuditPlay.FindingsAsync(ledger));

                await ForgetAsync(ledger, at: null);

                Assert.Empty(await AuditPlay.FindingsAsync(ledger));
                Assert.DoesNotContain(await AuditPlay.RowsAsync(ledger), r => r.Row.RowKey.StartsWith("e_2026030", StringComparison.Ordinal) || r.Row.RowKey.StartsWith("h_2026030", StringComparison.Ordinal));
                Assert.Empty(await ledger.LedgerTextAsync(LedgerKeys.Forgettings));
                DropStores(1);
            }
        }

        Assert.True(calls > 50);
    }

    [Fact]
    public async Task What_is_said_of_a_forgotten_settlement_begins_it_no_second_time()
    {
        LedgerHarness ledger = await PlayAsync();
        RegisteredBuy buy = await ledger.RegisterAsync(LedgerSample.SellerAttested(AuditPlay.Delivered));
        await ForgetAsync(ledger);
        string id = LedgerHarness.Address(buy).Id;
        int published = (await ledger.PublishedAsync()).Count(e => e.Subject == id);
        Assert.True(published > 0);

        await ledger.PushAsync("years late", ledger.SellerFinals(buy, 123_456));
        await ledger.SweepAsync();
        await ledger.RelayAsync();

        Assert.Null(await ledger.Settlements.ReadAsync(LedgerHarness.Address(buy), default));
        Assert.Equal(published, (await ledger.PublishedAsync()).Count(e => e.Subject == id));
        Assert.Empty(await AuditPlay.FindingsAsync(ledger));
    }

    [Theory]
    [InlineData("period")]
    [InlineData("changed")]
    [InlineData("earlier")]
    [InlineData("unsealed")]
    [InlineData("other key")]
    [InlineData("before sealing")]
    [InlineData("none")]
    public async Task A_tombstone_on_a_young_settlement_and_one_that_nobody_sealed_is_found(string what)
    {
        LedgerHarness ledger = await PlayAsync();
        await ForgetAsync(ledger);
        (string partition, TableRow stone) = await StoneAsync(ledger);
        TombstoneDocument left = JsonSerializer.Deserialize(stone.Body.Span, LedgerJson.Default.TombstoneDocument)!;
        left = what switch
        {
            "period" => left with { Period = LedgerSample.Month(2030, 3) },
            "changed" => left with { ChangedAt = Later.AddYears(-1) },
            "earlier" => left with { ChangedAt = left.ChangedAt.AddDays(-1) },
            "unsealed" => left with { Seal = null },
            "other key" => left with { Seal = new RecordSeal("k0", left.Seal!.Value) },
            "before sealing" => left with { Seal = null, ForgottenAt = LedgerSample.BeforeFlight },
            _ => left,
        };
        var batch = new TableBatch(partition);
        _ = what == "none" ? batch.Delete(stone) : batch.Upsert(TableRow.Of(stone.RowKey, JsonSerializer.SerializeToUtf8Bytes(left, LedgerJson.Default.TombstoneDocument)));
        await ledger.Table.SubmitAsync(batch, default);

        Assert.Contains(await AuditPlay.FindingsAsync(ledger), f => f.Settlement == left.Id);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_dispute_that_another_hand_buries_is_found_with_the_key_by_who_holds_a_later_root(bool hasKey)
    {
        LedgerHarness ledger = await PlayAsync();
        await ForgetAsync(ledger);
        PeriodClose close = Assert.IsType<PeriodRuling.Closed>(await ledger.CloseAsync("2026-05")).Close;
        HeadDocument head = (await HeadsAsync(ledger)).First(h => h.Account == "acct" && h.State.OpenDispute is not null);
        SettlementAddress address = LedgerKeys.Parse(LedgerHarness.Tenant, head.Id)!.Value;
        foreach (TableRow row in (TableRow[])[.. await ledger.RowsAsync(address.Partition, LedgerKeys.Head(address.Suffix)), .. await ledger.RowsAsync(address.Partition, $"e_{address.Suffix}_")])
            Assert.True(await Faults.DeleteIfUnchangedAsync(address.Partition, row, default));
        var billed = new TallyEntry(head.Period, head.Period, head.State.Posted!.Quantity);
        // One event more than any root knows of, as if it had gone on from there.
        var stone = new TombstoneDocument(head.Id, head.Period, head.Sequence + 1, head.Chain, head.State.Posted!.Revision, billed, head.ChangedAt, ledger.Time.GetUtcNow(), LedgerHarness.Tenant);
        stone = hasKey ? stone with { Seal = AuditPlay.Keys.Of(stone, LedgerJson.Default.TombstoneDocument) } : stone;
        await ledger.ImportAsync([(address.Partition, Tables.Row(LedgerKeys.Tombstone(address.Suffix), stone, LedgerJson.Default.TombstoneDocument))]);

        Assert.Contains(await AuditPlay.FindingsAsync(ledger, anchor: hasKey ? AuditPlay.RootOf(close) : null), f => f.Settlement == head.Id);
    }

    [Fact]
    public async Task A_dispute_that_another_hand_buries_as_of_before_sealing_is_found_by_a_root_that_was_taken_since()
    {
        await AuditPlay.PlayAsync(Ledger);
        await Ledger.PassUntilAsync(Later);
        var sealing = new LedgerHarness(Faults, Time, AuditPlay.Keys);
        Assert.IsType<PeriodRuling.Closed>(await sealing.CloseAsync("2033-05"));
        Assert.Empty(await AuditPlay.FindingsAsync(sealing));
        HeadDocument head = (await HeadsAsync(sealing)).First(h => h.Account == "acct" && h.State.OpenDispute is not null);
        SettlementAddress address = LedgerKeys.Parse(LedgerHarness.Tenant, head.Id)!.Value;
        foreach (TableRow row in (TableRow[])[.. await sealing.RowsAsync(address.Partition, LedgerKeys.Head(address.Suffix)), .. await sealing.RowsAsync(address.Partition, $"e_{address.Suffix}_")])
            Assert.True(await Faults.DeleteIfUnchangedAsync(address.Partition, row, default));
        // All of it is right but that it went before the month began whose root covers it.
        var billed = new TallyEntry(head.Period, head.Period, head.State.Posted!.Quantity);
        var stone = new TombstoneDocument(head.Id, head.Period, head.Sequence, head.Chain, head.State.Posted!.Revision, billed, head.ChangedAt, Later.AddMonths(-3), LedgerHarness.Tenant);
        await sealing.ImportAsync([(address.Partition, Tables.Row(LedgerKeys.Tombstone(address.Suffix), stone, LedgerJson.Default.TombstoneDocument))]);

        Assert.Contains(await AuditPlay.FindingsAsync(sealing), f => f.Settlement == head.Id);
    }

    [Fact]
    public async Task What_is_forgotten_while_an_audit_runs_is_no_finding()
    {
        var ledger = new LedgerHarness(Faults, Time, AuditPlay.Keys);
        await SmallAsync(ledger);
        HeadDocument head = Assert.Single(await HeadsAsync(ledger), h => h.Period == LedgerSample.March);
        await ledger.PassUntilAsync(head.ChangedAt.AddYears(Years).AddHours(-1));
        var audit = new Audit(ledger.Table, ledger.Directory, AuditPlay.Keys, Time.GetUtcNow().AddYears(-Years));
        await ledger.PassAsync(TimeSpan.FromHours(2));
        Assert.True(await Sweep(ledger).RunAsync(LedgerHarness.Tenant, default) > 0);

        var found = new List<AuditFinding>();
        await audit.RunAsync(LedgerHarness.Tenant, AuditAnchor.None, found.Add, default);

        Assert.Null(await ledger.Settlements.ReadAsync(LedgerKeys.Parse(LedgerHarness.Tenant, head.Id)!.Value, default));
        Assert.Empty(found);
    }

    [Fact]
    public async Task What_was_forgotten_while_the_first_sealed_record_waited_needs_no_seal()
    {
        await SmallAsync(Ledger);
        await Ledger.PassUntilAsync(Later);
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.SellerAttested("mb_later"));
        await Ledger.PushAsync("later", Ledger.SellerFinals(buy, 1_000));
        await Ledger.PassAsync(TimeSpan.FromMinutes(1));
        await Sweep(Ledger, Seals.None).RunAsync(LedgerHarness.Tenant, default);
        Assert.Null(Tables.Read((await StoneAsync(Ledger)).Row, LedgerJson.Default.TombstoneDocument).Seal);

        var sealing = new LedgerHarness(Faults, Time, AuditPlay.Keys);
        await sealing.RelayAsync();

        Assert.NotNull((await sealing.PublishedAsync())[^1].Record.Seal);
        Assert.Empty(await AuditPlay.FindingsAsync(sealing));
    }

    [Fact]
    public async Task What_was_forgotten_before_anything_was_sealed_needs_no_seal()
    {
        await SmallAsync(Ledger);
        await Ledger.PassUntilAsync(Later);
        await Sweep(Ledger, Seals.None).RunAsync(LedgerHarness.Tenant, default);
        Assert.Null((await StoneAsync(Ledger)).Row is { } stone ? Tables.Read(stone, LedgerJson.Default.TombstoneDocument).Seal : null);
        await Ledger.PassAsync(TimeSpan.FromDays(1));

        var sealing = new LedgerHarness(Faults, Time, AuditPlay.Keys);
        RegisteredBuy buy = await sealing.RegisterAsync(LedgerSample.SellerAttested("mb_later"));
        await sealing.PushAsync("later", sealing.SellerFinals(buy, 1_000));
        await sealing.RelayAsync();

        Assert.NotNull((await sealing.PublishedAsync())[^1].Record.Seal);
        Assert.Empty(await AuditPlay.FindingsAsync(sealing));
    }

    [Fact]
    public async Task A_delivery_of_which_rows_wait_keeps_its_evidence_and_one_that_was_decided_goes()
    {
        var evidence = new EvidenceLog(Faults);
        var quarantine = new Quarantine(Faults);
        EvidenceDocument waits = Evidence("waits"), done = Evidence("done"), young = Evidence("young") with { ReceivedAt = Later.AddYears(-Years) };
        foreach (EvidenceDocument one in (EvidenceDocument[])[waits, done, young])
            await evidence.KeepAsync(LedgerHarness.Tenant, one, AuditPlay.Body, default);
        await Faults.SubmitAsync(new TableBatch(LedgerKeys.DeliveryLogs(LedgerHarness.Tenant)).Upsert(TableRow.Of("ep1", "{}"u8.ToArray())), default);
        foreach (EvidenceDocument one in (EvidenceDocument[])[waits, done])
            await quarantine.KeepAsync(LedgerHarness.Tenant, EvidenceLog.KeyOf(one), new QuarantineDocument("ep1", "seller.example", one.ReceivedAt, "media_buy_delivery", [new QuarantinedRow(0, "package_unknown")]), default);
        QuarantineEntry entry = (await quarantine.FindAsync(LedgerHarness.Tenant, "ep1", EvidenceLog.KeyOf(done), default))!;
        Assert.True(await quarantine.ReplaceAsync(LedgerHarness.Tenant, entry, entry.Document.Waiting([]), default));

        await ForgetAsync(Ledger);

        Assert.NotNull(await evidence.ReadAsync(LedgerHarness.Tenant, "ep1", EvidenceLog.KeyOf(waits), default));
        Assert.NotNull(await evidence.ReadAsync(LedgerHarness.Tenant, "ep1", EvidenceLog.KeyOf(young), default));
        Assert.Null(await evidence.ReadAsync(LedgerHarness.Tenant, "ep1", EvidenceLog.KeyOf(done), default));
        Assert.Null(await quarantine.FindAsync(LedgerHarness.Tenant, "ep1", EvidenceLog.KeyOf(done), default));
        Assert.NotNull(await quarantine.FindAsync(LedgerHarness.Tenant, "ep1", EvidenceLog.KeyOf(waits), default));
    }

    [Fact]
    public async Task A_request_key_is_remembered_for_its_days_and_no_day_less()
    {
        DateTimeOffset start = Time.GetUtcNow();
        var reserved = Assert.IsType<Reservation.Reserved>(await Ledger.Requests.ReserveAsync(LedgerHarness.Tenant, "scope", "key", "hash", start, default));
        Assert.True(await Ledger.Requests.CompleteAsync(reserved, "{}"u8.ToArray(), start, [], default));

        await WeekAsync(start.AddDays(29).AddHours(-167));
        Assert.IsType<Reservation.Expired>(await Ledger.Requests.ReserveAsync(LedgerHarness.Tenant, "scope", "key", "hash", Time.GetUtcNow(), default));
        await WeekAsync(start.AddDays(30).AddHours(1));
        Assert.IsType<Reservation.Reserved>(await Ledger.Requests.ReserveAsync(LedgerHarness.Tenant, "scope", "key", "hash", Time.GetUtcNow(), default));
    }

    [Fact]
    public async Task Decided_publications_go_and_those_that_wait_stay()
    {
        string partition = LedgerKeys.Sent(LedgerHarness.Tenant, Destination);
        const string id = "acct.0.20260301-20260401.0.aaaaaaaaaaaaaaaaaaaa";
        PublicationDocument Of(long seq, PublicationState state, DateTimeOffset since) => new(seq, id, 1, state, since, null, "403", []);
        PublicationDocument[] rows = [Of(1, PublicationState.Decided, Time.GetUtcNow()), Of(2, PublicationState.Decided, Later.AddYears(-Years).AddDays(1)), Of(3, PublicationState.Uncertain, Time.GetUtcNow())];
        foreach (PublicationDocument row in rows)
            await Faults.SubmitAsync(new TableBatch(partition).Upsert(Publications.RowOf(row)), default);

        await ForgetAsync(Ledger);

        Assert.Equal(rows.Skip(1).Select(r => Publications.RowOf(r).RowKey).Order(StringComparer.Ordinal), (await Ledger.RowsAsync(partition)).Select(r => r.RowKey));
    }

    private static async Task<(string Partition, TableRow Row)> StoneAsync(LedgerHarness ledger)
    {
        for (int shard = 0; ; shard++)
        {
            string partition = LedgerKeys.Ledger(LedgerHarness.Tenant, "acct", shard);
            if (await ledger.RowsAsync(partition, LedgerKeys.Tombstones) is [var stone, ..])
                return (partition, stone);
        }
    }

    private static EvidenceDocument Evidence(string key) =>
        new("ep1", "seller.example", LedgerSample.BeforeFlight, key, Convert.ToHexStringLower(SHA256.HashData(AuditPlay.Body)), "hmac", new Dictionary<string, string>(StringComparer.Ordinal), []);

    private async Task<LedgerHarness> PlayAsync()
    {
        var ledger = new LedgerHarness(Faults, Time, AuditPlay.Keys);
        await AuditPlay.PlayAsync(ledger);
        await Faults.SubmitAsync(new TableBatch(LedgerKeys.DeliveryLogs(LedgerHarness.Tenant)).Upsert(TableRow.Of("ep1", "{}"u8.ToArray())), default);
        return ledger;
    }

    /// <summary>One settlement with three events and its page, of a closed month.</summary>
    private static async Task SmallAsync(LedgerHarness ledger)
    {
        RegisteredBuy buy = await ledger.RegisterAsync(LedgerSample.BuyerAlone("mb_1"));
        await ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        await ledger.PushAsync("one", [ledger.BuyerFinal(buy, 1_000)], [LedgerHarness.Provisional(buy, 900)]);
        await ledger.PushAsync("two", ledger.BuyerFinal(buy, 1_100, finalizedAt: ledger.Time.GetUtcNow().AddSeconds(1)));
        await ledger.RelayAsync();
        Assert.IsType<PeriodRuling.Closed>(await ledger.CloseAsync("2026-03"));
    }

    private static Retention Sweep(LedgerHarness ledger, Seals? seals = null) =>
        new(ledger.Table, ledger.Directory, new RetentionLogs(ledger.Table, Destination, ledger.Time), new RetentionTerms(Years, 30), ledger.Time) { Seals = seals ?? AuditPlay.Keys };

    private static async Task<int> ForgetAsync(LedgerHarness ledger) => await ForgetAsync(ledger, Later);

    /// <summary>A ring now, and one after it or, where the first may find a pass that was begun less than a day ago, a day later: what a pass learns of deliveries the next ring uses.</summary>
    private static async Task<int> ForgetAsync(LedgerHarness ledger, DateTimeOffset? at)
    {
        if (at is { } then)
            await ledger.PassUntilAsync(then);
        int forgotten = await Sweep(ledger).RunAsync(LedgerHarness.Tenant, default);
        if (at is null)
            await ledger.PassAsync(TimeSpan.FromDays(1));
        return forgotten + await Sweep(ledger).RunAsync(LedgerHarness.Tenant, default);
    }

    private async Task WeekAsync(DateTimeOffset from)
    {
        await Ledger.PassUntilAsync(from);
        for (int hour = 0; hour < 24 * 7; hour++)
        {
            await Sweep(Ledger).RunAsync(LedgerHarness.Tenant, default);
            await Ledger.PassAsync(TimeSpan.FromHours(1));
        }
    }

    private static async Task<IReadOnlyList<HeadDocument>> HeadsAsync(LedgerHarness ledger) =>
        [.. (await AuditPlay.RowsAsync(ledger)).Where(r => r.Row.RowKey.StartsWith("h_", StringComparison.Ordinal)).Select(r => JsonSerializer.Deserialize(r.Row.Body.Span, LedgerJson.Default.HeadDocument)!)];
}
