using System.Text;
using AdcpFunctions.Host;

namespace AdcpFunctions.Tests.Host;

public class BrandJsonTests
{
    private const string Agent = "https://seller.example/mcp";

    [Theory]
    [InlineData("""{"agents":[{"url":"https://seller.example/mcp","jwks_uri":"https://keys.example/a"}]}""", "https://keys.example/a")]
    [InlineData("""{"agents":[{"url":"https://other.example/mcp","jwks_uri":"https://keys.example/b"},{"url":"https://seller.example/mcp"}]}""", null)]
    [InlineData("""{"house":{"domain":"seller.example","agents":[{"url":"https://seller.example/mcp"}]},"brands":[]}""", null)]
    [InlineData("""{"brands":[{"agents":[]},{"agents":[{"url":"https://seller.example/mcp"}]},{"id":"x"},7]}""", null)]
    public void An_agent_is_listed_at_the_top_below_the_house_or_below_a_brand(string json, string? jwksUri) => Assert.Equal(new BrandJson.Listed(jwksUri), Read(json));

    [Theory]
    [InlineData("""{"authoritative_location":"https://house.example/brand.json"}""", "https://house.example/brand.json")]
    [InlineData("""{"house":"house.example","note":"see there"}""", "https://house.example/.well-known/brand.json")]
    public void A_document_may_point_elsewhere(string json, string url) => Assert.Equal(new BrandJson.Elsewhere(url), Read(json));

    [Theory]
    [InlineData("""{"agents":[{"url":"https://seller.example/mcp"},{"url":"https://seller.example/mcp","jwks_uri":"https://evil.example"}]}""")]
    [InlineData("""{"agents":[{"url":"https://seller.example/mcp"}],"brands":[{"agents":[{"url":"https://seller.example/mcp"}]}]}""")]
    [InlineData("""{"agents":[{"url":"https://seller.example/mcp"}],"authoritative_location":"https://house.example/brand.json"}""")]
    [InlineData("""{"house":"house.example","authoritative_location":"https://house.example/brand.json"}""")]
    public void What_can_be_read_in_two_ways_is_read_in_none(string json) => Assert.Equal("signature_brand_json_ambiguous", Code(json));

    [Theory]
    [InlineData("")]
    [InlineData("<html></html>")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"agents":[{"url":"https://seller.example/mcp"}]""")]
    [InlineData("""{"agents":[],"agents":[{"url":"https://seller.example/mcp"}]}""")]
    [InlineData("""{"agents":[{"url":"https://other.example","url":"https://seller.example/mcp"}]}""")]
    [InlineData("""{"agents":[{"url":"https://other.example","\u0075rl":"https://seller.example/mcp"}]}""")]
    [InlineData("""{"agents":[{"url":"https://seller.example/mcp","jwks_uri":7}]}""")]
    [InlineData("""{"house":"10.0.0.1"}""")]
    [InlineData("""{"house":"house.example/x?"}""")]
    [InlineData("""{"house":"house.example@evil.example"}""")]
    public void What_is_no_such_document_is_malformed(string json) => Assert.Equal("signature_brand_json_malformed", Code(json));

    [Theory]
    [InlineData("https://seller.example/mcp/")]
    [InlineData("https://SELLER.example/mcp")]
    [InlineData("https://seller.example:443/mcp")]
    [InlineData("https://seller.example/a/../mcp")]
    [InlineData("https://seller.example/MCP")]
    public void Another_spelling_is_another_agent_and_is_told(string listed) =>
        Assert.Equal(new BrandJson.Refused("signature_agent_not_in_brand_json", listed), Read($$"""{"agents":[{"url":"{{listed}}"}]}"""));

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"agents":{}}""")]
    [InlineData("""{"agents":[{"url":"https://other.example/mcp"}]}""")]
    [InlineData("""{"agents":[{"url":7},"https://seller.example/mcp"]}""")]
    public void An_agent_that_is_not_listed_is_not_there(string json) => Assert.Equal(new BrandJson.Refused("signature_agent_not_in_brand_json"), Read(json));

    private static BrandJson Read(string json) => BrandJson.Read(Encoding.UTF8.GetBytes(json), Agent);

    private static string Code(string json) => Assert.IsType<BrandJson.Refused>(Read(json)).Code;
}
