using System.Text;
using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Adapters;

/// <summary>A batch that took effect is never answered with a conflict, whatever became of its reply; nor is one that did not taken for done.</summary>
public sealed class LostReplyTests : IAsyncLifetime
{
    private const string P = "lost";

    private readonly LosingHandler _network = new();
    private AzureTable? _table;
    private AzureTable? _other;

    private AzureTable Table => _table!;

    public async ValueTask InitializeAsync()
    {
        string name = Azurite.NewTable();
        _other = await Azurite.OpenTableAsync(name);
        _table = await AzureTable.OpenAsync(
            new AzureTableOptions { Table = name, ConnectionString = (await Azurite.SharedAsync()).ConnectionString, Handler = _network, FirstDelay = TimeSpan.FromMilliseconds(1) }, default);
    }

    public async ValueTask DisposeAsync()
    {
        await _table!.DisposeAsync();
        await _other!.DisposeAsync();
    }

    [Theory]
    [InlineData(Loss.Reply)]
    [InlineData(Loss.TornReply)]
    [InlineData(Loss.ErrorAfter)]
    public async Task A_batch_whose_reply_was_lost_is_committed_with_the_ETags_it_has(Loss loss)
    {
        (TableRow replaced, TableRow deleted) = (await WriteAsync("b"), await WriteAsync("c"));
        _network.Next(loss);

        BatchResult.Committed result = await CommittedAsync(new TableBatch(P).Insert(Row("a", "1")).Replace(Changed(replaced)).Delete(deleted).Upsert(Row("d", "1")));

        Assert.Equal([(await ReadAsync("a"))!.ETag, (await ReadAsync("b"))!.ETag, null, (await ReadAsync("d"))!.ETag], result.ETags);
        Assert.Equal(("changed", null), (Text((await ReadAsync("b"))!), await ReadAsync("c")));
        Assert.Equal((2, 1L), (_network.Writes, Table.Counters.LostReplies));
        Assert.IsType<BatchResult.Committed>(await Table.SubmitAsync(new TableBatch(P).Replace(Row("a", "2") with { ETag = result.ETags[0] }), default));
    }

    [Theory]
    [InlineData(Loss.Reply)]
    [InlineData(Loss.ErrorAfter)]
    public async Task A_row_written_alone_is_committed_too(Loss loss)
    {
        _network.Next(loss);
        BatchResult.Committed inserted = await CommittedAsync(new TableBatch(P).Insert(Row("a", "1")));
        Assert.Equal((await ReadAsync("a"))!.ETag, Assert.Single(inserted.ETags));

        _network.Next(loss);
        BatchResult.Committed replaced = await CommittedAsync(new TableBatch(P).Replace(Changed((await ReadAsync("a"))!)));
        Assert.Equal((await ReadAsync("a"))!.ETag, Assert.Single(replaced.ETags));
    }

    [Fact]
    public async Task A_commit_whose_row_was_written_over_since_gives_that_row_an_ETag_that_matches_nothing()
    {
        _network.Next(Loss.Reply, () => OtherWritesAsync("a"));

        BatchResult.Committed result = await CommittedAsync(new TableBatch(P).Insert(Row("a", "mine")).Insert(Row("b", "mine")));

        Assert.Equal((await ReadAsync("b"))!.ETag, result.ETags[1]);
        Assert.Equal(new BatchResult.ETagMismatch(0), await Table.SubmitAsync(new TableBatch(P).Replace(Row("a", "blind") with { ETag = result.ETags[0] }), default));
        Assert.Equal("theirs", Text((await ReadAsync("a"))!));
    }

    [Fact]
    public async Task A_commit_of_which_nothing_is_left_to_see_is_a_fault()
    {
        _network.Next(Loss.Reply, () => OtherWritesAsync("a"));

        await FaultsAsync(new TableBatch(P).Insert(Row("a", "mine")));
    }

    [Fact]
    public async Task An_inserted_row_that_is_not_there_proves_nothing()
    {
        TableRow head = await WriteAsync("head");
        _network.Next(Loss.Reply, async () =>
        {
            await OtherWritesAsync("head");
            await _other!.SubmitAsync(new TableBatch(P).Delete((await ReadAsync("pointer"))!), default);
        });

        // It took effect, and the relay has since done its part: a conflict here would be a lie.
        await FaultsAsync(new TableBatch(P).Replace(head).Insert(Row("pointer", "1")));
    }

    [Theory]
    [InlineData(Loss.Reply)]
    [InlineData(Loss.ErrorAfter)]
    public async Task A_delete_alone_whose_reply_was_lost_is_a_fault(Loss loss)
    {
        TableRow row = await WriteAsync("a");
        _network.Next(loss);

        await FaultsAsync(new TableBatch(P).Delete(row));
        Assert.Null(await ReadAsync("a"));
    }

    [Fact]
    public async Task Deletes_whose_reply_was_lost_are_a_fault()
    {
        TableRow[] rows = [await WriteAsync("a"), await WriteAsync("b")];
        _network.Next(Loss.Reply);

        await FaultsAsync(new TableBatch(P).Delete(rows[0]).Delete(rows[1]));
    }

    [Fact]
    public async Task A_row_that_still_has_its_ETag_proves_that_nothing_took_effect()
    {
        TableRow[] rows = [await WriteAsync("a"), await WriteAsync("b")];
        _network.Next(Loss.ErrorBefore, () => OtherWritesAsync("b"));

        Assert.Equal(new BatchResult.ETagMismatch(1), await Table.SubmitAsync(new TableBatch(P).Delete(rows[0]).Delete(rows[1]), default));
        Assert.NotNull(await ReadAsync("a"));
    }

    [Fact]
    public async Task A_conflict_after_an_open_try_that_nothing_explains_is_a_fault()
    {
        _network.Next(Loss.ErrorBefore, () => OtherWritesAsync("a"));

        await FaultsAsync(new TableBatch(P).Insert(Row("a", "mine")));
        Assert.Equal("theirs", Text((await ReadAsync("a"))!));
    }

    [Theory]
    [InlineData(Loss.Busy)]
    [InlineData(Loss.Connection)]
    public async Task A_conflict_after_tries_that_were_never_taken_in_is_a_conflict(Loss loss)
    {
        _network.Next(loss).Next(loss, () => OtherWritesAsync("b"));

        Assert.Equal(new BatchResult.RowExists(1), await Table.SubmitAsync(new TableBatch(P).Upsert(Row("a", "mine")).Insert(Row("b", "mine")), default));
        Assert.Null(await ReadAsync("a"));
        Assert.Equal((0L, 2L), (Table.Counters.LostReplies, Table.Counters.Retries));
    }

    [Fact]
    public async Task A_conflict_of_the_first_try_is_not_looked_up()
    {
        await OtherWritesAsync("a");

        Assert.Equal(new BatchResult.RowExists(0), await Table.SubmitAsync(new TableBatch(P).Insert(Row("a", "mine")), default));
        Assert.Equal((0L, 0L), (Table.Counters.LostReplies, Table.Counters.PointReads.Requests));
    }

    [Fact]
    public async Task Upserts_whose_reply_was_lost_are_written_again()
    {
        _network.Next(Loss.Reply);

        BatchResult.Committed result = await CommittedAsync(new TableBatch(P).Upsert(Row("a", "1")).Upsert(Row("b", "1")));

        Assert.Equal([(await ReadAsync("a"))!.ETag, (await ReadAsync("b"))!.ETag], result.ETags);
    }

    [Fact]
    public async Task Tries_that_all_fail_are_a_fault_and_no_cancellation()
    {
        for (int i = 0; i < 5; i++)
            _network.Next(Loss.ErrorBefore);

        await FaultsAsync(new TableBatch(P).Insert(Row("a", "1")).Insert(Row("b", "1")));
        Assert.Equal(5, Table.Counters.Batches.Requests);
    }

    private async Task<BatchResult.Committed> CommittedAsync(TableBatch batch) => Assert.IsType<BatchResult.Committed>(await Table.SubmitAsync(batch, default));

    private async Task FaultsAsync(TableBatch batch) => await Assert.ThrowsAsync<AzureTableException>(async () => await Table.SubmitAsync(batch, default));

    private async Task<TableRow?> ReadAsync(string key) => await _other!.GetAsync(P, key, default);

    private async Task<TableRow> WriteAsync(string key)
    {
        Assert.IsType<BatchResult.Committed>(await _other!.SubmitAsync(new TableBatch(P).Insert(Row(key, "0")), default));
        return (await ReadAsync(key))!;
    }

    private async Task OtherWritesAsync(string key) =>
        Assert.IsType<BatchResult.Committed>(await _other!.SubmitAsync(new TableBatch(P).Upsert(Row(key, "theirs")), default));

    private static TableRow Row(string key, string text) => TableRow.Of(key, Encoding.UTF8.GetBytes(text));

    private static TableRow Changed(TableRow row) => row with { Columns = Row(row.RowKey, "changed").Columns };

    private static string Text(TableRow row) => Encoding.UTF8.GetString(row.Body.Span);
}
