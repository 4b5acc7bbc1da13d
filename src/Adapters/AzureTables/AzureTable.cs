using System.Security.Cryptography;
using AdcpFunctions.Ledger;
using Azure.Core;

namespace AdcpFunctions.Adapters;

/// <summary>The storage port over Azure Table Storage, by its REST interface.</summary>
/// <remarks>
/// A request that fails on the way is tried again, so a try may meet the effect of the one before it: see <see cref="LostReply"/>.
/// What cannot be told ends in an <see cref="AzureTableException"/>, which leaves open whether a batch was committed; so does a cancelled wait.
/// Spec: Azure Storage, "Table service REST API"; "Performing entity group transactions".
/// </remarks>
public sealed class AzureTable : IPartitionedTable, IDisposable, IAsyncDisposable
{
    private readonly AzureTableCounterCells _counters = new();
    private readonly TableRequests _requests;
    private readonly string _name;

    private AzureTable(AzureTableOptions options)
    {
        _name = options.Table;
        _requests = new TableRequests(options, _counters);
    }

    /// <summary>What this table has done since it was opened.</summary>
    public AzureTableCounters Counters => _counters.Snapshot;

    /// <summary>Opens the table, and creates it when it is not there: who may only read and write rows is not asked for more.</summary>
    /// <exception cref="FormatException">The options name no account that can be used.</exception>
    /// <exception cref="AzureTableException">The account does not answer, or refuses.</exception>
    public static async Task<AzureTable> OpenAsync(AzureTableOptions options, CancellationToken cancel)
    {
        var table = new AzureTable(options);
        try
        {
            if (!await table.ExistsAsync(cancel))
                await table.CreateAsync(cancel);
            return table;
        }
        catch
        {
            await table.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens an existing table.</summary>
    /// <returns>Null when there is no such table.</returns>
    /// <exception cref="FormatException">The options name no account that can be used.</exception>
    /// <exception cref="AzureTableException">The account does not answer, or refuses.</exception>
    public static async Task<AzureTable?> OpenExistingAsync(AzureTableOptions options, CancellationToken cancel)
    {
        var table = new AzureTable(options);
        bool exists = false;
        try
        {
            exists = await table.ExistsAsync(cancel);
            return exists ? table : null;
        }
        finally
        {
            if (!exists)
                await table.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<TableRow?> GetAsync(string partition, string rowKey, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(partition);
        ArgumentNullException.ThrowIfNull(rowKey);
        return (await ReadAsync(partition, rowKey, cancel))?.Row;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The continuation was not returned by a page.</exception>
    public async ValueTask<RowPage> QueryAsync(string partition, string fromKey, string toKey, int limit, string? continuation, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(partition);
        ArgumentNullException.ThrowIfNull(fromKey);
        ArgumentNullException.ThrowIfNull(toKey);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, 1000);
        PageToken? from = continuation is null ? null : PageToken.Parse(continuation);
        if (string.CompareOrdinal(fromKey, toKey) >= 0)
            return new RowPage([], null);

        using HttpMessage message = _requests.Query(partition, fromKey, toKey, limit, from);
        await _requests.SendAsync(message, cancel);
        if (message.Response.Status != 200)
            throw TableRequests.Fault(message);
        return new RowPage(EntityJson.ReadPage(message.Response.Content.ToMemory()), PageToken.Of(message.Response)?.ToString());
    }

    /// <inheritdoc/>
    /// <exception cref="AzureTableException">Table Storage did not answer as it should; whether the batch was committed is open.</exception>
    public async ValueTask<BatchResult> SubmitAsync(TableBatch batch, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (batch.Count == 0)
            throw new ArgumentException("A batch holds at least one row.", nameof(batch));
        cancel.ThrowIfCancellationRequested();

        string mark = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));
        // A lone row costs the store less outside a batch. Not so a delete: it has no body, and a request without one is repeated by
        // SocketsHttpHandler itself when a reused connection breaks, so that nobody would know of the first try.
        bool alone = batch.Count == 1 && batch.Operations[0].Action != RowAction.Delete;
        using HttpMessage message = alone ? _requests.Write(batch, mark) : _requests.Batch(batch, mark);
        await _requests.SendAsync(message, cancel);

        switch (TableRequests.WriteAnswerOf(message, batch, alone))
        {
            case WriteAnswer.Written written:
                _counters.CountWritten(batch.Count);
                return new BatchResult.Committed(written.ETags);
            case WriteAnswer.Refused refused when ConflictOf(batch, refused) is { } conflict:
                return Attempts.Of(message).LeftOpen ? await LookUpAsync(batch, mark, conflict, cancel) : conflict;
            default:
                throw TableRequests.Fault(message);
        }
    }

    /// <summary>Deletes the table and every row in it.</summary>
    public async Task DeleteTableAsync(CancellationToken cancel)
    {
        using HttpMessage message = _requests.DeleteTable();
        await _requests.SendAsync(message, cancel);
        if (message.Response.Status is not (204 or 404))
            throw TableRequests.Fault(message);
    }

    public void Dispose() => _requests.Dispose();

    /// <inheritdoc cref="Dispose"/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Only what is a race of writers is a conflict; that the table itself is gone, or that a row is refused for its content, is not.</summary>
    private static BatchResult? ConflictOf(TableBatch batch, WriteAnswer.Refused refused)
    {
        if (refused.Index is not { } index)
            return null;
        return (batch.Operations[index].Action, refused.Status, refused.Code) switch
        {
            (RowAction.Insert, 409, "EntityAlreadyExists") => new BatchResult.RowExists(index),
            (RowAction.Replace or RowAction.Delete, 412, _) => new BatchResult.ETagMismatch(index),
            (RowAction.Replace or RowAction.Delete, 404, "ResourceNotFound" or "EntityNotFound") => new BatchResult.ETagMismatch(index),
            _ => null,
        };
    }

    private async ValueTask<BatchResult> LookUpAsync(TableBatch batch, string mark, BatchResult conflict, CancellationToken cancel)
    {
        _counters.CountLostReply();
        var now = new List<StoredRow?>(batch.Count);
        foreach (RowOperation operation in batch.Operations)
            now.Add(await ReadAsync(batch.Partition, operation.Row.RowKey, cancel));
        BatchResult result = LostReply.Judge(batch, mark, conflict, now)
            ?? throw new AzureTableException($"A batch in partition '{batch.Partition}' of table '{_name}' was tried again after its reply was lost, and what became of it cannot be told.");
        if (result is BatchResult.Committed)
            _counters.CountWritten(batch.Count);
        return result;
    }

    private async ValueTask<StoredRow?> ReadAsync(string partition, string rowKey, CancellationToken cancel)
    {
        using HttpMessage message = _requests.Get(partition, rowKey);
        await _requests.SendAsync(message, cancel);
        return message.Response.Status switch
        {
            200 => EntityJson.ReadRow(message.Response.Content.ToMemory()),
            404 when TableRequests.CodeOf(message.Response) is "ResourceNotFound" or "EntityNotFound" => null,
            _ => throw TableRequests.Fault(message),
        };
    }

    private async Task<bool> ExistsAsync(CancellationToken cancel)
    {
        using HttpMessage message = _requests.Query("!", "!", "~", 1, null);
        await _requests.SendAsync(message, cancel);
        return message.Response.Status switch
        {
            200 => true,
            404 => false,
            _ => throw TableRequests.Fault(message),
        };
    }

    private async Task CreateAsync(CancellationToken cancel)
    {
        using HttpMessage message = _requests.CreateTable();
        await _requests.SendAsync(message, cancel);
        bool exists = message.Response.Status is 201 or 204 || (message.Response.Status == 409 && TableRequests.CodeOf(message.Response) == "TableAlreadyExists");
        if (!exists)
            throw TableRequests.Fault(message);
    }
}
