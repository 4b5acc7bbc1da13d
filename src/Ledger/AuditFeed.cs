using System.Globalization;

namespace AdcpFunctions.Ledger;

/// <summary>Checks the seals of what was published, and finds the closes in it.</summary>
internal sealed class AuditFeed(IPartitionedTable table, Seals seals, AuditCount count, Action<AuditFinding> report)
{
    /// <summary>When the first seal that holds was given, or shortly before; null while none was found.</summary>
    public DateTimeOffset? SealedSince { get; private set; }

    /// <summary>Rule AUD-3: a seal is right to the byte, and once the first was given nothing is published without one.</summary>
    /// <remarks>Else a hand that changed a record would take its seal off and be believed.</remarks>
    /// <param name="feed">The feed's partition.</param>
    /// <param name="cancel">Stops it.</param>
    /// <returns>The closes, oldest first.</returns>
    public async Task<IReadOnlyList<PeriodClose>> RunAsync(string feed, CancellationToken cancel)
    {
        var closes = new List<PeriodClose>();
        bool sealedBefore = false;
        await foreach (TableRow row in table.PrefixAsync(feed, "r_", cancel))
        {
            count.Published++;
            string name = row.RowKey, at = "";
            try
            {
                var entry = FeedEntry.Of(row);
                name = entry.Subject ?? name;
                at = entry.Period?.At ?? entry.Record.SettledAt;
                if (entry.Period is PeriodClose close && PeriodReplay.IsWhole(entry))
                    closes.Add(close);
            }
            catch (Exception unreadable) when (Tables.IsUnreadable(unreadable))
            {
                report(AuditFinding.At(name, 0, row.RowKey, "published record", "what can be read", unreadable.Message));
            }

            SealState state = seals.Check(Tables.Join(row, "body").Span);
            if (state is SealState.Missing)
                count.Unsealed++;
            if (state is SealState.UnknownKey && seals.HasNoKey)
                count.Unchecked++;
            else if (state is SealState.Broken or SealState.UnknownKey || (state is SealState.Missing && sealedBefore))
                report(AuditFinding.At(name, 0, row.RowKey, "seal", "a seal of this service over these bytes", WordOf(state)));
            else if (state is SealState.Holds && DateTimeOffset.TryParse(at, CultureInfo.InvariantCulture, out DateTimeOffset since) && !(SealedSince <= since))
                SealedSince = since;
            sealedBefore |= state is not SealState.Missing;
        }

        return closes;
    }

    private static string WordOf(SealState state) => state switch
    {
        SealState.Broken => "one over other bytes",
        SealState.UnknownKey => "one under a key that is not known",
        _ => "",
    };
}
