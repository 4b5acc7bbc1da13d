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

/// <summary>What one unit has said, as far as it can still matter: each by the copy of it that was received first.</summary>
/// <param name="Newest">The one that counts.</param>
/// <param name="Earlier">The first to arrive, where it is not the newest.</param>
/// <param name="Others">
/// The rest that is kept, newest first; null for none. One of them may have met a deadline that the first and the newest miss, and
/// a newest without a stamp is only as new as its receipt, so that an earlier copy of it may hand its place back.
/// </param>
public sealed record UnitFinals(Statement Newest, Statement? Earlier = null, IReadOnlyList<Statement>? Others = null)
{
    public Statement First => Earlier ?? Newest;

    /// <summary>The known copy of these contents; null where none is kept.</summary>
    public Statement? Copy(string hash) => All().FirstOrDefault(s => s.Hash == hash);

    /// <summary>True when any final of this unit met the deadline: what is said later never makes a party late.</summary>
    public bool IsTimely(Deadline deadline) => All().Any(s => deadline.IsTimely(s.FinalizedAt, s.ReceivedAt));

    /// <summary>Takes one in. A copy never makes its sender late, or early: of two the one received first stands.</summary>
    /// <param name="statement">What was said.</param>
    /// <param name="keep">How many others are kept at most, at least one: the oldest, which met a deadline if any did, and the newest.</param>
    public UnitFinals With(Statement statement, int keep = 1)
    {
        Statement said = Copy(statement.Hash) is { } copy && copy.ReceivedAt <= statement.ReceivedAt ? copy : statement;
        List<Statement> all = [said, .. All().Where(s => s.Hash != said.Hash)];
        all.Sort(static (a, b) => a.IsNewerThan(b) ? -1 : b.IsNewerThan(a) ? 1 : 0);
        Statement first = all.Aggregate((before, other) => CameBefore(other, before) ? other : before);
        Statement[] rest = [.. all.Skip(1).Where(s => s.Hash != first.Hash)];
        Statement[] others = rest.Length <= keep ? rest : [.. rest.Take(keep - 1), rest[^1]];
        return new UnitFinals(all[0], first.Hash == all[0].Hash ? null : first, others.Length == 0 ? null : others);
    }

    private IEnumerable<Statement> All() => new[] { Newest, First }.Concat(Others ?? []).DistinctBy(s => s.Hash);

    /// <summary>Of two that came at once the older is the first, so that it does not matter which is taken in before the other.</summary>
    private static bool CameBefore(Statement statement, Statement other) =>
        statement.ReceivedAt == other.ReceivedAt ? other.IsNewerThan(statement) : statement.ReceivedAt < other.ReceivedAt;
}

/// <summary>A side's final number for the whole group.</summary>
/// <param name="Quantity">Sum over the units; null when any of them lacks the metric.</param>
/// <param name="Cost">Sum over the units; null when any of them states none.</param>
/// <param name="FinalizedAt">Latest stamp; null when any unit lacks one.</param>
/// <param name="ReceivedAt">When the last of the newest statements arrived.</param>
/// <param name="FirstReceivedAt">When the side was final for the first time.</param>
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
            if (OfPackage(package, finals, group, period) is not { } part)
                return null;
            parts.Add(part);
        }

        return Sum(parts);
    }

    /// <summary>The seller's final for one package of the group: its own, else the sum of its days; null while there is neither.</summary>
    internal static SideFinal? OfPackage(string package, IReadOnlyDictionary<string, UnitFinals> finals, TermsGroup group, ReportingPeriod period)
    {
        SideFinal? tiled = group.SumDaily && DaysOf(package, finals, period) is { } days ? Sum([.. days.Select(Of)]) : null;
        SideFinal? whole = finals.TryGetValue(package, out UnitFinals? said) ? Of(said) : null;
        return whole is null ? tiled : tiled is null ? whole : whole.After(tiled);
    }

    /// <summary>Rule DL-6: a side met its deadline when every one of its units did, each with any of its finals.</summary>
    /// <remarks>A correction stamped late, or older than another, does not undo that a final was there in time.</remarks>
    public static bool IsTimely(Side side, IReadOnlyDictionary<string, UnitFinals> finals, TermsGroup group, ReportingPeriod period, Deadline deadline)
    {
        IReadOnlyList<string> units = side == Side.UsagePush ? [""] : group.PackageIds;
        return units.All(unit => (finals.TryGetValue(unit, out UnitFinals? said) && said.IsTimely(deadline))
            || (group.SumDaily && DaysOf(unit, finals, period) is { } days && days.TrueForAll(day => day.IsTimely(deadline))));
    }

    /// <summary>Rule UNIT-3: final daily rows stand for a period when they tile it exactly, without a gap.</summary>
    /// <remarks>Only while no final for the whole period exists: that one, when it comes, restates the sum.</remarks>
    private static List<UnitFinals>? DaysOf(string package, IReadOnlyDictionary<string, UnitFinals> finals, ReportingPeriod period)
    {
        var days = new List<UnitFinals>();
        for (DateTimeOffset at = period.Start; at < period.End; at = at.AddDays(1))
        {
            if (!finals.TryGetValue(Statement.KeyOf(package, new ReportingPeriod(at, at.AddDays(1))), out UnitFinals? said) || at.AddDays(1) > period.End)
                return null;
            days.Add(said);
        }

        return days;
    }

    /// <summary>This one's numbers, with the earlier of both beginnings.</summary>
    private SideFinal After(SideFinal earlier) =>
        earlier.FirstReceivedAt < FirstReceivedAt ? this with { FirstReceivedAt = earlier.FirstReceivedAt } : this;

    private static SideFinal Of(UnitFinals said) => new(
        said.Newest.Side,
        said.Newest.Quantity,
        said.Newest.Cost,
        said.Newest.FinalizedAt,
        said.Newest.ReceivedAt,
        said.First.ReceivedAt,
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
                Worth = sum.Worth + part.Worth,
            };
        }

        return sum with { Mark = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(string.Join('\n', parts.Select(p => p.Mark))))) };
    }

    private static DateTimeOffset? Later(DateTimeOffset? a, DateTimeOffset? b) => a is null || b is null ? null : a > b ? a : b;
}
