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

    /// <summary>The contract is no longer the version the approved proposal was compared with.</summary>
    internal sealed record Overtaken : RegisterOutcome;
}

/// <summary>The proposal a registration carries out.</summary>
/// <param name="Row">As read when it was approved.</param>
internal sealed record ApprovedProposal(Approval Approval, int BaseVersion, TableRow Row);

/// <summary>What the rules say to a seller's draft.</summary>
internal abstract record ProposalVerdict
{
    private ProposalVerdict() { }

    /// <summary>Exactly this is in force already.</summary>
    public sealed record Same(RegisteredBuy Buy) : ProposalVerdict;

    /// <param name="Buy">Null for a media buy the seller has no contract for.</param>
    public sealed record Differs(RegisteredBuy? Buy, IReadOnlyList<string> Changes) : ProposalVerdict;

    public sealed record Refused(IReadOnlyList<RegistrationProblem> Problems) : ProposalVerdict;
}

/// <summary>Registers contracts, and with them every window they will have to settle.</summary>
/// <remarks>
/// The expected settlements and their due rows are written before the contract, so that a party that never reports is still
/// late. A registration that died half way is completed by repeating it.
/// </remarks>
public sealed class MediaBuyRegister(IPartitionedTable table, SettlementLedger settlements, SnapshotIndex snapshots, ContractCatalog catalog, Heartbeat heartbeat, TimeProvider time)
{
    public Task<RegisterOutcome> RegisterAsync(string tenant, Account account, ContractDraft draft, CancellationToken cancel) =>
        RegisterAsync(tenant, account, draft, null, cancel);

    /// <summary>Registers a draft of an admin's own, or a seller's that an admin approved.</summary>
    /// <param name="tenant">Whose ledger.</param>
    /// <param name="account">The account that is billed.</param>
    /// <param name="draft">As handed in.</param>
    /// <param name="approved">The proposal this draft is; its row goes in the commit that puts it in force. Null for a draft of an admin's own.</param>
    /// <param name="cancel">Stops the wait.</param>
    internal async Task<RegisterOutcome> RegisterAsync(string tenant, Account account, ContractDraft draft, ApprovedProposal? approved, CancellationToken cancel)
    {
        DateTimeOffset now = time.GetUtcNow();
        (TableRow? row, MediaBuyDocument before) = await ReadAsync(tenant, account, draft.MediaBuyId, cancel);
        Contract? previous = NewestOf(before);
        if (approved is not null && previous is not null && previous.SellerAgent != draft.SellerAgent)
            return new RegisterOutcome.Refused([new("media_buy_taken", "/media_buy_id", "The account has a media buy of this id with another seller.")]);
        RegistrationResult judged = Judge(account, draft, previous, now);
        if (judged is RegistrationResult.Refused(var problems))
            return new RegisterOutcome.Refused(problems);

        Contract contract = ((RegistrationResult.Registered)judged).Contract with { Approval = approved?.Approval };
        if (previous is not null && SaysTheSame(previous, contract, draft.EffectiveFrom is not null))
            return new RegisterOutcome.Unchanged(await CompleteAsync(tenant, account, before, now, cancel));
        if (approved is not null && approved.BaseVersion != (previous?.Version ?? 0))
            return new RegisterOutcome.Overtaken();

        if (previous is not null)
        {
            (contract, RegistrationProblem? refusal) = await InForceFromAsync(new RegisteredBuy(tenant, account, before), contract, draft, now, cancel);
            if (refusal is not null)
                return new RegisterOutcome.Refused([refusal]);
        }

        if (!await catalog.BindAsync(tenant, draft.SellerAgent, draft.MediaBuyId, account.Id, cancel))
            return new RegisterOutcome.Refused([BoundElsewhere]);
        var buy = new RegisteredBuy(tenant, account, before with { Versions = [.. before.Versions, contract] });
        await ExpectAsync(buy, contract, isNew: true, now, cancel);
        if (!await CommitAsync(buy, row, approved, cancel))
            return new RegisterOutcome.Outrun();
        if (previous is not null)
            await WithdrawAsync(new RegisteredBuy(tenant, account, before), buy, cancel);
        await catalog.ChangedAsync(tenant, account.Id, draft.MediaBuyId, cancel);
        return new RegisterOutcome.Registered(buy);
    }

    /// <summary>Completes the acceptance of a proposal that is in force already, as far as it had come.</summary>
    /// <returns>Null when the newest version is not that proposal.</returns>
    internal async ValueTask<RegisteredBuy?> ResumeAsync(string tenant, Account account, string mediaBuyId, string proposalId, CancellationToken cancel)
    {
        (_, MediaBuyDocument before) = await ReadAsync(tenant, account, mediaBuyId, cancel);
        return NewestOf(before)?.Approval?.Proposal == proposalId ? await CompleteAsync(tenant, account, before, time.GetUtcNow(), cancel) : null;
    }

    /// <summary>What a seller's draft would change and whether it may be asked for; nothing is written.</summary>
    internal async ValueTask<ProposalVerdict> WeighAsync(string tenant, Account account, ContractDraft draft, CancellationToken cancel)
    {
        DateTimeOffset now = time.GetUtcNow();
        (_, MediaBuyDocument document) = await ReadAsync(tenant, account, draft.MediaBuyId, cancel);
        // A media buy of another seller is, to this one, not there.
        RegisteredBuy? before = NewestOf(document)?.SellerAgent == draft.SellerAgent ? new RegisteredBuy(tenant, account, document) : null;
        RegistrationResult judged = Judge(account, draft, before?.Newest, now);
        if (judged is RegistrationResult.Refused(var problems))
            return new ProposalVerdict.Refused(problems);

        Contract contract = ((RegistrationResult.Registered)judged).Contract;
        IReadOnlyList<string> changes = ContractChanges.Between(before?.Newest, contract, draft.EffectiveFrom is not null);
        if (before is not null && changes.Count == 0)
            return new ProposalVerdict.Same(before);
        if (BackDates(before, contract, draft, now))
            return new ProposalVerdict.Refused([new("back_dating_not_yours", before is null ? "/flight" : "/effective_from", "The contract would reach a period whose window has closed; only an admin may back-date.")]);
        if (before is not null && (await InForceFromAsync(before, contract, draft, now, cancel)).Refusal is { } refusal)
            return new ProposalVerdict.Refused([refusal]);
        return await catalog.AccountOfAsync(tenant, draft.SellerAgent, draft.MediaBuyId, cancel) is { } bound && bound != account.Id
            ? new ProposalVerdict.Refused([BoundElsewhere])
            : new ProposalVerdict.Differs(before, changes);
    }

    private static RegistrationProblem BoundElsewhere => new("media_buy_taken", "/media_buy_id", "This seller's media buy is registered for another account.");

    private static Contract? NewestOf(MediaBuyDocument document) => document.Versions.Count > 0 ? document.Versions[^1] : null;

    private async ValueTask<(TableRow? Row, MediaBuyDocument Document)> ReadAsync(string tenant, Account account, string mediaBuyId, CancellationToken cancel)
    {
        TableRow? row = await table.GetAsync(LedgerKeys.Ledger(tenant, account.Id, LedgerKeys.Shard(mediaBuyId)), LedgerKeys.MediaBuy(mediaBuyId), cancel);
        return (row, row is null ? new MediaBuyDocument(mediaBuyId, account.Id, []) : Tables.Read(row, LedgerJson.Default.MediaBuyDocument));
    }

    private static RegistrationResult Judge(Account account, ContractDraft draft, Contract? previous, DateTimeOffset now)
    {
        RegistrationResult judged = Registration.Register(draft, account.Parties, previous, now);
        if (draft.Currency == account.Currency)
            return judged;
        var currency = new RegistrationProblem("currency_mismatch", "/currency", "A contract is in its account's currency; nothing is converted.");
        return new RegistrationResult.Refused(judged is RegistrationResult.Refused(var problems) ? [currency, .. problems] : [currency]);
    }

    /// <summary>What is in force is expected, what it replaced is taken back, and every instance knows.</summary>
    /// <remarks>The registration that put it in force may have died before it did all of that.</remarks>
    private async ValueTask<RegisteredBuy> CompleteAsync(string tenant, Account account, MediaBuyDocument document, DateTimeOffset now, CancellationToken cancel)
    {
        var buy = new RegisteredBuy(tenant, account, document);
        await ExpectAsync(buy, buy.Newest, isNew: false, now, cancel);
        if (document.Versions.Count > 1)
            await WithdrawAsync(new RegisteredBuy(tenant, account, document with { Versions = [.. document.Versions.SkipLast(1)] }), buy, cancel);
        await catalog.ChangedAsync(tenant, account.Id, document.MediaBuyId, cancel);
        return buy;
    }

    /// <summary>Puts a version in force. An approved proposal ends in the same batch, so that it is either accepted or still to be decided, never both.</summary>
    private async ValueTask<bool> CommitAsync(RegisteredBuy buy, TableRow? row, ApprovedProposal? approved, CancellationToken cancel)
    {
        var document = new MediaBuyDocument(buy.MediaBuyId, buy.Account.Id, buy.Versions);
        TableRow next = Tables.Row(LedgerKeys.MediaBuy(buy.MediaBuyId), document, LedgerJson.Default.MediaBuyDocument) with { ETag = row?.ETag };
        var batch = new TableBatch(buy.Partition);
        _ = row is null ? batch.Insert(next) : batch.Replace(next);
        if (approved is not null)
            batch.Delete(approved.Row);
        return await table.SubmitAsync(batch, cancel) is BatchResult.Committed;
    }

    /// <summary>With which billing period a draft takes effect; null when it does not say and none begins after now.</summary>
    private static DateTimeOffset? StartOf(Contract contract, ContractDraft draft, DateTimeOffset now) =>
        draft.EffectiveFrom ?? (now < contract.Flight.Start ? contract.Flight.Start : contract.Periods.Where(p => p.Start >= now).Select(p => (DateTimeOffset?)p.Start).FirstOrDefault());

    /// <summary>True when a period the draft reaches has a window that closed, under its own terms or under those it replaces.</summary>
    private static bool BackDates(RegisteredBuy? before, Contract contract, ContractDraft draft, DateTimeOffset now)
    {
        // The first version of a media buy governs all of its periods, whatever start it states.
        if ((before is null ? DateTimeOffset.MinValue : StartOf(contract, draft, now)) is not { } from)
            return false;
        return contract.Groups.Any(g => g.Periods.Any(p => p.Start >= from && Deadline.WindowClose(p, g) <= now))
            || before is not null && before.Newest.Periods.Any(p => p.Start >= from && before.InForce(p).Groups.Any(g => Deadline.WindowClose(p, g) <= now));
    }

    /// <summary>Rule VER-2: a new version never reaches a period that has a final statement or an open dispute; reaching one whose window has closed needs a reason.</summary>
    /// <remarks>Without a stated start it takes effect with the first billing period that begins after now.</remarks>
    private async ValueTask<(Contract Contract, RegistrationProblem? Refusal)> InForceFromAsync(RegisteredBuy before, Contract contract, ContractDraft draft, DateTimeOffset now, CancellationToken cancel)
    {
        if (StartOf(contract, draft, now) is not { } from)
            return (contract, new("effective_from_missing", "/effective_from", "No billing period begins after now, so the version must say which one it takes effect with."));
        if (contract.Periods.Any(taken => taken.Start >= from && Staying(before, from).Any(taken.Overlaps)))
            return (contract, new("billing_periods_overlap", "/effective_from", "A billing period of this version overlaps one that stays under an earlier version; the same delivery would be invoiced twice."));
        foreach (ReportingPeriod period in before.Newest.Periods.Where(p => p.Start >= from))
        {
            foreach (TermsGroup group in before.InForce(period).Groups)
            {
                SettlementState? state = (await settlements.ReadAsync(before.Address(group.Id, period, group.Window), cancel))?.Document.State;
                if (state is { ContractVersion: null, OpenDispute: not null })
                    return (contract, new("period_disputed", "/effective_from", $"The period {period} is disputed; until that has ended it stays under the version it is disputed under."));
                if (state is { ContractVersion: not null })
                    return (contract, new("period_has_final", "/effective_from", $"The period {period} already has a final statement; it stays under the version that statement was made for."));
                if (Deadline.WindowClose(period, group) <= now && draft.Reason is null)
                    return (contract, new("reason_missing", "/reason", $"The window of period {period} has closed; back-dating a version needs a reason."));
            }
        }

        return (contract with { EffectiveFrom = from }, null);
    }

    /// <summary>Rule VER-3: the periods of all versions together never overlap in time, so that nothing is invoiced twice.</summary>
    private static IEnumerable<ReportingPeriod> Staying(RegisteredBuy before, DateTimeOffset from) =>
        before.Versions.SelectMany(version => version.Periods.Where(p => p.Start < from && before.InForce(p).Version == version.Version));

    private async ValueTask ExpectAsync(RegisteredBuy buy, Contract contract, bool isNew, DateTimeOffset now, CancellationToken cancel)
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

        await snapshots.ExpectAsync(buy, contract, isNew, now, cancel);
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
            b with { Version = a.Version, VersionAt = a.VersionAt, Reason = a.Reason, Approval = a.Approval, EffectiveFrom = statesStart ? b.EffectiveFrom : a.EffectiveFrom }, LedgerJson.Default.Contract);
}
