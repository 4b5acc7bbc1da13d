using System.Text;
using System.Text.Json;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

public sealed class StatementLedgerPlainTests() : StatementLedgerTests(splitsPages: false);

public sealed class StatementLedgerSplitTests() : StatementLedgerTests(splitsPages: true);

public abstract class StatementLedgerTests(bool splitsPages) : LedgerSuite(splitsPages)
{
    [Fact]
    public async Task A_provisional_push_reads_nothing_and_every_record_reads_back()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAttested("mb_1"));

        IReadOnlyList<TableCall> calls = await CallsOfAsync(() => Ledger.PushAsync("r1", [], Enumerable.Range(0, 1_000).Select(i => LedgerHarness.Provisional(buy, i))));

        Assert.All(calls, call => Assert.Equal(TableCallKind.Submit, call.Kind));
        Page page = Assert.Single(await Ledger.Statements.PagesAsync(buy.Partition, LedgerSample.March, default));
        Assert.Equal(1_000, page.Document.Count);
        Assert.Equal(1_000, page.Lines.Count);
        Assert.Contains("\"impressions\":999,", Encoding.UTF8.GetString(page.Lines[999].Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_pages_of_a_retry_are_read_once()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAttested("mb_1"));
        Task PushAsync(string request) => Ledger.PushAsync(request, [], [LedgerHarness.Provisional(buy, 1), LedgerHarness.Provisional(buy, 2, LedgerSample.April), LedgerHarness.Provisional(buy, 3, window: "c7")]);
        await PushAsync("r1");
        DateTimeOffset first = Time.GetUtcNow();
        await Ledger.PassAsync(TimeSpan.FromMinutes(2));

        await PushAsync("r1");
        IReadOnlyList<Page> pages = await Ledger.Statements.PagesAsync(buy.Partition, LedgerSample.March, default);
        Assert.Equal([first, first], pages.Select(p => p.Document.ReceivedAt));

        await PushAsync("r2");
        Assert.Equal(4, (await Ledger.Statements.PagesAsync(buy.Partition, LedgerSample.March, default)).Count);
    }

    [Fact]
    public async Task Records_that_share_much_or_nothing_read_back_byte_for_byte()
    {
        int seed = Seed.Of(4711);
        var random = new Random(seed);
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAttested("mb_1"));
        var records = new List<byte[]> { Encoding.UTF8.GetBytes("""{"a":1}""") };
        for (int i = 0; i < 2_000; i++)
        {
            byte[] last = records[^1];
            int head = random.Next(last.Length + 1);
            int tail = random.Next(last.Length - head + 1);
            byte[] middle = new byte[random.Next(0, 12)];
            random.NextBytes(middle);
            byte[] next = [.. last.AsSpan(0, head), .. middle, .. last.AsSpan(last.Length - tail)];
            records.Add(next.Length is 0 or > 400 ? Encoding.UTF8.GetBytes($"start {i}") : next);
        }

        await Ledger.PushAsync("r1", [], records.Select(record => (buy, new PageLine(LedgerSample.March, null, record))));

        IReadOnlyList<Page> pages = await Ledger.Statements.PagesAsync(buy.Partition, LedgerSample.March, default);
        Assert.True(records.Select(Convert.ToHexString).SequenceEqual(pages.SelectMany(p => p.Lines).Select(l => Convert.ToHexString(l.Span))), $"seed {seed}");
    }

    [Theory]
    [InlineData(StatementLedger.MaxRecordBytes, 1, "the longest record fills a column alone")]
    [InlineData(StatementLedger.MaxRecordBytes, 3, "and so does the next")]
    [InlineData(30_000, 40, "two to a column, more than a row takes")]
    [InlineData(700, 5_000, "rows enough for a page to continue")]
    public async Task Records_of_any_length_read_back(int bytes, int count, string reason)
    {
        Assert.NotEmpty(reason);
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAttested("mb_1"));
        byte[][] records = [.. Enumerable.Range(0, count).Select(i => Encoding.UTF8.GetBytes($"{i:d8}".PadRight(bytes, 'x')))];

        await Ledger.PushAsync("r1", [], records.Select(record => (buy, new PageLine(LedgerSample.March, null, record))));

        IReadOnlyList<Page> pages = await Ledger.Statements.PagesAsync(buy.Partition, LedgerSample.March, default);
        Assert.Equal(records.Select(Encoding.UTF8.GetString), pages.SelectMany(p => p.Lines).Select(l => Encoding.UTF8.GetString(l.Span)));
        Assert.Equal(count, pages.Sum(p => p.Document.Count));
    }

    [Fact]
    public async Task A_record_of_several_lines_is_one_record()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAttested("mb_1"));

        await Ledger.PushAsync("r1", [], [(buy, new PageLine(LedgerSample.March, null, "{\r\n\"impressions\":\n1}"u8.ToArray())), LedgerHarness.Provisional(buy, 2)]);

        Page page = Assert.Single(await Ledger.Statements.PagesAsync(buy.Partition, LedgerSample.March, default));
        using JsonDocument first = JsonDocument.Parse(page.Lines[0]);
        Assert.Equal(1, first.RootElement.GetProperty("impressions").GetInt32());
        Assert.Equal(2, page.Lines.Count);
    }

    [Fact]
    public async Task An_identical_final_is_a_no_op_whatever_request_brings_it()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAlone("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        Fact final = Ledger.BuyerFinal(buy, 1_000_000);
        await Ledger.PushAsync("r1", final);
        IReadOnlyList<string> before = await Ledger.LedgerTextAsync();

        await Ledger.PushAsync("r1", final);
        await Ledger.PassAsync(TimeSpan.FromDays(1));
        await Ledger.PushAsync("r2", final, final);

        Assert.Equal(before, await Ledger.LedgerTextAsync());
        Assert.Single(before, row => row.Contains(" o_", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Fifty_identical_finals_at_once_have_one_effect()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAlone("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        Fact final = Ledger.BuyerFinal(buy, 1_000_000);

        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(() => Other().PushAsync($"r{i}", final))));

        HeadDocument head = await Ledger.HeadAsync(buy);
        Assert.Equal((2, SettlementStatus.Settled, 1), (head.Sequence, head.State.Status, head.State.Posted!.Revision));
        Assert.Single(await Ledger.LedgerTextAsync("o_"));
        await Ledger.AssertChainedAsync(LedgerHarness.Address(buy));
    }

    [Fact]
    public async Task A_fault_in_one_shard_faults_the_push_and_the_retry_completes_it()
    {
        ContractDraft[] drafts = [.. Enumerable.Range(0, 20).Select(i => LedgerSample.BuyerAlone($"mb_{i}"))];
        async Task<RegisteredBuy[]> RegisterAsync(LedgerHarness instance)
        {
            Time.UtcNow = LedgerSample.BeforeFlight;
            var registered = new List<RegisteredBuy>();
            foreach (ContractDraft draft in drafts)
                registered.Add(await instance.RegisterAsync(draft));
            Time.UtcNow = LedgerSample.April.Start.AddDays(1);
            return [.. registered];
        }

        Task PushAsync(LedgerHarness instance, RegisteredBuy[] to) =>
            instance.PushAsync("r1", to.Select((buy, i) => instance.BuyerFinal(buy, 1_000 * i)), to.Select((buy, i) => LedgerHarness.Provisional(buy, i, LedgerSample.April)));

        var undisturbed = new LedgerHarness(NewStore(), Time);
        await PushAsync(undisturbed, await RegisterAsync(undisturbed));
        RegisteredBuy[] buys = await RegisterAsync(Ledger);

        Faults.FaultBefore(call => FaultyTable.Submits(buys[7].Partition)(call) && call.Batch!.Operations.Any(o => o.Row.RowKey.StartsWith("h_", StringComparison.Ordinal)));
        await Assert.ThrowsAsync<StorageFaultException>(() => PushAsync(Ledger, buys));
        Assert.NotEqual(await undisturbed.LedgerTextAsync(), await Ledger.LedgerTextAsync());
        await PushAsync(Other(), buys);

        Assert.Equal(await undisturbed.LedgerTextAsync(), await Ledger.LedgerTextAsync());
        await Ledger.RelayAsync();
        Assert.Equal(20, (await Ledger.PublishedAsync()).Count);
    }

    [Fact]
    public async Task Thirty_daily_finals_the_months_and_a_lifetime_final_of_one_buy_post_once()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAlone("mb_1"));
        ReportingPeriod[] days = [.. Enumerable.Range(0, 31).Select(d => new ReportingPeriod(LedgerSample.March.Start.AddDays(d), LedgerSample.March.Start.AddDays(d + 1)))];
        foreach (ReportingPeriod day in days)
        {
            await Ledger.PassUntilAsync(day.End.AddHours(6));
            await Ledger.PushAsync($"r{day}", [], [LedgerHarness.Provisional(buy, 32_258, day)]);
        }

        await Ledger.PushAsync("month", Ledger.BuyerFinal(buy, 1_000_000));
        await Ledger.PushAsync("lifetime", [], [LedgerHarness.Provisional(buy, 3_000_000, new ReportingPeriod(LedgerSample.March.Start, LedgerSample.May.End))]);
        await Ledger.RelayAsync();

        FeedEntry only = Assert.Single(await Ledger.PublishedAsync());
        Assert.Equal(("1000000", "10000.00"), (only.Record.Cumulative.Quantity, only.Record.Cumulative.Amount));
        foreach (ReportingPeriod day in days)
            Assert.Single(await Ledger.Statements.PagesAsync(buy.Partition, day, default));
        Assert.Equal(3, (await Ledger.LedgerTextAsync("h_")).Count);
    }
}
