using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class VarianceTests
{
    [Theory]
    [InlineData(5_120_000, 5_040_000, 10.0, false, "worked example B: 1.56 %")]
    [InlineData(5_120_000, 5_040_000, 1.5625, false, "exactly the agreed percentage is within it")]
    [InlineData(5_120_000, 5_040_000, 1.5624, true, "a hair more than agreed is not")]
    [InlineData(1_000, 900, 10.0, false, "the boundary, measured on the larger count")]
    [InlineData(1_000, 899, 10.0, true, "one impression beyond the boundary")]
    [InlineData(0, 0, 0.0, false, "two zero counts agree")]
    [InlineData(1, 0, 99.9, true, "one zero count differs by 100 %")]
    [InlineData(7, 7, 0.0, false, "a tolerance of zero takes equal counts")]
    [InlineData(7, 8, 0.0, true, "and nothing else")]
    public void Counts_further_apart_than_agreed_exceed_the_tolerance(int a, int b, double percent, bool exceeds, string reason)
    {
        Assert.True(Variance.Exceeds(a, b, (decimal)percent) == exceeds, reason);
    }

    [Fact]
    public void Without_a_tolerance_no_difference_is_too_large() => Assert.False(Variance.Exceeds(1m, 1_000_000m, null));

    [Fact]
    public void The_worked_example_differs_by_1_5625_percent() => Assert.Equal(1.5625m, Variance.Percent(5_120_000m, 5_040_000m));

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(0, 5, 100)]
    [InlineData(5, 5, 0)]
    public void The_percentage_is_of_the_larger_count(int a, int b, int percent) => Assert.Equal(percent, Variance.Percent(a, b));

    [Fact]
    public void Variance_is_symmetric_and_never_exceeds_what_it_states()
    {
        int seed = Seed.Of(20_261_122);
        var random = new Random(seed);
        for (int round = 0; round < 20_000; round++)
        {
            decimal a = random.NextInt64(0, 10_000_000_000), b = random.Next(3) == 0 ? a + random.Next(-3, 4) : random.NextInt64(0, 10_000_000_000);
            b = Math.Max(b, 0m);
            decimal percent = random.Next(0, 1_000_000) / 10_000m;
            string at = $"Seed {seed}, round {round}: {a}, {b}, {percent} %";
            Assert.True(Variance.Exceeds(a, b, percent) == Variance.Exceeds(b, a, percent), at);
            Assert.True(Variance.Percent(a, b) == Variance.Percent(b, a), at);
            Assert.True(Variance.Percent(a, b) is >= 0m and <= 100m, at);
            Assert.True(!Variance.Exceeds(a, b, percent) || Variance.Percent(a, b) >= decimal.Round(percent, 4), at);
        }
    }
}
