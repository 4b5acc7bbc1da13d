using System.ComponentModel.DataAnnotations;
using System.Net;
using AdcpFunctions.Host;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

public class BootstrapTests
{
    [Fact]
    public async Task Without_a_configured_key_the_first_start_shows_one_and_later_starts_show_nothing()
    {
        await using TestHost host = await TestHost.StartAsync(o => o.AdminKeys.Clear());
        using var second = new StringWriter();

        await Bootstrap.AdminKeysAsync(host.Services, second);

        string key = host.Printed.Trim().Split(' ')[^1];
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/v1/settled-records", key)).Status);
        Assert.Equal("", second.ToString());
    }

    [Fact]
    public async Task A_configured_key_is_never_printed()
    {
        await using TestHost host = await TestHost.StartAsync();

        Assert.Equal("", host.Printed);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/v1/settled-records", TestHost.OtherTenantKey)).Status);
    }

    [Theory]
    [InlineData("default", "only-23-characters-long")]
    [InlineData("default", "a key with spaces is never sent whole")]
    [InlineData("a.b", "long-enough-to-be-an-admin-key")]
    [InlineData("default", TestHost.OtherTenantKey)]
    [InlineData("default", "@Microsoft.KeyVault(SecretUri=https://kv-0123456789abc.vault.azure.net/secrets/adcp-admin-key)")]
    public async Task Refuses_to_start_with(string tenant, string key) =>
        await Assert.ThrowsAsync<ValidationException>(() => TestHost.StartAsync(o => o.AdminKeys[tenant] = key));
}
