using System.Text.Json;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>What became of a registration.</summary>
public abstract record RegisterOutcome
{
    private RegisterOutcome() { }

    public sealed record Registered(RegisteredBuy Buy) : RegisterOutcome;

    /// <summary>Exactly this is in force already.</summary>
    public sealed record Unchanged(RegisteredBuy Buy) : RegisterOutcome;

    public sealed record Refused(IReadOnlyList<RegistrationProblem> Problems) : RegisterOutcome;

    /// <summary>Another registration of this media buy came first; read it and try again.</summary>
    public sealed record Outrun : RegisterOutcome;
}

/// <summary>Registers contracts, and with them every window they will have to settle.</summary>
/// <remarks>
/// The expected settlements and their due rows are written before the contract, so that a party that never reports is still
/// late. A registration that died half way is completed by repeating it.
/// </remarks>
public sealed class MediaBuyRegister(IPartitionedTable table, SettlementLedger settlements, ContractCatalog catalog, Heartbeat heartbeat, TimeProvider time)
{
    public async Task<RegisterOutcome> RegisterAsync(string tenant, Account account, ContractDraft draft, CancellationToken cancel)
    {
        DateTimeOffset now = time.GetUtcNow();
        string partition = LedgerKeys.Ledger(tenant, account.Id, LedgerKeys.Shard(draft.MediaBuyId));
        TableRow? row = await table.GetAsync(partition, LedgerKeys.MediaBuy(draft.MediaBuyId), cancel);
        MediaBuyDocument before = row is null ? new MediaBuyDocument(draft.MediaBuyId, account.Id, []) : Tables.Read(row, LedgerJson.Default.MediaBuyDocument);
        Contract? previous = before.Versions.Count > 0 ? before.Versions[^1] : null;
        if (draft.Currency != account.Currency)
            return new RegisterOutcome.Refused([new("currency_mismatch", "/currency", "A contract is in its account's currency; nothing is converted.")]);
        RegistrationResult judged = Registration.Register(draft, account.Parties, previous, now);
        if (judged is RegistrationResult.Refused(var problems))
            return new RegisterOutcome.Refused(problems);

        Contract contract = ((RegistrationResult.Registered)judged).Contract;
        if (previous is not null && SaysTheSame(previous, contract, draft.EffectiveFrom is not null))
        {
            var same = new RegisteredBuy(tenant, account, before);
            await ExpectAsync(same, previous, now, cancel);
            // The registration that put it in force may have died before it took back what it replaced.
            if (before.Versions.Count > 1)
                await WithdrawAsync(new RegisteredBuy(tenant, account, before with { Versions = [.. before.Versions.SkipLast(1)] }), same, cancel);
            await catalog.ChangedAsync(tenant, account.Id, draft.MediaBuyId, cancel);
            return new RegisterOutcome.Unchanged(same);
        }

        if (previous is not null)
        {
            (contract, RegistrationProblem? refusal) = await InForceFromAsync(new RegisteredBuy(tenant, account, before), contract, draft, now, cancel);
            if (refusal is not null)
                return new RegisterOutcome.Refused([refusal]);
        }

        if (!await catalog.BindAsync(tenant, draft.SellerAgent, draft.MediaBuyId, account.Id, cancel))
            return new RegisterOutcome.Refused([new("media_buy_taken", "/media_buy_id", "This seller's media buy is registered for another account.")]);
        var document = new MediaBuyDocument(draft.MediaBuyId, account.Id, [.. before.Versions, contract]);
        var buy = new RegisteredBuy(tenant, account, document);
        await ExpectAsync(buy, contract, now, cancel);
        TableRow next = Tables.Row(LedgerKeys.MediaBuy(draft.MediaBuyId), document, LedgerJson.Default.MediaBuyDocument) with { ETag = row?.ETag };
        var batch = new TableBatch(partition);
        if (await table.SubmitAsync(row is null ? batch.Insert(next) : batch.Replace(next), cancel) is not BatchResult.Committed)
            return new RegisterOutcome.Outrun();
        if (previous is not null)
            await WithdrawAsync(new RegisteredBuy(tenant, account, before), buy, cancel);
        await catalog.ChangedAsync(tenant, account.Id, draft.MediaBuyId, cancel);
        return new RegisterOutcome.Registered(buy);
    }

    /// <summary>Rule VER-2: a new version never reaches a period that has a final statement; reaching one whose window has closed needs a reason.</summary>
    /// <remarks>Without a stated start it takes effect with the first billing period that begins after now.</remarks>
    private async ValueTask<(Contract Contract, RegistrationProblem? Refusal)> InForceFromAsync(RegisteredBuy before, Contract contract, ContractDraft draft, DateTimeOffset now, CancellationToken cancel)
    {
        DateTimeOffset? from = draft.EffectiveFrom ?? (now < contract.Flight.Start ? contract.Flight.Start : contract.Periods.Where(p => p.Start >= now).Select(p => (DateTimeOffset?)p.Start).FirstOrDefault());
        if (from is null)
            return (contract, new("effective_from_missing", "/effective_from", "No billing period begins after now, so the version must say which one it takes effect with."));
        if (contract.Periods.Any(taken => taken.Start >= from && Staying(before, from.Value).Any(taken.Overlaps)))
            return (contract, new("billing_periods_overlap", "/effective_from", "A billing period of this version overlaps one that stays under an earlier version; the same delivery would be invoiced twice."));
        foreach (ReportingPeriod period in before.Newest.Periods.Where(p => p.Start >= from))
        {
            foreach (TermsGroup group in before.InForce(period).Groups)
            {
                if (await settlements.ReadAsync(before.Address(group.Id, period, group.Window), cancel) is { Document.State.ContractVersion: not null })
                    return (contract, new("period_has_final", "/effective_from", $"The period {period} already has a final statement; it stays under the version that statement was made for."));
                if (Deadline.WindowClose(period, group) <= now && draft.Reason is null)
                    return (contract, new("reason_missing", "/reason", $"The window of period {period} has closed; back-dating a version needs a reason."));
            }
        }

        return (contract with { EffectiveFrom = from.Value }, null);
    }

    /// <summary>Rule VER-3: the periods of all versions together never overlap in time, so that nothing is invoiced twice.</summary>
    private static IEnumerable<ReportingPeriod> Staying(RegisteredBuy before, DateTimeOffset from) =>
        before.Versions.SelectMany(version => version.Periods.Where(p => p.Start < from && before.InForce(p).Version == version.Version));

    private async ValueTask ExpectAsync(RegisteredBuy buy, Contract contract, DateTimeOffset now, CancellationToken cancel)
    {
        IReadOnlyList<ReportingPeriod> outages = await heartbeat.OutagesAsync(cancel);
        var expected = new List<Matter>();
        foreach (TermsGroup group in contract.Groups)
        {
            foreach (ReportingPeriod period in group.Periods.Where(p => buy.InForce(p).Version == contract.Version))
            {
                Matter look = Settlements.OnTime(buy, group.Id, period, group.Window, outages, now);
                expected.Add(look with { Decide = sight => Expected(sight.State, look.Decide(sight)) });
            }
        }

        await settlements.DecideAsync(buy.Partition, expected, cancel);
    }

    /// <summary>An expected settlement is there from the start, even where nothing about it is due.</summary>
    private static Outcome Expected(SettlementState state, Outcome outcome) =>
        outcome.Events.Count == 0 && ReferenceEquals(state, SettlementState.Initial) ? outcome with { Events = [Settlements.Expected] } : outcome;

    /// <summary>Takes back expected settlements of a grouping that is no longer in force. They never had a statement.</summary>
    private async ValueTask WithdrawAsync(RegisteredBuy before, RegisteredBuy after, CancellationToken cancel)
    {
        foreach (ReportingPeriod period in before.Newest.Periods)
        {
            Contract now = after.InForce(period);
            foreach (TermsGroup group in before.InForce(period).Groups.Where(g => g.IsBillable(period)))
            {
                if (now.GroupById(group.Id) is { } kept && kept.IsBillable(period) && kept.Window == group.Window)
                    continue;
                SettlementAddress address = before.Address(group.Id, period, group.Window);
                if (await settlements.ReadAsync(address, cancel) is not { Document: { Sequence: < TableBatch.MaxRows, State: { ContractVersion: null, Breach: null, AuthoritySaidUnknown: false } } } head)
                    continue;
                var batch = new TableBatch(address.Partition).Delete(head.Row);
                // All that can have happened to it is that its due time moved.
                await foreach (TableRow moved in table.PrefixAsync(address.Partition, $"e_{address.Suffix}_", cancel))
                    batch.Delete(moved);
                await table.SubmitAsync(batch, cancel);
            }
        }
    }

    private static bool SaysTheSame(Contract a, Contract b, bool statesStart) =>
        JsonSerializer.Serialize(a, LedgerJson.Default.Contract) == JsonSerializer.Serialize(
            b with { Version = a.Version, VersionAt = a.VersionAt, Reason = a.Reason, EffectiveFrom = statesStart ? b.EffectiveFrom : a.EffectiveFrom }, LedgerJson.Default.Contract);
}
