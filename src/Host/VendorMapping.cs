using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>Where a usage record that is for no media buy becomes a statement: signals, creatives, standards, rights, property lists.</summary>
/// <remarks>Such records are few, so what they name is looked up again here and nothing of it burdens the path of media buys.</remarks>
internal sealed class VendorMapping(Caller caller, UsagePeriod period, string requestToken, DateTimeOffset now)
{
    private const int MaxIdLength = 255;

    /// <summary>The ids in the order in which they name a record: a creative before the build it came from.</summary>
    private static readonly (string Name, VendorKind Kind)[] Ids =
    [
        ("creative_id", VendorKind.Creative),
        ("build_variant_id", VendorKind.Creative),
        ("signal_agent_segment_id", VendorKind.Signal),
        ("standards_id", VendorKind.Governance),
        ("rights_id", VendorKind.Rights),
        ("property_list_id", VendorKind.PropertyList),
    ];

    /// <summary>What this request has already said of each usage, by account and key.</summary>
    private readonly Dictionary<string, string> _said = new(StringComparer.Ordinal);

    /// <summary>Says of a record what it means.</summary>
    /// <param name="index">Its place in the request.</param>
    /// <param name="record">Names at least one of the ids.</param>
    /// <param name="account">The account it is for.</param>
    /// <param name="push">Receives it.</param>
    /// <returns>Why it was refused; null when it was taken.</returns>
    public AdcpError? Map(int index, in UsageRecord record, Account account, Push push)
    {
        if (SubjectOf(index, in record, account, out AdcpError? refusal) is not var (subject, price))
            return refusal;
        RegisteredBuy buy = RegisteredBuy.Of(caller.Tenant, account, subject, period.Plain);
        PartitionPush partition = push.For(buy.Partition);
        if (!Settles(in record))
        {
            partition.Lines.Add(new PageLine(period.Plain, null, record.Node.RawMemory));
            return null;
        }

        if (StatementOf(index, in record, price, account.Currency, out refusal) is not { } statement)
            return refusal;
        // Which of the two would be invoiced, if both were taken, would be chance.
        string usage = $"{account.Id}\n{subject.Key}";
        if (!_said.TryAdd(usage, statement.Hash) && _said[usage] != statement.Hash)
            return Invalid(index, "", "Another record of this request is for the same usage at the same price and says something else; send one record for both.");
        partition.Facts.Add(new Fact(buy, VendorUsage.GroupId, period.Plain, null, statement, caller.Agent.Id, record.Node.RawMemory));
        return null;
    }

    /// <summary>True for a kept record that is about this usage at this price.</summary>
    public static bool IsAbout(JsonNode record, VendorSubject subject) =>
        Named(record) is [var named, ..] && named.Name == subject.IdName && Says(record, subject.IdName, subject.IdValue) && Says(record, "pricing_option_id", subject.PricingOptionId);

    /// <summary>Rule VEND-5: a record is for the one thing whose id it names, whether or not it names a media buy too.</summary>
    /// <remarks>A creative and the build it came from are one thing; any other two would have prices of their own. Spec: AdCP 3.1, account/report-usage-request.</remarks>
    public static IReadOnlyList<(string Name, VendorKind Kind)> Named(JsonNode record) => [.. Ids.Where(id => Member(record, id.Name).Exists)];

    /// <summary>Rule VEND-6: final or silent settles on receipt; provisional never does, and never what a seller says.</summary>
    /// <remarks>Silence about finality is not doubt here: no window matures. Design rule 11.</remarks>
    private bool Settles(in UsageRecord record) => UsageMapping.FinalityOf(record.Final) != Finality.Provisional && caller.Agent.Role != AgentRole.Seller;

    private (VendorSubject Subject, VendorPrice Price)? SubjectOf(int index, in UsageRecord record, Account account, out AdcpError? refusal)
    {
        IReadOnlyList<(string Name, VendorKind Kind)> named = Named(record.Node);
        (string name, VendorKind kind) = named[0];
        refusal = null;
        if (named.Count > 1 && !(named.Count == 2 && named[1] is ("build_variant_id", _)))
            refusal = Invalid(index, named[^1].Name, "A record is for one thing: of these ids it names one, or creative_id with build_variant_id.");
        else if (Member(record.Node, name).GetString() is var id && (id.Length is 0 or > MaxIdLength || id.Any(char.IsControl)))
            refusal = Invalid(index, name, $"An id is 1 to {MaxIdLength} characters, none of them a control character.");
        else if (!record.PricingOptionId.Exists)
            refusal = Invalid(index, "pricing_option_id", "A record for anything but a media buy names the price it was used at.");
        else if (account.PriceOf(kind, record.PricingOptionId.GetString()) is not { } price)
            refusal = new AdcpError(ProtocolError.InvalidPricingOption, "The account has no such pricing option for this.", $"usage[{index}].pricing_option_id");
        else if (!UsageMapping.Matches(record.Currency, account.Currency))
            refusal = Invalid(index, "currency", "The record's currency is not the account's; nothing is converted.");
        else
            return (new VendorSubject(name, id, price.PricingOptionId, VendorPricing.Span(price, period.Plain), account.Restatement), price);
        return null;
    }

    private Statement? StatementOf(int index, in UsageRecord record, VendorPrice price, string currency, out AdcpError? refusal)
    {
        if (FiguresOf(index, in record, out refusal) is not { } figures)
            return null;
        if (VendorPricing.MissingFigure(price, figures) is { } missing)
        {
            refusal = Invalid(index, missing, $"This price depends on {missing}, which the record does not say.");
            return null;
        }

        if (!MetricReader.TryReadStamp(record.FinalizedAt, out DateTimeOffset? finalizedAt))
        {
            refusal = Invalid(index, "finalized_at", MetricReader.BadStamp);
            return null;
        }

        var said = new Statement(
            Side.UsagePush, "", VendorPricing.QuantityOf(price, figures), figures.Cost, finalizedAt, now, caller.Agent.Id, "", $"report_usage/{requestToken}/{index}",
            Expected: VendorPricing.ExpectedCost(price, figures, currency));
        return said with { Hash = Fingerprint.Of(said, figures) };
    }

    private static VendorFigures? FiguresOf(int index, in UsageRecord record, out AdcpError? refusal)
    {
        refusal = null;
        decimal spend = 0m;
        JsonNode stated = Member(record.Node, "media_spend");
        if (!MetricReader.TryRead(record.Node, "impressions", out decimal? impressions))
            refusal = Invalid(index, "impressions", "impressions is not a count this ledger takes.");
        else if (!MetricReader.TryRead(record.Node, "units", out decimal? units))
            refusal = Invalid(index, "units", "units is not a count this ledger takes.");
        else if (stated.Exists && !MetricReader.TryReadAmount(stated, out spend))
            refusal = Invalid(index, "media_spend", "media_spend is larger than any amount this ledger takes.");
        else if (!MetricReader.TryReadAmount(record.VendorCost, out decimal cost))
            refusal = Invalid(index, "vendor_cost", "vendor_cost is larger than any amount this ledger takes.");
        else
            return new VendorFigures(impressions, stated.Exists ? spend : null, units, cost);
        return null;
    }

    private static AdcpError Invalid(int index, string member, string message) =>
        new(ProtocolError.InvalidUsageData, message, member.Length == 0 ? $"usage[{index}]" : $"usage[{index}].{member}");

    private static bool Says(JsonNode record, string name, string value) => Member(record, name) is { Exists: true, Kind: JsonKind.String } said && said.GetString() == value;

    private static JsonNode Member(JsonNode record, string name) => record.TryGetMember(System.Text.Encoding.ASCII.GetBytes(name), out JsonNode member) ? member : default;
}
