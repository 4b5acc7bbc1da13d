using System.Buffers.Text;
using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Protocol;

public class PublishedTestKeysTests
{
    [Theory]
    [InlineData("webhook-signing", 5)]
    [InlineData("request-signing", 4)]
    public void Knows_every_published_key_by_its_name_and_by_itself(string suite, int count)
    {
        IReadOnlyList<JsonWebKey> published = JsonWebKey.ReadSet(File.ReadAllBytes(SharedAssets.Require($"adcp-3.1.19/vectors/{suite}/keys.json")))!;

        Assert.Equal(count, published.Count);
        Assert.All(published, key =>
        {
            Assert.True(PublishedTestKeys.Contains(key));
            Assert.True(PublishedTestKeys.Contains(key with { KeyId = "ours" }));
            Assert.True(PublishedTestKeys.Contains(key with { KeyId = "ours", X = Convert.ToBase64String(Base64Url.DecodeFromChars(key.X)) }));
            Assert.True(PublishedTestKeys.Contains(key with { X = SigningKeyPair.Ed25519().Public().X }));
        });
    }

    [Fact]
    public void Knows_nobody_elses_key() =>
        Assert.All([SigningKeyPair.Ed25519().Public(), SigningKeyPair.Es256().Public(), SigningKeyPair.Es256().Public() with { X = null }], key => Assert.False(PublishedTestKeys.Contains(key)));
}
