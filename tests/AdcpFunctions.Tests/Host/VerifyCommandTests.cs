using System.Text.Json;
using System.Text.Json.Nodes;
using AdcpFunctions.Host;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>The subcommand: a line for each vector, and an exit code that says whether they came out as they should.</summary>
public sealed class VerifyCommandTests : IDisposable
{
    private const string Vectors = "adcp-3.1.19/vectors";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("verify-");

    [Theory]
    [InlineData("webhook-signing", 29, 8)]
    [InlineData("request-signing", 71, 37)]
    [InlineData("request-signing/canonicalization.json", 31, 25)]
    [InlineData("webhook-hmac-sha256.json", 29, 14)]
    [InlineData("", 129, 59)]
    public async Task Every_official_vector_comes_out_as_its_file_expects(string path, int count, int accepted)
    {
        (int code, JsonObject[] lines, string errors) = await RunAsync(SharedAssets.Require(Path.Combine(Vectors, path)));

        Assert.Equal((0, "", count, accepted), (code, errors, lines.Length, lines.Count(l => (bool)l["accepted"]!)));
    }

    [Fact]
    public async Task A_line_names_the_vector_whether_it_is_accepted_and_the_code()
    {
        using StringWriter output = new(), errors = new();

        await VerifyCommand.RunAsync([SharedAssets.Require(Vectors + "/webhook-signing/negative")], output, errors);

        Assert.StartsWith("""{"vector":"001-wrong-tag","accepted":false,"error_code":"webhook_signature_tag_invalid"}""", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missed_expectation_is_exit_code_1_and_is_said()
    {
        string file = Copy("positive/001-basic-post.json", v => v["request"]!["body"] = "{}");

        (int code, JsonObject[] lines, string errors) = await RunAsync(file, "--keys", Keys());

        Assert.Equal((1, "webhook_signature_digest_mismatch", "vector: expected accepted"), (code, (string?)Assert.Single(lines)["error_code"], errors));
    }

    [Fact]
    public async Task Another_code_than_the_expected_is_a_miss()
    {
        string file = Copy("negative/001-wrong-tag.json", v => v["expected_outcome"]!["error_code"] = "webhook_signature_invalid");

        Assert.Equal(1, (await RunAsync("--keys", Keys(), file)).Code);
    }

    [Fact]
    public async Task Keys_lie_beside_the_vector_or_above_it()
    {
        string file = Copy("positive/001-basic-post.json", _ => { });
        Assert.Equal(2, (await RunAsync(file)).Code);

        File.Copy(Keys(), Path.Combine(_folder.FullName, "keys.json"));
        string below = Directory.CreateDirectory(Path.Combine(_folder.FullName, "a", "b")).FullName;
        File.Copy(file, Path.Combine(below, "vector.json"));

        Assert.Equal(0, (await RunAsync(file)).Code);
        Assert.Equal(0, (await RunAsync(below)).Code);
    }

    [Fact]
    public async Task A_signed_body_that_names_a_key_twice_is_malformed()
    {
        SigningKeyPair key = SigningKeyPair.Ed25519();
        DateTimeOffset now = DateTimeOffset.FromUnixTimeSeconds(1776520800);
        SentMessage sent = Signed.Webhook(key, "https://buyer.example.com/hooks/t/1", """{"a":1,"a":1}"""u8.ToArray(), now).Sent();
        string file = Write("vector.json", new JsonObject
        {
            ["reference_now"] = now.ToUnixTimeSeconds(),
            ["request"] = new JsonObject
            {
                ["method"] = "POST",
                ["url"] = sent.Url,
                ["headers"] = new JsonObject(sent.Headers.Select(h => KeyValuePair.Create(h.Key, (JsonNode?)h.Value[0]))),
                ["body"] = """{"a":1,"a":1}""",
            },
            ["jwks_override"] = JsonNode.Parse(key.Jwks()),
            ["expected_outcome"] = new JsonObject { ["success"] = false, ["error_code"] = "webhook_body_malformed" },
        }.ToJsonString());

        Assert.Equal((0, ""), (await RunAsync(file)) is var (code, _, errors) ? (code, errors) : default);
    }

    [Theory]
    [InlineData("nothing is named")]
    [InlineData("an empty name", "")]
    [InlineData("an option that is none", "--all")]
    [InlineData("an option without its value", "x", "--keys")]
    [InlineData("an empty option", "x", "--keys", "")]
    [InlineData("two names", "x", "y")]
    [InlineData("there is no such file", "/there/is/no/such/file.json")]
    [InlineData("a name that is none", "\0")]
    public async Task What_cannot_be_verified_is_exit_code_2_and_one_line(string reason, params string[] arguments)
    {
        (int code, JsonObject[] lines, string errors) = await RunAsync(arguments);

        Assert.True((code, lines.Length) == (2, 0) && errors.Length > 0 && !errors.Contains('\n'), $"{reason}: {errors}");
    }

    [Theory]
    [InlineData("not JSON at all", "{")]
    [InlineData("no bytes", "")]
    [InlineData("no object", "[]")]
    [InlineData("another kind of file", """{"vectors":[]}""")]
    [InlineData("a request that is none", """{"reference_now":1,"request":7,"expected_outcome":{}}""")]
    [InlineData("a clock that is none", """{"reference_now":"x","request":{"headers":{}},"expected_outcome":{"success":true}}""")]
    [InlineData("a case that is none", """{"cases":[7]}""")]
    [InlineData("HMAC vectors without their lists", """{"rejection_vectors":7,"secret":"x"}""")]
    [InlineData("a policy that is none", """{"reference_now":1,"request":{"headers":{}},"verifier_capability":{"covers_content_digest":"maybe","supported":true}}""")]
    public async Task A_file_that_is_no_vector_is_exit_code_2_and_one_line(string reason, string content)
    {
        (int code, _, string errors) = await RunAsync(Write("vector.json", content));

        Assert.True(code == 2 && errors.Length > 0 && !errors.Contains('\n'), $"{reason}: {code} {errors}");
    }

    [Fact]
    public async Task An_empty_folder_and_a_huge_file_are_refused()
    {
        (int empty, _, string nothing) = await RunAsync(_folder.FullName);
        using (FileStream file = File.Create(Path.Combine(_folder.FullName, "huge.json")))
            file.SetLength(64L * 1024 * 1024);
        (int huge, _, string tooMuch) = await RunAsync(_folder.FullName);

        Assert.Equal((2, 2), (empty, huge));
        Assert.Contains("no signing vector", nothing, StringComparison.Ordinal);
        Assert.Contains("larger than", tooMuch, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_is_help()
    {
        using StringWriter output = new(), errors = new();

        Assert.Equal((0, ""), (await VerifyCommand.RunAsync(["--help"], output, errors), errors.ToString()));
        Assert.Contains("--keys", output.ToString(), StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static string Keys() => SharedAssets.Require(Vectors + "/webhook-signing/keys.json");

    private string Copy(string vector, Action<JsonObject> change)
    {
        JsonObject read = JsonNode.Parse(File.ReadAllBytes(SharedAssets.Require($"{Vectors}/webhook-signing/{vector}")))!.AsObject();
        change(read);
        return Write("vector.json", read.ToJsonString());
    }

    private string Write(string name, string content)
    {
        string path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, content);
        return path;
    }

    private static async Task<(int Code, JsonObject[] Lines, string Errors)> RunAsync(params string[] arguments)
    {
        using StringWriter output = new(), errors = new();
        int code = await VerifyCommand.RunAsync(arguments, output, errors);
        return (code, [.. output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries).Select(l => JsonSerializer.Deserialize<JsonObject>(l)!)], errors.ToString().Trim());
    }
}
