using System.Text;
using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

public sealed class NdjsonPublisherPlainTests() : NdjsonPublisherTests(splitsPages: false);

public sealed class NdjsonPublisherSplitTests() : NdjsonPublisherTests(splitsPages: true);

public abstract class NdjsonPublisherTests(bool splitsPages) : LedgerSuite(splitsPages)
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("adcp-queue-");

    private string FilePath => Path.Combine(_folder.FullName, $"settled-records.{LedgerHarness.Tenant}.ndjson");

    [Fact]
    public async Task Records_are_written_in_feed_order_exactly_as_published()
    {
        await PublishAsync("a", 40);
        await DeliverAsync();
        await AssertCompleteAsync(40);
    }

    [Fact]
    public async Task A_restart_sends_only_what_is_missing()
    {
        await PublishAsync("a", 3);
        await DeliverAsync();
        DateTime written = File.GetLastWriteTimeUtc(FilePath);
        await DeliverAsync();
        Assert.Equal(written, File.GetLastWriteTimeUtc(FilePath));

        await PublishAsync("b", 2);
        await DeliverAsync();

        await AssertCompleteAsync(5);
    }

    [Fact]
    public async Task A_torn_last_line_is_completed_wherever_it_was_torn()
    {
        await PublishAsync("a", 3);
        await DeliverAsync();
        byte[] whole = await File.ReadAllBytesAsync(FilePath);

        for (int length = 0; length < whole.Length; length += 61)
        {
            await File.WriteAllBytesAsync(FilePath, whole[..length]);
            await DeliverAsync();
            Assert.Equal(whole, await File.ReadAllBytesAsync(FilePath));
        }
    }

    [Fact]
    public async Task A_file_longer_than_what_is_looked_at_goes_on_where_it_ended()
    {
        await PublishAsync("a", 1_200);
        await DeliverAsync();
        Assert.True(new FileInfo(FilePath).Length > 1024 * 1024);
        await File.AppendAllTextAsync(FilePath, "{\"schema\":\"adcp.set");
        await PublishAsync("b", 1);

        await DeliverAsync();

        await AssertCompleteAsync(1_201);
    }

    [Fact]
    public async Task Two_processes_that_asked_at_once_write_each_record_once()
    {
        await PublishAsync("a", 3);
        IReadOnlyList<FeedEntry> entries = await Ledger.Feed.ReadAsync(LedgerHarness.Tenant, sandbox: false, 0, 10, default);
        NdjsonPublisher[] processes = [.. Enumerable.Range(0, 4).Select(_ => new NdjsonPublisher(_folder.FullName))];
        foreach (NdjsonPublisher process in processes)
            Assert.Equal(new Holding.UpTo(0), await process.HoldingAsync(LedgerHarness.Tenant, default));

        await Task.WhenAll(processes.Select((process, i) => Task.Run(async () => await process.SendAsync(LedgerHarness.Tenant, [.. entries.Take(i)], DateTimeOffset.MaxValue, default))));

        await AssertCompleteAsync(3);
    }

    [Fact]
    public async Task Asking_how_far_the_file_got_leaves_a_line_alone_that_another_process_is_writing()
    {
        await PublishAsync("a", 3);
        await DeliverAsync();
        byte[] torn = (await File.ReadAllBytesAsync(FilePath))[..^10];
        await File.WriteAllBytesAsync(FilePath, torn);

        Assert.Equal(new Holding.UpTo(2), await new NdjsonPublisher(_folder.FullName).HoldingAsync(LedgerHarness.Tenant, default));

        Assert.Equal(torn, await File.ReadAllBytesAsync(FilePath));
    }

    [Fact]
    public async Task Whoever_reads_the_file_keeps_nobody_from_writing_it()
    {
        await PublishAsync("a", 1);
        await DeliverAsync();
        await PublishAsync("b", 1);
        await using (FileStream _ = File.Open(FilePath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite))
            await DeliverAsync();

        await AssertCompleteAsync(2);
    }

    public override ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        GC.SuppressFinalize(this);
        return base.DisposeAsync();
    }

    private async Task DeliverAsync() => await new Delivery(Faults, Ledger.Feed, new NdjsonPublisher(_folder.FullName), Time).RunAsync(LedgerHarness.Tenant, default);

    private async Task PublishAsync(string name, int count)
    {
        IReadOnlyList<RegisteredBuy> buys = await Ledger.ImportAsync(Enumerable.Range(0, count).Select(i => LedgerSample.BuyerAlone($"{name}_{i}")), LedgerSample.Account());
        if (Time.UtcNow < LedgerSample.April.Start)
            await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        await Ledger.PushAsync(name, buys.Select(buy => Ledger.BuyerFinal(buy, 1_000)));
        Assert.Equal(count, await Ledger.RelayAsync());
    }

    private async Task AssertCompleteAsync(int count)
    {
        string[] lines = (await File.ReadAllTextAsync(FilePath)).Split('\n');
        Assert.Equal(count + 1, lines.Length);
        Assert.Equal([.. (await Ledger.PublishedAsync()).Select(p => Encoding.UTF8.GetString(p.Body.Span)), ""], lines);
    }
}
