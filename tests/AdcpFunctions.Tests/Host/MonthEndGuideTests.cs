using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>What <c>docs/month-end.md</c> tells to paste does what it tells.</summary>
public sealed class MonthEndGuideTests : IDisposable
{
    private readonly PushFolder _folder = new();

    [Fact]
    public async Task Every_block_of_the_guide_does_what_the_guide_says()
    {
        var settings = new Dictionary<string, string> { ["Ledger__Path"] = Path.Combine(_folder.Path, "ledger.db"), ["Audit__Key"] = Convert.ToBase64String(new byte[32]) };
        await using var server = new ChildHost(settings);
        await server.StartAsync();

        await Guide.AssertSaysAsync("month-end.md", server.Http.BaseAddress!, _folder, settings.Append(new("ADCP_ADMIN_KEY", ChildHost.AdminKey)));
    }

    public void Dispose() => _folder.Dispose();
}
