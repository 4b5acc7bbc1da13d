using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>Counts the settlements that belong to a month by where they stand, and keeps the first that are open.</summary>
public sealed class PeriodSettlements(string period)
{
    /// <summary>How many open ones a close names.</summary>
    public const int MostOpen = 100;

    private readonly SortedDictionary<SettlementStatus, long> _states = [];
    private readonly List<OpenSettlement> _open = [];

    public long OpenCount { get; private set; }

    public IReadOnlyList<OpenSettlement> Open => _open;

    public IReadOnlyList<PeriodStateCount> States() => [.. _states.Select(s => new PeriodStateCount(s.Key, s.Value))];

    /// <summary>True for a settlement that belongs to a month, whatever was booked of it and where.</summary>
    public static bool IsOf(HeadDocument head, string period) => Booking.Natural(head.Period.End) == period;

    /// <summary>Rule CLOSE-3: a settlement of the month is open until it is settled or adjusted; one that was invoiced and is held or disputed since is open too.</summary>
    public static bool IsOpen(HeadDocument head) => head.State.Status is not (SettlementStatus.Settled or SettlementStatus.Adjusted or SettlementStatus.OutOfBand);

    public void Add(HeadDocument head)
    {
        if (!IsOf(head, period))
            return;
        _states[head.State.Status] = _states.GetValueOrDefault(head.State.Status) + 1;
        if (!IsOpen(head))
            return;
        OpenCount++;
        if (_open.Count < MostOpen)
            _open.Add(new OpenSettlement(head.Id, head.State.Status, head.State.Reasons));
    }
}
