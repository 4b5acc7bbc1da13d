namespace AdcpFunctions.Tests.Support;

/// <summary>Stops the first matching call of a table until the test lets it go on.</summary>
internal sealed class Hold : IDisposable
{
    private readonly SemaphoreSlim _reached = new(0);
    private readonly SemaphoreSlim _go = new(0);
    private int _held;

    public Hold(FaultyTable table, Func<TableCall, bool> match) => table.Before = async call =>
    {
        if (!match(call) || Interlocked.Exchange(ref _held, 1) == 1)
            return;
        _reached.Release();
        await _go.WaitAsync();
    };

    public async Task ReachedAsync() => Assert.True(await _reached.WaitAsync(TimeSpan.FromSeconds(30)), "Nothing was held.");

    public void Release() => _go.Release();

    public void Dispose()
    {
        _reached.Dispose();
        _go.Dispose();
    }
}
