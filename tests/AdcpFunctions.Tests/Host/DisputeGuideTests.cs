using System.Globalization;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>What <c>docs/disputes.md</c> tells to paste does what it tells.</summary>
public sealed class DisputeGuideTests : IDisposable
{
    private readonly PushFolder _folder = new();

    [Fact]
    public async Task Every_block_of_the_guide_does_what_the_guide_says()
    {
        await using TestHost host = await TestHost.StartAsync();
        host.Time.UtcNow = new DateTimeOffset(2026, 11, 10, 9, 0, 0, TimeSpan.Zero);

        await Guide.AssertSaysAsync(
            "disputes.md", host.Address, _folder, [new("ADCP_ADMIN_KEY", TestHost.AdminKey)],
            ("$(date +%s)", host.Time.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)));
    }

    public void Dispose() => _folder.Dispose();
}
