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
public sealed record Statement(
    Side Side,
    string Unit,
    decimal? Quantity,
    decimal? Cost,
    DateTimeOffset? FinalizedAt,
    DateTimeOffset ReceivedAt,
    string Reporter,
    string Hash,
    string Evidence)
{
    /// <summary>Rule FIN-3: of two finals for one unit, the greater stamp is the newer; ties are broken by content hash.</summary>
    /// <remarks>The tie break makes the outcome independent of the order in which copies arrive (gap G5).</remarks>
    public bool IsNewerThan(Statement other)
    {
        int order = (FinalizedAt ?? ReceivedAt).CompareTo(other.FinalizedAt ?? other.ReceivedAt);
        return order != 0 ? order > 0 : string.CompareOrdinal(Hash, other.Hash) > 0;
    }
}

/// <summary>What one unit has said: its newest final and the one that was here first.</summary>
public sealed record UnitFinals(Statement Newest, Statement First)
{
    public UnitFinals With(Statement statement) => new(
        statement.IsNewerThan(Newest) ? statement : Newest,
        CameBefore(statement, First) ? statement : First);

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
/// <param name="FirstFinalizedAt">The latest stamp among the first statements; null when any lacks one.</param>
public sealed record SideFinal(
    Side Side,
    decimal? Quantity,
    decimal? Cost,
    DateTimeOffset? FinalizedAt,
    DateTimeOffset ReceivedAt,
    DateTimeOffset FirstReceivedAt,
    DateTimeOffset? FirstFinalizedAt)
{
    /// <summary>Rule UNIT-2: a group is final when every one of its packages is, whichever delivery brought it.</summary>
    /// <returns>Null while any unit is missing.</returns>
    public static SideFinal? Of(Side side, IReadOnlyDictionary<string, UnitFinals> finals, TermsGroup group)
    {
        IReadOnlyList<string> units = side == Side.UsagePush ? [""] : group.PackageIds;
        SideFinal? sum = null;
        foreach (string unit in units)
        {
            if (!finals.TryGetValue(unit, out UnitFinals? said))
                return null;

            sum = sum is null
                ? new SideFinal(side, said.Newest.Quantity, said.Newest.Cost, said.Newest.FinalizedAt, said.Newest.ReceivedAt, said.First.ReceivedAt, said.First.FinalizedAt)
                : new SideFinal(
                    side,
                    sum.Quantity + said.Newest.Quantity,
                    sum.Cost + said.Newest.Cost,
                    Later(sum.FinalizedAt, said.Newest.FinalizedAt),
                    sum.ReceivedAt > said.Newest.ReceivedAt ? sum.ReceivedAt : said.Newest.ReceivedAt,
                    sum.FirstReceivedAt > said.First.ReceivedAt ? sum.FirstReceivedAt : said.First.ReceivedAt,
                    Later(sum.FirstFinalizedAt, said.First.FinalizedAt));
        }

        return sum;
    }

    private static DateTimeOffset? Later(DateTimeOffset? a, DateTimeOffset? b) => a is null || b is null ? null : a > b ? a : b;
}
