using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AdcpFunctions.Tests.Host;

/// <summary>Where a seller's records are read, and who may say so.</summary>
public sealed class SnapshotSourceRoutesTests : IAsyncLifetime
{
    private const string Path = "/v1/agents/streamhaus/snapshot-source";
    private const string Token = "token-of-the-sellers-own-agent";

    private TestHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await TestHost.StartAsync();
        _host.Log.Keep(Token, "a seller's token");
        await _host.KeyAsync("streamhaus", "seller", ["*"], sellerAgent: TestHost.Seller);
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task It_is_kept_for_the_name_contracts_know_the_seller_by_and_its_token_is_never_told()
    {
        HttpAnswer put = await _host.PutAsync(Path, Body());
        HttpAnswer read = await _host.GetAsync(Path);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (put.Status, read.Status));
        Assert.Equal((TestHost.Seller, "https://seller.example/mcp", "token-"), ((string?)read.Json["seller_agent"], (string?)read.Json["url"], (string?)read.Json["bearer_token_prefix"]));
        Assert.DoesNotContain(Token, put.Body + read.Body, StringComparison.Ordinal);
        SnapshotSource? kept = await _host.Services.GetRequiredService<SnapshotSources>().FindAsync("default", TestHost.Seller, default);
        Assert.Equal(Token, kept!.BearerToken);
        Assert.DoesNotContain(Token, kept.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_is_replaced_whole_and_forgotten_for_good()
    {
        await _host.PutAsync(Path, Body());
        Assert.Null((await _host.PutAsync(Path, Body().Without("bearer_token"))).Json["bearer_token_prefix"]);

        Assert.Equal(HttpStatusCode.OK, (await _host.DeleteAsync(Path)).Status);
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), ((await _host.GetAsync(Path)).Status, (await _host.DeleteAsync(Path)).Status));
    }

    [Theory]
    [InlineData("http://seller.example/mcp")]
    [InlineData("https://user@seller.example/mcp")]
    [InlineData("https://seller.example/mcp#part")]
    [InlineData("seller.example/mcp-of-it")]
    public async Task Only_an_https_address_is_taken(string url) =>
        Assert.Equal("url_invalid", (await _host.PutAsync(Path, Body().With("url", url))).Code);

    [Theory]
    [InlineData("short")]
    [InlineData("a token with spaces")]
    [InlineData("a-token-with-a\r\nX-Header: of-its-own")]
    public async Task A_token_that_cannot_stand_in_a_header_is_refused(string token) =>
        Assert.Equal("body_invalid", (await _host.PutAsync(Path, Body().With("bearer_token", token))).Code);

    [Fact]
    public async Task Only_admins_say_where_and_only_of_sellers()
    {
        string buyer = await _host.KeyAsync("holdco", "buyer", ["*"]);

        Assert.Equal(HttpStatusCode.Forbidden, (await _host.PutAsync(Path, Body(), buyer)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await _host.PutAsync(Path, Body(), TestHost.OtherTenantKey)).Status);
        Assert.Equal("agent_not_a_seller", (await _host.PutAsync("/v1/agents/holdco/snapshot-source", Body())).Code);
        Assert.Equal(HttpStatusCode.NotFound, (await _host.PutAsync("/v1/agents/nobody/snapshot-source", Body())).Status);
    }

    private static JsonObject Body() => new() { ["url"] = "https://seller.example/mcp", ["bearer_token"] = Token };
}
