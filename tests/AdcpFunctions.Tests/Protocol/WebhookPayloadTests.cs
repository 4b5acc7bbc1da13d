using System.Text;
using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Support;
using JsonNode = AdcpFunctions.Protocol.JsonNode;
using Tree = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Protocol;

/// <summary>What is found in webhook bodies of either protocol.</summary>
public class WebhookPayloadTests
{
    private const string Vectors = "adcp-3.1.19/vectors/webhook-payload-extraction.json";

    [Fact]
    public async Task The_official_vectors_are_told_apart_and_their_data_is_found()
    {
        Tree vectors = Tree.Parse(await File.ReadAllTextAsync(SharedAssets.Require(Vectors)))!["vectors"]!;
        Assert.Equal(12, vectors.AsArray().Count);
        foreach (Tree? vector in vectors.AsArray())
        {
            (PayloadFormat format, string? data, string? fault) = Read(vector!["payload"]!.ToJsonString());
            Assert.Equal(((string)vector["id"]!, (string)vector["expected_format"]!), ((string)vector["id"]!, format.ToString().ToLowerInvariant()));
            Assert.Null(fault);
            Assert.True(Tree.DeepEquals(vector["expected_data"], data is null ? null : Tree.Parse(data)), (string)vector["id"]!);
        }
    }

    [Theory]
    [InlineData("""{"task":{"id":"t","status":{"state":"TASK_STATE_COMPLETED"},"artifacts":[{"parts":[{"data":{"a":1}},{"data":{"a":2}}]}]}}""", """{"a":2}""", "the last part of a finished task, unwrapped once")]
    [InlineData("""{"statusUpdate":{"status":{"state":"TASK_STATE_INPUT_REQUIRED","message":{"parts":[{"data":{"a":1}},{"data":{"a":2}}]}}}}""", """{"a":1}""", "the first part of one that goes on")]
    [InlineData("""{"id":"t","status":{"state":"rejected","message":{"parts":[{"kind":"data","data":{"a":1}}]}},"artifacts":[]}""", """{"a":1}""", "the message where nothing was made")]
    [InlineData("""{"id":"t","status":{"state":"completed"},"artifacts":[{"parts":[{"kind":"data","data":{"a":1}}]},{"parts":[{"kind":"data","data":{"b":2}}]}]}""", """{"a":1}""", "of several artifacts the first")]
    [InlineData("""{"id":"t","status":{"state":"completed"},"artifacts":[{"parts":[{"kind":"file","data":{"a":1}}]}]}""", null, "a part of another kind is no data")]
    [InlineData("""{"artifactUpdate":{"artifact":{"parts":[{"data":{"a":1}}]}}}""", """{"a":1}""", "what an artifact update adds")]
    [InlineData("""{"id":"t","status":{"state":"completed"},"artifacts":[{"parts":[{"data":{"response":{"a":1},"more":1}}]}]}""", """{"response":{"a":1},"more":1}""", "response beside others is a member like any")]
    public void Data_of_a2a_is_found_where_its_state_puts_it(string body, string? data, string reason)
    {
        (PayloadFormat format, string? found, string? fault) = Read(body);

        Assert.True((format, found, fault) == (PayloadFormat.A2a, data, null), reason);
    }

    [Theory]
    [InlineData("""{"task":{"task":{"status":{"state":"completed"}}}}""")]
    [InlineData("""{"id":"t","status":{"state":"completed"},"artifacts":[{"parts":[{"data":{"response":{"a":1}}}]}]}""")]
    public void A_wrapper_too_many_is_malformed(string body)
    {
        (PayloadFormat format, string? data, string? fault) = Read(body);

        Assert.Equal((PayloadFormat.A2a, null), (format, data));
        Assert.NotNull(fault);
    }

    [Theory]
    [InlineData("""{"message":{"role":"agent","parts":[]}}""", PayloadFormat.A2aMessage)]
    [InlineData("""{"message":"hello"}""", PayloadFormat.Unknown)]
    [InlineData("""{"status":"completed"}""", PayloadFormat.Unknown)]
    [InlineData("""{"status":{"state":7}}""", PayloadFormat.Unknown)]
    [InlineData("""{"status":null,"task_id":"t"}""", PayloadFormat.Unknown)]
    [InlineData("""{"notification_type":"final","media_buy_deliveries":[]}""", PayloadFormat.Unknown)]
    [InlineData("""[]""", PayloadFormat.Unknown)]
    [InlineData("""7""", PayloadFormat.Unknown)]
    public void What_is_neither_is_not_taken_for_either(string body, PayloadFormat format) => Assert.Equal((format, null, null), Read(body));

    private static (PayloadFormat Format, string? Data, string? Fault) Read(string body)
    {
        using JsonTape tape = JsonTape.Rent();
        Assert.True(tape.TryRead(Encoding.UTF8.GetBytes(body), JsonLimits.Default, out _));
        var payload = WebhookPayload.Of(tape.Root);
        JsonNode data = payload.Data;
        return (payload.Format, data.Exists ? Encoding.UTF8.GetString(data.Raw) : null, payload.Fault);
    }
}
