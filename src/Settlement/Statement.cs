using System.Security.Cryptography;
using System.Text;

namespace AdcpFunctions.Settlement;

/// <summary>One party's final count for one settlement, as it was said.</summary>
/// <param name="Side">Where it came in.</param>
/// <param name="Unit">The package on the seller's side; empty for a usage record, which speaks for its whole group.</param>
/// <param name="Quantity">The pricing model's billing metric. Null when the statement does not carry it.</param>
/// <param name="Cost">The sender's own amount: <c>vendor_cost</c> or <c>spend</c>. Null when not stated.</param>
/// <param name="FinalizedAt">The sender's stamp. Null when absent.</param>
/// <param name="ReceivedAt">When it reached us; redrive keeps it.</param>
/// <param name="Reporter">The authenticated agent or sender.</param>
/// <param name="Hash">SHA-256 of what it says, lower-case hex: identical content has an identical hash.</param>
/// <param name="Evidence">Where the raw bytes are kept.</param>
/// <param name="Rate">What the seller's row says an auction came to. Null when not stated.</param>
/// <param name="Expected">What the vendor's price list makes of the record. Null where there is none to compare with.</param>
/// <param name="Day">The day a row is for, where a period is the sum of its days; null for the whole period.</param>
public sealed record Statement(
    Side Side,
    string Unit,
    decimal? Quantity,
    decimal? Cost,
    DateTimeOffset? FinalizedAt,
    DateTimeOffset ReceivedAt,
    string Reporter,
    string Hash,
    string Evidence,
    decimal? Rate = null,
    decimal? Expected = null,
    ReportingPeriod? Day = null)
{
    /// <summary>What it speaks for: its package, or one day of it. A package id holds no control character.</summary>
    public string Key => Day is { } day ? KeyOf(Unit, day) : Unit;

    internal static string KeyOf(string unit, ReportingPeriod day) => $"{unit}\n{day}";

    /// <summary>Rule FIN-3: of two finals for one unit, the greater stamp is the newer; ties are broken by content hash.</summary>
    /// <remarks>The tie break makes the outcome independent of the order in which copies arrive (gap G5).</remarks>
    public bool IsNewerThan(Statement other)
    {
        int order = (FinalizedAt ?? ReceivedAt).CompareTo(other.FinalizedAt ?? other.ReceivedAt);
        return order != 0 ? order > 0 : string.CompareOrdinal(Hash, other.Hash) > 0;
    }
}

/// <summary>What one unit has said: its newest final and the one that was here first.</summary>
/// <param name="Newest">The one that counts.</param>
/// <param name="Earlier">The first to arrive, where it is not the newest.</param>
/// <param name="Between">The newest of all others, kept while <paramref name="Newest"/> bears no stamp; null for none.</param>
public sealed record UnitFinals(Statement Newest, Statement? Earlier = null, Statement? Between = null)
{
    public Statement First => Earlier ?? Newest;

    public UnitFinals With(Statement statement)
    {
        Statement said = Copy(statement.Hash) is { } copy ? Sooner(statement, copy) : statement;
        Statement first = IsPrecededBy(said) ? said : First;
        Statement newest = said;
        Statement? between = null;
        foreach (Statement other in Kept().Where(kept => kept.Hash != said.Hash))
        {
            bool isNewest = other.IsNewerThan(newest);
            Statement older = isNewest ? newest : other;
            newest = isNewest ? other : newest;
            between = older.Hash != first.Hash && (between is null || older.IsNewerThan(between)) ? older : between;
        }

        // Receipt stands in for a missing stamp, so an earlier copy of an unstamped newest may make another one the newest again.
        return new UnitFinals(newest, first.Hash == newest.Hash ? null : first, newest.FinalizedAt is null ? between : null);
    }

    /// <summary>The copy that is kept of a statement; null when none is.</summary>
    public Statement? Copy(string hash) => Kept().FirstOrDefault(kept => kept.Hash == hash);

    /// <summary>True when this one was here before the first that is known. Of two that came at once the older is the first, so that it does not matter which is taken in before the other.</summary>
    public bool IsPrecededBy(Statement statement) =>
        statement.ReceivedAt == First.ReceivedAt ? First.IsNewerThan(statement) : statement.ReceivedAt < First.ReceivedAt;

    private IEnumerable<Statement> Kept() => new[] { Newest, Earlier, Between }.OfType<Statement>();

    /// <summary>Of two copies of one statement the one received first: a copy never makes its sender late, or early.</summary>
    private static Statement Sooner(Statement a, Statement b) => a.ReceivedAt < b.ReceivedAt ? a : b;
}

/// <summary>A side's final number for the whole group.</summary>
/// <param name="Quantity">Sum over the units; null when any of them lacks the metric.</param>
/// <param name="Cost">Sum over the units; null when any of them states none.</param>
/// <param name="FinalizedAt">Latest stamp; null when any unit lacks one.</param>
/// <param name="ReceivedAt">When the last of the newest statements arrived.</param>
/// <param name="FirstReceivedAt">When the side was final for the first time.</param>
/// <param name="FirstFinalizedAt">The latest stamp among the first statements; null when any lacks one.</param>
/// <param name="Worth">Count times stated rate, summed; null when any unit lacks either.</param>
/// <param name="Expected">What the vendor's price list makes of it; null where there is none.</param>
/// <param name="Mark">Names exactly these statements: SHA-256 over their hashes, or the one hash there is.</param>
public sealed record SideFinal(
    Side Side,
    decimal? Quantity,
    decimal? Cost,
    DateTimeOffset? FinalizedAt,
    DateTimeOffset ReceivedAt,
    DateTimeOffset FirstReceivedAt,
    DateTimeOffset? FirstFinalizedAt,
    decimal? Worth,
    decimal? Expected,
    string Mark)
{
    /// <summary>Rule UNIT-2: a group is final when every one of its packages is, whichever delivery brought it.</summary>
    /// <returns>Null while any unit is missing.</returns>
    public static SideFinal? Of(Side side, IReadOnlyDictionary<string, UnitFinals> finals, TermsGroup group, ReportingPeriod period)
    {
        if (side == Side.UsagePush)
            return finals.TryGetValue("", out UnitFinals? only) ? Of(only) : null;

        var parts = new List<SideFinal>(group.PackageIds.Count);
        foreach (string package in group.PackageIds)
        {
            SideFinal? tiled = group.SumDaily ? OfDays(package, finals, period) : null;
            SideFinal? whole = finals.TryGetValue(package, out UnitFinals? said) ? Of(said) : null;
            if ((whole is null ? tiled : tiled is null ? whole : whole.After(tiled)) is not { } part)
                return null;
            parts.Add(part);
        }

        return Sum(parts);
    }

    /// <summary>Rule UNIT-3: final daily rows stand for a period when they tile it exactly, without a gap.</summary>
    /// <remarks>Only while no final for the whole period exists: that one, when it comes, restates the sum.</remarks>
    private static SideFinal? OfDays(string package, IReadOnlyDictionary<string, UnitFinals> finals, ReportingPeriod period)
    {
        var days = new List<SideFinal>();
        for (DateTimeOffset at = period.Start; at < period.End; at = at.AddDays(1))
        {
            if (!finals.TryGetValue(Statement.KeyOf(package, new ReportingPeriod(at, at.AddDays(1))), out UnitFinals? said) || at.AddDays(1) > period.End)
                return null;
            days.Add(Of(said));
        }

        return Sum(days);
    }

    /// <summary>This one's numbers, with the earlier of both beginnings.</summary>
    private SideFinal After(SideFinal earlier) =>
        earlier.FirstReceivedAt < FirstReceivedAt ? this with { FirstReceivedAt = earlier.FirstReceivedAt, FirstFinalizedAt = earlier.FirstFinalizedAt } : this;

    private static SideFinal Of(UnitFinals said) => new(
        said.Newest.Side,
        said.Newest.Quantity,
        said.Newest.Cost,
        said.Newest.FinalizedAt,
        said.Newest.ReceivedAt,
        said.First.ReceivedAt,
        said.First.FinalizedAt,
        said.Newest.Quantity * said.Newest.Rate,
        said.Newest.Expected,
        said.Newest.Hash);

    private static SideFinal? Sum(List<SideFinal> parts)
    {
        if (parts.Count < 2)
            return parts.Count == 0 ? null : parts[0];
        SideFinal sum = parts[0];
        for (int i = 1; i < parts.Count; i++)
        {
            SideFinal part = parts[i];
            sum = sum with
            {
                Quantity = sum.Quantity + part.Quantity,
                Cost = sum.Cost + part.Cost,
                FinalizedAt = Later(sum.FinalizedAt, part.FinalizedAt),
                ReceivedAt = sum.ReceivedAt > part.ReceivedAt ? sum.ReceivedAt : part.ReceivedAt,
                FirstReceivedAt = sum.FirstReceivedAt > part.FirstReceivedAt ? sum.FirstReceivedAt : part.FirstReceivedAt,
                FirstFinalizedAt = Later(sum.FirstFinalizedAt, part.FirstFinalizedAt),
                Worth = sum.Worth + part.Worth,
            };
        }

        return sum with { Mark = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(string.Join('\n', parts.Select(p => p.Mark))))) };
    }

    private static DateTimeOffset? Later(DateTimeOffset? a, DateTimeOffset? b) => a is null || b is null ? null : a > b ? a : b;
}
