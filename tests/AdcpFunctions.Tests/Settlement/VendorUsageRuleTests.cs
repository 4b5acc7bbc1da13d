using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class VendorUsageRuleTests
{
    private static readonly ReportingPeriod April = new(Sample.At("2026-04-01"), Sample.At("2026-05-01"));

    [Theory]
    [InlineData(RestatementPolicy.Manual, 1)]
    [InlineData(RestatementPolicy.Automatic, 2)]
    public void What_was_reported_is_owed_on_receipt_and_a_change_as_the_account_has_it(RestatementPolicy policy, int revision)
    {
        (SettlementState state, _) = Restated(policy);

        Assert.Equal(revision, state.Posted!.Revision);
    }

    [Fact]
    public void Only_finance_judges_a_changed_record()
    {
        (SettlementState state, SettlementContext context) = Restated(RestatementPolicy.Manual);

        IReadOnlyList<OpenDecision> open = Decisions.Open(state, context);

        Assert.Equal(2, open.Count);
        Assert.All(open, decision => Assert.Equal((RulingTopic.Restatement, (Side?)null), (decision.Topic!.Value, decision.Holder)));
    }

    [Fact]
    public void Time_that_was_paid_for_is_not_paid_for_again()
    {
        SettlementContext context = Context(RestatementPolicy.Manual) with { PeriodOverlaps = true };

        SettlementState state = Take(SettlementState.Initial, Said("250", 1), context);

        Assert.Equal((SettlementStatus.Held, Reasons.PeriodOverlaps), (state.Status, Assert.Single(state.Reasons)));
    }

    private static (SettlementState State, SettlementContext Context) Restated(RestatementPolicy policy)
    {
        SettlementContext context = Context(policy);
        return (Take(Take(SettlementState.Initial, Said("250", 1), context), Said("500", 2), context), context);
    }

    private static SettlementContext Context(RestatementPolicy policy)
    {
        Contract contract = VendorUsage.ContractOf(new VendorSubject("signal_agent_segment_id", "seg_1", "po_cpm", April, policy), "USD", April);
        return new SettlementContext(contract, contract.Groups[0], April, OutOfBand: false, Sandbox: false, []);
    }

    private static SettlementState Take(SettlementState state, Statement said, SettlementContext context)
    {
        state = state.Apply(new SettlementEvent.FinalReceived(said, 1));
        return BillingAuthority.Decide(state, context, said.ReceivedAt).Aggregate(state, (before, happened) => before.Apply(happened));
    }

    private static Statement Said(string cost, int hour)
    {
        decimal amount = decimal.Parse(cost, System.Globalization.CultureInfo.InvariantCulture);
        return new Statement(Side.UsagePush, "", null, amount, null, April.End.AddHours(hour), "buyer", cost, "", Expected: amount);
    }
}
