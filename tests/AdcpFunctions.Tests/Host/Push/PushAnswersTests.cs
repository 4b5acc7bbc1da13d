using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AdcpFunctions.Host;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>What agents other than ours answer, and what a push makes of it.</summary>
public sealed partial class PushAnswersTests : IDisposable
{
    private readonly PushFolder _folder = new();

    [Theory]
    [InlineData("no answer")]
    [InlineData("an error page")]
    [InlineData("a transient error")]
    [InlineData("a request still in flight")]
    public async Task What_may_pass_is_tried_again_under_the_same_key(string first)
    {
        await using ScriptedAgent agent = await ScriptedAgent.StartAsync(call => call.Nth > 1 ? call.AcceptAsync() : first switch
        {
            "an error page" => call.AnswerAsync(502, "<html>", "text/html"),
            "a transient error" => call.FailAsync(200, "SOMETHING_NEW", "transient", retryAfter: 0.1),
            "a request still in flight" => call.FailAsync(409, "IDEMPOTENCY_IN_FLIGHT", "transient"),
            _ => Task.Run(call.Http.Abort),
        });

        (int code, string output, string errors) = await PushAsync(agent.Plain);

        Assert.Equal((0, ""), (code, errors));
        Assert.Contains("again in 0.5 s", output, StringComparison.Ordinal);
        Assert.Equal(2, agent.Keys.Count);
        Assert.Single(agent.Keys.Distinct());
    }

    [Fact]
    public async Task As_long_as_the_agent_asks_to_wait_it_is_waited()
    {
        await using ScriptedAgent agent = await ScriptedAgent.StartAsync(call => call.Nth > 1 ? call.AcceptAsync() : call.FailAsync(429, "RATE_LIMITED", "transient", retryAfter: 1.5));

        (int code, string output, _) = await PushAsync(agent.Plain);

        Assert.Equal(0, code);
        Assert.Contains("batch 1: RATE_LIMITED: =as scripted; again in 1.5 s", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a terminal error", "PERMISSION_DENIED")]
    [InlineData("an hour to wait", "asks to wait 3600 more")]
    [InlineData("another address", "redirects to https://elsewhere.example/")]
    [InlineData("no answer of this task", "none of report_usage's")]
    [InlineData("no such page", "HTTP 404")]
    public async Task What_will_not_pass_stops_the_push_at_once(string answer, string says)
    {
        await using ScriptedAgent agent = await ScriptedAgent.StartAsync(call =>
        {
            call.Http.Response.Headers.Location = "https://elsewhere.example/";
            return answer switch
            {
                "a terminal error" => call.FailAsync(200, "PERMISSION_DENIED", "correctable"),
                "an hour to wait" => call.FailAsync(503, "SERVICE_UNAVAILABLE", "transient", retryAfter: 3600),
                "another address" => call.AnswerAsync(307, new JsonObject()),
                "no such page" => call.AnswerAsync(404, "<html>", "text/html"),
                _ => call.AnswerAsync(200, new JsonObject { ["status"] = "submitted", ["task_id"] = "t" }),
            };
        });

        (int code, _, string errors) = await PushAsync(agent.Plain);

        Assert.Equal((3, 1), (code, agent.Keys.Count));
        Assert.Contains(says, errors.Replace(",", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_expired_is_explained_and_only_on_request_sent_under_a_new_key()
    {
        string? used = null;
        await using ScriptedAgent agent = await ScriptedAgent.StartAsync(call =>
        {
            string key = (string)call.Body["idempotency_key"]!;
            return (used ??= key) == key ? call.FailAsync(410, "IDEMPOTENCY_EXPIRED", "correctable") : call.AcceptAsync();
        });

        (int stopped, _, string errors) = await PushAsync(agent.Plain);
        (int still, _, _) = await PushAsync(agent.Plain);
        (int code, _, _) = await PushAsync(agent.Plain, more: "--resend-expired");

        Assert.Equal((3, 3, 0), (stopped, still, code));
        Assert.Contains("--resend-expired", errors, StringComparison.Ordinal);
        Assert.Equal([true, true, true, false], agent.Keys.Select(key => key == used));
        Assert.All(PushFolder.Results(File), row => Assert.Equal(("accepted", agent.Keys[^1]), (row.Status, row.Key)));
    }

    [Theory]
    [InlineData(23, 2)]
    [InlineData(25, 1)]
    public async Task What_was_in_doubt_for_longer_than_an_agent_remembers_is_sent_again_only_on_request(int hours, int sent)
    {
        await using ScriptedAgent agent = await ScriptedAgent.StartAsync(call => call.Nth > 1 ? call.AcceptAsync() : call.FailAsync(200, "PERMISSION_DENIED", "correctable"));
        (int denied, _, string errors) = await PushAsync(agent.Plain, "--new");
        string journal = File + ".push/journal.ndjson";
        await System.IO.File.WriteAllTextAsync(journal, JournalTime().Replace(await System.IO.File.ReadAllTextAsync(journal), (DateTimeOffset.UtcNow - TimeSpan.FromHours(hours)).ToString("yyyy-MM-dd'T'HH:mm:ssK", CultureInfo.InvariantCulture)));

        (int code, _, string said) = await PushAsync(agent.Plain);

        Assert.Equal((3, sent), (denied, agent.Keys.Count));
        Assert.Contains("The same command, without --new, goes on", errors, StringComparison.Ordinal);
        Assert.True(sent == 2 ? code == 0 : code == 3 && said.Contains("--resend-expired", StringComparison.Ordinal), said);
        Assert.Equal(0, (await PushAsync(agent.Plain, "--resend-expired")).Code);
        Assert.Equal((2, 1), (agent.Keys.Count, agent.Keys.Distinct().Count()));
    }

    [Theory]
    [InlineData("usage[1].currency")]
    [InlineData("/usage/1/currency")]
    [InlineData("$.usage[1]")]
    public async Task An_error_is_told_at_the_line_its_field_names(string field)
    {
        await using ScriptedAgent agent = await ScriptedAgent.StartAsync(call => call.AnswerAsync(200, Partial(call.Records - 1, field)));

        (int code, _, _) = await PushAsync(agent.Plain);

        Assert.Equal(1, code);
        Assert.Equal([(1, "accepted", "", ""), (2, "refused", "INVALID_USAGE_DATA", "'=as scripted, by an agent"), (3, "accepted", "", "")], PushFolder.Results(File).Select(row => (row.Line, row.Status, row.Code, row.Message)));
    }

    [Theory]
    [InlineData("an error without a record", 2, null)]
    [InlineData("an error of a record that was not sent", 2, "usage[3]")]
    [InlineData("all accepted, and an error", 3, "usage[1]")]
    [InlineData("none accepted, and one error", 0, "usage[1]")]
    [InlineData("all accepted, and an error without a record", 3, null)]
    [InlineData("all accepted, and an error of a record that was not sent", 3, "usage[3]")]
    public async Task An_answer_that_does_not_add_up_leaves_its_records_unclear(string answer, int accepted, string? field)
    {
        await using ScriptedAgent agent = await ScriptedAgent.StartAsync(call => call.AnswerAsync(200, Partial(accepted, field)));

        (int code, string output, _) = await PushAsync(agent.Plain);

        Assert.True(code == 1 && output.Contains("0 accepted, 0 refused, 3 unclear", StringComparison.Ordinal), answer);
        Assert.All(PushFolder.Results(File), row => Assert.Equal("unclear", row.Status));
    }

    [Theory]
    [InlineData("submitted")]
    [InlineData("working")]
    [InlineData("rejected")]
    public async Task A_count_in_an_answer_that_is_not_completed_is_believed_of_no_record(string status)
    {
        await using ScriptedAgent agent = await ScriptedAgent.StartAsync(call => call.AnswerAsync(200, new JsonObject { ["status"] = status, ["accepted"] = call.Records }));

        (int code, _, _) = await PushAsync(agent.Plain);

        Assert.Equal(3, code);
        Assert.All(PushFolder.Results(File), row => Assert.Equal("in_doubt", row.Status));
    }

    [Fact]
    public async Task A_text_that_was_cut_inside_a_character_costs_that_text_and_no_record()
    {
        await using ScriptedAgent agent = await ScriptedAgent.StartAsync(call => call.TextAsync("""{"status":"completed","accepted":2,"errors":[{"code":"INVALID_USAGE_DATA","message":"cut \ud83d","field":"usage[1]"}]}"""));

        (int code, _, _) = await PushAsync(agent.Plain);

        Assert.Equal(1, code);
        Assert.Equal(["accepted", "refused", "accepted"], PushFolder.Results(File).Select(row => row.Status));
    }

    [Fact]
    public async Task A_text_of_an_agent_is_no_formula_where_cells_end_at_semicolons_either()
    {
        JsonObject answer = Partial(2, "usage[1]");
        answer["errors"]![0]!["message"] = "no;=HYPERLINK(A1);+1;@x";
        await using ScriptedAgent agent = await ScriptedAgent.StartAsync(call => call.AnswerAsync(200, answer));

        await PushAsync(agent.Plain);

        Assert.Equal("no;'=HYPERLINK(A1);'+1;'@x", PushFolder.Results(File)[1].Message);
    }

    [Fact]
    public async Task What_no_server_of_http_says_reaches_no_terminal_as_it_is()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task said = Task.Run(async () =>
        {
            using TcpClient client = await listener.AcceptTcpClientAsync();
            await client.GetStream().WriteAsync("\u001b[2Jowned\r\n\r\n"u8.ToArray());
            Assert.Equal(1, await client.GetStream().ReadAtLeastAsync(new byte[1], 1));
        });
        using var agent = new UsageAgent(new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/"), plain: true, key: null, TimeProvider.System);

        var again = Assert.IsType<AgentAnswer.Again>(await agent.ReportAsync("{}"u8.ToArray(), TestContext.Current.CancellationToken));

        await said;
        Assert.DoesNotContain('\u001b', again.Why);
    }

    [Fact]
    public async Task A_result_file_that_cannot_be_written_is_no_push_that_did_not_happen()
    {
        await using ScriptedAgent agent = await ScriptedAgent.StartAsync(call => call.AcceptAsync());
        Directory.CreateDirectory(File + ".push/results.csv/held");

        (int code, _, string errors) = await PushAsync(agent.Plain);
        Directory.Delete(File + ".push/results.csv", recursive: true);
        (int again, _, _) = await PushAsync(agent.Plain);

        Assert.Equal((3, 0, 1), (code, again, agent.Keys.Count));
        Assert.Contains("The same command goes on", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/json", true)]
    [InlineData("text/event-stream", true)]
    [InlineData("application/json", false)]
    public async Task An_mcp_agent_is_greeted_once_whatever_the_form_of_its_answers(string mediaType, bool structured)
    {
        await using ScriptedAgent agent = await ScriptedAgent.StartAsync(call => McpAsync(call, mediaType, structured));

        (int code, _, string errors) = await PushAsync(new Uri(agent.Address, "/mcp").ToString(), more: ["--batch", "1"]);

        Assert.Equal((0, ""), (code, errors));
        Assert.Equal(["initialize", "notifications/initialized", "tools/call", "tools/call", "tools/call"], agent.Bodies.Select(body => (string?)body["method"]));
    }

    [Fact]
    public async Task An_mcp_agent_that_forgot_the_session_is_greeted_again_and_gets_the_same_key()
    {
        await using ScriptedAgent agent = await ScriptedAgent.StartAsync(call => call is { Method: "tools/call", Nth: 2 } ? call.AnswerAsync(404, new JsonObject()) : McpAsync(call, "application/json", structured: true));

        (int code, _, _) = await PushAsync(new Uri(agent.Address, "/mcp").ToString(), more: ["--batch", "1"]);

        Assert.Equal(0, code);
        Assert.Equal((2, 4, 3), (agent.Bodies.Count(body => (string?)body["method"] == "initialize"), agent.Keys.Count, agent.Keys.Distinct().Count()));
    }

    [Fact]
    public async Task A_refusal_before_the_task_is_read_from_the_error_of_json_rpc()
    {
        await using ScriptedAgent agent = await ScriptedAgent.StartAsync(call => call.Method != "tools/call" ? McpAsync(call, "application/json", structured: true) : call.AnswerAsync(401, new JsonObject
        {
            ["jsonrpc"] = "2.0",
            ["id"] = null,
            ["error"] = new JsonObject { ["code"] = -32028, ["message"] = "no", ["data"] = new JsonObject { ["adcp_error"] = new JsonObject { ["code"] = "AUTH_INVALID", ["message"] = "no", ["recovery"] = "terminal" } } },
        }));

        (int code, _, string errors) = await PushAsync(new Uri(agent.Address, "/mcp").ToString());

        Assert.Equal((3, 1), (code, agent.Keys.Count));
        Assert.Contains("AUTH_INVALID", errors, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private string File => Path.Combine(_folder.Path, "usage.ndjson");

    private Task<(int Code, string Output, string Errors)> PushAsync(string to, params string[] more) =>
        _folder.PushAsync(_folder.Write("usage.ndjson", [Usage.Record("mb1"), Usage.Record("mb2"), Usage.Record("mb3")]), to, "a-key-of-this-agent", more);

    [GeneratedRegex("(?<=\"at\":\")[^\"]+")]
    private static partial Regex JournalTime();

    private static JsonObject Partial(int accepted, string? field)
    {
        var error = new JsonObject { ["code"] = "INVALID_USAGE_DATA", ["message"] = "=as scripted, by an agent", ["recovery"] = "correctable" };
        if (field is not null)
            error["field"] = field;
        return new JsonObject { ["status"] = "completed", ["accepted"] = accepted, ["errors"] = new JsonArray(error) };
    }

    private static Task McpAsync(ScriptedCall call, string mediaType, bool structured)
    {
        switch (call.Method)
        {
            case "initialize":
                call.Http.Response.Headers["Mcp-Session-Id"] = $"session-{call.Nth}";
                return call.ResultAsync(new JsonObject { ["protocolVersion"] = "2025-06-18", ["capabilities"] = new JsonObject(), ["serverInfo"] = new JsonObject { ["name"] = "scripted", ["version"] = "1" } }, mediaType);
            case "tools/call":
                Assert.Equal("2025-06-18", call.Http.Request.Headers["MCP-Protocol-Version"]);
                Assert.StartsWith("session-", call.Http.Request.Headers["Mcp-Session-Id"], StringComparison.Ordinal);
                var answer = new JsonObject { ["accepted"] = call.Records, ["status"] = "completed" };
                return call.ResultAsync(structured ? new JsonObject { ["content"] = new JsonArray(), ["structuredContent"] = answer } : new JsonObject { ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = answer.ToJsonString() }) }, mediaType);
            default:
                call.Http.Response.StatusCode = 202;
                return Task.CompletedTask;
        }
    }
}
