using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>What <c>docs/orchestrators.md</c> tells to paste does what it tells.</summary>
public sealed class OrchestratorGuideTests : IDisposable
{
    private readonly PushFolder _folder = new();

    [Fact]
    public async Task Every_block_of_the_guide_does_what_the_guide_says()
    {
        await using var server = new ChildHost(new Dictionary<string, string> { ["Ledger__Path"] = Path.Combine(_folder.Path, "ledger.db") });
        await server.StartAsync();

        await Guide.AssertSaysAsync("orchestrators.md", server.Http.BaseAddress!, _folder, [new("ADCP_ADMIN_KEY", ChildHost.AdminKey)]);
    }

    public void Dispose() => _folder.Dispose();
}
