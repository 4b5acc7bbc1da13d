using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Adapters;

namespace AdcpFunctions.Tests.Support;

/// <summary>A table that splits its pages keeps the contract, and the faults do what their names say.</summary>
public sealed class FaultyTableTests : TableContract, IDisposable
{
    private readonly TemporaryFile _file = new();
    private readonly SqliteTable _inner;
    private readonly FaultyTable _table;

    public FaultyTableTests()
    {
        _inner = SqliteTable.Open(_file.Path);
        _table = new FaultyTable(_inner) { PageRows = 2, EmptyPageEvery = 3 };
    }

    protected override IPartitionedTable Table => _table;

    [Fact]
    public async Task A_lost_answer_is_a_fault_after_the_commit()
    {
        _table.LoseAnswer(FaultyTable.Submits(Partition));

        await Assert.ThrowsAsync<StorageFaultException>(async () => await SubmitAsync(new TableBatch(Partition).Insert(Row("a", "1"))));

        Assert.Equal("1", Text(await ReadAsync("a")));
        Assert.Equal(new BatchResult.RowExists(0), await SubmitAsync(new TableBatch(Partition).Insert(Row("a", "1"))));
    }

    [Fact]
    public async Task A_fault_before_the_commit_leaves_nothing()
    {
        _table.FaultBefore(FaultyTable.Submits(Partition), times: 2);

        for (int i = 0; i < 2; i++)
            await Assert.ThrowsAsync<StorageFaultException>(async () => await SubmitAsync(new TableBatch(Partition).Insert(Row("a", "1"))));

        Assert.Null(await Table.GetAsync(Partition, "a", default));
        await CommitAsync(new TableBatch(Partition).Insert(Row("a", "1")));
    }

    [Fact]
    public async Task A_race_makes_the_submit_lose_its_ETag()
    {
        await CommitAsync(new TableBatch(Partition).Insert(Row("head", "0")));
        TableRow read = await ReadAsync("head");
        _table.RaceBefore(FaultyTable.Submits(), async other => await other.SubmitAsync(new TableBatch(Partition).Upsert(Row("head", "theirs")), default));

        Assert.Equal(new BatchResult.ETagMismatch(0), await SubmitAsync(new TableBatch(Partition).Replace(read)));
        Assert.Equal("theirs", Text(await ReadAsync("head")));
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public async Task A_flow_dies_at_the_call_it_was_told_to(bool afterEffect, int rows)
    {
        _table.KillAt(2, afterEffect);
        await CommitAsync(new TableBatch(Partition).Insert(Row("a", "1")));

        await Assert.ThrowsAsync<StorageFaultException>(async () => await SubmitAsync(new TableBatch(Partition).Insert(Row("b", "1"))));

        Assert.Equal(rows, (await RangeAsync("a", "z")).Count);
    }

    [Fact]
    public async Task A_flow_can_be_held_between_two_calls()
    {
        var gate = new TaskCompletionSource();
        _table.Before = call => call.Number == 2 ? gate.Task : Task.CompletedTask;
        await CommitAsync(new TableBatch(Partition).Insert(Row("pointer", "1")));
        Task<string> held = CommitAsync(new TableBatch(Partition).Insert(Row("commit", "1")));

        Assert.Null(await _inner.GetAsync(Partition, "commit", default));
        gate.SetResult();
        await held;

        Assert.Equal(2, _table.Count(TableCallKind.Submit, Partition));
        Assert.Equal([1, 2], _table.Calls.Select(call => call.Number));
    }

    public void Dispose()
    {
        _inner.Dispose();
        _file.Dispose();
    }
}
