using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>Whatever is made of a message, it is answered in the form of the protocol, and never with a fault.</summary>
public class McpMutationTests
{
    private static readonly string[] Messages =
    [
        """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{"roots":{"listChanged":true},"sampling":{},"elicitation":{}},"clientInfo":{"name":"c","title":"C","version":"0","icons":[{"src":"https://example.com/a"}]},"_meta":{"progressToken":1}}}""",
        """{"jsonrpc":"2.0","id":"two","method":"tools/list","params":{"_meta":{}}}""",
        """{"jsonrpc":"2.0","id":3,"method":"ping","params":{}}""",
        """{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"reason":"x"}}""",
        """{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"no_such_tool","arguments":{}}}""",
    ];

    [Fact]
    public async Task Mutated_messages_are_never_a_fault()
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        var random = new Random(20261121);
        string call = Rpc.Call(Usage.Request(Usage.Record()).With("context", new JsonObject { ["trace"] = "a" })).ToJsonString();
        string[] sources = [.. Messages, call, call, call];
        for (int i = 0; i < 3_000; i++)
        {
            JsonNode message = JsonNode.Parse(sources[i % sources.Length])!;
            for (int changes = random.Next(1, 4); changes > 0 && message is JsonObject or JsonArray; changes--)
                JsonMutation.Apply(message, random);
            byte[] bytes = Encoding.UTF8.GetBytes(message.ToJsonString());
            if (i % 5 == 0)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);

            HttpAnswer answer = await host.PostBytesAsync("/mcp", bytes, i % 7 == 0 ? null : buyer);

            AssertAnswered(answer, Encoding.UTF8.GetString(bytes));
        }

        Assert.DoesNotContain(host.Log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal) || line.StartsWith("Critical", StringComparison.Ordinal));
        Assert.InRange(await host.FinalsAsync(settlement), 1, 64);
    }

    private static void AssertAnswered(HttpAnswer answer, string sent)
    {
        Assert.True(answer.Status is HttpStatusCode.OK or HttpStatusCode.Accepted or HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized, $"{answer.Status} {answer.Body}\n{sent}");
        if (answer.Body.Length == 0)
        {
            Assert.True(answer.Status == HttpStatusCode.Accepted || answer.Headers.WwwAuthenticate.Count > 0, sent);
            return;
        }

        Assert.Equal((answer.MediaType, (string?)answer.Json["jsonrpc"]), ("application/json", "2.0"));
        Assert.True(answer.Json["result"] is null != answer.Json["error"] is null, $"{answer.Body}\n{sent}");
        if (answer.Json["result"]?["structuredContent"] is not null)
            Assert.Contains((string?)answer.Envelope()["status"], new[] { "completed", "failed" });
        else if (answer.Json["error"] is { } error)
            Assert.InRange((int)error["code"]!, -32700, -32000);
    }
}
