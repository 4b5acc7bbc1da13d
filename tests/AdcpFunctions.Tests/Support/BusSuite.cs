namespace AdcpFunctions.Tests.Support;

/// <summary>Tests of sending, over the plain store and over one that splits its pages.</summary>
public abstract class BusSuite(bool splitsPages) : LedgerSuite(splitsPages), IAsyncLifetime
{
    private protected BusHarness Bus { get; private set; } = null!;

    async ValueTask IAsyncLifetime.InitializeAsync()
    {
        await InitializeAsync();
        Bus = await BusHarness.StartAsync(Faults, Time);
    }

    public override async ValueTask DisposeAsync()
    {
        await Bus.DisposeAsync();
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
