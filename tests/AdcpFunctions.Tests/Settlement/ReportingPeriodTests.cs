using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class ReportingPeriodTests
{
    private static readonly DateTimeOffset[] March = [Sample.Start, Sample.End];

    [Theory]
    [InlineData("2026-03-31T23:59:59Z", "the last second")]
    [InlineData("2026-03-31T23:59:00Z", "the last minute, as the official vector has it")]
    [InlineData("2026-03-31T23:59:59.999Z", "the last millisecond")]
    [InlineData("2026-04-01T00:00:00Z", "exclusive midnight")]
    [InlineData("2026-04-01T00:00:59Z", "a minute over")]
    [InlineData("2026-04-01T02:00:00+02:00", "the same instant in another offset")]
    [InlineData("2026-03-31T19:59:59-04:00", "its last second in another offset")]
    public void Every_spelling_of_a_billing_boundary_means_it(string end, string reason)
    {
        Assert.True(ReportingPeriod.Canonical(Sample.Start, Sample.At(end), March) == Sample.March, reason);
    }

    [Theory]
    [InlineData("2026-04-01T00:00:00+02:00", "2026-03-31T22:00", "local midnight is a boundary of a contract billed in that offset")]
    [InlineData("2026-03-31T23:59:59+02:00", "2026-03-31T22:00", "its last second")]
    [InlineData("2026-03-31T21:59:00Z", "2026-03-31T22:00", "exactly a minute before it, in another offset")]
    [InlineData("2026-03-31T21:59:30Z", "2026-03-31T22:00", "its last minute, stated in UTC")]
    public void A_billing_offset_moves_the_boundary(string end, string meant, string reason)
    {
        ContractDraft draft = Sample.Draft() with
        {
            Cadence = BillingCadence.Monthly,
            BillingUtcOffset = TimeSpan.FromHours(2),
            Flight = Sample.Period("2026-03-01T00:00+02:00", "2026-05-01T00:00+02:00"),
        };

        ReportingPeriod? period = ReportingPeriod.Canonical(Sample.At("2026-03-01T00:00+02:00"), Sample.At(end), Sample.Contract(draft).BillingBoundaries());

        Assert.True(period?.End == Sample.At(meant), $"{reason}: {period}");
    }

    [Theory]
    [InlineData("2026-03-15T23:59:59Z", "2026-03-16", "no boundary near: midnight of its own offset")]
    [InlineData("2026-03-15T23:59:00Z", "2026-03-16", "exactly a minute before it")]
    [InlineData("2026-03-15T23:59:59+02:00", "2026-03-15T22:00", "local midnight")]
    [InlineData("2026-03-16T00:01:00Z", "2026-03-16", "a minute after midnight still means it")]
    [InlineData("2026-03-16T00:01:01Z", "2026-03-16T00:01:01", "more than a minute stands as stated")]
    [InlineData("2026-03-15T23:58:59Z", "2026-03-15T23:58:59", "more than a minute before stands as stated")]
    [InlineData("2026-03-15T14:59:59Z", "2026-03-15T14:59:59", "an hour's end is not a midnight")]
    public void Elsewhere_an_end_means_the_midnight_it_is_near(string end, string meant, string reason)
    {
        ReportingPeriod? period = ReportingPeriod.Canonical(Sample.Start, Sample.At(end), March);

        Assert.True(period?.End == Sample.At(meant), $"{reason}: {period?.End:O}");
    }

    [Theory]
    [InlineData("2026-03-01T00:00:00Z")]
    [InlineData("2026-02-28T00:00:00Z")]
    [InlineData("2026-03-01T00:00:30Z")]
    public void An_end_that_does_not_lie_after_the_start_is_no_period(string end) =>
        Assert.Null(ReportingPeriod.Canonical(Sample.Start, Sample.At(end), March));

    [Fact]
    public void A_period_cannot_be_made_empty() => Assert.Throws<ArgumentOutOfRangeException>(() => new ReportingPeriod(Sample.End, Sample.End));

    [Fact]
    public void Neighbours_do_not_overlap()
    {
        Assert.False(Sample.March.Overlaps(Sample.Period("2026-04-01", "2026-05-01")));
        Assert.False(Sample.Period("2026-04-01", "2026-05-01").Overlaps(Sample.March));
        Assert.True(Sample.March.Overlaps(Sample.Period("2026-03-31", "2026-05-01")));
    }

    [Fact]
    public void Its_text_sorts_as_it_does()
    {
        Assert.Equal("20260301-20260401", Sample.March.ToString());
        Assert.Equal("20260331T220000-20260401", Sample.Period("2026-04-01T00:00+02:00", "2026-04-01").ToString());
    }

    [Fact]
    public void A_canonical_period_is_its_own_canonical_period()
    {
        int seed = Seed.Of(20_261_123);
        var random = new Random(seed);
        for (int round = 0; round < 20_000; round++)
        {
            TimeSpan billing = TimeSpan.FromMinutes(15 * random.Next(-40, 41)), stated = TimeSpan.FromMinutes(15 * random.Next(-40, 41));
            DateTimeOffset[] boundaries = [new(2026, 3, 1, 0, 0, 0, billing), new(2026, 4, 1, 0, 0, 0, billing)];
            DateTimeOffset near = random.Next(2) == 0 ? boundaries[1] : new DateTimeOffset(2026, 3, random.Next(2, 28), 0, 0, 0, stated);
            DateTimeOffset end = near.ToOffset(stated).AddSeconds(random.Next(-150, 151));

            ReportingPeriod once = ReportingPeriod.Canonical(boundaries[0], end, boundaries)!.Value;

            Assert.True(ReportingPeriod.Canonical(once.Start, once.End, boundaries) == once, $"Seed {seed}, round {round}: {end:O} becomes {once}");
            Assert.True((once.End - end).Duration() <= ReportingPeriod.Snap, $"Seed {seed}, round {round}: {end:O} moved to {once.End:O}");
        }
    }

    [Fact]
    public void Periods_are_ordered_by_their_start_and_then_by_their_end()
    {
        ReportingPeriod day = Sample.Period("2026-03-01", "2026-03-02"), month = Sample.March, later = Sample.Period("2026-03-02", "2026-03-03");

        Assert.Equal([day, month, later], new[] { later, month, day }.Order());
        Assert.True(day < month && month > day && day <= month && month >= day && month < later);
        Assert.False(month < day || day > month || month <= day || day >= month);
        ReportingPeriod same = Sample.Period("2026-03-01", "2026-03-02");
        Assert.True(day <= same && day >= same && !(day < same) && !(day > same));
    }

    [Theory]
    [InlineData("2026-03-01", "2026-04-01", "20260301-20260401")]
    [InlineData("2026-03-01T06:30", "2026-04-01", "20260301T063000-20260401")]
    [InlineData("2026-03-01T06:30:00.5", "2026-04-01", "20260301T0630005000000-20260401")]
    public void A_periods_text_tells_it_from_every_other(string start, string end, string text) => Assert.Equal(text, Sample.Period(start, end).ToString());
}
