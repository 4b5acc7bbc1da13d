using AdcpFunctions.Tests.Support;
using AdcpFunctions.Tests.Support.Histories;

namespace AdcpFunctions.Tests.Settlement;

/// <summary>What holds over any history of any contract; a failure prints its seed and the smallest history that still fails.</summary>
/// <remarks><c>PROPERTY_SEED</c> plays that one history alone. Any number of them: the benchmarks' command <c>histories</c>.</remarks>
public class HistoriesTests(HistoriesTests.Played played, ITestOutputHelper output) : IClassFixture<HistoriesTests.Played>
{
    private const int Count = 10_000;

    /// <summary>The histories are played once, for all properties.</summary>
    public sealed class Played
    {
        public static readonly int? OnlySeed = Environment.GetEnvironmentVariable("PROPERTY_SEED") is null ? null : Seed.Of(0);

        public (Distribution Distribution, IReadOnlyList<FailedHistory> Failures) Result { get; } =
            OnlySeed is { } seed ? HistorySuite.Run(seed, 1) : HistorySuite.Run(1, Count);
    }

    [Fact]
    public void What_is_delivered_between_two_timers_may_be_processed_in_any_order() => Holds("P1");

    [Fact]
    public void A_provisional_count_is_never_published() => Holds("P2");

    [Fact]
    public void Deltas_add_up_to_what_is_published_and_that_is_count_times_price() => Holds("P3");

    [Fact]
    public void No_two_published_records_of_a_group_and_window_overlap_in_time() => Holds("P4");

    [Fact]
    public void A_deadline_is_breached_at_most_once() => Holds("P5");

    [Fact]
    public void Out_of_band_is_never_published_and_sandbox_always_says_so() => Holds("P6");

    [Fact]
    public void A_published_record_never_changes() => Holds("P7");

    [Fact]
    public void Of_finals_with_one_stamp_the_greater_content_hash_counts() => Holds("P8");

    [Fact]
    public void Stored_events_fold_to_the_state_and_deciding_again_adds_nothing() => Holds("P9");

    [Fact]
    public void What_is_billed_of_a_capped_group_never_exceeds_its_cap() => Holds("P10");

    [Fact]
    public void Whatever_is_not_settled_waits_for_a_time_a_decision_or_a_statement() => Holds("P11");

    [Fact]
    public void No_number_is_taken_from_a_sellers_row_before_its_own_records_said_the_same_or_finance_released_it() => Holds("P12");

    [Fact]
    public void Nothing_is_published_beside_a_dispute_and_what_one_ended_on_stands_until_somebody_accepts_another_number() => Holds("P13");

    [Fact]
    public void Of_what_sellers_said_only_the_number_that_is_invoiced_is_billable() => Holds("P14");

    [Fact]
    public void What_is_published_is_what_it_would_be_less_the_agreed_money_booked_once_beside_no_dispute_and_never_below_nothing() => Holds("P15");

    [Fact]
    public void No_history_is_refused_or_ends_in_a_fault()
    {
        Holds("Registration");
        Holds("Fault");
    }

    [Theory]
    [InlineData("breaches")]
    [InlineData("exceeds variance")]
    [InlineData("restates after publication")]
    [InlineData("mixes several groups")]
    [InlineData("waits for a snapshot")]
    [InlineData("disputes")]
    [InlineData("remedies")]
    [InlineData("offers in arbitration")]
    public void At_least_a_tenth_of_the_histories_are_of_each_kind_that_matters(string kind)
    {
        output.WriteLine(played.Result.Distribution.ToString());
        Assert.SkipUnless(Played.OnlySeed is null, "One history has no distribution.");
        Assert.InRange(played.Result.Distribution.Share(kind), 0.1, 1.0);
    }

    [Fact]
    public void A_seed_makes_the_same_history_every_time()
    {
        Distribution one = new(), again = new();
        HistorySuite.Try(4_711, one);
        HistorySuite.Try(4_711, again);

        Assert.True(one.Deliveries > 0);
        Assert.Equal(one.ToString(), again.ToString());
    }

    private void Holds(string property) =>
        Assert.Empty(played.Result.Failures.Where(f => f.Properties.Contains(property)).Select(f => f.Story));
}
