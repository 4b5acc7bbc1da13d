using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

public sealed class WorkLeaseTests() : LedgerSuite(splitsPages: false)
{
    [Fact]
    public async Task Of_two_instances_one_holds_the_lease_until_it_gives_it_back()
    {
        HeldLease?[] taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Instance().TakeAsync("sweep", default).AsTask())));
        HeldLease held = Assert.Single(taken.OfType<HeldLease>());
        Assert.NotNull(await Instance().TakeAsync("relay", default));

        await Instance().ReleaseAsync(held, default);

        Assert.NotNull(await Instance().TakeAsync("sweep", default));
    }

    [Fact]
    public async Task The_lease_of_a_dead_holder_ends()
    {
        Assert.NotNull(await Instance().TakeAsync("sweep", default));
        Time.Advance(WorkLease.Lasts - TimeSpan.FromTicks(1));
        Assert.Null(await Instance().TakeAsync("sweep", default));

        Time.Advance(TimeSpan.FromTicks(1));

        Assert.Single((await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Instance().TakeAsync("sweep", default).AsTask())))).OfType<HeldLease>());
    }

    [Fact]
    public async Task A_renewed_lease_lasts_from_its_renewal()
    {
        HeldLease held = (await Instance().TakeAsync("sweep", default))!;
        Time.Advance(WorkLease.Lasts / 2);
        Assert.NotNull(await Instance().RenewAsync(held, default));

        Time.Advance(WorkLease.Lasts - TimeSpan.FromTicks(1));

        Assert.Null(await Instance().TakeAsync("sweep", default));
    }

    [Fact]
    public async Task Who_comes_back_after_its_lease_ended_neither_renews_nor_ends_its_successors()
    {
        HeldLease late = (await Instance().TakeAsync("sweep", default))!;
        Time.Advance(WorkLease.Lasts);
        Assert.NotNull(await Instance().TakeAsync("sweep", default));

        Assert.Null(await Instance().RenewAsync(late, default));
        await Instance().ReleaseAsync(late, default);

        Assert.Null(await Instance().TakeAsync("sweep", default));
    }

    private WorkLease Instance() => new(Faults, Time);
}
