using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

public sealed class MediaBuyRegisterPlainTests() : MediaBuyRegisterTests(splitsPages: false);

public sealed class MediaBuyRegisterSplitTests() : MediaBuyRegisterTests(splitsPages: true);

public abstract class MediaBuyRegisterTests(bool splitsPages) : LedgerSuite(splitsPages)
{
    [Fact]
    public async Task Every_period_of_every_group_is_expected_and_has_a_due_row_where_it_has_a_deadline()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.TwoGroups("mb_1"));

        foreach (ReportingPeriod period in new[] { LedgerSample.March, LedgerSample.April, LedgerSample.May })
        {
            HeadDocument measured = await Ledger.HeadAsync(buy, period);
            Assert.Equal(period.End.AddHours(96).AddSeconds(1), measured.State.DueAt);
            Assert.Contains(LedgerKeys.DueRow(measured.State.DueAt!.Value, buy.Partition, LedgerHarness.Address(buy, period).Suffix), await Ledger.DueTextAsync());
            Assert.Null((await Ledger.HeadAsync(buy, period, group: 1)).State.DueAt);
            await Ledger.AssertChainedAsync(LedgerHarness.Address(buy, period));
        }

        Assert.Equal(3, (await Ledger.DueTextAsync()).Count);
        Assert.Equal(6, (await Ledger.LedgerTextAsync("h_")).Count);
    }

    [Fact]
    public async Task An_identical_registration_is_unchanged()
    {
        await Ledger.RegisterAsync(LedgerSample.TwoGroups("mb_1"));
        IReadOnlyList<string> before = await Ledger.LedgerTextAsync();
        Time.Advance(TimeSpan.FromHours(1));

        Assert.IsType<RegisterOutcome.Unchanged>(await RegisterAsync(LedgerSample.TwoGroups("mb_1")));

        Assert.Equal(before, await Ledger.LedgerTextAsync());
    }

    [Fact]
    public async Task A_contract_in_another_currency_is_refused() =>
        Assert.Equal("currency_mismatch", await RefusalAsync(LedgerSample.SellerAttested("mb_1") with { Currency = "EUR" }));

    [Fact]
    public async Task A_new_version_takes_effect_with_the_first_period_that_begins_after_now()
    {
        await Ledger.RegisterAsync(LedgerSample.SellerAttested("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.March.Start.AddDays(10));

        RegisteredBuy buy = await Ledger.RegisterAsync(Rate("mb_1", 12));

        Assert.Equal(LedgerSample.April.Start, buy.Newest.EffectiveFrom);
        Assert.Equal([1, 2, 2], new[] { LedgerSample.March, LedgerSample.April, LedgerSample.May }.Select(p => buy.InForce(p).Version));
    }

    [Fact]
    public async Task A_new_version_before_the_flight_takes_effect_with_the_flight()
    {
        await Ledger.RegisterAsync(LedgerSample.SellerAttested("mb_1"));

        RegisteredBuy buy = await Ledger.RegisterAsync(Rate("mb_1", 12));

        Assert.Equal(LedgerSample.March.Start, buy.Newest.EffectiveFrom);
    }

    [Fact]
    public async Task A_new_version_in_the_last_period_must_say_when_it_takes_effect()
    {
        await Ledger.RegisterAsync(LedgerSample.SellerAttested("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.May.Start.AddDays(1));

        Assert.Equal("effective_from_missing", await RefusalAsync(Rate("mb_1", 12)));
    }

    [Fact]
    public async Task A_new_version_never_reaches_a_period_that_has_a_final()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.SellerAttested("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(2));
        await Ledger.PushAsync("r1", Ledger.SellerFinals(buy, 1_000_000));

        Assert.Equal("period_has_final", await RefusalAsync(Rate("mb_1", 12) with { EffectiveFrom = LedgerSample.March.Start, Reason = "agreed" }));
        Assert.IsType<RegisterOutcome.Registered>(await RegisterAsync(Rate("mb_1", 12) with { EffectiveFrom = LedgerSample.April.Start }));
    }

    [Fact]
    public async Task Periods_of_different_versions_never_overlap()
    {
        await Ledger.RegisterAsync(LedgerSample.SellerAttested("mb_1"));
        DateTimeOffset mid = LedgerSample.April.Start.AddDays(14);
        ContractDraft listed = LedgerSample.SellerAttested("mb_1") with { Cadence = BillingCadence.Listed, ListedPeriods = [new ReportingPeriod(mid, LedgerSample.May.Start)], EffectiveFrom = mid };

        Assert.Equal("billing_periods_overlap", await RefusalAsync(listed));
        Assert.IsType<RegisterOutcome.Registered>(await RegisterAsync(listed with { ListedPeriods = [LedgerSample.May], EffectiveFrom = LedgerSample.May.Start }));
    }

    [Fact]
    public async Task Reaching_a_period_whose_window_has_closed_needs_a_reason()
    {
        await Ledger.RegisterAsync(LedgerSample.SellerAttested("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(2));
        ContractDraft backdated = Rate("mb_1", 12) with { EffectiveFrom = LedgerSample.March.Start };

        Assert.Equal("reason_missing", await RefusalAsync(backdated));
        Assert.IsType<RegisterOutcome.Registered>(await RegisterAsync(backdated with { Reason = "The rate was mistyped." }));
    }

    [Fact]
    public async Task Regrouping_withdraws_expectations_that_never_had_a_statement_and_nothing_else()
    {
        RegisteredBuy before = await Ledger.RegisterAsync(LedgerSample.TwoGroups("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.March.Start.AddDays(10));

        RegisteredBuy after = await Ledger.RegisterAsync(Regrouped("mb_1"));

        Assert.NotNull(await Ledger.Settlements.ReadAsync(LedgerHarness.Address(before, LedgerSample.March), default));
        foreach (ReportingPeriod period in new[] { LedgerSample.April, LedgerSample.May })
        {
            SettlementAddress old = before.Address(before.Newest.Groups[0].Id, period, null);
            Assert.Null(await Ledger.Settlements.ReadAsync(old, default));
            Assert.Empty(await Ledger.RowsAsync(old.Partition, $"e_{old.Suffix}_"));
            // One group for the buyer's packages became two; the seller's own kept its name.
            Assert.Equal(3, after.InForce(period).Groups.Count);
            foreach (int group in new[] { 0, 1, 2 })
                await Ledger.AssertChainedAsync(LedgerHarness.Address(after, period, group));
        }
    }

    [Fact]
    public async Task Regrouping_withdraws_an_expectation_whose_due_time_had_moved()
    {
        RegisteredBuy before = await Ledger.RegisterAsync(LedgerSample.BuyerAttested("mb_1"));
        await Ledger.RegisterAsync(LedgerSample.BuyerAttested("mb_1", deadlineHours: 96));
        var measured = new BillingMeasurement(LedgerSample.BuyerAdServer, 10m, null, 72, []);

        await Ledger.RegisterAsync(LedgerSample.Draft("mb_1", LedgerSample.Package("pkg_1", measured), LedgerSample.Package("pkg_2", measured)));

        SettlementAddress old = before.Address(before.Newest.Groups[0].Id, LedgerSample.March, null);
        Assert.Empty(await Ledger.RowsAsync(old.Partition, $"e_{old.Suffix}_"));
        Assert.Null(await Ledger.Settlements.ReadAsync(old, default));
    }

    [Fact]
    public async Task A_withdrawn_expectation_is_never_late()
    {
        RegisteredBuy before = await Ledger.RegisterAsync(LedgerSample.TwoGroups("mb_1"));
        await Ledger.RegisterAsync(Regrouped("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.MarchGrace.AddHours(1));

        await Ledger.SweepAsync();

        Assert.Null(await Ledger.Settlements.ReadAsync(before.Address(before.Newest.Groups[0].Id, LedgerSample.March, null), default));
    }

    [Fact]
    public async Task A_window_that_is_no_longer_contracted_is_never_late()
    {
        RegisteredBuy before = await Ledger.RegisterAsync(Windowed("mb_1", "c3"));
        await Ledger.RegisterAsync(Windowed("mb_1", "c7"));

        await Ledger.PassUntilAsync(LedgerSample.MarchGrace.AddDays(3).AddHours(1));
        await Ledger.SweepAsync();
        await Ledger.PassUntilAsync(LedgerSample.MarchGrace.AddDays(8));
        await Ledger.SweepAsync();

        Assert.Null(await Ledger.Settlements.ReadAsync(before.Address(before.Newest.Groups[0].Id, LedgerSample.March, "c3"), default));
        Assert.NotNull((await Ledger.Settlements.ReadAsync(before.Address(before.Newest.Groups[0].Id, LedgerSample.March, "c7"), default))!.Document.State.Breach);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_first_registration_killed_anywhere_and_repeated_ends_as_if_undisturbed(bool afterEffect) =>
        await KilledAndRepeatedAsync(_ => Task.CompletedTask, LedgerSample.TwoGroups("mb_1"), afterEffect);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_regrouping_killed_anywhere_and_repeated_ends_as_if_undisturbed(bool afterEffect) =>
        await KilledAndRepeatedAsync(instance => instance.RegisterAsync(LedgerSample.TwoGroups("mb_1")), Regrouped("mb_1"), afterEffect);

    [Fact]
    public async Task Of_two_registrations_at_once_the_slower_is_told_so()
    {
        Faults.RaceBefore(
            call => call.Batch?.Operations.Any(o => o.Row.RowKey.StartsWith("c_", StringComparison.Ordinal)) ?? false,
            async other => await new LedgerHarness(other, Time).RegisterAsync(Rate("mb_1", 12)));

        Assert.IsType<RegisterOutcome.Outrun>(await RegisterAsync(LedgerSample.SellerAttested("mb_1")));
        Assert.Equal(2, (await Ledger.RegisterAsync(LedgerSample.SellerAttested("mb_1"))).Newest.Version);
    }

    private async Task KilledAndRepeatedAsync(Func<LedgerHarness, Task> before, ContractDraft draft, bool afterEffect)
    {
        FaultyTable undisturbed = NewStore();
        var calm = new LedgerHarness(undisturbed, Time);
        await calm.AddAccountAsync(LedgerSample.Account());
        await before(calm);
        int start = undisturbed.Calls.Count;
        await calm.RegisterAsync(draft);
        int calls = undisturbed.Calls.Count - start;
        IReadOnlyList<string> ledger = await calm.LedgerTextAsync();
        IReadOnlyList<string> due = await calm.DueTextAsync();

        Assert.InRange(calls, 5, 200);
        foreach (int n in Deaths(calls))
        {
            FaultyTable store = NewStore();
            var instance = new LedgerHarness(store, Time);
            await instance.AddAccountAsync(LedgerSample.Account());
            await before(instance);
            store.KillAt(store.Calls.Count + n, afterEffect);
            await Assert.ThrowsAsync<StorageFaultException>(() => instance.RegisterAsync(draft));

            var restarted = new LedgerHarness(store, Time);
            await restarted.RegisterAsync(draft);

            Assert.Equal(ledger, await restarted.LedgerTextAsync());
            Assert.Equal(due, await restarted.DueTextAsync());
            DropStores(keep: 2);
        }
    }

    private static ContractDraft Rate(string mediaBuyId, int rate) =>
        LedgerSample.SellerAttested(mediaBuyId) with { Packages = [LedgerSample.Package("pkg_1", null, rate)] };

    private static ContractDraft Windowed(string mediaBuyId, string window) =>
        LedgerSample.Draft(mediaBuyId, LedgerSample.Package("pkg_1", new BillingMeasurement(LedgerSample.BuyerAdServer, 10m, window, 72, [])));

    /// <summary>The two packages that were billed together are now sold at different rates.</summary>
    private static ContractDraft Regrouped(string mediaBuyId)
    {
        var measured = new BillingMeasurement(LedgerSample.BuyerAdServer, 10m, null, 72, []);
        return LedgerSample.Draft(mediaBuyId, LedgerSample.Package("pkg_1", measured), LedgerSample.Package("pkg_2", measured, 11m), LedgerSample.Package("pkg_3", null, 20m));
    }

    private async Task<string> RefusalAsync(ContractDraft draft) =>
        Assert.Single(Assert.IsType<RegisterOutcome.Refused>(await RegisterAsync(draft)).Problems).Code;

    private Task<RegisterOutcome> RegisterAsync(ContractDraft draft) => Ledger.Register.RegisterAsync(LedgerHarness.Tenant, LedgerSample.Account(), draft, default);
}
