using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Wire;

/// <summary>A media buy: everything that will settle, by when, and what its seller proposes instead.</summary>
/// <param name="Version">The newest contract version; null while there is none.</param>
/// <param name="Proposal">Null when none waits.</param>
internal sealed record MediaBuyBody(string MediaBuyId, string AccountId, int? Version, DateTimeOffset? EffectiveFrom, IReadOnlyList<MediaBuyGroup> Groups, ProposalBody? Proposal = null)
{
    /// <summary>A media buy without a contract: nothing of it will settle.</summary>
    public static MediaBuyBody Without(string mediaBuyId, string accountId) => new(mediaBuyId, accountId, null, null, []);

    public static MediaBuyBody Of(RegisteredBuy buy, IReadOnlyList<ReportingPeriod> outages)
    {
        var groups = new List<MediaBuyGroup>();
        foreach (Contract contract in buy.Versions)
        {
            foreach (TermsGroup group in contract.Groups)
            {
                ReportingPeriod[] periods = [.. group.Periods.Where(p => buy.InForce(p).Version == contract.Version)];
                if (periods.Length > 0)
                    groups.Add(MediaBuyGroup.Of(buy, contract, group, periods, outages));
            }
        }

        return new MediaBuyBody(buy.MediaBuyId, buy.Account.Id, buy.Newest.Version, buy.Newest.EffectiveFrom, groups);
    }
}

/// <summary>Packages that settle together.</summary>
/// <param name="SettlementIds">One for each period, in the same order.</param>
internal sealed record MediaBuyGroup(
    string GroupId,
    int ContractVersion,
    IReadOnlyList<string> PackageIds,
    Party Authority,
    Side AuthoritySide,
    string? MeasurementWindow,
    IReadOnlyList<MediaBuyPeriod> Periods,
    IReadOnlyList<string> SettlementIds)
{
    public static MediaBuyGroup Of(RegisteredBuy buy, Contract contract, TermsGroup group, IReadOnlyList<ReportingPeriod> periods, IReadOnlyList<ReportingPeriod> outages) => new(
        group.Id,
        contract.Version,
        group.PackageIds,
        group.Terms.Authority,
        group.Terms.AuthoritySide,
        group.Window,
        [.. periods.Select(p => new MediaBuyPeriod(p.Start, p.End, Deadline.Of(p, group, contract.Policies.GraceHours, outages) is { } d ? DeadlineBody.Of(d, group) : null))],
        [.. periods.Select(p => buy.Address(group.Id, p, group.Window).Id)]);
}

/// <param name="Deadline">Null when the terms name none.</param>
internal sealed record MediaBuyPeriod(DateTimeOffset Start, DateTimeOffset End, DeadlineBody? Deadline);

/// <summary>How a deadline is reached: anchor plus hours, then the grace with our own downtime.</summary>
/// <param name="DowntimeAddedSeconds">How much of the grace stands in for this service's own absence.</param>
/// <param name="Arithmetic">The same step by step, where it is explained.</param>
internal sealed record DeadlineBody(DateTimeOffset Anchor, int? Hours, DateTimeOffset Due, DateTimeOffset GraceEnd, long DowntimeAddedSeconds, string? Arithmetic = null)
{
    public static DeadlineBody Of(Deadline deadline, TermsGroup? group) =>
        new(deadline.Anchor, group?.Terms.Measurement?.FinalizationDeadlineHours, deadline.Due, deadline.GraceEnd, (long)deadline.DowntimeAdded.TotalSeconds);
}
