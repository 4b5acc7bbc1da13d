using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using AdcpFunctions.Host;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace AdcpFunctions.Tests.Host;

/// <summary>Signed lists of withdrawn keys: each begins valid, and one thing of it is broken.</summary>
public sealed class RevocationListTests : IAsyncLifetime, IDisposable
{
    private const string Place = "seller.example/revoked";

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private KeyServers _servers = null!;
    private SignerDirectory _directory = null!;
    private Signer _signer = null!;

    public async ValueTask InitializeAsync()
    {
        _servers = await KeyServers.StartAsync();
        _directory = _servers.Directory();
        ECPoint point = _key.ExportParameters(false).Q;
        string jwk = $$"""{"kid":"list","kty":"EC","crv":"P-256","alg":"ES256","x":"{{Base64Url.EncodeToString(point.X)}}","y":"{{Base64Url.EncodeToString(point.Y)}}"}""";
        _signer = new Signer("https://seller.example/mcp", $$"""{"keys":[{{jwk}},{{jwk.Replace("\"list\"", "\"k1\"", StringComparison.Ordinal)}},{{jwk.Replace("\"list\"", "\"k2\"", StringComparison.Ordinal)}}]}""", RevocationListUrl: _servers.Url(Place));
    }

    public ValueTask DisposeAsync() => _servers.DisposeAsync();

    public void Dispose() => _key.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_key_on_the_list_is_revoked_and_another_is_good(bool compact)
    {
        _servers.Serve(Place, Signed(Content(revoked: "k1"), compact: compact));

        Assert.Equal(KeyStanding.Revoked, await StandingAsync("k1"));
        Assert.Equal(KeyStanding.Good, await StandingAsync("k2"));
        Assert.Single(_servers.Asked);
    }

    [Theory]
    [InlineData(false, KeyStanding.Revoked)]
    [InlineData(true, KeyStanding.RevocationStale)]
    public async Task A_list_may_be_signed_with_Ed25519_and_by_no_other_key(bool forged, KeyStanding expected)
    {
        SigningKeyPair owner = SigningKeyPair.Ed25519("list");
        string header = Base64Url.EncodeToString("""{"alg":"EdDSA","kid":"list","typ":"adcp-gov-revocation+jws"}"""u8);
        string payload = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(Content(revoked: "list")));
        byte[] signature = (forged ? SigningKeyPair.Ed25519("list") : owner).Sign(Encoding.ASCII.GetBytes($"{header}.{payload}"));
        _servers.Serve(Place, $"{header}.{payload}.{Base64Url.EncodeToString(signature)}");
        _signer = _signer with { Jwks = owner.Jwks() };

        Assert.Equal(expected, await StandingAsync("list"));
    }

    [Fact]
    public async Task A_list_that_was_never_read_is_stale()
    {
        Assert.Equal(KeyStanding.RevocationStale, await StandingAsync("k1"));
        Assert.Single(_servers.Log.Of(5220));
    }

    [Theory]
    [InlineData("typ")]
    [InlineData("alg")]
    [InlineData("none")]
    [InlineData("crit")]
    [InlineData("kid")]
    public async Task A_list_under_another_header_is_not_taken(string broken)
    {
        string header = broken switch
        {
            "typ" => """{"alg":"ES256","kid":"list","typ":"JWT"}""",
            "alg" => """{"alg":"EdDSA","kid":"list","typ":"adcp-gov-revocation+jws"}""",
            "none" => """{"alg":"none","kid":"list","typ":"adcp-gov-revocation+jws"}""",
            "crit" => """{"alg":"ES256","kid":"list","typ":"adcp-gov-revocation+jws","crit":["exp"],"exp":1}""",
            _ => """{"alg":"ES256","kid":"nobody's","typ":"adcp-gov-revocation+jws"}""",
        };
        _servers.Serve(Place, Signed(Content(), header));

        Assert.Equal(KeyStanding.RevocationStale, await StandingAsync("k1"));
    }

    [Fact]
    public async Task A_list_signed_by_somebody_else_is_not_taken()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _servers.Serve(Place, Signed(Content(), key: other));

        Assert.Equal(KeyStanding.RevocationStale, await StandingAsync("k1"));
    }

    [Fact]
    public async Task A_list_changed_after_it_was_signed_is_not_taken()
    {
        string[] good = Signed(Content(revoked: "k1"), compact: true).Split('.');
        string[] other = Signed(Content(), compact: true).Split('.');
        _servers.Serve(Place, $"{good[0]}.{other[1]}.{good[2]}");

        Assert.Equal(KeyStanding.RevocationStale, await StandingAsync("k1"));
    }

    [Theory]
    [InlineData("""{"updated":"U","next_update":"N","revoked_kids":[]}""")]
    [InlineData("""{"issuer":"https://other.example/mcp","updated":"U","next_update":"N","revoked_kids":[]}""")]
    [InlineData("""{"issuer":"https://seller.example/mcp","next_update":"N","revoked_kids":[]}""")]
    [InlineData("""{"issuer":"https://seller.example/mcp","updated":"U","revoked_kids":[]}""")]
    [InlineData("""{"issuer":"https://seller.example/mcp","updated":"N","next_update":"U","revoked_kids":[]}""")]
    [InlineData("""{"issuer":"https://seller.example/mcp","updated":"U","next_update":"N"}""")]
    [InlineData("""{"issuer":"https://seller.example/mcp","updated":"U","next_update":"N","revoked_kids":"k1"}""")]
    [InlineData("""{"issuer":"https://seller.example/mcp","updated":"U","next_update":"N","revoked_kids":[1]}""")]
    [InlineData("""{"issuer":"https://seller.example/mcp","updated":"U","next_update":"N","revoked_kids":["k1"],"revoked_kids":[]}""")]
    [InlineData("""{"issuer":"https://seller.example/mcp","updated":"2026-03-01T09:01:01Z","next_update":"2026-03-01T10:00:00Z","revoked_kids":[]}""")]
    [InlineData("[]")]
    public async Task A_list_that_does_not_say_all_it_must_is_not_taken(string content)
    {
        _servers.Serve(Place, Signed(content.Replace("\"U\"", "\"2026-03-01T09:00:00Z\"", StringComparison.Ordinal).Replace("\"N\"", "\"2026-03-01T09:15:00Z\"", StringComparison.Ordinal)));

        Assert.Equal(KeyStanding.RevocationStale, await StandingAsync("k1"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a.b")]
    [InlineData("a.b.c")]
    [InlineData("a.b.c.d")]
    [InlineData("{}")]
    [InlineData("""{"protected":"!","payload":"!","signature":"!"}""")]
    [InlineData("{")]
    public async Task What_is_no_signed_list_is_not_taken(string served)
    {
        _servers.Serve(Place, served);

        Assert.Equal(KeyStanding.RevocationStale, await StandingAsync("k1"));
    }

    [Fact]
    public async Task It_is_asked_for_again_when_the_next_one_is_promised()
    {
        _servers.Serve(Place, Signed(Content()));
        Assert.Equal(KeyStanding.Good, await StandingAsync("k1"));
        _servers.Serve(Place, Signed(Content(minute: 15, revoked: "k1")));

        _servers.Time.Advance(TimeSpan.FromMinutes(15) - TimeSpan.FromSeconds(1));
        Assert.Equal(KeyStanding.Good, await StandingAsync("k1"));
        _servers.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(KeyStanding.Revoked, await StandingAsync("k1"));
        Assert.Equal(2, _servers.Asked.Count);
    }

    [Theory]
    [InlineData(1.0 / 60, 1)]
    [InlineData(24 * 60, 30)]
    public async Task It_is_asked_for_neither_more_often_than_each_minute_nor_less_than_each_half_hour(double promisedMinutes, int polledMinutes)
    {
        _servers.Serve(Place, Signed(Content(minutes: promisedMinutes)));
        await StandingAsync("k1");

        _servers.Time.Advance(TimeSpan.FromMinutes(polledMinutes) - TimeSpan.FromSeconds(1));
        await StandingAsync("k1");
        Assert.Single(_servers.Asked);
        _servers.Time.Advance(TimeSpan.FromSeconds(1));
        await StandingAsync("k1");
        Assert.Equal(2, _servers.Asked.Count);
    }

    [Fact]
    public async Task A_list_serves_through_an_outage_until_four_intervals_after_the_next_was_promised()
    {
        _servers.Serve(Place, Signed(Content(revoked: "k1")));
        await StandingAsync("k1");
        _servers.Serve(Place, Failing);

        // 15 minutes to the next, and four times 15.
        _servers.Time.Advance(TimeSpan.FromMinutes(75) - TimeSpan.FromSeconds(1));
        Assert.Equal(KeyStanding.Good, await StandingAsync("k2"));
        _servers.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(KeyStanding.RevocationStale, await StandingAsync("k2"));
        Assert.Equal(KeyStanding.RevocationStale, await StandingAsync("k1"));
    }

    [Fact]
    public async Task A_stale_list_that_is_served_again_stays_stale_and_a_new_one_mends_it()
    {
        _servers.Serve(Place, Signed(Content()));
        await StandingAsync("k1");
        _servers.Time.Advance(TimeSpan.FromMinutes(75));
        for (int i = 0; i < 5; i++)
            Assert.Equal(KeyStanding.RevocationStale, await StandingAsync("k1"));
        Assert.Equal(2, _servers.Asked.Count);

        _servers.Serve(Place, Signed(Content(minute: 75)));
        _servers.Time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(KeyStanding.Good, await StandingAsync("k1"));
    }

    [Theory]
    [InlineData(-1, null)]
    [InlineData(0, null)]
    public async Task An_older_list_or_another_of_the_same_moment_takes_nothing_back(int minute, string? revoked)
    {
        _servers.Serve(Place, Signed(Content(revoked: "k1")));
        await StandingAsync("k1");
        _servers.Serve(Place, Signed(Content(minute: minute, revoked: revoked)));
        _servers.Time.Advance(TimeSpan.FromMinutes(15));

        Assert.Equal(KeyStanding.Revoked, await StandingAsync("k1"));
        Assert.Contains("RolledBack", Assert.Single(_servers.Log.Of(5220)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_by_a_key_that_the_one_before_revoked_is_not_taken()
    {
        _servers.Serve(Place, Signed(Content(revoked: "list")));
        await StandingAsync("k1");
        _servers.Serve(Place, Signed(Content(minute: 15)));
        _servers.Time.Advance(TimeSpan.FromMinutes(15));

        Assert.Equal(KeyStanding.Revoked, await StandingAsync("list"));
        Assert.Contains("SignedWithRevokedKey", Assert.Single(_servers.Log.Of(5220)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_by_a_key_the_operator_withdrew_says_nothing_any_longer()
    {
        _servers.Serve(Place, Signed(Content()));
        Assert.Equal(KeyStanding.Good, await StandingAsync("k1"));

        _signer = _signer with { RevokedKeys = ["list"] };

        Assert.Equal(KeyStanding.RevocationStale, await StandingAsync("k1"));
    }

    private static Task Failing(HttpContext context)
    {
        context.Response.StatusCode = 500;
        return Task.CompletedTask;
    }

    private static string Content(int minute = 0, double minutes = 15, string? revoked = null)
    {
        DateTimeOffset updated = new DateTimeOffset(2026, 3, 1, 9, 0, 0, TimeSpan.Zero).AddMinutes(minute);
        return $$"""{"issuer":"https://seller.example/mcp","updated":"{{updated:O}}","next_update":"{{updated.AddMinutes(minutes):O}}","revoked_kids":[{{(revoked is null ? "" : $"\"{revoked}\"")}}],"revoked_jtis":[]}""";
    }

    private string Signed(string content, string header = """{"alg":"ES256","kid":"list","typ":"adcp-gov-revocation+jws"}""", bool compact = false, ECDsa? key = null)
    {
        string protectedPart = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header)), payload = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(content));
        string signature = Base64Url.EncodeToString((key ?? _key).SignData(Encoding.ASCII.GetBytes($"{protectedPart}.{payload}"), HashAlgorithmName.SHA256));
        return compact ? $"{protectedPart}.{payload}.{signature}" : $$"""{"protected":"{{protectedPart}}","payload":"{{payload}}","signature":"{{signature}}"}""";
    }

    private async Task<KeyStanding> StandingAsync(string keyId) => Assert.IsType<SignerKey.Found>(await _directory.KeysOf(_signer).FindAsync(keyId, default)).Standing;
}
