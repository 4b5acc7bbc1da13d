using System.Globalization;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>A media buy and the seller's row that was found for it.</summary>
/// <param name="Row">Null where none was received.</param>
/// <param name="States">The settlements its finals went to, by terms group.</param>
internal sealed record DeliveredBuy(RegisteredBuy Buy, DeliveredRow? Row, IReadOnlyDictionary<string, SettlementState> States);

/// <summary>The task <c>get_media_buy_delivery</c>: the seller's rows as this ledger received them.</summary>
/// <remarks>
/// No number is computed that a seller did not say; whether one may be billed is told beside it. What is asked for is read by key: of a
/// media buy two range reads and a point read at most, a point read of each settlement that finals of its row went to (one for each of
/// its terms groups, and most have one), its contract where it is not in memory, and no other media buy's rows.
/// Spec: AdCP 3.1, media-buy/task-reference/get_media_buy_delivery.
/// </remarks>
internal sealed class MediaBuyDeliveries(AccessDirectory directory, ContractCatalog catalog, DeliveryIndex index, SettlementLedger settlements, TimeProvider time)
{
    /// <summary>What the rows of one answer may come to.</summary>
    private const int MostBytes = 2 * 1024 * 1024;

    private const int AtOnce = 16;

    /// <summary>Answers the task.</summary>
    /// <param name="request">An object.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="cancel">Stops the wait.</param>
    public async Task<AdcpAnswer> AnswerAsync(JsonNode request, Caller caller, CancellationToken cancel)
    {
        (string version, AdcpError? unsupported) = AdcpVersions.Negotiate(request);
        var envelope = new Envelope(Envelope.ContextOf(request), version, IsRead: true);
        if (unsupported is not null)
            return AdcpAnswer.Failed(unsupported, envelope);
        if (!caller.Is(AgentRole.Buyer, AgentRole.Seller, AgentRole.Finance, AgentRole.Admin))
            return AdcpAnswer.Failed(new AdcpError(ProtocolError.PermissionDenied, "This credential may not read delivery."), envelope);
        (DeliveryQuestion? question, AdcpError? refused) = DeliveryQuestion.Read(request);
        if (question is null)
            return AdcpAnswer.Failed(refused!, envelope);
        if (!question.Account.Exists && caller.Agent.Accounts is not [not "*"])
            return AdcpAnswer.Failed(new AdcpError(ProtocolError.InvalidRequest, "Name the account: this credential reaches more than one.", "account"), envelope);
        Account? account = question.Account.Exists
            ? await AccountReference.FindAsync(directory, caller, question.Account, cancel)
            : await directory.AccountAsync(caller.Tenant, caller.Agent.Accounts[0], cancel);
        return account is null
            ? AdcpAnswer.Failed(new AdcpError(ProtocolError.NoSuchAccount, "No such account for this caller.", "account"), envelope)
            : await AnswerAsync(question, account, caller, envelope, cancel);
    }

    private async Task<AdcpAnswer> AnswerAsync(DeliveryQuestion question, Account account, Caller caller, Envelope envelope, CancellationToken cancel)
    {
        var errors = new List<AdcpError>();
        IReadOnlyList<RegisteredBuy> buys = await BuysAsync(question, account, caller, errors, cancel);
        if (buys.Count > DeliveryQuestion.MostMediaBuys)
            return AdcpAnswer.Failed(DeliveryQuestion.TooMany, envelope);
        var found = new List<DeliveredBuy>();
        foreach (RegisteredBuy[] some in buys.Chunk(AtOnce))
        {
            found.AddRange(await Task.WhenAll(some.Select(buy => FindAsync(buy, question, cancel))));
            if (found.Sum(f => f.Row?.Raw.Length ?? 0) > MostBytes)
                return AdcpAnswer.Failed(new AdcpError(ProtocolError.InvalidRequest, "The rows of these media buys are larger than one answer; name fewer.", "media_buy_ids"), envelope);
        }

        // Whoever is not asked for says nothing of which period is told.
        DateTimeOffset now = time.GetUtcNow();
        if (question.Statuses is { } wanted)
            found.RemoveAll(f => !wanted.Contains(DeliveryAnswer.StatusOf(f, now)));
        if (PeriodOf(question, found) is not { } period)
            return AdcpAnswer.Failed(new AdcpError(ProtocolError.UnsupportedFeature, "Rows are kept by the period they were reported for; these dates are no billing period and none was reported for them.", "start_date"), envelope);
        return DeliveryAnswer.Write(new DeliveryAnswer.Told(account, period, found, errors, now), envelope);
    }

    private async Task<DeliveredBuy> FindAsync(RegisteredBuy buy, DeliveryQuestion question, CancellationToken cancel)
    {
        DeliveredRow? row = await index.FindAsync(buy, question.For(buy), cancel);
        return new DeliveredBuy(buy, row, await DeliveryGrades.StatesAsync(settlements, buy, row, cancel));
    }

    /// <summary>Rule RPT-2: a media buy that is not the caller's, is another account's or was never registered is not there, in the same words.</summary>
    private async ValueTask<IReadOnlyList<RegisteredBuy>> BuysAsync(DeliveryQuestion question, Account account, Caller caller, List<AdcpError> errors, CancellationToken cancel)
    {
        if (question.MediaBuyIds is not { } ids)
            return await index.BuysAsync(caller.Tenant, account, DeliveryQuestion.MostMediaBuys, buy => caller.Agent.MaySee(account.Id, buy.SellerAgent), cancel);
        AccountContracts contracts = await catalog.OpenAsync(caller.Tenant, account, cancel);
        await catalog.LoadAsync(caller.Tenant, contracts, ids.Where(id => contracts.Find(id) is null), cancel);
        var buys = new List<RegisteredBuy>();
        foreach ((int i, string id) in ids.Index().DistinctBy(named => named.Item, StringComparer.Ordinal))
        {
            if (contracts.Find(id) is { } buy && caller.Agent.MaySee(account.Id, buy.SellerAgent))
                buys.Add(buy);
            else
                errors.Add(new AdcpError(ProtocolError.MediaBuyNotFound, "No such media buy on this account.", string.Create(CultureInfo.InvariantCulture, $"media_buy_ids[{i}]")));
        }

        return buys;
    }

    /// <summary>Rule RPT-3: an answer has one period: the one asked for, else the newest that any of these media buys has a row for.</summary>
    /// <remarks>Whoever's newest row is about another period is told so, with its dates, and is not shown under this one.</remarks>
    /// <returns>Null for dates nobody bills by and nobody reported for.</returns>
    private ReportingPeriod? PeriodOf(DeliveryQuestion question, List<DeliveredBuy> found)
    {
        ReportingPeriod[] reported = [.. found.Where(f => f.Row is not null).Select(f => f.Row!.Period)];
        if (reported.Length > 0)
            return Newest(reported);
        DateTimeOffset now = time.GetUtcNow();
        if (question.Dates is { } dates)
        {
            ReportingPeriod[] billed = [.. found.SelectMany(f => f.Buy.Versions.SelectMany(v => v.Periods).Where(p => p == question.For(f.Buy)))];
            return billed.Length > 0 ? Newest(billed) : found.Count == 0 ? dates : null;
        }

        ReportingPeriod[] begun = [.. found.SelectMany(f => f.Buy.Versions.SelectMany(v => v.Periods).Where(p => p.Start <= now))];
        var today = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
        return begun.Length > 0 ? Newest(begun) : found.Count > 0 ? found[0].Buy.Newest.Periods[0] : new ReportingPeriod(today, today.AddDays(1));
    }

    private static ReportingPeriod Newest(ReportingPeriod[] periods) => periods.OrderByDescending(p => p.End).ThenBy(p => p.Start).First();
}
