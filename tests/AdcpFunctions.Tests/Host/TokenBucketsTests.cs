using AdcpFunctions.Host;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

public class TokenBucketsTests
{
    private readonly FakeTime _time = new(new DateTimeOffset(2026, 3, 1, 9, 0, 0, TimeSpan.Zero));

    [Fact]
    public void Five_seconds_worth_may_come_at_once_and_then_as_many_a_second()
    {
        var buckets = new TokenBuckets<int>(10, _time);

        Assert.All(Enumerable.Range(0, 50), _ => Assert.Null(buckets.Take(1)));
        Assert.Equal(TimeSpan.FromMilliseconds(100), buckets.Take(1));
        Assert.Null(buckets.Take(2));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.All(Enumerable.Range(0, 10), _ => Assert.Null(buckets.Take(1)));
        Assert.NotNull(buckets.Take(1));
    }

    [Fact]
    public void Asking_takes_nothing()
    {
        var buckets = new TokenBuckets<int>(1, _time);

        Assert.All(Enumerable.Range(0, 20), _ => Assert.Null(buckets.WaitOf(1)));
        Assert.All(Enumerable.Range(0, 5), _ => Assert.Null(buckets.Take(1)));
        Assert.Equal(TimeSpan.FromSeconds(1), buckets.WaitOf(1));
    }

    [Fact]
    public void Zero_is_no_limit()
    {
        var buckets = new TokenBuckets<int>(0, _time);

        Assert.All(Enumerable.Range(0, 10_000), _ => Assert.Null(buckets.Take(1)));
        Assert.Equal(0, buckets.Count);
    }

    [Fact]
    public void A_million_strangers_share_one_bucket_once_there_are_too_many_and_full_ones_are_dropped()
    {
        var buckets = new TokenBuckets<int>(1, _time, most: 1_000);

        int refused = Enumerable.Range(1, 1_000_000).Count(stranger => buckets.Take(stranger) is not null);

        Assert.InRange(buckets.Count, 1_000, 1_001);
        Assert.Equal(1_000_000 - 1_000 - 5, refused);
        Assert.Null(buckets.Take(1));
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Null(buckets.Take(2_000_000));
        Assert.Equal(1, buckets.Count);
    }

    [Fact]
    public async Task Of_many_who_come_together_exactly_the_burst_gets_through()
    {
        var buckets = new TokenBuckets<int>(20, _time);
        using var start = new Barrier(4);

        int[] through = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            start.SignalAndWait();
            return Enumerable.Range(0, 1_000).Count(_ => buckets.Take(7) is null);
        })));

        Assert.Equal(100, through.Sum());
    }
}
