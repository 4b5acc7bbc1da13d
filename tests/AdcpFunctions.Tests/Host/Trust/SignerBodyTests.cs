using System.Text;
using System.Text.Json;
using AdcpFunctions.Host;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

public class SignerBodyTests
{
    public static TheoryData<string> KeyFiles => ["adcp-3.1.19/vectors/webhook-signing/keys.json", "adcp-3.1.19/vectors/request-signing/keys.json"];

    [Theory]
    [MemberData(nameof(KeyFiles))]
    public void Every_key_of_the_published_files_is_known(string file)
    {
        IReadOnlyList<JsonWebKey> keys = JsonWebKey.ReadSet(File.ReadAllBytes(SharedAssets.Require(file)))!;

        Assert.NotEmpty(keys);
        Assert.All(keys, key => Assert.True(PublishedTestKeys.Contains(key), key.KeyId));
        Assert.All(keys, key => Assert.True(PublishedTestKeys.Contains(key with { KeyId = "ours" }), key.KeyId));
        Assert.All(keys, key => Assert.True(PublishedTestKeys.Contains(key with { X = null }), key.KeyId));
    }

    [Theory]
    [InlineData("y7tTfeqazsFeTn3ccCzQlcJ4qFWuYsu+JkJAcfc9VoA=")]
    [InlineData("y7tTfeqazsFeTn3ccCzQlcJ4qFWuYsu+JkJAcfc9VoA")]
    public void The_same_key_in_another_spelling_is_the_same_key(string x) => Assert.True(PublishedTestKeys.Contains(Key("ours", x)));

    [Fact]
    public void A_key_of_ones_own_is_none_of_them() => Assert.False(PublishedTestKeys.Contains(Key("ours", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")));

    [Theory]
    [InlineData("test-ed25519-webhook-2026", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    [InlineData("ours", "y7tTfeqazsFeTn3ccCzQlcJ4qFWuYsu-JkJAcfc9VoA")]
    public void A_registration_with_one_is_refused(string kid, string x)
    {
        JsonElement jwks = JsonElement.Parse(Encoding.UTF8.GetBytes($$"""{"keys":[{"kid":"good","kty":"OKP","crv":"Ed25519","x":"AAAA"},{"kid":"{{kid}}","kty":"OKP","crv":"Ed25519","x":"{{x}}"}]}"""));

        ProblemIssue problem = Assert.Single(new SignerBody("https://seller.example/mcp", jwks).Problems("/signer"));

        Assert.Equal(("published_test_key", "/signer/jwks"), (problem.Code, problem.Pointer));
    }

    [Theory]
    [InlineData("d")]
    [InlineData("k")]
    public void A_registration_with_a_private_half_is_refused(string member)
    {
        JsonElement jwks = JsonElement.Parse(Encoding.UTF8.GetBytes($$"""{"keys":[{"kid":"k1","kty":"OKP","crv":"Ed25519","x":"AAAA","{{member}}":"AAAA"}]}"""));

        ProblemIssue problem = Assert.Single(new SignerBody("https://seller.example/mcp", jwks).Problems("/signer"));

        Assert.Equal(("private_key", "/signer/jwks"), (problem.Code, problem.Pointer));
    }

    [Theory]
    [InlineData("http://seller.example/mcp")]
    [InlineData("https://user@seller.example/mcp")]
    [InlineData("https://seller.example/mcp#part")]
    [InlineData("https://seller.example\\@evil.example/mcp")]
    public void A_registration_with_an_address_that_would_never_be_fetched_is_refused(string url)
    {
        Assert.Equal("/signer/agent_url", Assert.Single(new SignerBody(url).Problems("/signer")).Pointer);
        Assert.Equal("/signer/jwks_uri", Assert.Single(new SignerBody("https://seller.example/mcp", JwksUri: url).Problems("/signer")).Pointer);
    }

    private static JsonWebKey Key(string kid, string x) => new(kid, "OKP", "Ed25519", "EdDSA", "sig", ["verify"], "webhook-signing", null, x, null);
}
