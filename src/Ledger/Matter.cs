using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>One settlement to be decided: where it is, whose it is, and what happens to it.</summary>
/// <param name="Address">Where it lives.</param>
/// <param name="Buy">The media buy it belongs to.</param>
/// <param name="GroupId">Empty for what could not be allocated.</param>
/// <param name="Period">The billing period.</param>
/// <param name="Window">The measurement window; null when billing is not windowed.</param>
/// <param name="Now">The clock it is decided by, UTC.</param>
/// <param name="Decide">What happens, given what can be seen; pure, since it may be asked again.</param>
/// <param name="Raw">Bytes kept beside the event as evidence; empty when there are none.</param>
public sealed record Matter(
    SettlementAddress Address,
    RegisteredBuy Buy,
    string GroupId,
    ReportingPeriod Period,
    string? Window,
    DateTimeOffset Now,
    Func<Sight, Outcome> Decide,
    ReadOnlyMemory<byte> Raw)
{
    /// <summary>Where finals of the same period lie that were taken for no group: of a buy with several, or of one whose seller has a deadline.</summary>
    public IReadOnlyList<SettlementAddress> Unallocated { get; } = GroupId.Length == 0 || (Buy.Newest.Groups.Count == 1 && !Buy.BindsSeller(GroupId))
        ? []
        : Window is null ? [Buy.Address("", Period, null)] : [Buy.Address("", Period, null), Buy.Address("", Period, Window)];

    /// <summary>A row that says when to look at it.</summary>
    public DueDocument LookAt(DateTimeOffset at, DateTimeOffset now) => new(Address.Partition, Address.Suffix, Buy.MediaBuyId, GroupId, Period, Window, at, now, Vendor: Buy.Vendor);

    /// <summary>The row on which the periods of a capped group, or of one vendor's usage, tell each other what they billed; null where they need not.</summary>
    public string? TallyRow { get; } = Buy.KeepsTally(GroupId) ? LedgerKeys.Tally(Address.Suffix) : null;
}

/// <summary>What a decision sees of the ledger.</summary>
/// <param name="Unallocated">Finals of the same media buy and period that named no group.</param>
/// <param name="Buy">Whose it is: of a vendor's usage, what was fixed when it was first reported.</param>
public sealed record Sight(SettlementState State, IReadOnlyList<SettlementState> Unallocated, TallyDocument Tally, RegisteredBuy Buy);

/// <summary>What follows, and what it was decided on beside the settlement's own history.</summary>
public sealed record Outcome(IReadOnlyList<SettlementEvent> Events, GivenDocument? Given)
{
    public static readonly Outcome Nothing = new([], null);
}
