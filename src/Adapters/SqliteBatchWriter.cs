using System.Globalization;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Adapters;

/// <summary>Writes batches into the open transaction of one connection.</summary>
internal sealed unsafe class SqliteBatchWriter : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly SqliteStatement _begin;
    private readonly SqliteStatement _commit;
    private readonly SqliteStatement _find;
    private readonly SqliteStatement _insert;
    private readonly SqliteStatement _upsert;
    private readonly SqliteStatement _replace;
    private readonly SqliteStatement _delete;
    private readonly ETagLease _etags;
    private readonly int _checkpointPages;

    public SqliteBatchWriter(string path, SqliteTableOptions options)
    {
        _connection = SqliteFile.OpenForWriting(path, options);
        _begin = _connection.Prepare("BEGIN IMMEDIATE");
        _commit = _connection.Prepare("COMMIT");
        _find = _connection.Prepare("SELECT id, etag FROM rows WHERE partition = ?1 AND row_key = ?2");
        _insert = _connection.Prepare("INSERT INTO rows (partition, row_key, etag, columns) VALUES (?1, ?2, ?3, ?4)");
        _upsert = _connection.Prepare(
            "INSERT INTO rows (partition, row_key, etag, columns) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (partition, row_key) DO UPDATE SET etag = ?3, columns = ?4");
        _replace = _connection.Prepare("UPDATE rows SET etag = ?2, columns = ?3 WHERE id = ?1");
        _delete = _connection.Prepare("DELETE FROM rows WHERE id = ?1");
        _etags = new ETagLease(_connection);
        _checkpointPages = (int)(options.CheckpointBytes / (_connection.Run("PRAGMA page_size") ?? options.PageBytes));
    }

    public bool CheckpointDue => _connection.WalPages >= _checkpointPages;

    public void Begin() => _begin.Execute();

    /// <summary>Returns when the log is on the disk.</summary>
    public void Commit() => _commit.Execute();

    public void Checkpoint() => _connection.Checkpoint();

    /// <summary>Checks every precondition, then writes every row; a refused batch has written nothing.</summary>
    public BatchResult Write(QueuedBatch batch)
    {
        Span<long> ids = stackalloc long[batch.Operations.Count];
        fixed (byte* buffer = batch.Buffer)
        {
            for (int i = 0; i < ids.Length; i++)
            {
                if (Refuse(batch, buffer, i, out ids[i]) is { } refused)
                    return refused;
            }

            string?[] etags = new string?[ids.Length];
            for (int i = 0; i < ids.Length; i++)
                etags[i] = WriteRow(batch, buffer, i, ids[i]);
            return new BatchResult.Committed(etags);
        }
    }

    public void Dispose() => _connection.Dispose();

    private BatchResult? Refuse(QueuedBatch batch, byte* buffer, int operation, out long id)
    {
        RowOperation wanted = batch.Operations[operation];
        id = 0;
        if (wanted.Action == RowAction.Upsert)
            return null;

        (int key, int keyLength) = batch.Key(operation);
        _find.BindText(1, buffer, batch.PartitionLength).BindText(2, buffer + key, keyLength);
        bool exists = _find.Step();
        long etag = 0;
        if (exists)
            (id, etag) = (_find.Int64(0), _find.Int64(1));
        _find.Reset();

        if (wanted.Action == RowAction.Insert)
            return exists ? new BatchResult.RowExists(operation) : null;

        // A text that is no number of ours is an ETag this store never gave out.
        bool matches = exists && long.TryParse(wanted.Row.ETag, NumberStyles.None, CultureInfo.InvariantCulture, out long asked) && asked == etag;
        return matches ? null : new BatchResult.ETagMismatch(operation);
    }

    private string? WriteRow(QueuedBatch batch, byte* buffer, int operation, long id)
    {
        RowAction action = batch.Operations[operation].Action;
        if (action == RowAction.Delete)
        {
            _delete.Bind(1, id).Execute();
            return null;
        }

        long etag = _etags.Take();
        (int columns, int columnsLength) = batch.Columns(operation);
        if (action == RowAction.Replace)
        {
            _replace.Bind(1, id).Bind(2, etag).BindBlob(3, buffer + columns, columnsLength).Execute();
        }
        else
        {
            (int key, int keyLength) = batch.Key(operation);
            (action == RowAction.Insert ? _insert : _upsert)
                .BindText(1, buffer, batch.PartitionLength).BindText(2, buffer + key, keyLength)
                .Bind(3, etag).BindBlob(4, buffer + columns, columnsLength).Execute();
        }

        return etag.ToString(CultureInfo.InvariantCulture);
    }
}
