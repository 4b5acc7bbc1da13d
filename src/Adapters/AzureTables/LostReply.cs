using AdcpFunctions.Ledger;

namespace AdcpFunctions.Adapters;

/// <summary>Decides what became of a batch that met a conflict after an earlier try of it had left open whether it took effect.</summary>
/// <remarks>
/// The conflict may be another writer's doing or our own first try. Every row written carries a mark that no other batch has, so:
/// <list type="bullet">
/// <item>A row that bears our mark: an earlier try took effect. Which row does not matter, a batch is atomic.</item>
/// <item>A row that was to be replaced or deleted and still has the ETag we asked for: no try took effect, for that would have ended this
/// ETag and ETags do not come back. The conflict stands.</item>
/// <item>Neither: nothing follows, and the caller gets a fault. A row under another mark may have been ours and written over since. A row to be
/// inserted that is not there may have been ours and deleted since, as the relay deletes what it has published. A row to be deleted
/// that is gone may have gone by us or by others; so a batch of deletes alone can be shown to have failed, never to have worked.</item>
/// </list>
/// A try still under way somewhere when the rows are read can take effect later only if every row it demands is as it demanded: after a lost
/// ETag never, after an insert that met a row only when that row is deleted meanwhile. Upserts demand nothing: one tried again may be written
/// twice, also over what another wrote in between, exactly as if its caller had repeated it.
/// </remarks>
internal static class LostReply
{
    /// <summary>An ETag no row ever had, in the form the store demands.</summary>
    private const string Never = "W/\"datetime'1601-01-01T00%3A00%3A00.0000000Z'\"";

    /// <summary>Judges by the rows as they are now, one for each operation; null where there is none.</summary>
    /// <returns>Null when it cannot be told.</returns>
    public static BatchResult? Judge(TableBatch batch, string mark, BatchResult conflict, IReadOnlyList<StoredRow?> now)
    {
        if (now.Any(row => row?.Mark == mark))
            return new BatchResult.Committed([.. batch.Operations.Select((operation, i) => ETagOf(operation.Action, now[i], mark))]);

        bool untouched = batch.Operations.Where((operation, i) =>
            operation.Action is RowAction.Replace or RowAction.Delete && now[i] is { } row && row.Row.ETag == operation.Row.ETag).Any();
        return untouched ? conflict : null;
    }

    /// <summary>A row that another has written since gets an ETag that matches nothing: with the present one the caller would write over what it never read.</summary>
    private static string? ETagOf(RowAction action, StoredRow? now, string mark) =>
        action == RowAction.Delete ? null : now?.Mark == mark ? now.Value.Row.ETag : Never;
}
