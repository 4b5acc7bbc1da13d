using System.Text.Json;
using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Protocol;

public class TargetUriTests
{
    private const string Cases = "adcp-3.1.19/vectors/request-signing/canonicalization.json";

    public static TheoryData<string> Names
    {
        get
        {
            string path = Path.GetFullPath(Path.Combine(SharedAssets.RepositoryRoot, "..", "shared", Cases));
            return File.Exists(path) ? new TheoryData<string>(Read(path).Select(c => c.GetProperty("name").GetString()!)) : [];
        }
    }

    [Fact]
    public void The_official_cases_are_31() => Assert.Equal(31, Read(SharedAssets.Require(Cases)).Length);

    [Theory]
    [MemberData(nameof(Names))]
    public void Spells_every_official_case_as_the_specification_does(string name)
    {
        JsonElement one = Read(SharedAssets.Require(Cases)).Single(c => c.GetProperty("name").GetString() == name);

        TargetUri? target = TargetUri.Of(one.GetProperty("input_url").GetString()!);

        Assert.Equal(one.TryGetProperty("expected_target_uri", out JsonElement text) ? text.GetString() : null, target?.Text);
        Assert.Equal(one.TryGetProperty("expected_authority", out JsonElement authority) ? authority.GetString() : null, target?.Authority);
    }

    [Theory]
    [InlineData("https://h.example/a/..", "https://h.example/", "the last segment")]
    [InlineData("https://h.example/../../a", "https://h.example/a", "no further up than the root")]
    [InlineData("https://h.example/a/.", "https://h.example/a/", "a last dot leaves its slash")]
    [InlineData("https://h.example/.a/..b/...", "https://h.example/.a/..b/...", "dots that are names")]
    [InlineData("https://h.example//", "https://h.example//", "empty segments")]
    [InlineData("https://h.example/a%2e%2E/b", "https://h.example/a../b", "escapes are read after dots are gone")]
    [InlineData("https://h.example/?a=%7e%41%2f", "https://h.example/?a=%7e%41%2f", "the query as it is")]
    [InlineData("https://h.example/?a=/../b", "https://h.example/?a=/../b", "dots in the query")]
    [InlineData("https://h.example?#x", "https://h.example/?", "an empty query before a fragment")]
    [InlineData("https://h.example#?x", "https://h.example/", "a query that is a fragment")]
    [InlineData("https://h.example./a", "https://h.example/a", "the root's dot")]
    [InlineData("https://h.example:80/", "https://h.example:80/", "another scheme's port")]
    [InlineData("http://h.example:443/", "http://h.example:443/", "another scheme's port")]
    [InlineData("https://h.example/p@q:1", "https://h.example/p@q:1", "signs in the path")]
    [InlineData("https://МОСКВА.example/", "https://xn--80adxhks.example/", "Cyrillic")]
    [InlineData("https://faß.example/", "https://xn--fa-hia.example/", "sharp s is a letter of its own")]
    public void Spells(string url, string text, string reason) => Assert.True(TargetUri.Of(url)?.Text == text, $"{reason}: {TargetUri.Of(url)?.Text}");

    [Theory]
    [InlineData("")]
    [InlineData("/adcp/report_usage")]
    [InlineData("h.example/p")]
    [InlineData("ftp://h.example/p")]
    [InlineData(" https://h.example/p")]
    [InlineData("https:/h.example/p")]
    [InlineData("https://h.example:/p")]
    [InlineData("https://h.example:0443/p")]
    [InlineData("https://h.example:0/p")]
    [InlineData("https://h.example:65536/p")]
    [InlineData("https://h.example:+1/p")]
    [InlineData("https://h.example:4４3/p")]
    [InlineData("https://h..example/p")]
    [InlineData("https://.example/p")]
    [InlineData("https://h.example../p")]
    [InlineData("https://./p")]
    [InlineData("https://a@b@h.example/p")]
    [InlineData("https://h example/p")]
    [InlineData("https://h.example\\@evil.example/p")]
    [InlineData("https://h%2eexample/p")]
    [InlineData("https://[::1/p")]
    [InlineData("https://[]/p")]
    [InlineData("https://[::1]x/p")]
    [InlineData("https://[::1]x:8443/p")]
    [InlineData("https://[1.2.3.4]/p")]
    [InlineData("https://[v1.x]/p")]
    [InlineData("https://[::g]/p")]
    [InlineData("https://::1/p")]
    [InlineData("https://h.example/a%")]
    [InlineData("https://h.example/a%2")]
    [InlineData("https://h.example/a%zz")]
    [InlineData("https://h.example/a b")]
    [InlineData("https://h.example/a\nb")]
    [InlineData("https://h.example/ü")]
    [InlineData("https://h.example/?ü")]
    [InlineData("https://\u0130.example/")]
    [InlineData("https://\uFF48.example/")]
    [InlineData("https://u\u0308.example/")]
    [InlineData("https://\u212Aelvin.example/")]
    [InlineData("https://\u2100.example/")]
    public void Is_no_address(string url) => Assert.Null(TargetUri.Of(url));

    [Fact]
    public void A_label_is_63_characters_long_at_most_and_a_host_253()
    {
        string label = new('a', 63);

        Assert.NotNull(TargetUri.Of($"https://{label}.example/"));
        Assert.Null(TargetUri.Of($"https://{label}a.example/"));
        Assert.NotNull(TargetUri.Of($"https://{label}.{label}.{label}.{label[..61]}/"));
        Assert.Null(TargetUri.Of($"https://{label}.{label}.{label}.{label[..62]}/"));
    }

    [Fact]
    public void The_canonical_form_of_a_canonical_form_is_itself()
    {
        foreach (JsonElement one in Read(SharedAssets.Require(Cases)))
        {
            if (one.TryGetProperty("expected_target_uri", out JsonElement text))
                Assert.Equal(text.GetString(), TargetUri.Of(text.GetString()!)!.Text);
        }
    }

    private static JsonElement[] Read(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        return [.. document.RootElement.Clone().GetProperty("cases").EnumerateArray()];
    }
}
