using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>Pinned keys: what the operator registered, and nothing else.</summary>
public sealed class SignerDirectoryTests : IAsyncLifetime
{
    private const string Agent = "https://seller.example/mcp";

    private KeyServers _servers = null!;

    public async ValueTask InitializeAsync() => _servers = await KeyServers.StartAsync();

    public ValueTask DisposeAsync() => _servers.DisposeAsync();

    [Fact]
    public async Task A_pinned_key_is_found_under_its_signer()
    {
        var found = Assert.IsType<SignerKey.Found>(await FindAsync(Pinned("k1", "k2"), "k2"));

        Assert.Equal(("k2", Agent, KeyStanding.Good), (found.Key.KeyId, found.Signer, found.Standing));
    }

    [Fact]
    public async Task A_key_that_is_not_pinned_is_unknown_and_nothing_is_fetched_for_it()
    {
        Signer signer = Pinned("k1") with { JwksUri = "https://seller.example/keys" };

        Assert.IsType<SignerKey.Unknown>(await FindAsync(signer, "k2"));
        Assert.IsType<SignerKey.Unknown>(await FindAsync(signer, "K1"));
        Assert.Empty(_servers.Asked);
    }

    [Fact]
    public async Task A_published_test_key_is_never_found()
    {
        Signer signer = Pinned("test-ed25519-webhook-2026", "k1");

        Assert.IsType<SignerKey.Unknown>(await FindAsync(signer, "test-ed25519-webhook-2026"));
        Assert.IsType<SignerKey.Found>(await FindAsync(signer, "k1"));
    }

    [Fact]
    public async Task A_key_the_operator_withdrew_is_revoked_and_its_neighbour_is_not()
    {
        Signer signer = Pinned("k1", "k2") with { RevokedKeys = ["k1"] };

        Assert.Equal(KeyStanding.Revoked, await StandingAsync(signer, "k1"));
        Assert.Equal(KeyStanding.Good, await StandingAsync(signer, "k2"));
    }

    [Theory]
    [InlineData("\"2026-03-01T09:00:00Z\"", KeyStanding.Revoked)]
    [InlineData("\"2026-03-01T09:00:01Z\"", KeyStanding.Good)]
    [InlineData("\"yesterday\"", KeyStanding.Revoked)]
    [InlineData("1", KeyStanding.Revoked)]
    [InlineData("null", KeyStanding.Good)]
    public async Task A_pinned_key_is_revoked_from_the_moment_it_says(string revokedAt, KeyStanding standing)
    {
        var signer = new Signer(Agent, Jwks: $$"""{"keys":[{"kid":"k1","kty":"OKP","crv":"Ed25519","x":"AAAA","revoked_at":{{revokedAt}}}]}""");

        Assert.Equal(standing, await StandingAsync(signer, "k1"));
    }

    [Fact]
    public async Task What_is_withdrawn_by_hand_needs_no_list_to_say_so()
    {
        Signer signer = Pinned("k1") with { RevokedKeys = ["k1"], RevocationListUrl = _servers.Url("seller.example/revoked") };

        Assert.Equal(KeyStanding.Revoked, await StandingAsync(signer, "k1"));
        Assert.Empty(_servers.Asked);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"keys":[{"kid":"k1"},{"kid":"k1"}]}""")]
    [InlineData("""{"keys":[{"kid":"k1"}],"keys":[]}""")]
    public async Task A_pinned_set_that_is_none_is_not_trusted(string jwks) =>
        Assert.Equal(new SignerKey.Unavailable("signature_jwks_untrusted"), await FindAsync(new Signer(Agent, jwks), "k1"));

    private ValueTask<SignerKey> FindAsync(Signer signer, string keyId) => _servers.Directory().KeysOf(signer).FindAsync(keyId, default);

    private async Task<KeyStanding> StandingAsync(Signer signer, string keyId) => Assert.IsType<SignerKey.Found>(await FindAsync(signer, keyId)).Standing;

    private static Signer Pinned(params string[] keyIds) => new(Agent, Jwks: KeyServers.Set(keyIds));
}
