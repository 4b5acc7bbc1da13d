using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

public sealed class ReplayPlainTests() : ReplayTests(splitsPages: false);

public sealed class ReplaySplitTests() : ReplayTests(splitsPages: true);

/// <summary>What was decided follows from contracts and events, and whatever was changed by another hand is found.</summary>
public abstract class ReplayTests(bool splitsPages) : LedgerSuite(splitsPages)
{
    private static readonly string Feed = LedgerKeys.Feed(LedgerHarness.Tenant, sandbox: false);

    private sealed record Place(RegisteredBuy Buy, SettlementAddress Address);

    [Fact]
    public async Task A_ledger_in_which_everything_happened_replays_without_a_difference()
    {
        await EveryEvent.PlayAsync(Ledger);

        ReplayCount count = await Ledger.AssertReplaysAsync();

        string events = string.Join('\n', await Ledger.LedgerTextAsync("e_"));
        Assert.All(
            ["final_received", "unknown_received", "deadline_missed", "fallback_approved", "ruled", "posted", "status_changed", "snapshot_read", "outages", "billed_elsewhere", "dispute_moved", "dispute_lapsed", "remedy_moved", "remedied"],
            kind => Assert.Contains($"\"{kind}\":", events, StringComparison.Ordinal));
        Assert.Equal((12, 1, 13L), ((await Ledger.PublishedAsync()).Count, (await Ledger.PublishedAsync(sandbox: true)).Count, count.Records));
        Assert.True(count.Settlements > 20 && count.Events > count.Settlements);
    }

    [Fact]
    public async Task What_still_waits_for_the_relay_counts_as_sent()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAlone("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        await Ledger.PushAsync("one", Ledger.BuyerFinal(buy, 1_000));

        Assert.Equal(1, (await Ledger.AssertReplaysAsync()).Records);
    }

    [Fact]
    public async Task A_registration_that_died_leaves_decisions_that_replay_under_the_terms_they_were_taken_under()
    {
        ContractDraft draft = LedgerSample.BuyerAttested("mb_1");
        string partition = LedgerKeys.Ledger(LedgerHarness.Tenant, "acct", LedgerKeys.Shard("mb_1"));
        Faults.FaultBefore(call => FaultyTable.Submits(partition)(call) && call.Batch!.Operations.Any(o => o.Row.RowKey == LedgerKeys.MediaBuy("mb_1")));
        await Assert.ThrowsAsync<StorageFaultException>(() => Ledger.RegisterAsync(draft));
        Assert.NotEmpty(await Ledger.LedgerTextAsync("e_"));

        // What comes instead is another contract, a day later.
        Time.Advance(TimeSpan.FromDays(1));
        RegisteredBuy buy = await Other().RegisterAsync(LedgerSample.BuyerAttested("mb_1", deadlineHours: 100));

        Assert.Equal(2, (await Ledger.HeadAsync(buy)).Sequence);
        await Ledger.AssertReplaysAsync();
    }

    [Fact]
    public async Task A_settlement_that_moves_while_it_is_read_is_read_again()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAlone("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        await Ledger.PushAsync("one", Ledger.BuyerFinal(buy, 1_000));
        int calm = (await CallsOfAsync(Ledger.AssertReplaysAsync)).Count, before = Faults.Calls.Count, queries = 0;
        // After the first page of events and before the page of settlements.
        Faults.RaceBefore(
            call => call.Kind == TableCallKind.Query && call.Partition == buy.Partition && ++queries == 2,
            other => new LedgerHarness(other, Time).PushAsync("two", Ledger.BuyerFinal(buy, 2_000, finalizedAt: Time.GetUtcNow().AddSeconds(1))));

        ReplayCount count = await Ledger.AssertReplaysAsync();

        Assert.True(Faults.Calls.Count - before > calm, "It was not read again.");
        Assert.Equal(2_000m, (await Ledger.HeadAsync(buy)).State.Posted!.Quantity);
        Assert.Equal(3 + 2, count.Events);
    }

    [Theory]
    [InlineData("[0-9a-f]{64}", "nobody", "hash of the event before")]
    [InlineData("(?<=\"quantity\":)1000000", "2", "decision")]
    [InlineData("(?<=\"at\":\")2026", "2030", "decision")]
    public async Task A_changed_event_is_found(string pattern, string instead, string what)
    {
        Place place = await PlayAsync();

        await RewriteAsync(place.Address.Partition, LedgerKeys.Event(place.Address.Suffix, 2), body => new Regex(pattern).Replace(body, instead, 1));

        IReadOnlyList<Difference> found = await FoundAsync(place);
        Assert.Contains(found, d => d.What == what && d.Sequence >= 2);
        Assert.Contains(found, d => d.What == "hash of the event before" && d.Sequence == 3);
    }

    [Theory]
    [InlineData(3, "\"action\":\"open\"", "\"action\":\"escalate\"", "decision")]
    [InlineData(3, "(?<=\"due\":\")2026", "2027", "dispute move")]
    [InlineData(4, "(?<=\"quantity\":)500000", "500001", "dispute move")]
    [InlineData(5, "(?<=\"number\":\\{\"quantity\":)500000", "100", "dispute move")]
    [InlineData(5, "\"actor\":\"buyer\"", "\"actor\":\"seller\"", "dispute move")]
    public async Task A_changed_move_of_a_dispute_is_found(int sequence, string pattern, string instead, string what)
    {
        await PlayAsync();
        Place place = await PlaceAsync(EveryEvent.Disputed, LedgerSample.March);

        await RewriteAsync(place.Address.Partition, LedgerKeys.Event(place.Address.Suffix, sequence), body => new Regex(pattern).Replace(body, instead, 1));

        Assert.Contains(await FoundAsync(place), d => d.What == what && d.Sequence >= sequence);
    }

    [Fact]
    public async Task A_changed_newest_event_is_found_by_the_heads_chain()
    {
        Place place = await PlayAsync();
        int last = (await Ledger.HeadAsync(place.Buy)).Sequence;

        await RewriteAsync(place.Address.Partition, LedgerKeys.Event(place.Address.Suffix, last), body => body.Replace("agreed by phone", "agreed by letter", StringComparison.Ordinal));

        Assert.Contains(await FoundAsync(place), d => d.What == "head" && d.Expected != d.Found);
    }

    [Fact]
    public async Task A_changed_state_is_found()
    {
        Place place = await PlayAsync();

        await RewriteAsync(place.Address.Partition, LedgerKeys.Head(place.Address.Suffix), body => body.Replace("\"status\":\"adjusted\"", "\"status\":\"settled\"", StringComparison.Ordinal));

        Difference found = Assert.Single(await FoundAsync(place));
        Assert.True(found.What == "head" && found.Expected.Contains("\"adjusted\"", StringComparison.Ordinal) && found.Found.Contains("\"settled\"", StringComparison.Ordinal), found.ToString());
    }

    [Fact]
    public async Task A_changed_contract_is_found()
    {
        Place place = await PlayAsync();

        await RewriteAsync(place.Address.Partition, LedgerKeys.MediaBuy(place.Buy.MediaBuyId), body => body.Replace("\"rate\":10", "\"rate\":11", StringComparison.Ordinal));

        Assert.Contains(await FoundAsync(place), d => d.What == "decision");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(-1)]
    public async Task A_removed_event_is_found(int sequence)
    {
        Place place = await PlayAsync();

        await RemoveAsync(place.Address.Partition, LedgerKeys.Event(place.Address.Suffix, sequence > 0 ? sequence : (await Ledger.HeadAsync(place.Buy)).Sequence));

        Assert.Contains(await FoundAsync(place), d => d.What == (sequence > 0 ? "row key" : "head"));
    }

    [Fact]
    public async Task A_removed_settlement_is_found_by_its_events_and_its_records()
    {
        Place place = await PlayAsync();

        await RemoveAsync(place.Address.Partition, LedgerKeys.Head(place.Address.Suffix));

        IReadOnlyList<Difference> found = await DifferencesAsync();
        Assert.Contains(found, d => d.What == "event row" && d.Settlement.Contains(place.Address.Suffix, StringComparison.Ordinal));
        Assert.Contains(found, d => d.What == "published record" && d.Settlement == place.Address.Id);
    }

    [Fact]
    public async Task Swapped_amounts_in_a_published_record_are_found()
    {
        Place place = await PlayAsync();
        FeedEntry second = (await Ledger.PublishedAsync()).Single(e => e.Record.SettlementId == place.Address.Id && e.Record.Revision == 2);
        SettledRecord swapped = second.Record with { Delta = second.Record.Cumulative, Cumulative = second.Record.Delta };

        await PutAsync(Feed, LedgerKeys.FeedRecord(second.Sequence), JsonSerializer.SerializeToUtf8Bytes(swapped, LedgerJson.Default.SettledRecord));

        Difference found = Assert.Single(await FoundAsync(place));
        Assert.Equal("published record", found.What);
        Assert.Contains("-100.00", found.Expected, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_record_is_found()
    {
        Place place = await PlayAsync();
        FeedEntry first = (await Ledger.PublishedAsync()).First(e => e.Record.SettlementId == place.Address.Id);

        await RemoveAsync(Feed, LedgerKeys.FeedRecord(first.Sequence));

        Assert.Contains(await FoundAsync(place), d => d.What == "published record" && d.Expected == first.Record.MessageId && d.Found == "nothing");
        Assert.Contains(await DifferencesAsync(), d => d.What is "place in the feed" or "end of the feed");
    }

    [Theory]
    [InlineData(3, "a revision that was never decided")]
    [InlineData(2, "a revision published a second time")]
    public async Task A_record_that_was_never_decided_is_found(int revision, string reason)
    {
        Place place = await PlayAsync();
        IReadOnlyList<FeedEntry> all = await Ledger.PublishedAsync();
        FeedEntry second = all.Single(e => e.Record.SettlementId == place.Address.Id && e.Record.Revision == 2);
        long seq = all[^1].Sequence + 1;
        string id = $"{place.Address.Id}.{revision}";

        await PutAsync(Feed, LedgerKeys.FeedRecord(seq), JsonSerializer.SerializeToUtf8Bytes(second.Record with { Seq = seq, Revision = revision, MessageId = id }, LedgerJson.Default.SettledRecord));
        if (revision == 3)
            await PutAsync(Feed, LedgerKeys.FeedId(place.Address.Id, revision), Encoding.ASCII.GetBytes(LedgerKeys.FeedRecord(seq)));
        await PutAsync(Feed, LedgerKeys.FeedHead, JsonSerializer.SerializeToUtf8Bytes(new FeedHeadDocument(seq), LedgerJson.Default.FeedHeadDocument));

        Difference found = Assert.Single(await DifferencesAsync());
        Assert.True(found.What == "published record" && found.Settlement == place.Address.Id && found.Found.StartsWith(id, StringComparison.Ordinal), $"{reason}: {found}");
    }

    [Fact]
    public async Task A_record_of_a_billed_account_in_the_sandbox_feed_is_found()
    {
        await PlayAsync();
        string sandbox = LedgerKeys.Feed(LedgerHarness.Tenant, sandbox: true);
        FeedEntry one = (await Ledger.PublishedAsync())[0];

        await PutAsync(sandbox, LedgerKeys.FeedRecord(2), JsonSerializer.SerializeToUtf8Bytes(one.Record with { Seq = 2 }, LedgerJson.Default.SettledRecord));
        await PutAsync(sandbox, LedgerKeys.FeedId(one.Record.SettlementId, one.Record.Revision), Encoding.ASCII.GetBytes(LedgerKeys.FeedRecord(2)));
        await PutAsync(sandbox, LedgerKeys.FeedHead, JsonSerializer.SerializeToUtf8Bytes(new FeedHeadDocument(2), LedgerJson.Default.FeedHeadDocument));

        Assert.Equal("feed", Assert.Single(await DifferencesAsync()).What);
    }

    [Fact]
    public async Task A_tally_that_says_another_number_is_found_from_both_ends()
    {
        await PlayAsync();
        Place capped = await PlaceAsync(EveryEvent.Capped, LedgerSample.April);

        await RewriteAsync(capped.Address.Partition, LedgerKeys.Tally(capped.Address.Suffix), body => body.Replace("\"units\":500000", "\"units\":400000", StringComparison.Ordinal));

        Assert.Equal([capped.Address.Id, $"{capped.Address.Partition}/{LedgerKeys.Tally(capped.Address.Suffix)}"], (await DifferencesAsync()).Where(d => d.What == "tally").Select(d => d.Settlement));
    }

    [Fact]
    public async Task A_missing_tally_and_an_entry_of_nobody_are_found()
    {
        await PlayAsync();
        Place capped = await PlaceAsync(EveryEvent.Capped, LedgerSample.April);
        string key = LedgerKeys.Tally(capped.Address.Suffix);
        var invented = new TallyDocument([new TallyEntry(LedgerSample.May, LedgerSample.May, 7m)]);

        await PutAsync(capped.Address.Partition, key, JsonSerializer.SerializeToUtf8Bytes(invented, LedgerJson.Default.TallyDocument));
        Assert.Equal(3, (await DifferencesAsync()).Count(d => d.What == "tally"));

        await RemoveAsync(capped.Address.Partition, key);
        Assert.Equal(2, (await DifferencesAsync()).Count(d => d.What == "tally" && d.Found == "nothing"));
    }

    [Theory]
    [InlineData("e_")]
    [InlineData("h_")]
    [InlineData("o_")]
    public async Task A_row_that_cannot_be_read_is_a_difference_and_no_fault(string kind)
    {
        Place place = await PlayAsync();
        string key = kind switch { "e_" => LedgerKeys.Event(place.Address.Suffix, 2), "h_" => LedgerKeys.Head(place.Address.Suffix), _ => LedgerKeys.Outgoing(place.Address.Suffix, 2) };

        await PutAsync(place.Address.Partition, key, "{\"id\":["u8.ToArray());

        Assert.Contains(await DifferencesAsync(), d => d.Expected.StartsWith("what can be read", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_record_of_before_there_were_grades_is_no_difference_and_a_changed_grade_is_one()
    {
        Place place = await PlayAsync();
        FeedEntry first = (await Ledger.PublishedAsync()).First(e => e.Record.SettlementId == place.Address.Id);
        Assert.True(first.Record.BillingGrade is { Billable: true });

        await PutAsync(Feed, LedgerKeys.FeedRecord(first.Sequence), JsonSerializer.SerializeToUtf8Bytes(first.Record with { BillingGrade = null }, LedgerJson.Default.SettledRecord));
        await Ledger.AssertReplaysAsync();
        BillingGrade other = first.Record.BillingGrade! with { Sentence = "Billable: pay twice." };
        await PutAsync(Feed, LedgerKeys.FeedRecord(first.Sequence), JsonSerializer.SerializeToUtf8Bytes(first.Record with { BillingGrade = other }, LedgerJson.Default.SettledRecord));

        Assert.Equal("published record", Assert.Single(await FoundAsync(place)).What);
    }

    private async Task<Place> PlayAsync()
    {
        await EveryEvent.PlayAsync(Ledger);
        await Ledger.AssertReplaysAsync();
        return await PlaceAsync(EveryEvent.Breached, LedgerSample.March);
    }

    private async Task<Place> PlaceAsync(string mediaBuyId, ReportingPeriod period)
    {
        AccountContracts contracts = await Ledger.Catalog.OpenAsync(LedgerHarness.Tenant, LedgerSample.Account(), default);
        RegisteredBuy buy = (await Ledger.Catalog.FindAsync(LedgerHarness.Tenant, contracts, mediaBuyId, default))!;
        return new Place(buy, LedgerHarness.Address(buy, period));
    }

    /// <summary>What the whole ledger's replay finds, all of it about one settlement.</summary>
    private async Task<IReadOnlyList<Difference>> FoundAsync(Place place)
    {
        var alone = new List<Difference>();
        ReplayCount? count = await new Replay(Ledger.Table, Ledger.Directory).RunAsync(LedgerHarness.Tenant, place.Address.Id, alone.Add, default);
        Assert.Equal((1L, (long)alone.Count), (count!.Settlements, count.Differences));
        Assert.NotEmpty(alone);
        Assert.All(alone, d => Assert.Equal(place.Address.Id, d.Settlement));
        Assert.Empty(alone.Except(await DifferencesAsync()));
        return alone;
    }

    private async Task<IReadOnlyList<Difference>> DifferencesAsync()
    {
        var found = new List<Difference>();
        await new Replay(Ledger.Table, Ledger.Directory).RunAsync(LedgerHarness.Tenant, found.Add, default);
        return found;
    }

    private async Task RewriteAsync(string partition, string key, Func<string, string> rewrite)
    {
        TableRow row = (await Ledger.Table.GetAsync(partition, key, default))!;
        string body = Encoding.UTF8.GetString(row.Body.Span), rewritten = rewrite(body);
        Assert.NotEqual(body, rewritten);
        await PutAsync(partition, key, Encoding.UTF8.GetBytes(rewritten));
    }

    private async Task PutAsync(string partition, string key, byte[] body) =>
        Assert.IsType<BatchResult.Committed>(await Ledger.Table.SubmitAsync(new TableBatch(partition).Upsert(TableRow.Of(key, body)), default));

    private async Task RemoveAsync(string partition, string key) =>
        Assert.IsType<BatchResult.Committed>(await Ledger.Table.SubmitAsync(new TableBatch(partition).Delete((await Ledger.Table.GetAsync(partition, key, default))!), default));
}
