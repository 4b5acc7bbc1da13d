using AdcpFunctions.Ledger;

namespace AdcpFunctions.Tests.Support;

/// <summary>Which method of the port was called.</summary>
public enum TableCallKind
{
    Get,
    Query,
    Submit,
}

/// <summary>One call of the port, as the hooks and predicates of <see cref="FaultyTable"/> see it.</summary>
/// <param name="Number">1 for the first call the table saw, then 2, and so on over all kinds.</param>
/// <param name="Batch">The batch of a submit; null for reads.</param>
public sealed record TableCall(int Number, TableCallKind Kind, string Partition, TableBatch? Batch);

/// <summary>The fault a test asked for; the ledger must treat it as any fault of a real store.</summary>
public sealed class StorageFaultException(string message) : IOException(message);

/// <summary>A table that fails on demand: everything a real store may do to a caller, at a moment the test chooses.</summary>
/// <remarks>
/// Deterministic. Every call passes, in this order: <see cref="Before"/>, a race (<see cref="RaceBefore"/>),
/// a fault before (<see cref="FaultBefore"/>), the inner table, a lost answer (<see cref="LoseAnswer"/>), <see cref="After"/>.
/// Rules are used up by the call they strike, unless said otherwise.
/// </remarks>
public sealed class FaultyTable(IPartitionedTable inner) : IPartitionedTable
{
    // Ends a continuation that belongs to a page served empty: the next page starts where this one did.
    private const char EmptyPageMark = '\u0001';

    private readonly Lock _gate = new();
    private readonly List<Rule> _rules = [];
    private readonly List<TableCall> _calls = [];

    /// <summary>Awaited before each call; it may wait (to hold a flow between two calls) or throw (to kill it).</summary>
    public Func<TableCall, Task>? Before { get; set; }

    /// <summary>Awaited after each call that succeeded, while its caller still waits.</summary>
    public Func<TableCall, Task>? After { get; set; }

    /// <summary>Range reads return at most so many rows a page, whatever was asked for; null leaves pages alone.</summary>
    public int? PageRows { get; set; }

    /// <summary>Every so many range reads an empty page with a continuation comes first; 0 for never.</summary>
    public int EmptyPageEvery { get; set; }

    /// <summary>Every call so far, in order.</summary>
    public IReadOnlyList<TableCall> Calls
    {
        get
        {
            lock (_gate)
                return [.. _calls];
        }
    }

    /// <summary>How many calls of a kind there were, in one partition or in all.</summary>
    public int Count(TableCallKind kind, string? partition = null) =>
        Calls.Count(call => call.Kind == kind && (partition is null || call.Partition == partition));

    /// <summary>The next matching calls fail and have no effect.</summary>
    public void FaultBefore(Func<TableCall, bool> match, int times = 1) => Add(new Rule(Effect.FaultBefore, match, times, null));

    /// <summary>The next matching calls take effect, and their callers see a fault.</summary>
    public void LoseAnswer(Func<TableCall, bool> match, int times = 1) => Add(new Rule(Effect.LoseAnswer, match, times, null));

    /// <summary>Before the next matching call, <paramref name="other"/> acts, on the inner table, as another instance would.</summary>
    public void RaceBefore(Func<TableCall, bool> match, Func<IPartitionedTable, Task> other, int times = 1) => Add(new Rule(Effect.Race, match, times, other));

    /// <summary>The flow dies at its <paramref name="number"/>-th call, before or after that call takes effect.</summary>
    public void KillAt(int number, bool afterEffect)
    {
        if (afterEffect)
            LoseAnswer(call => call.Number == number);
        else
            FaultBefore(call => call.Number == number);
    }

    /// <summary>The next call but so many fails, before or after it takes effect, if it comes while <paramref name="work"/> is done.</summary>
    /// <param name="call">1 for the next call.</param>
    /// <param name="afterEffect">True to lose its answer.</param>
    /// <param name="work">What is struck.</param>
    /// <returns>What the work returned, and whether it came as far as that call.</returns>
    public async Task<(T Answer, bool Struck)> StrikeAsync<T>(int call, bool afterEffect, Func<Task<T>> work)
    {
        int number = Calls.Count + call;
        bool armed = true;
        if (afterEffect)
            LoseAnswer(match => armed && match.Number == number);
        else
            FaultBefore(match => armed && match.Number == number);
        T answer = await work();
        armed = false;
        return (answer, Calls.Count >= number);
    }

    /// <summary>Matches submits, in one partition or in all.</summary>
    public static Func<TableCall, bool> Submits(string? partition = null) =>
        call => call.Kind == TableCallKind.Submit && (partition is null || call.Partition == partition);

    public async ValueTask<TableRow?> GetAsync(string partition, string rowKey, CancellationToken cancel) =>
        await PassAsync(TableCallKind.Get, partition, null, () => inner.GetAsync(partition, rowKey, cancel));

    public async ValueTask<BatchResult> SubmitAsync(TableBatch batch, CancellationToken cancel) =>
        await PassAsync(TableCallKind.Submit, batch.Partition, batch, () => inner.SubmitAsync(batch, cancel));

    public async ValueTask<RowPage> QueryAsync(string partition, string fromKey, string toKey, int limit, string? continuation, CancellationToken cancel) =>
        await PassAsync(TableCallKind.Query, partition, null, () => SplitAsync(partition, fromKey, toKey, limit, continuation, cancel));

    private async ValueTask<RowPage> SplitAsync(string partition, string fromKey, string toKey, int limit, string? continuation, CancellationToken cancel)
    {
        bool wasEmpty = continuation is [.., EmptyPageMark];
        string? resume = wasEmpty ? continuation![..^1] : continuation;
        // Never two empty pages in a row, so that a reader who goes on makes progress.
        if (EmptyPageEvery > 0 && limit is >= 1 and <= 1000 && !wasEmpty && Count(TableCallKind.Query) % EmptyPageEvery == 0)
            return new RowPage([], resume + EmptyPageMark);

        // A limit that the store would refuse reaches it as it is.
        int rows = limit <= 1000 ? Math.Min(limit, PageRows ?? limit) : limit;
        return await inner.QueryAsync(partition, fromKey, toKey, rows, string.IsNullOrEmpty(resume) ? null : resume, cancel);
    }

    private async ValueTask<T> PassAsync<T>(TableCallKind kind, string partition, TableBatch? batch, Func<ValueTask<T>> through)
    {
        TableCall call = Note(kind, partition, batch);
        if (Before is { } before)
            await before(call);
        while (Take(Effect.Race, call) is { Other: { } other })
            await other(inner);
        if (Take(Effect.FaultBefore, call) is not null)
            throw new StorageFaultException($"Call {call.Number} ({kind} in '{partition}') failed before it took effect.");

        T answer = await through();

        if (Take(Effect.LoseAnswer, call) is not null)
            throw new StorageFaultException($"Call {call.Number} ({kind} in '{partition}') took effect and its answer was lost.");
        if (After is { } after)
            await after(call);
        return answer;
    }

    private TableCall Note(TableCallKind kind, string partition, TableBatch? batch)
    {
        lock (_gate)
        {
            var call = new TableCall(_calls.Count + 1, kind, partition, batch);
            _calls.Add(call);
            return call;
        }
    }

    private void Add(Rule rule)
    {
        lock (_gate)
            _rules.Add(rule);
    }

    private Rule? Take(Effect effect, TableCall call)
    {
        lock (_gate)
        {
            Rule? rule = _rules.Find(candidate => candidate.Effect == effect && candidate.LastCall < call.Number && candidate.Match(call));
            if (rule is null)
                return null;

            // One call is struck once by one rule, however often the rule may still strike.
            rule.LastCall = call.Number;
            if (--rule.Left == 0)
                _rules.Remove(rule);
            return rule;
        }
    }

    private enum Effect
    {
        FaultBefore,
        LoseAnswer,
        Race,
    }

    private sealed class Rule(Effect effect, Func<TableCall, bool> match, int times, Func<IPartitionedTable, Task>? other)
    {
        public Effect Effect { get; } = effect;

        public Func<TableCall, bool> Match { get; } = match;

        public Func<IPartitionedTable, Task>? Other { get; } = other;

        public int Left { get; set; } = times;

        public int LastCall { get; set; }
    }
}
