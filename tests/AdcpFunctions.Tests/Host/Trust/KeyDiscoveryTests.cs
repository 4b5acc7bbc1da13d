using System.Net;
using AdcpFunctions.Adapters;
using AdcpFunctions.Host;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AdcpFunctions.Tests.Host;

/// <summary>Keys that are looked for, over real TLS and a clock that stands still.</summary>
public sealed class KeyDiscoveryTests : IAsyncLifetime
{
    private const string Brand = "seller.example/.well-known/brand.json";
    private const string DefaultKeys = "seller.example/.well-known/jwks.json";
    private const string Keys = "seller.example/keys";

    private KeyServers _servers = null!;
    private SignerDirectory _directory = null!;

    public async ValueTask InitializeAsync()
    {
        _servers = await KeyServers.StartAsync();
        _directory = _servers.Directory();
    }

    public ValueTask DisposeAsync() => _servers.DisposeAsync();

    private string Agent => _servers.Url("seller.example/mcp");

    private Signer Found => new(Agent);

    private Signer Agreed => new(Agent, JwksUri: _servers.Url(Keys));

    [Fact]
    public async Task Keys_at_the_agreed_place_are_found_without_asking_anything_else()
    {
        _servers.Serve(Keys, KeyServers.Set("k1"));

        await AssertFoundAsync(Agreed, "k1");
        Assert.Equal([Keys], _servers.Asked);
    }

    [Fact]
    public async Task Keys_are_found_through_the_agents_own_brand_json()
    {
        ServeBrand(Keys);
        _servers.Serve(Keys, KeyServers.Set("k1"));

        await AssertFoundAsync(Found, "k1");
        Assert.Equal([Brand, Keys], _servers.Asked);
    }

    [Fact]
    public async Task Where_a_brand_json_does_not_say_keys_are_at_the_usual_place_of_the_agent()
    {
        _servers.Serve("house.example/brand.json", $$"""{"agents":[{"url":"{{Agent}}"}]}""");
        _servers.Serve(DefaultKeys, KeyServers.Set("k1"));

        await AssertFoundAsync(Found with { BrandJsonUrl = _servers.Url("house.example/brand.json") }, "k1");
        Assert.Equal(["house.example/brand.json", DefaultKeys], _servers.Asked);
    }

    [Fact]
    public async Task A_brand_json_is_followed_to_where_it_points_once()
    {
        _servers.Serve(Brand, $$"""{"authoritative_location":"{{_servers.Url("house.example/brand.json")}}"}""");
        _servers.Serve("house.example/brand.json", $$"""{"agents":[{"url":"{{Agent}}"}]}""");
        _servers.Serve(DefaultKeys, KeyServers.Set("k1"));

        await AssertFoundAsync(Found, "k1");
    }

    [Fact]
    public async Task A_second_pointer_is_not_followed()
    {
        _servers.Serve(Brand, $$"""{"authoritative_location":"{{_servers.Url("house.example/brand.json")}}"}""");
        _servers.Serve("house.example/brand.json", $$"""{"authoritative_location":"{{_servers.Url(Brand)}}"}""");

        await AssertUnavailableAsync("signature_brand_json_malformed", Found);
        Assert.Equal([Brand, "house.example/brand.json"], _servers.Asked);
    }

    [Theory]
    [InlineData("{", "signature_brand_json_malformed")]
    [InlineData("{}", "signature_agent_not_in_brand_json")]
    [InlineData("""{"house":"a.example","authoritative_location":"https://b.example"}""", "signature_brand_json_ambiguous")]
    [InlineData("""{"authoritative_location":"http://house.example/brand.json"}""", "signature_brand_json_unreachable")]
    [InlineData(null, "signature_brand_json_unreachable")]
    public async Task What_a_brand_json_lacks_has_a_code(string? json, string code)
    {
        if (json is not null)
            _servers.Serve(Brand, json);

        await AssertUnavailableAsync(code, Found);
        Assert.Single(_servers.Log.Of(5210));
    }

    [Fact]
    public async Task A_redirect_is_no_brand_json()
    {
        _servers.Serve("house.example/brand.json", $$"""{"agents":[{"url":"{{Agent}}"}]}""");
        _servers.Serve(Brand, context =>
        {
            context.Response.Redirect(_servers.Url("house.example/brand.json"));
            return Task.CompletedTask;
        });

        await AssertUnavailableAsync("signature_brand_json_unreachable", Found);
    }

    [Fact]
    public async Task An_agent_listed_in_another_spelling_is_refused_and_the_operator_is_told()
    {
        _servers.Serve(Brand, $$"""{"agents":[{"url":"{{Agent}}/"}]}""");

        await AssertUnavailableAsync("signature_agent_not_in_brand_json", Found);
        Assert.Contains($"{Agent}/", Assert.Single(_servers.Log.Of(5211)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://seller.example/keys")]
    [InlineData("https://u:p@seller.example/keys")]
    [InlineData("https://10.0.0.1/keys")]
    [InlineData("https://[fe80::1%25lo]/keys")]
    public async Task Keys_that_are_nowhere_one_may_go_are_not_trusted(string jwksUri)
    {
        _servers.Serve(Brand, $$"""{"agents":[{"url":"{{Agent}}","jwks_uri":"{{jwksUri}}"}]}""");

        await AssertUnavailableAsync("signature_jwks_untrusted", Found);
    }

    [Theory]
    [InlineData("<html></html>")]
    [InlineData("""{"keys":[{"kid":"k1"},{"kid":"k1"}]}""")]
    [InlineData("""{"keys":[{"kid":"k1","kid":"k2"}]}""")]
    public async Task What_is_no_key_set_is_not_trusted(string text)
    {
        _servers.Serve(Keys, text);

        await AssertUnavailableAsync("signature_jwks_untrusted", Agreed);
    }

    [Fact]
    public async Task A_key_set_has_64_KiB_and_not_a_byte_more()
    {
        _servers.Serve(Keys, KeyServers.Set("k1").PadRight(GuardedClient.KeySetBytes));
        await AssertFoundAsync(Agreed, "k1");

        _servers.Serve("seller.example/more", KeyServers.Set("k1").PadRight(GuardedClient.KeySetBytes + 1));
        await AssertUnavailableAsync("signature_jwks_untrusted", new Signer(Agent, JwksUri: _servers.Url("seller.example/more")));
    }

    [Fact]
    public async Task What_was_read_serves_for_a_quarter_of_an_hour_and_not_longer()
    {
        ServeBrand(Keys);
        _servers.Serve(Keys, KeyServers.Set("k1"));
        await AssertFoundAsync(Found, "k1");
        Fail(Brand);
        Fail(Keys);

        _servers.Time.Advance(TimeSpan.FromMinutes(15) - TimeSpan.FromTicks(1));
        await AssertFoundAsync(Found, "k1");
        _servers.Time.Advance(TimeSpan.FromTicks(1));
        await AssertUnavailableAsync("signature_brand_json_unreachable", Found);
        await AssertUnavailableAsync("signature_jwks_unavailable", Agreed);
    }

    [Fact]
    public async Task It_is_renewed_early_so_that_an_outage_is_noticed_before_it_costs_anything()
    {
        _servers.Serve(Keys, KeyServers.Set("k1"));
        await AssertFoundAsync(Agreed, "k1");
        _servers.Time.Advance(TimeSpan.FromMinutes(7));
        await AssertFoundAsync(Agreed, "k1");
        Assert.Single(_servers.Asked);

        _servers.Time.Advance(TimeSpan.FromSeconds(30));
        await AssertFoundAsync(Agreed, "k1");
        Assert.Equal(2, _servers.Asked.Count);
        _servers.Time.Advance(TimeSpan.FromMinutes(14));
        Fail(Keys);

        await AssertFoundAsync(Agreed, "k1");
    }

    [Fact]
    public async Task While_one_renews_the_others_go_on_with_what_is_held()
    {
        _servers.Serve(Keys, KeyServers.Set("k1"));
        await AssertFoundAsync(Agreed, "k1");
        _servers.Time.Advance(TimeSpan.FromMinutes(8));
        var asked = new TaskCompletionSource();
        var answer = new TaskCompletionSource();
        _servers.Serve(Keys, async context =>
        {
            asked.SetResult();
            await answer.Task;
            await context.Response.WriteAsync(KeyServers.Set("k1"));
        });

        Task<SignerKey> renewing = FindAsync(Agreed, "k1");
        await asked.Task;
        await AssertFoundAsync(Agreed, "k1");
        Assert.False(renewing.IsCompleted);
        answer.SetResult();

        Assert.IsType<SignerKey.Found>(await renewing);
        Assert.Equal(2, _servers.Asked.Count);
    }

    [Fact]
    public async Task Who_goes_away_does_not_take_the_reading_along()
    {
        using var gone = new CancellationTokenSource();
        _servers.Serve(Keys, async context =>
        {
            await gone.CancelAsync();
            await context.Response.WriteAsync(KeyServers.Set("k1"));
        });

        await _directory.KeysOf(Agreed).FindAsync("k1", gone.Token);
        await AssertFoundAsync(Agreed, "k1");

        Assert.Single(_servers.Asked);
    }

    [Fact]
    public async Task A_server_that_fails_is_left_alone_for_a_minute()
    {
        await AssertUnavailableAsync("signature_jwks_unavailable", Agreed);
        _servers.Serve(Keys, KeyServers.Set("k1"));
        _servers.Time.Advance(TimeSpan.FromSeconds(59));
        await AssertUnavailableAsync("signature_jwks_unavailable", Agreed);
        Assert.Single(_servers.Asked);

        _servers.Time.Advance(TimeSpan.FromSeconds(1));
        await AssertFoundAsync(Agreed, "k1");
    }

    [Fact]
    public async Task A_new_key_is_found_by_looking_again_and_told_of()
    {
        using var measured = new Measured(_servers.Telemetry);
        _servers.Serve(Keys, KeyServers.Set("k1"));
        await AssertFoundAsync(Agreed, "k1");
        _servers.Serve(Keys, KeyServers.Set("k1", "k2"));

        await AssertFoundAsync(Agreed, "k2");

        Assert.Equal(["keys.admitted{seen=first} 1", "keys.admitted{seen=later} 1", "keys.fetches{document=jwks,outcome=taken} 2"], measured.Counted);
        Assert.Equal(2, _servers.Log.Of(5200).Count);
        Assert.Contains("k2", _servers.Log.Of(5200)[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_nobody_has_is_looked_for_once_in_half_a_minute_whoever_asks()
    {
        _servers.Serve(Keys, KeyServers.Set("k1"));
        await AssertFoundAsync(Agreed, "k1");

        for (int i = 0; i < 20; i++)
            Assert.IsType<SignerKey.Unknown>(await FindAsync(Agreed, $"nobody's-{i}"));
        Assert.Equal(2, _servers.Asked.Count);
        _servers.Time.Advance(TimeSpan.FromSeconds(29));
        Assert.IsType<SignerKey.Unknown>(await FindAsync(Agreed, "k2"));
        Assert.Equal(2, _servers.Asked.Count);

        _servers.Serve(Keys, KeyServers.Set("k1", "k2"));
        _servers.Time.Advance(TimeSpan.FromSeconds(1));
        await AssertFoundAsync(Agreed, "k2");
        Assert.Equal(3, _servers.Asked.Count);
    }

    [Fact]
    public async Task Looking_again_in_vain_costs_nothing_that_was_held()
    {
        _servers.Serve(Keys, KeyServers.Set("k1"));
        await AssertFoundAsync(Agreed, "k1");
        Fail(Keys);

        await FindAsync(Agreed, "k2");
        await AssertFoundAsync(Agreed, "k1");
    }

    [Fact]
    public async Task A_new_key_is_not_called_unknown_while_the_set_it_may_stand_in_cannot_be_read()
    {
        _servers.Serve(Keys, KeyServers.Set("k1"));
        await AssertFoundAsync(Agreed, "k1");
        Fail(Keys);

        Assert.Equal(new SignerKey.Unavailable(KeySets.Unavailable), await FindAsync(Agreed, "k2"));
        _servers.Time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(new SignerKey.Unavailable(KeySets.Unavailable), await FindAsync(Agreed, "k2"));

        _servers.Serve(Keys, KeyServers.Set("k1", "k2"));
        _servers.Time.Advance(TimeSpan.FromSeconds(1));
        await AssertFoundAsync(Agreed, "k2");
        Assert.IsType<SignerKey.Unknown>(await FindAsync(Agreed, "k3"));
    }

    [Fact]
    public async Task A_key_that_was_taken_out_of_the_set_is_gone_with_the_next_reading()
    {
        _servers.Serve(Keys, KeyServers.Set("k1", "k2"));
        await AssertFoundAsync(Agreed, "k1");
        _servers.Serve(Keys, KeyServers.Set("k2"));
        _servers.Time.Advance(TimeSpan.FromMinutes(8));

        Assert.IsType<SignerKey.Unknown>(await FindAsync(Agreed, "k1"));
    }

    [Fact]
    public async Task Fifty_who_ask_at_once_make_one_fetch()
    {
        ServeBrand(Keys);
        _servers.Serve(Keys, async context =>
        {
            await Task.Yield();
            await context.Response.WriteAsync(KeyServers.Set("k1"));
        });

        SignerKey[] found = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => FindAsync(Found, "k1"))));

        Assert.All(found, key => Assert.IsType<SignerKey.Found>(key));
        Assert.Equal([Brand, Keys], _servers.Asked);
    }

    [Fact]
    public async Task A_published_test_key_is_not_found_where_a_counterparty_publishes_it_either()
    {
        _servers.Serve(Keys, KeyServers.Set("test-ed25519-2026", "k1"));

        Assert.IsType<SignerKey.Unknown>(await FindAsync(Agreed, "test-ed25519-2026"));
        await AssertFoundAsync(Agreed, "k1");
    }

    [Fact]
    public async Task Keys_that_moved_are_alarmed_of_and_trusted_at_neither_place_until_the_operator_says_so()
    {
        using var measured = new Measured(_servers.Telemetry);
        ServeBrand(Keys);
        _servers.Serve(Keys, KeyServers.Set("k1"));
        _servers.Serve("house.example/keys", KeyServers.Set("k1"));
        await AssertFoundAsync(Found, "k1");
        ServeBrand("house.example/keys");
        _servers.Time.Advance(TimeSpan.FromMinutes(8));

        await AssertUnavailableAsync("signature_jwks_untrusted", Found);

        (int _, LogLevel level, string text) = Assert.Single(_servers.Log.Lines, line => line.Id == 5212);
        Assert.Equal(LogLevel.Critical, level);
        Assert.Contains(_servers.Url("house.example/keys"), text, StringComparison.Ordinal);
        Assert.Contains("keys.changed 1", measured.Counted);
        Assert.DoesNotContain("house.example/keys", _servers.Asked);

        await AssertFoundAsync(Found with { JwksUri = _servers.Url("house.example/keys") }, "k1");
    }

    [Fact]
    public async Task What_was_first_seen_outlives_the_process_and_another_agent_has_a_first_time_of_its_own()
    {
        ServeBrand(Keys);
        _servers.Serve(Keys, KeyServers.Set("k1"));
        await AssertFoundAsync(Found, "k1");
        _servers.Serve("house.example/keys", KeyServers.Set("k1"));
        string keys = _servers.Url("house.example/keys");
        _servers.Serve(Brand, $$"""{"agents":[{"url":"{{Agent}}","jwks_uri":"{{keys}}"},{"url":"{{Agent}}/2","jwks_uri":"{{keys}}"}]}""");

        _directory = _servers.Directory();

        await AssertUnavailableAsync("signature_jwks_untrusted", Found);
        await AssertFoundAsync(Found with { AgentUrl = Agent + "/2" }, "k1");
    }

    [Fact]
    public async Task A_move_that_is_taken_back_is_forgiven_after_the_pause()
    {
        ServeBrand(Keys);
        _servers.Serve(Keys, KeyServers.Set("k1"));
        await AssertFoundAsync(Found, "k1");
        ServeBrand("house.example/keys");
        _servers.Time.Advance(TimeSpan.FromMinutes(8));
        await AssertUnavailableAsync("signature_jwks_untrusted", Found);
        ServeBrand(Keys);
        _servers.Time.Advance(TimeSpan.FromMinutes(1));

        await AssertFoundAsync(Found, "k1");
    }

    [Theory]
    [InlineData("{}", "signature_agent_not_in_brand_json")]
    [InlineData("""{"house":"a.example","authoritative_location":"https://b.example"}""", "signature_brand_json_ambiguous")]
    public async Task An_agent_that_is_taken_off_the_list_is_gone_at_once(string json, string code)
    {
        ServeBrand(Keys);
        _servers.Serve(Keys, KeyServers.Set("k1"));
        await AssertFoundAsync(Found, "k1");
        _servers.Serve(Brand, json);
        _servers.Time.Advance(TimeSpan.FromMinutes(8));

        await AssertUnavailableAsync(code, Found);
    }

    [Fact]
    public async Task What_strangers_wrote_stands_in_the_log_on_one_line()
    {
        _servers.Serve(Keys, KeyServers.Set("k1\ncritical: all is well", "\u001b[2J"));

        await FindAsync(Agreed, "k1");

        Assert.Equal(2, _servers.Log.Of(5200).Count);
        Assert.DoesNotContain(_servers.Log.Lines, line => line.Text.Any(char.IsControl));
    }

    private void ServeBrand(string keys) => _servers.Serve(Brand, $$"""{"agents":[{"type":"sales","url":"{{Agent}}","jwks_uri":"{{_servers.Url(keys)}}"}]}""");

    private void Fail(string place) => _servers.Serve(place, context =>
    {
        context.Response.StatusCode = (int)HttpStatusCode.ServiceUnavailable;
        return Task.CompletedTask;
    });

    private Task<SignerKey> FindAsync(Signer signer, string keyId) => _directory.KeysOf(signer).FindAsync(keyId, default).AsTask();

    private async Task AssertFoundAsync(Signer signer, string keyId)
    {
        var found = Assert.IsType<SignerKey.Found>(await FindAsync(signer, keyId));
        Assert.Equal((keyId, signer.AgentUrl, KeyStanding.Good), (found.Key.KeyId, found.Signer, found.Standing));
    }

    private async Task AssertUnavailableAsync(string code, Signer signer) => Assert.Equal(new SignerKey.Unavailable(code), await FindAsync(signer, "k1"));
}
