using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>Which terms of a contract a later one changes, by stable names a reader can act on.</summary>
public static class ContractChanges
{
    /// <summary>The one name for a media buy that has no contract yet.</summary>
    public const string NewContract = "contract";

    /// <summary>The names of every term that differs, in the order a reader cares.</summary>
    /// <remarks>
    /// Terms of money are compared package by package: a package that moves to another group has not changed by that alone.
    /// How a number is written (10.0 or 10.00) is no term.
    /// </remarks>
    /// <param name="before">Null when there is no contract yet.</param>
    /// <param name="after">As it would be registered.</param>
    /// <param name="statesStart">False when the later one leaves it open which period it takes effect with.</param>
    /// <returns>Empty when both say the same.</returns>
    public static IReadOnlyList<string> Between(Contract? before, Contract after, bool statesStart)
    {
        if (before is null)
            return [NewContract];

        (Dictionary<string, TermsGroup> old, Dictionary<string, TermsGroup> now) = (ByPackage(before), ByPackage(after));
        (TermsGroup Before, TermsGroup After)[] sold = [.. old.Keys.Where(now.ContainsKey).Select(id => (old[id], now[id]))];
        (string Name, bool Differs)[] terms =
        [
            ("authority", Differ(sold, g => (g.Terms.Authority, g.Terms.AuthoritySide, g.Terms.Measurement?.Vendor))),
            ("tolerance", Differ(sold, g => g.Terms.Measurement?.MaxVariancePercent)),
            ("rate", Differ(sold, g => g.Rate)),
            ("deadline", Differ(sold, g => g.Terms.Measurement?.FinalizationDeadlineHours)),
            ("window", Differ(sold, g => (g.Window, g.WindowDays)) || !before.Windows.SequenceEqual(after.Windows)),
            ("pricing", Differ(sold, g => (g.PricingModel, g.PricingOptionId, g.Time))),
            ("cap", Differ(sold, g => g.BillableCap)),
            ("sum_daily", Differ(sold, g => g.SumDaily)),
            ("remedies", sold.Any(pair => !RemediesOf(pair.Before).SequenceEqual(RemediesOf(pair.After)))),
            ("packages", sold.Length != old.Count || sold.Length != now.Count),
            ("periods", before.Flight != after.Flight || !before.Periods.SequenceEqual(after.Periods)),
            ("policies", before.Policies != after.Policies),
            ("effective_from", statesStart && before.EffectiveFrom != after.EffectiveFrom),
        ];
        return [.. terms.Where(t => t.Differs).Select(t => t.Name)];
    }

    private static bool Differ<T>(IEnumerable<(TermsGroup Before, TermsGroup After)> sold, Func<TermsGroup, T> term) =>
        sold.Any(pair => !EqualityComparer<T>.Default.Equals(term(pair.Before), term(pair.After)));

    private static Dictionary<string, TermsGroup> ByPackage(Contract contract) =>
        contract.Groups.SelectMany(g => g.PackageIds.Select(id => (id, g))).ToDictionary(p => p.id, p => p.g, StringComparer.Ordinal);

    private static IReadOnlyList<string> RemediesOf(TermsGroup group) => group.Terms.Measurement?.Remedies ?? [];
}
