using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

/// <summary>Whatever another hand changes, cuts off or takes away is found, and the first broken link is named.</summary>
public sealed class AuditTests() : LedgerSuite(splitsPages: false)
{
    private sealed record Place(string Partition, string Suffix, HeadDocument Head);

    [Fact]
    public async Task An_untouched_ledger_has_no_finding_whatever_is_held_against_it()
    {
        LedgerHarness ledger = await PlayAsync();
        (PeriodClose close, _) = await AuditPlay.CloseAsync(ledger);

        Assert.Empty(await AuditPlay.FindingsAsync(ledger));
        Assert.Empty(await AuditPlay.FindingsAsync(ledger, Seals.None));
        Assert.Empty(await AuditPlay.FindingsAsync(ledger, anchor: AuditPlay.RootOf(close)));
        Assert.Empty(await AuditPlay.FindingsAsync(ledger, anchor: await ReceivedAsync(ledger)));
        Assert.Equal("2026-04", close.Period);
        Assert.True(close.Audit is { PreviousRoot.Length: 64, Settlements: > 20 });
    }

    [Fact]
    public async Task Every_byte_that_is_changed_in_any_row_is_found()
    {
        LedgerHarness ledger = await PlayAsync();
        IReadOnlyList<(string Partition, TableRow Row)> rows = await AuditPlay.RowsAsync(ledger);
        Assert.All(["h_", "e_", "t_", "r_", "id_", "p_"], kind => Assert.Contains(rows, r => r.Row.RowKey.StartsWith(kind, StringComparison.Ordinal)));
        Assert.Contains(rows, r => !r.Row["raw"].IsEmpty && r.Row.RowKey.StartsWith("e_", StringComparison.Ordinal));

        List<string> missed = [];
        foreach ((string partition, TableRow row) in rows)
        {
            foreach (Column column in row.Columns)
            {
                foreach (int at in Positions(column.Value.Length))
                {
                    byte[] changed = column.Value.ToArray();
                    changed[at] ^= 1;
                    await PutAsync(partition, row with { Columns = [.. row.Columns.Select(c => c.Name == column.Name ? c with { Value = changed } : c)] });
                    IReadOnlyList<AuditFinding> found = await AuditPlay.FindingsAsync(ledger);
                    if (found.Count == 0 || !Names(found, row.RowKey))
                        missed.Add($"{partition}/{row.RowKey}.{column.Name}[{at}] {Encoding.UTF8.GetString(changed.AsSpan(Math.Max(0, at - 20), Math.Min(40, changed.Length - Math.Max(0, at - 20))))}: {string.Join("; ", found)}");
                }
            }

            await PutAsync(partition, row);
        }

        Assert.Empty(missed);
        Assert.Empty(await AuditPlay.FindingsAsync(ledger));
    }

    [Fact]
    public async Task Every_row_that_is_taken_away_is_found()
    {
        LedgerHarness ledger = await PlayAsync();

        List<string> missed = [];
        foreach ((string partition, TableRow row) in await AuditPlay.RowsAsync(ledger))
        {
            await RemoveAsync(partition, row.RowKey);
            if ((await AuditPlay.FindingsAsync(ledger)).Count == 0)
                missed.Add($"{partition}/{row.RowKey}");
            await PutAsync(partition, row);
        }

        Assert.Empty(missed);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_tail_that_is_cut_off_is_found_also_when_the_head_is_made_to_fit(bool fits)
    {
        LedgerHarness ledger = await PlayAsync();
        (PeriodClose close, _) = await AuditPlay.CloseAsync(ledger);

        foreach (Place place in (await PlacesAsync(ledger)).Where(p => p.Head.Account == "acct" && p.Head.MediaBuyId != AuditPlay.Moved && p.Head.Sequence > 1))
        {
            TableRow[] before = [.. await ledger.RowsAsync(place.Partition, $"e_{place.Suffix}_"), await HeadRowAsync(place)];
            await RemoveAsync(place.Partition, LedgerKeys.Event(place.Suffix, place.Head.Sequence));
            if (fits)
                await PutAsync(place.Partition, Fold(place.Head, before[..^2]));

            Assert.True(IsAbout(await AuditPlay.FindingsAsync(ledger), place.Suffix), place.Suffix);
            AuditFinding named = (await AuditPlay.FindingsAsync(ledger, anchor: AuditPlay.RootOf(close))).First(f => f.Settlement == place.Head.Id);
            Assert.True(named.Sequence > 0 && named.RowKey.Contains(place.Suffix, StringComparison.Ordinal), named.ToString());
            foreach (TableRow row in before)
                await PutAsync(place.Partition, row);
        }
    }

    [Fact]
    public async Task What_was_cut_off_since_the_newest_close_is_found_by_who_knew_more()
    {
        LedgerHarness ledger = await PlayAsync();
        Place moved = (await PlacesAsync(ledger)).First(p => p.Head is { MediaBuyId: AuditPlay.Moved, Sequence: > 2 });
        var known = new AnchoredLine.Standing(1, new ManifestLine(moved.Head.Id, moved.Head.Sequence, moved.Head.Chain));
        IReadOnlyList<TableRow> events = await ledger.RowsAsync(moved.Partition, $"e_{moved.Suffix}_");
        await RemoveAsync(moved.Partition, events[^1].RowKey);
        await PutAsync(moved.Partition, Fold(moved.Head, [.. events.SkipLast(1)]));

        // Nothing inside the ledger knew of that event.
        Assert.Empty(await AuditPlay.FindingsAsync(ledger));
        AuditFinding found = Assert.Single(await AuditPlay.FindingsAsync(ledger, anchor: new AuditAnchor([], () => Lines(known))));

        Assert.Equal((moved.Head.Id, moved.Head.Sequence, LedgerKeys.Event(moved.Suffix, moved.Head.Sequence)), (found.Settlement, found.Sequence, found.RowKey));
    }

    [Fact]
    public async Task A_settlement_that_is_deleted_with_all_its_rows_is_found_and_named()
    {
        LedgerHarness ledger = await PlayAsync();
        (PeriodClose close, _) = await AuditPlay.CloseAsync(ledger);

        foreach (Place place in (await PlacesAsync(ledger)).Where(p => p.Head.Account == "acct"))
        {
            List<(string Partition, TableRow Row)> before = [(place.Partition, await HeadRowAsync(place)), .. (await ledger.RowsAsync(place.Partition, $"e_{place.Suffix}_")).Select(r => (place.Partition, r))];
            foreach (TableRow id in await ledger.RowsAsync(AuditPlay.Feed, $"id_{place.Head.Id}."))
                before.AddRange([(AuditPlay.Feed, id), (AuditPlay.Feed, (await ledger.Table.GetAsync(AuditPlay.Feed, Encoding.UTF8.GetString(id.Body.Span), default))!)]);
            foreach ((string partition, TableRow row) in before)
                await RemoveAsync(partition, row.RowKey);

            IReadOnlyList<AuditFinding> found = await AuditPlay.FindingsAsync(ledger, anchor: AuditPlay.RootOf(close));

            Assert.Contains(found, f => f.Settlement == place.Head.Id && f.RowKey == LedgerKeys.Head(place.Suffix) && f.Found == "nothing");
            foreach ((string partition, TableRow row) in before)
                await PutAsync(partition, row);
        }
    }

    [Fact]
    public async Task A_ledger_that_is_built_anew_hangs_together_and_is_found_by_its_root_and_by_what_was_sent()
    {
        LedgerHarness ledger = await PlayAsync();
        (PeriodClose close, _) = await AuditPlay.CloseAsync(ledger);
        AuditAnchor received = await ReceivedAsync(ledger);
        LedgerHarness forged = await ForgeAsync();
        string id = (await PlacesAsync(ledger)).First(p => p.Head is { MediaBuyId: AuditPlay.Delivered, State.Posted: not null }).Head.Id;

        Assert.Empty(await AuditPlay.FindingsAsync(forged, Seals.None));
        Assert.Contains(await AuditPlay.FindingsAsync(forged, Seals.None, AuditPlay.RootOf(close)), f => f.What == "manifest");
        Assert.Contains(await AuditPlay.FindingsAsync(forged, Seals.None, received), f => f.Settlement == id && f.What.StartsWith("line ", StringComparison.Ordinal));

        // Whoever left the old lines where they were told which settlement it is.
        foreach (string partition in AuditPlay.Manifests)
        {
            foreach (TableRow row in await ledger.RowsAsync(partition))
                await forged.ImportAsync([(partition, row)]);
        }

        Assert.Equal([close.Subject, id], (await AuditPlay.FindingsAsync(forged, Seals.None, AuditPlay.RootOf(close))).Select(f => f.Settlement));
    }

    [Fact]
    public async Task A_chain_that_is_built_anew_with_its_record_is_found_by_the_seal()
    {
        LedgerHarness ledger = await PlayAsync();
        LedgerHarness forged = await ForgeAsync();
        Place place = (await PlacesAsync(forged)).First(p => p.Head is { MediaBuyId: AuditPlay.Delivered, State.Posted: not null });
        foreach (TableRow row in (TableRow[])[await HeadRowAsync(place, forged), .. await forged.RowsAsync(place.Partition, $"e_{place.Suffix}_")])
            await PutAsync(place.Partition, row);
        FeedEntry entry = (await forged.PublishedAsync()).First(e => e.Subject == place.Head.Id);
        RecordSeal old = (await ledger.PublishedAsync()).First(e => e.Subject == place.Head.Id).Record.Seal!;

        foreach (SettledRecord record in (SettledRecord[])[entry.Record, entry.Record with { Seal = old }, entry.Record with { Seal = old with { KeyId = "k0" } }])
        {
            await PutAsync(AuditPlay.Feed, TableRow.Of(LedgerKeys.FeedRecord(entry.Sequence), JsonSerializer.SerializeToUtf8Bytes(record, LedgerJson.Default.SettledRecord)));

            Assert.Contains(await AuditPlay.FindingsAsync(ledger), f => f.Settlement == place.Head.Id && f.What == "seal");
        }
    }

    [Theory]
    [InlineData("acct", "2026-04", "0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("nobody", "2026-04", null)]
    [InlineData("acct", "2026-03", null)]
    public async Task A_root_the_ledger_knows_nothing_of_is_found(string account, string period, string? root)
    {
        LedgerHarness ledger = await PlayAsync();
        (PeriodClose close, _) = await AuditPlay.CloseAsync(ledger);

        Assert.Equal("manifest", Assert.Single(await AuditPlay.FindingsAsync(ledger, anchor: new AuditAnchor([new AnchoredRoot(account, period, root ?? close.Audit.Root)]))).What);
    }

    [Fact]
    public async Task Two_closes_at_once_leave_the_lines_of_the_one_that_stands()
    {
        LedgerHarness ledger = await PlayAsync();
        var audit = new AuditTrail(Faults);
        (PeriodClose close, _) = await AuditPlay.CloseAsync(ledger);

        // One that never was, and one that hashed what has moved since.
        await audit.TakeAsync(LedgerHarness.Tenant, "acct", close.Period, close.Revision, close.Audit.PreviousRoot, _ => { }, default);
        AuditRoot other = await audit.TakeAsync(LedgerHarness.Tenant, "acct", close.Period, 2, close.Audit.Root, _ => { }, default);

        Assert.NotEqual(close.Audit.Root, other.Root);
        Assert.Empty(await AuditPlay.FindingsAsync(ledger, anchor: AuditPlay.RootOf(close)));
    }

    [Fact]
    public async Task A_root_is_the_same_while_nothing_moves_and_another_when_anything_does()
    {
        LedgerHarness ledger = await PlayAsync();
        Task<AuditRoot> TakeAsync(int revision = 1) => new AuditTrail(Faults).TakeAsync(LedgerHarness.Tenant, "acct", "2026-05", revision, "", _ => { }, default);

        AuditRoot one = await TakeAsync();
        Assert.Equal(one, await TakeAsync());
        Assert.NotEqual(one.Root, (await TakeAsync(2)).Root);
        await ledger.PushAsync("again", ledger.SellerFinals(await ledger.RegisterAsync(LedgerSample.SellerAttested("mb_new")), 1));
        Assert.NotEqual(one.Root, (await TakeAsync()).Root);
    }

    [Fact]
    public async Task An_audit_beside_writers_has_no_finding()
    {
        LedgerHarness ledger = await PlayAsync();
        RegisteredBuy buy = await ledger.RegisterAsync(LedgerSample.SellerAttested("mb_busy"));
        int pushed = 0, calls = 0;
        // Between the calls of the audit another instance takes something in and publishes it.
        Faults.RaceBefore(
            call => call.Kind == TableCallKind.Query && ++calls % 5 == 0,
            async other =>
            {
                var writer = new LedgerHarness(other, Time, AuditPlay.Keys);
                await writer.PushAsync($"busy {++pushed}", writer.SellerFinals(buy, 1_000 + pushed, finalizedAt: Time.GetUtcNow().AddSeconds(pushed)));
                await writer.RelayAsync();
                if (pushed == 20)
                    Assert.IsType<PeriodRuling.Reopened>(await writer.ReopenAsync("2026-04"));
                if (pushed == 22)
                    Assert.IsType<PeriodRuling.Closed>(await writer.CloseAsync("2026-04"));
            },
            times: 40);

        Assert.Empty(await AuditPlay.FindingsAsync(ledger));

        Assert.Equal(40, pushed);
        Assert.Empty(await AuditPlay.FindingsAsync(ledger));
    }

    private async Task<LedgerHarness> PlayAsync()
    {
        var ledger = new LedgerHarness(Faults, Time, AuditPlay.Keys);
        await AuditPlay.PlayAsync(ledger);
        return ledger;
    }

    /// <summary>The same history with another number in one delivery, by a hand that may write everything and has no key.</summary>
    private async Task<LedgerHarness> ForgeAsync()
    {
        var forged = new LedgerHarness(NewStore(), new FakeTime(LedgerSample.BeforeFlight));
        await forged.AddAccountAsync(LedgerSample.Account());
        await AuditPlay.PlayAsync(forged, delivered: 9_000);
        return forged;
    }

    private static async Task<AuditAnchor> ReceivedAsync(LedgerHarness ledger)
    {
        IReadOnlyList<FeedEntry> published = await ledger.PublishedAsync();
        return new AuditAnchor([], () => Lines([.. published.Select((e, i) => new AnchoredLine.Published(i + 1, e.Body))]));
    }

    private static async IAsyncEnumerable<AnchoredLine> Lines(params AnchoredLine[] lines)
    {
        foreach (AnchoredLine line in lines)
            yield return await Task.FromResult(line);
    }

    private static async Task<IReadOnlyList<Place>> PlacesAsync(LedgerHarness ledger)
    {
        var places = new List<Place>();
        foreach ((string partition, TableRow row) in (await AuditPlay.RowsAsync(ledger)).Where(r => r.Row.RowKey.StartsWith("h_", StringComparison.Ordinal)))
            places.Add(new Place(partition, row.RowKey[2..], JsonSerializer.Deserialize(row.Body.Span, LedgerJson.Default.HeadDocument)!));
        return places;
    }

    private async Task<TableRow> HeadRowAsync(Place place, LedgerHarness? ledger = null) => (await (ledger?.Table ?? Faults).GetAsync(place.Partition, LedgerKeys.Head(place.Suffix), default))!;

    /// <summary>The head that these events alone would have left.</summary>
    private static TableRow Fold(HeadDocument head, IReadOnlyList<TableRow> events)
    {
        SettlementState state = SettlementState.Initial;
        EventDocument last = null!;
        foreach (TableRow row in events)
        {
            last = JsonSerializer.Deserialize(row.Body.Span, LedgerJson.Default.EventDocument)!;
            foreach (EventEnvelope happened in last.Events)
                state = state.Apply(happened.Event());
        }

        HeadDocument after = head with { State = state, Sequence = events.Count, Chain = Convert.ToHexStringLower(SHA256.HashData(events[^1].Body.Span)), ChangedAt = last.At };
        return TableRow.Of(LedgerKeys.Head(events[0].RowKey[2..^7]), JsonSerializer.SerializeToUtf8Bytes(after, LedgerJson.Default.HeadDocument));
    }

    private static IEnumerable<int> Positions(int length) => new[] { 0, length / 4, length / 2, length * 3 / 4, length - 1 }.Distinct();

    /// <summary>A finding about an event or a head is about its settlement.</summary>
    private static bool Names(IReadOnlyList<AuditFinding> found, string rowKey) =>
        rowKey[..2] is not ("e_" or "h_") || IsAbout(found, rowKey[0] == 'e' ? rowKey[2..^7] : rowKey[2..]);

    private static bool IsAbout(IReadOnlyList<AuditFinding> found, string suffix) =>
        found.Any(f => f.RowKey.Contains(suffix, StringComparison.Ordinal) || LedgerKeys.Parse(LedgerHarness.Tenant, f.Settlement)?.Suffix == suffix);

    private async Task PutAsync(string partition, TableRow row) =>
        Assert.IsType<BatchResult.Committed>(await Faults.SubmitAsync(new TableBatch(partition).Upsert(row), default));

    private async Task RemoveAsync(string partition, string key) =>
        Assert.IsType<BatchResult.Committed>(await Faults.SubmitAsync(new TableBatch(partition).Delete((await Faults.GetAsync(partition, key, default))!), default));
}
