using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>Reads what a settlement misses, as far as one caller may know.</summary>
internal sealed class MissingReportReader
{
    private readonly Call _call;
    private readonly DateTimeOffset _now;
    private readonly string? _counterparty;
    private readonly AccountContracts _contracts;
    private readonly IReadOnlyList<ReportingPeriod> _outages;
    private readonly IReadOnlyList<Agent> _reporters;
    private readonly HeardReports _heard;

    private MissingReportReader(Call call, DateTimeOffset now, AccountContracts contracts, IReadOnlyList<ReportingPeriod> outages, IReadOnlyList<Agent> reporters) =>
        (_call, _now, _counterparty, _contracts, _outages, _reporters, _heard) = (call, now, call.Query("counterparty"), contracts, outages, reporters, new HeardReports(call.Service<StatementLedger>()));

    public static async ValueTask<MissingReportReader> OpenAsync(Call call, Account account, DateTimeOffset now) => new(
        call,
        now,
        await call.Service<ContractCatalog>().OpenAsync(call.Tenant, account, call.Cancel),
        await call.Service<Heartbeat>().OutagesAsync(call.Cancel),
        Reporters(call.Caller.Agent, await call.Service<AccessDirectory>().AgentsAsync(call.Tenant, call.Cancel), account.Id));

    /// <returns>Null where nothing is missing, or nothing that this caller may see and asked for.</returns>
    public async ValueTask<AwaitedSettlementBody?> ReadAsync(string partition, HeadDocument head)
    {
        CancellationToken cancel = _call.Cancel;
        if (await _call.Service<ContractCatalog>().FindAsync(_call.Tenant, _contracts, head.MediaBuyId, cancel) is not { SellerAgent: { } seller } buy || !_call.Caller.Agent.MaySee(head.Account, seller))
            return null;
        if (await _call.Service<ExpectedReports>().MissingAsync(buy, head, _outages, _now, cancel) is not var (_, context, reports))
            return null;

        var missing = new List<MissingReportBody>(2);
        foreach (MissingReport report in reports)
        {
            string[] reporters = [.. report.Side == Side.SellerRow ? [] : _reporters.Where(a => report.Party == Party.ThirdParty || a.Role == AgentRole.Buyer).Select(a => a.Id)];
            if (_counterparty is { } asked && !(report.Side == Side.SellerRow ? asked == seller : reporters.Contains(asked)))
                continue;
            bool? heard = report.Governs && head.State.AuthoritySaidUnknown ? true : await _heard.OfAsync(partition, head, report.Side, cancel);
            missing.Add(MissingReportBody.Of(report, context, reporters.Length == 0 ? null : reporters, heard));
        }

        return missing.Count == 0 ? null : new AwaitedSettlementBody(
            head.Id, head.MediaBuyId, seller, context.Group.PricingOptionId, head.Period, head.Window, head.State.Status, missing);
    }

    /// <summary>Rule MISS-4: who may push a missing count is named only to whoever may see every account of it, and never to a seller.</summary>
    /// <remarks>An agent's name on one account would otherwise tell that the account has it, and with an agent of many accounts whose else it is.</remarks>
    internal static IReadOnlyList<Agent> Reporters(Agent caller, IEnumerable<Agent> agents, string account) => caller.Role == AgentRole.Seller
        ? []
        :
        [
            .. agents.Where(a => a is { Role: AgentRole.Buyer or AgentRole.Vendor, Suspended: false } && a.MaySee(account) && (caller.Accounts is ["*"] || a.Accounts.All(caller.MaySee)))
                .OrderBy(a => a.Id, StringComparer.Ordinal),
        ];
}
