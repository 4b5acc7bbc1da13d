using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

public sealed class ProposalLedgerPlainTests() : ProposalLedgerTests(splitsPages: false);

public sealed class ProposalLedgerSplitTests() : ProposalLedgerTests(splitsPages: true);

public abstract class ProposalLedgerTests(bool splitsPages) : LedgerSuite(splitsPages)
{
    private static readonly ContractDraft Old = LedgerSample.TwoGroups("mb_1");

    /// <summary>The two packages that were billed together are to be sold at different rates.</summary>
    private static readonly ContractDraft New = Old with { Packages = [Old.Packages[0], Old.Packages[1] with { Rate = 11m }, Old.Packages[2]] };

    [Fact]
    public async Task A_proposal_writes_one_row_of_its_own_and_nothing_else()
    {
        await Ledger.RegisterAsync(Old);
        (IReadOnlyList<string> ledger, IReadOnlyList<string> due) = (await Ledger.LedgerTextAsync(), await Ledger.DueTextAsync());

        await ProposeAsync(Ledger, New);

        Assert.Equal(ledger.Count + 1, (await Ledger.LedgerTextAsync()).Count);
        Assert.Single(await Ledger.LedgerTextAsync("q_"));
        Assert.Empty(ledger.Except(await Ledger.LedgerTextAsync()));
        Assert.Equal(due, await Ledger.DueTextAsync());
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task An_acceptance_killed_anywhere_and_repeated_ends_as_if_undisturbed(bool isFirst, bool afterEffect)
    {
        FaultyTable undisturbed = NewStore();
        (LedgerHarness calm, string id) = await ProposedAsync(undisturbed, isFirst);
        int start = undisturbed.Calls.Count;
        Assert.IsType<DecideOutcome.Accepted>(await AcceptAsync(calm, id));
        int calls = undisturbed.Calls.Count - start;
        (IReadOnlyList<string> ledger, IReadOnlyList<string> due) = (await calm.LedgerTextAsync(), await calm.DueTextAsync());
        Assert.Empty(await calm.LedgerTextAsync("q_"));

        Assert.InRange(calls, 5, 200);
        for (int n = 1; n <= calls; n++)
        {
            FaultyTable store = NewStore();
            (LedgerHarness instance, _) = await ProposedAsync(store, isFirst);
            await FindAsync(instance);
            store.KillAt(store.Calls.Count + n, afterEffect);
            await Assert.ThrowsAsync<StorageFaultException>(() => AcceptAsync(instance, id));

            Assert.IsType<DecideOutcome.Accepted>(await AcceptAsync(new LedgerHarness(store, Time), id));

            Assert.Equal(ledger, await instance.LedgerTextAsync());
            Assert.Equal(due, await instance.DueTextAsync());
            Assert.Equal(id, (await FindAsync(instance))!.Newest.Approval!.Proposal);
            DropStores(keep: 2);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_proposal_killed_anywhere_and_repeated_waits_once(bool afterEffect)
    {
        await Ledger.RegisterAsync(Old);
        int calls = (await CallsOfAsync(() => ProposeAsync(Ledger, New))).Count;
        IReadOnlyList<string> expected = await Ledger.LedgerTextAsync();

        for (int n = 1; n <= calls; n++)
        {
            FaultyTable store = NewStore();
            var instance = new LedgerHarness(store, Time);
            await instance.AddAccountAsync(LedgerSample.Account());
            await instance.RegisterAsync(Old);
            store.KillAt(store.Calls.Count + n, afterEffect);
            await Assert.ThrowsAsync<StorageFaultException>(() => ProposeAsync(instance, New));

            await ProposeAsync(new LedgerHarness(store, Time), New);

            Assert.Equal(expected, await instance.LedgerTextAsync());
            DropStores(keep: 2);
        }
    }

    [Fact]
    public async Task An_acceptance_that_died_half_way_is_completed_beside_a_newer_proposal()
    {
        (_, string id) = await ProposedAsync(Faults, isFirst: false);
        Faults.LoseAnswer(Commits);
        await Assert.ThrowsAsync<StorageFaultException>(() => AcceptAsync(Ledger, id));
        string newer = await ProposeAsync(Other(), Old);

        Assert.Equal(2, Assert.IsType<DecideOutcome.Accepted>(await AcceptAsync(Ledger, id)).Buy.Newest.Version);
        Assert.Equal(3, Assert.IsType<DecideOutcome.Accepted>(await AcceptAsync(Ledger, newer)).Buy.Newest.Version);
    }

    [Fact]
    public async Task A_proposal_rejected_while_it_was_being_accepted_is_not_in_force()
    {
        (_, string id) = await ProposedAsync(Faults, isFirst: false);
        Faults.RaceBefore(Commits, async other => Assert.IsType<DecideOutcome.Rejected>(await RejectAsync(new LedgerHarness(other, Time), id)));

        Assert.IsType<DecideOutcome.None>(await AcceptAsync(Ledger, id));
        Assert.Equal(1, (await FindAsync(Other()))!.Newest.Version);
    }

    [Fact]
    public async Task A_proposal_replaced_while_it_was_being_accepted_is_not_in_force_and_the_newer_waits()
    {
        (_, string id) = await ProposedAsync(Faults, isFirst: false);
        string? newer = null;
        Faults.RaceBefore(Commits, async other => newer = await ProposeAsync(new LedgerHarness(other, Time), New with { Policies = New.Policies with { GraceHours = 48 } }));

        Assert.IsType<DecideOutcome.Outrun>(await AcceptAsync(Ledger, id));
        Assert.Equal(1, (await FindAsync(Other()))!.Newest.Version);
        Assert.Equal(newer, Assert.Single(await WaitingAsync()).Id);
    }

    [Fact]
    public async Task A_proposal_accepted_while_it_was_being_rejected_is_in_force()
    {
        (_, string id) = await ProposedAsync(Faults, isFirst: false);
        Faults.RaceBefore(FaultyTable.Submits(), async other => Assert.IsType<DecideOutcome.Accepted>(await AcceptAsync(new LedgerHarness(other, Time), id)));

        Assert.IsType<DecideOutcome.None>(await RejectAsync(Ledger, id));
        Assert.Equal(2, (await FindAsync(Other()))!.Newest.Version);
    }

    [Fact]
    public async Task Of_two_acceptances_at_once_both_find_the_one_version()
    {
        (_, string id) = await ProposedAsync(Faults, isFirst: false);
        Faults.RaceBefore(Commits, async other => Assert.IsType<DecideOutcome.Accepted>(await AcceptAsync(new LedgerHarness(other, Time), id)));

        Assert.Equal(2, Assert.IsType<DecideOutcome.Accepted>(await AcceptAsync(Ledger, id)).Buy.Newest.Version);
        Assert.Equal(2, (await FindAsync(Other()))!.Versions.Count);
    }

    [Fact]
    public async Task A_registration_that_comes_between_is_not_overwritten()
    {
        (_, string id) = await ProposedAsync(Faults, isFirst: false);
        Faults.RaceBefore(Commits, async other => await new LedgerHarness(other, Time).RegisterAsync(Old with { Policies = Old.Policies with { GraceHours = 1 } }));

        Assert.IsType<DecideOutcome.ContractOutrun>(await AcceptAsync(Ledger, id));
        Assert.Equal((2, 1), ((await FindAsync(Other()))!.Newest.Version, (await FindAsync(Other()))!.Newest.Policies.GraceHours));
        Assert.Equal(id, Assert.Single(await WaitingAsync()).Id);
    }

    [Fact]
    public async Task Accepting_what_an_admin_registered_meanwhile_ends_the_proposal()
    {
        (_, string id) = await ProposedAsync(Faults, isFirst: false);
        await Ledger.RegisterAsync(New);

        Assert.Equal(2, Assert.IsType<DecideOutcome.Accepted>(await AcceptAsync(Ledger, id)).Buy.Newest.Version);
        Assert.Empty(await WaitingAsync());
    }

    [Fact]
    public async Task A_registration_that_repeats_an_accepted_proposal_keeps_its_approval()
    {
        (_, string id) = await ProposedAsync(Faults, isFirst: false);
        await AcceptAsync(Ledger, id);

        Assert.Equal((2, id), (await Ledger.RegisterAsync(New) is var buy ? buy.Newest.Version : 0, buy.Newest.Approval!.Proposal));
    }

    private static bool Commits(TableCall call) => call.Batch?.Operations.Any(o => o.Row.RowKey.StartsWith("c_", StringComparison.Ordinal)) ?? false;

    /// <summary>An instance over this store, with one proposal waiting: of a regrouping, or of a first contract.</summary>
    private async Task<(LedgerHarness Instance, string Id)> ProposedAsync(FaultyTable store, bool isFirst)
    {
        var instance = new LedgerHarness(store, Time);
        await instance.AddAccountAsync(LedgerSample.Account());
        if (!isFirst)
            await instance.RegisterAsync(Old);
        return (instance, await ProposeAsync(instance, New));
    }

    private static async Task<string> ProposeAsync(LedgerHarness instance, ContractDraft draft) =>
        Assert.IsType<ProposeOutcome.Waiting>(await instance.Proposals.ProposeAsync(LedgerHarness.Tenant, LedgerSample.Account(), draft, default)).Proposal.Id;

    private static Task<DecideOutcome> AcceptAsync(LedgerHarness instance, string id) =>
        instance.Proposals.AcceptAsync(LedgerHarness.Tenant, LedgerSample.Account(), "mb_1", id, "admin", "agreed", default);

    private static Task<DecideOutcome> RejectAsync(LedgerHarness instance, string id) =>
        instance.Proposals.RejectAsync(LedgerHarness.Tenant, LedgerSample.Account(), "mb_1", id, default);

    private async Task<IReadOnlyList<ProposalDocument>> WaitingAsync() => await Ledger.Proposals.WaitingAsync(LedgerHarness.Tenant, LedgerSample.Account(), "mb_1", default);

    private static async Task<RegisteredBuy?> FindAsync(LedgerHarness instance) =>
        await instance.Catalog.FindAsync(LedgerHarness.Tenant, await instance.Catalog.OpenAsync(LedgerHarness.Tenant, LedgerSample.Account(), default), "mb_1", default);
}
