using System.Diagnostics;
using System.Text.Json;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>What became of a seller's draft.</summary>
public abstract record ProposeOutcome
{
    private ProposeOutcome() { }

    /// <summary>It waits for an admin's decision; until then nothing has changed.</summary>
    /// <param name="Buy">What is in force; null when the seller has no contract for this media buy.</param>
    public sealed record Waiting(RegisteredBuy? Buy, ProposalDocument Proposal) : ProposeOutcome;

    /// <summary>Exactly this is in force already, so there is nothing to propose.</summary>
    public sealed record Unchanged(RegisteredBuy Buy) : ProposeOutcome;

    public sealed record Refused(IReadOnlyList<RegistrationProblem> Problems) : ProposeOutcome;
}

/// <summary>What became of a decision about a proposal.</summary>
public abstract record DecideOutcome
{
    private DecideOutcome() { }

    /// <summary>The proposal is the newest version.</summary>
    public sealed record Accepted(RegisteredBuy Buy) : DecideOutcome;

    public sealed record Rejected : DecideOutcome;

    /// <summary>The rules no longer allow it; it still waits.</summary>
    public sealed record Refused(IReadOnlyList<RegistrationProblem> Problems) : DecideOutcome;

    /// <summary>No proposal waits.</summary>
    public sealed record None : DecideOutcome;

    /// <summary>Another proposal waits than the one that was decided about.</summary>
    public sealed record Outrun : DecideOutcome;

    /// <summary>The contract was changed after the proposal was made; it still waits.</summary>
    public sealed record ContractOutrun : DecideOutcome;
}

/// <summary>Sellers' proposals, each in a row of its own beside the contract until it is decided.</summary>
public sealed class ProposalLedger(IPartitionedTable table, MediaBuyRegister register, TimeProvider time)
{
    /// <summary>Rule VER-4: what a seller's credential changes is a proposal until approved.</summary>
    /// <remarks>
    /// It is judged as a registration would be and writes one row nobody settles by. A newer proposal of the seller takes the place of
    /// the older one; the same one again leaves it, so that a retry does not pull it away from under a decision.
    /// </remarks>
    public async Task<ProposeOutcome> ProposeAsync(string tenant, Account account, ContractDraft draft, CancellationToken cancel)
    {
        switch (await register.WeighAsync(tenant, account, draft, cancel))
        {
            case ProposalVerdict.Same(var buy):
                return new ProposeOutcome.Unchanged(buy);
            case ProposalVerdict.Refused(var problems):
                return new ProposeOutcome.Refused(problems);
            case ProposalVerdict.Differs(var buy, var changes):
                int baseVersion = buy?.Newest.Version ?? 0;
                var proposal = new ProposalDocument(IdOf(draft, baseVersion), time.GetUtcNow(), baseVersion, changes, draft);
                return new ProposeOutcome.Waiting(buy, await KeepAsync(PartitionOf(tenant, account, draft.MediaBuyId), proposal, cancel));
            case var other:
                throw new UnreachableException(other.GetType().Name);
        }
    }

    /// <summary>What waits about a media buy: at most one proposal of each seller.</summary>
    public async ValueTask<IReadOnlyList<ProposalDocument>> WaitingAsync(string tenant, Account account, string mediaBuyId, CancellationToken cancel) =>
        [.. (await ReadAsync(tenant, account, mediaBuyId, cancel)).Select(waiting => waiting.Proposal)];

    /// <summary>Registers exactly the named proposal as the next version; a repeated acceptance completes the first.</summary>
    /// <param name="tenant">Whose ledger.</param>
    /// <param name="account">The account that is billed.</param>
    /// <param name="mediaBuyId">The media buy it is about.</param>
    /// <param name="proposalId">Which proposal was looked at; another one is never accepted in its place.</param>
    /// <param name="by">The admin.</param>
    /// <param name="reason">Kept in the version.</param>
    /// <param name="cancel">Stops the wait.</param>
    public async Task<DecideOutcome> AcceptAsync(string tenant, Account account, string mediaBuyId, string proposalId, string by, string reason, CancellationToken cancel)
    {
        while (true)
        {
            ((TableRow Row, ProposalDocument Proposal)? found, bool othersWait) = await FindAsync(tenant, account, mediaBuyId, proposalId, cancel);
            if (found is not var (row, proposal))
                return await register.ResumeAsync(tenant, account, mediaBuyId, proposalId, cancel) is { } done ? new DecideOutcome.Accepted(done) : Missing(othersWait);

            var approved = new ApprovedProposal(new Approval(proposalId, proposal.Draft.SellerAgent, by), proposal.BaseVersion, row);
            switch (await register.RegisterAsync(tenant, account, proposal.Draft with { Reason = reason }, approved, cancel))
            {
                case RegisterOutcome.Registered(var buy):
                    return new DecideOutcome.Accepted(buy);
                case RegisterOutcome.Unchanged(var buy):
                    // An admin registered the same meanwhile. A newer proposal that came between stays.
                    await table.DeleteIfUnchangedAsync(buy.Partition, row, cancel);
                    return new DecideOutcome.Accepted(buy);
                case RegisterOutcome.Refused(var problems):
                    return new DecideOutcome.Refused(problems);
                case RegisterOutcome.Overtaken:
                    return new DecideOutcome.ContractOutrun();
                case RegisterOutcome.Outrun:
                    // Contract or proposal moved under the commit. What moved them may have been this very decision: look again.
                    continue;
                case var other:
                    throw new UnreachableException(other.GetType().Name);
            }
        }
    }

    /// <summary>Takes the named proposal away; the contract stays as it is.</summary>
    public async Task<DecideOutcome> RejectAsync(string tenant, Account account, string mediaBuyId, string proposalId, CancellationToken cancel)
    {
        while (true)
        {
            ((TableRow Row, ProposalDocument Proposal)? found, bool othersWait) = await FindAsync(tenant, account, mediaBuyId, proposalId, cancel);
            if (found is not var (row, _))
                return Missing(othersWait);
            if (await table.DeleteIfUnchangedAsync(PartitionOf(tenant, account, mediaBuyId), row, cancel))
                return new DecideOutcome.Rejected();
        }
    }

    private async ValueTask<((TableRow Row, ProposalDocument Proposal)? Found, bool OthersWait)> FindAsync(string tenant, Account account, string mediaBuyId, string proposalId, CancellationToken cancel)
    {
        bool othersWait = false;
        foreach ((TableRow Row, ProposalDocument Proposal) waiting in await ReadAsync(tenant, account, mediaBuyId, cancel))
        {
            if (waiting.Proposal.Id == proposalId)
                return (waiting, false);
            othersWait = true;
        }

        return (null, othersWait);
    }

    private static DecideOutcome Missing(bool othersWait) => othersWait ? new DecideOutcome.Outrun() : new DecideOutcome.None();

    private async ValueTask<IReadOnlyList<(TableRow Row, ProposalDocument Proposal)>> ReadAsync(string tenant, Account account, string mediaBuyId, CancellationToken cancel)
    {
        var waiting = new List<(TableRow Row, ProposalDocument Proposal)>();
        await foreach (TableRow row in table.PrefixAsync(PartitionOf(tenant, account, mediaBuyId), LedgerKeys.Proposals(mediaBuyId), cancel))
            waiting.Add((row, Tables.Read(row, LedgerJson.Default.ProposalDocument)));
        return waiting;
    }

    private async ValueTask<ProposalDocument> KeepAsync(string partition, ProposalDocument proposal, CancellationToken cancel)
    {
        string key = LedgerKeys.Proposal(proposal.Draft.MediaBuyId, proposal.Draft.SellerAgent);
        while (true)
        {
            TableRow? row = await table.GetAsync(partition, key, cancel);
            if (row is not null && Tables.Read(row, LedgerJson.Default.ProposalDocument) is var known && known.Id == proposal.Id)
                return known;
            TableRow next = Tables.Row(key, proposal, LedgerJson.Default.ProposalDocument) with { ETag = row?.ETag };
            var batch = new TableBatch(partition);
            if (await table.SubmitAsync(row is null ? batch.Insert(next) : batch.Replace(next), cancel) is BatchResult.Committed)
                return proposal;
        }
    }

    private static string IdOf(ContractDraft draft, int baseVersion) =>
        LedgerKeys.Token(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{baseVersion}\n{JsonSerializer.Serialize(draft, LedgerJson.Default.ContractDraft)}"));

    private static string PartitionOf(string tenant, Account account, string mediaBuyId) => LedgerKeys.Ledger(tenant, account.Id, LedgerKeys.Shard(mediaBuyId));
}
