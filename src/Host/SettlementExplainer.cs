using System.Text.Json;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>A settlement with what it is decided on.</summary>
/// <param name="Context">Null where no terms group stands behind it.</param>
internal sealed record FoundSettlement(SettlementAddress Address, HeadDocument Head, RegisteredBuy Buy, SettlementContext? Context, IReadOnlyList<ReportingPeriod> Outages);

/// <summary>Finds a settlement for a caller and tells its whole story.</summary>
internal sealed class SettlementExplainer(SettlementLedger settlements, StatementLedger statements, AskedLog asked, ContractCatalog catalog, AccessDirectory directory, Heartbeat heartbeat)
{
    /// <returns>Null when there is none, and when it is someone else's: the same reads, the same answer.</returns>
    public async ValueTask<FoundSettlement?> FindAsync(Caller caller, string id, CancellationToken cancel)
    {
        // The id says whose it is: what is another's is not even looked for.
        if (LedgerKeys.Parse(caller.Tenant, id) is not { } address || !caller.Agent.MaySee(LedgerKeys.AccountOf(id)) || await settlements.ReadAsync(address, cancel) is not { } head)
            return null;
        if (await directory.AccountAsync(caller.Tenant, head.Document.Account, cancel) is not { } account)
            return null;

        if (await BuyOfAsync(caller.Tenant, account, head.Document, cancel) is not { } buy || !caller.Agent.MaySee(account.Id, buy.SellerAgent))
            return null;
        IReadOnlyList<ReportingPeriod> outages = await heartbeat.OutagesAsync(cancel);
        SettlementContext? context = await settlements.ContextAsync(buy, head.Document, outages, cancel);
        return new FoundSettlement(address, head.Document, buy, context, outages);
    }

    /// <summary>A settlement that was just read, with what it is decided on.</summary>
    /// <returns>Null where its media buy is not known here.</returns>
    public async ValueTask<FoundSettlement?> FoundAsync(string tenant, Account account, HeadDocument head, IReadOnlyList<ReportingPeriod> outages, CancellationToken cancel) =>
        LedgerKeys.Parse(tenant, head.Id) is { } address && await BuyOfAsync(tenant, account, head, cancel) is { } buy
            ? new FoundSettlement(address, head, buy, await settlements.ContextAsync(buy, head, outages, cancel), outages)
            : null;

    /// <summary>True where this caller is shown a settlement of an account it sees.</summary>
    public async ValueTask<bool> IsShownAsync(Caller caller, Account account, HeadDocument head, CancellationToken cancel) =>
        !caller.Is(AgentRole.Seller) || (await BuyOfAsync(caller.Tenant, account, head, cancel) is { } buy && caller.Agent.MaySee(account.Id, buy.SellerAgent));

    /// <summary>The media buy of a settlement; of a vendor's usage, the contract that followed from its first report.</summary>
    private async ValueTask<RegisteredBuy?> BuyOfAsync(string tenant, Account account, HeadDocument head, CancellationToken cancel) => head.Vendor is { } vendor
        ? RegisteredBuy.Of(tenant, account, vendor, head.Period)
        : await catalog.FindAsync(tenant, await catalog.OpenAsync(tenant, account, cancel), head.MediaBuyId, cancel);

    public async ValueTask<SettlementBody> ExplainAsync(FoundSettlement found, CancellationToken cancel)
    {
        (HeadDocument head, SettlementContext? context) = (found.Head, found.Context);
        SettlementState state = head.State;
        TermsGroup? group = context?.Group;
        string currency = CurrencyOf(found);
        BillingGrade grade = BillingGrade.Of(state, currency, found.Buy.Account.Sandbox);
        IReadOnlyList<(EventDocument Event, string Hash)> history = await settlements.HistoryAsync(found.Address, cancel);
        Deadline? deadline = state.Breach?.Deadline ?? (context is null ? null : Deadline.Of(head.Period, context.Group, context.Contract.Policies.GraceHours, found.Outages));
        return new SettlementBody(
            head.Id,
            head.Account,
            head.Vendor is null ? head.MediaBuyId : null,
            VendorUsageBody.Of(head.Vendor),
            head.Vendor is not null || head.Group.Length == 0 ? null : head.Group,
            group?.PackageIds ?? [],
            group?.PricingOptionId,
            group?.PricingModel,
            group?.Rate is { } rate ? Money.Text(rate, currency) : null,
            currency,
            head.Period,
            head.Window,
            state.Status,
            Sentence(found),
            state.Reasons,
            grade.Billable,
            grade,
            state.ContractVersion ?? context?.Contract.Version,
            context is null ? null : ContractTermsBody.Of(context),
            group?.Terms.Authority,
            group?.Terms.AuthoritySide,
            SideBody.Of(Side.SellerRow, state, group, head.Period),
            SideBody.Of(Side.UsagePush, state, group, head.Period),
            VarianceOf(state, context),
            deadline is null ? null : DeadlineBody.Of(deadline, group) with { Arithmetic = context is null ? null : Arithmetic.OfDeadline(deadline, context) },
            state.Breach is null ? null : BreachBody.Of(state.Breach),
            state.DueAt,
            [.. history.SelectMany(h => h.Event.Events).Select(e => e.Event()).OfType<SettlementEvent.Posted>().Select(p => PostingBody.Of(p.Posting, context, currency))],
            context is null ? Outlook.WithoutTerms(state) : Outlook.Of(state, context),
            context is null ? [] : [.. Decisions.Open(state, context).Select(OpenDecisionBody.Of)],
            await ProvisionalAsync(found, cancel),
            [.. history.Select(h => new DecisionBody(h.Event.Sequence, h.Event.At, h.Event.Previous, h.Hash, [.. h.Event.Events.Select(e => EventBody.Of(e.Event(), context, currency))]))])
        {
            Dispute = state.Disputes is [.., var newest] ? DisputeBody.Of(newest, head, currency) : null,
            DisputeDraft = context is null ? null : DraftBody.Of(Disputes.DraftOf(state, context), head, currency),
            RemedyMenu = Remedies.MenuOf(context) is { Count: > 0 } menu ? menu : null,
            Remedies = state.Remedies is { } remedies ? [.. remedies.Select(r => RemedyBody.Of(r, head.Id, currency))] : null,
            RecordsAsked = context is not null && SnapshotPull.Waits(state, context) ? RecordsAskedBody.Of(await asked.FindAsync(found.Address, cancel)) : null,
        };
    }

    /// <summary>The dispute the ledger would open for the buyer; null without a ground.</summary>
    public async ValueTask<DraftBody?> DraftAsync(string tenant, Account account, HeadDocument head, CancellationToken cancel) =>
        await BuyOfAsync(tenant, account, head, cancel) is { } buy && SettlementLedger.ContextOf(buy, head, []) is { } context
            ? DraftBody.Of(Disputes.DraftOf(head.State, context), head, context.Contract.Currency)
            : null;

    public static string CurrencyOf(FoundSettlement found) => found.Context?.Contract.Currency ?? found.Buy.Account.Currency;

    /// <summary>Where a settlement stands, in one sentence.</summary>
    public static string Sentence(FoundSettlement found) =>
        found.Context is { } context ? Explanation.Sentence(found.Head.State, context) : Explanation.WithoutTerms(found.Head.State);

    /// <summary>Everything that happened to a settlement, oldest first.</summary>
    public async ValueTask<IReadOnlyList<SettlementEvent>> HistoryAsync(FoundSettlement found, CancellationToken cancel) =>
        [.. (await settlements.HistoryAsync(found.Address, cancel)).SelectMany(row => row.Event.Events).Select(e => e.Event())];

    public static SettlementSummary Summarize(HeadDocument head, Account account)
    {
        BillingGrade grade = BillingGrade.Of(head.State, account.Currency, account.Sandbox);
        return new SettlementSummary(
            head.Id,
            head.Account,
            head.Vendor is null ? head.MediaBuyId : null,
            VendorUsageBody.Of(head.Vendor),
            head.Period,
            head.Window,
            head.State.Status,
            head.State.Reasons,
            grade.Billable,
            grade,
            head.State.ContractVersion,
            head.State.Posted is { } posted ? Money.Text(posted.Amount, account.Currency) : null,
            account.Currency,
            head.ChangedAt);
    }

    private static VarianceBody VarianceOf(SettlementState state, SettlementContext? context)
    {
        if (context is null)
            return new VarianceBody(null, null, null);
        decimal? seller = SideFinal.Of(Side.SellerRow, state.SellerRow, context.Group, context.Period)?.Quantity;
        decimal? usage = SideFinal.Of(Side.UsagePush, state.UsagePush, context.Group, context.Period)?.Quantity;
        decimal? percent = seller is { } s && usage is { } u ? Variance.Percent(s, u) : null;
        return new VarianceBody(Exact.Text(percent), Exact.Text(context.Group.Terms.Measurement?.MaxVariancePercent), Arithmetic.OfVariance(state, context));
    }

    /// <summary>The statements of this media buy, period and window that decided nothing. A page is shared by all media buys of its shard.</summary>
    private async ValueTask<IReadOnlyList<ProvisionalBody>> ProvisionalAsync(FoundSettlement found, CancellationToken cancel)
    {
        var seen = new List<ProvisionalBody>();
        foreach (Page page in await statements.PagesAsync(found.Address.Partition, found.Head.Period, cancel))
        {
            PageDocument said = page.Document;
            if (said.Window is not null && found.Head.Window is not null && said.Window != found.Head.Window)
                continue;
            bool after = FinalSince(said.Side, found) < said.ReceivedAt;
            foreach (ReadOnlyMemory<byte> line in page.Lines)
            {
                if (Read(line, found.Head, out bool? final) is { } statement)
                    seen.Add(new ProvisionalBody(said.Side, said.Reporter, said.ReceivedAt, said.Window, final, after && final is not true, statement));
            }
        }

        return [.. seen.OrderBy(s => s.ReceivedAt)];
    }

    private static DateTimeOffset? FinalSince(Side side, FoundSettlement found) =>
        found.Context is { } context ? SideFinal.Of(side, found.Head.State.On(side), context.Group, context.Period)?.FirstReceivedAt : null;

    /// <returns>Null when the line is about another media buy, or about what else was used for this one.</returns>
    private static JsonElement? Read(ReadOnlyMemory<byte> line, HeadDocument head, out bool? final)
    {
        final = null;
        using JsonTape tape = JsonTape.Rent();
        if (!tape.TryRead(line, JsonLimits.Default, out _) || !(head.Vendor is { } vendor ? VendorMapping.IsAbout(tape.Root, vendor) : IsAbout(tape.Root, head.MediaBuyId)))
            return null;
        final = FinalOf(tape.Root);
        using JsonDocument document = JsonDocument.Parse(line);
        return document.RootElement.Clone();
    }

    private static bool IsAbout(JsonNode said, string mediaBuyId) =>
        said.TryGetMember("media_buy_id"u8, out JsonNode id) && id.Kind == JsonKind.String && id.GetString() == mediaBuyId && VendorMapping.Named(said).Count == 0;

    /// <summary>A usage record says <c>final</c>; a delivery row is final when all of its packages are, whatever the row says.</summary>
    private static bool? FinalOf(JsonNode statement)
    {
        if (statement.TryGetMember("by_package"u8, out JsonNode packages) && packages.Count > 0)
        {
            foreach (JsonNode package in packages.Items)
            {
                if (!package.TryGetMember("is_final"u8, out JsonNode flag) || flag.Kind != JsonKind.True)
                    return false;
            }

            return true;
        }

        return statement.TryGetMember("final"u8, out JsonNode said) ? said.Kind == JsonKind.True : statement.TryGetMember("is_final"u8, out _) ? false : null;
    }
}
