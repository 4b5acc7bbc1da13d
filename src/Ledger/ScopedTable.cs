namespace AdcpFunctions.Ledger;

/// <summary>What a caller's request may touch.</summary>
/// <param name="Accounts">Account ids; null, or <c>*</c> alone, means all of the tenant.</param>
public sealed record CallerScope(string Tenant, IReadOnlyList<string>? Accounts)
{
    public bool Covers(string partition) =>
        LedgerKeys.TryOwnerOf(partition, out ReadOnlySpan<char> tenant, out ReadOnlySpan<char> account)
        && (tenant.IsEmpty || (tenant.SequenceEqual(Tenant) && (account.IsEmpty || Accounts is null or ["*"] || Names(Accounts, account))));

    private static bool Names(IReadOnlyList<string> accounts, ReadOnlySpan<char> account)
    {
        for (int i = 0; i < accounts.Count; i++)
        {
            if (account.SequenceEqual(accounts[i]))
                return true;
        }

        return false;
    }
}

/// <summary>Something reached for another's rows. No caller can ask for that: it is a fault of ours, and nothing was read or written.</summary>
public sealed class OutOfScopeException(string message) : InvalidOperationException(message);

/// <summary>Keeps each request to its caller's tenant and accounts, whatever a route forgot to check.</summary>
/// <remarks>
/// Rule AGT-8: below every route stands a second check that none of them can skip. The scope follows the request's own flow, also into
/// what it starts; timers have none. Routes answer "not there" long before, so this never decides what a caller is told.
/// </remarks>
public sealed class ScopedTable(IPartitionedTable inner) : IPartitionedTable
{
    private static readonly AsyncLocal<CallerScope?> Current = new();

    /// <summary>From here to the end of the calling method, and in all it calls, only this is in reach.</summary>
    public static void Enter(CallerScope scope) => Current.Value = scope;

    public ValueTask<TableRow?> GetAsync(string partition, string rowKey, CancellationToken cancel)
    {
        Check(partition);
        return inner.GetAsync(partition, rowKey, cancel);
    }

    public ValueTask<RowPage> QueryAsync(string partition, string fromKey, string toKey, int limit, string? continuation, CancellationToken cancel)
    {
        Check(partition);
        return inner.QueryAsync(partition, fromKey, toKey, limit, continuation, cancel);
    }

    public ValueTask<BatchResult> SubmitAsync(TableBatch batch, CancellationToken cancel)
    {
        Check(batch.Partition);
        return inner.SubmitAsync(batch, cancel);
    }

    public ValueTask<BatchResult> SubmitAfterAsync(IReadOnlyList<TableBatch> first, TableBatch last, CancellationToken cancel)
    {
        foreach (TableBatch batch in first)
            Check(batch.Partition);
        Check(last.Partition);
        return inner.SubmitAfterAsync(first, last, cancel);
    }

    private static void Check(string partition)
    {
        if (Current.Value is { } scope && !scope.Covers(partition))
            throw new OutOfScopeException($"A request in the scope of tenant '{scope.Tenant}' reached for partition '{partition}'.");
    }
}
