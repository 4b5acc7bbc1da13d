using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>A settlement that misses a report, and the terms it is expected under.</summary>
public sealed record AwaitedSettlement(HeadDocument Head, SettlementContext Context, IReadOnlyList<MissingReport> Reports);

/// <summary>Asks the rules which reports of a stored settlement are missing.</summary>
public sealed class ExpectedReports(SettlementLedger settlements)
{
    /// <summary>True where something may be missing at all, by what the settlement's own row says.</summary>
    public static bool MayMiss(HeadDocument head, DateTimeOffset now) =>
        head is { Vendor: null, Group.Length: > 0, State: { Posted: null, Status: not SettlementStatus.OutOfBand } } && head.Period.End <= now;

    /// <summary>What of a settlement is missing.</summary>
    /// <returns>Null for nothing, and for one the contract in force no longer expects.</returns>
    public async ValueTask<AwaitedSettlement?> MissingAsync(RegisteredBuy buy, HeadDocument head, IReadOnlyList<ReportingPeriod> outages, DateTimeOffset now, CancellationToken cancel)
    {
        if (SettlementLedger.ContextOf(buy, head, outages) is not { } context || context.Group.Window != head.Window || !context.Group.IsBillable(head.Period))
            return null;
        if (MissingReports.Of(head.State, context, new HashSet<Side>(), now).Count == 0)
            return null;

        // Only what is missing by its own row is worth looking for elsewhere.
        var unallocated = new List<SettlementState>();
        foreach (SettlementAddress address in Settlements.OnTime(buy, head.Group, head.Period, head.Window, outages, now).Unallocated)
        {
            if (await settlements.ReadAsync(address, cancel) is { } kept)
                unallocated.Add(kept.Document.State);
        }

        HashSet<Side> sides = [.. new[] { Side.SellerRow, Side.UsagePush }.Where(side => unallocated.Any(state => state.On(side).Count > 0))];
        SettlementContext seen = Settlements.Seen(context, new Sight(head.State, unallocated, TallyDocument.Empty, buy));
        return new AwaitedSettlement(head, seen, MissingReports.Of(head.State, seen, sides, now));
    }
}
