using System.Globalization;

namespace AdcpFunctions.Ledger;

/// <summary>A link of the ledger that does not hold: the first one of what it is about.</summary>
/// <param name="Settlement">Its id; else the record, the month or the place it is about.</param>
/// <param name="Sequence">The event; 0 where it is none.</param>
/// <param name="RowKey">The row to look at.</param>
/// <param name="What">Which part of it.</param>
/// <param name="Expected">What should be there.</param>
/// <param name="Found">What is.</param>
public sealed record AuditFinding(string Settlement, int Sequence, string RowKey, string What, string Expected, string Found)
{
    /// <summary>The same said of a row, with the texts cut to where they part.</summary>
    public static AuditFinding At(string settlement, int sequence, string rowKey, string what, string expected, string found)
    {
        Difference cut = Difference.Of(settlement, sequence, what, expected, found);
        return new AuditFinding(settlement, sequence, rowKey, what, cut.Expected, cut.Found);
    }

    /// <summary>What a replay found, with the row it was found in.</summary>
    public static AuditFinding Of(Difference found) => new(found.Settlement, found.Sequence, RowOf(found), found.What, found.Expected, found.Found);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Settlement} event {Sequence}, row {RowKey}, {What}: expected {Expected}, found {Found}");

    private static string RowOf(Difference found)
    {
        int slash = found.Settlement.LastIndexOf('/');
        if (slash >= 0)
            return found.Settlement[(slash + 1)..];
        // The tenant is no part of a suffix, so any will do.
        if (LedgerKeys.Parse("any", found.Settlement) is not { Suffix: var suffix })
            return $"id_{found.Settlement}";
        return found.What switch
        {
            "head" or "place" or "contract" => LedgerKeys.Head(suffix),
            "tally" => LedgerKeys.Tally(suffix),
            _ when found.Sequence == 0 || found.What.EndsWith("record", StringComparison.Ordinal) => $"id_{found.Settlement}",
            _ => LedgerKeys.Event(suffix, found.Sequence),
        };
    }
}

/// <summary>How much an audit went through.</summary>
public sealed class AuditCount
{
    public long Settlements { get; internal set; }

    public long Events { get; internal set; }

    /// <summary>What was published: settled records, closes and reopenings.</summary>
    public long Published { get; internal set; }

    /// <summary>Settlements held against a root.</summary>
    public long Rooted { get; internal set; }

    /// <summary>Lines from outside held against what was published.</summary>
    public long Lines { get; internal set; }

    /// <summary>Published without a seal.</summary>
    public long Unsealed { get; internal set; }

    /// <summary>Seals that nothing could be said of for want of a key.</summary>
    public long Unchecked { get; internal set; }

    /// <summary>Settlements that were forgotten after their years.</summary>
    public long Forgotten { get; internal set; }

    public long Findings { get; internal set; }
}
