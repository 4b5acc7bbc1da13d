using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Tests.Support.Histories;

/// <summary>What a delivery means, as <c>Host/UsageMapping</c> and <c>Host/DeliveryMapping</c> say it: all that can settle something is a fact, all else is evidence.</summary>
internal static class HistoryMapping
{
    public static IEnumerable<Fact> Facts(Step.Delivery delivery, RegisteredBuy buy) =>
        delivery.Lines.Select(line => delivery.Side == Side.SellerRow ? OfRow(line, delivery, buy) : OfUsage(line, delivery, buy)).OfType<Fact>();

    private static Fact? OfUsage(Line line, Step.Delivery delivery, RegisteredBuy buy)
    {
        if (buy.Account.OutOfBand || buy.Meant(line.Start, line.End) is not { } stated)
            return null;
        Contract contract = buy.InForce(stated);
        TermsGroup? group = contract.Groups.Count == 1 ? contract.Groups[0] : null;
        if (line.Option is { } option)
        {
            TermsGroup[] named = [.. contract.Groups.Where(g => g.PricingOptionId == option)];
            if (named.Length == 0)
                return null;
            group = named.Length == 1 ? named[0] : group;
        }

        bool settles = group is null ? contract.Groups.Any(g => g.IsBillable(stated)) : group.IsBillable(stated) && MeasurementWindows.Matches(line.Window, group, contract.Windows);
        if (line.Finality == Finality.Provisional || !settles)
            return null;
        if (line.Finality == Finality.Final)
            return new Fact(buy, group?.Id ?? "", stated, group is null ? line.Window : group.Window, StatementOf(line, delivery, "", group?.Id ?? "", null), "buyer", default);
        return group is { Terms.AuthoritySide: Side.UsagePush } ? new Fact(buy, group.Id, stated, group.Window, null, "buyer", default) : null;
    }

    private static Fact? OfRow(Line line, Step.Delivery delivery, RegisteredBuy buy)
    {
        if (line.Finality != Finality.Final || buy.Meant(line.Start, line.End) is not { } stated)
            return null;
        Contract contract = buy.InForce(stated);
        if (contract.GroupOfPackage(line.Package!) is not { } group)
            return null;
        ReportingPeriod? ofDay = group.IsBillable(stated) ? null : group.PeriodOfDay(stated);
        if ((!group.IsBillable(stated) && ofDay is null) || !MeasurementWindows.Matches(line.Window, group, contract.Windows))
            return null;
        Statement said = StatementOf(line with { Rate = group.Rate is null ? line.Rate : null }, delivery, line.Package!, group.Id, ofDay is null ? null : stated);
        return new Fact(buy, group.Id, ofDay ?? stated, group.Window, said, "seller", default);
    }

    private static Statement StatementOf(Line line, Step.Delivery delivery, string unit, string group, ReportingPeriod? day)
    {
        var said = new Statement(delivery.Side, unit, line.Quantity, line.Cost, line.FinalizedAt, delivery.ReceivedAt, delivery.Side.ToString(), "", delivery.Key, line.Rate, Day: day);
        string content = string.Create(CultureInfo.InvariantCulture, $"{said.Side}\n{said.Key}\n{said.Quantity:G29}\n{said.Cost:G29}\n{said.Rate:G29}\n{said.FinalizedAt?.UtcTicks}\n{group}");
        return said with { Hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content))) };
    }
}
