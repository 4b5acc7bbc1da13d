using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Adapters;
using AdcpFunctions.Host;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using Microsoft.AspNetCore.Http;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>Over real TLS: what is asked of a seller's agent, and everything it may answer.</summary>
public sealed class RecordsReaderTests : IAsyncLifetime
{
    private static readonly RegisteredBuy Buy = new("default", LedgerSample.Account(), new MediaBuyDocument("mb1", "acct", [Sample.Contract(Attests.Seller, null, null, window: null)]));

    private KeyServers _servers = null!;
    private RecordsServer _seller = null!;

    public async ValueTask InitializeAsync()
    {
        _servers = await KeyServers.StartAsync();
        _seller = new RecordsServer(_servers);
    }

    public ValueTask DisposeAsync() => _servers.DisposeAsync();

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Records_are_read_from_servers_that_stream_and_from_such_that_keep_sessions(bool streams, bool keepsSessions)
    {
        (_seller.Streams, _seller.KeepsSessions) = (streams, keepsSessions);

        (SellerRecords? records, Unread? why) = await ReadAsync();

        Assert.Null(why);
        using (records)
            Assert.Equal(("2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z"), (records!.Period!.StartText, records.Period.EndText));
        Assert.Equal(0, _seller.OpenSessions);
    }

    [Fact]
    public async Task One_media_buy_is_asked_about_in_every_state_for_whole_days_of_the_period_by_its_accounts_natural_key()
    {
        await ReadAsync();
        await ReadAsync();

        JsonObject asked = _seller.Calls[0];
        Assert.Equal("""{"brand":{"domain":"acct.example"},"operator":"operator.example"}""", asked["account"]!.ToJsonString());
        Assert.Equal("""["mb1"]""", asked["media_buy_ids"]!.ToJsonString());
        Assert.Equal("""["pending_creatives","pending_start","active","paused","completed","rejected","canceled"]""", asked["status_filter"]!.ToJsonString());
        Assert.Equal(("2026-04-01", "2026-05-01", "3.1"), ((string?)asked["start_date"], (string?)asked["end_date"], (string?)asked["adcp_version"]));
        Assert.NotEqual((string?)asked["idempotency_key"], (string?)_seller.Calls[1]["idempotency_key"]);
        Assert.Matches("^[A-Za-z0-9_.:-]{16,255}$", (string?)asked["idempotency_key"]);
    }

    [Theory]
    [InlineData("UNSUPPORTED_FEATURE")]
    [InlineData("DATE_RANGE_NOT_SUPPORTED")]
    [InlineData("VALIDATION_ERROR")]
    public async Task A_seller_that_takes_no_dates_is_asked_once_more_without_them(string code)
    {
        _seller.Result = asked => asked.ContainsKey("start_date") ? RecordsServer.Failed(code) : RecordsServer.Told(RecordsServer.Records(Webhook.Package()));

        (SellerRecords? records, _) = await ReadAsync();

        Assert.NotNull(records);
        records.Dispose();
        Assert.Equal([true, false], _seller.Calls.Select(c => c.ContainsKey("end_date")));
    }

    [Fact]
    public async Task A_seller_that_takes_its_time_for_each_answer_is_left_when_the_conversation_has_lasted_too_long()
    {
        _seller.Instead = async context =>
        {
            await Task.Delay(TimeSpan.FromSeconds(1), context.RequestAborted);
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = _seller.Calls.Count + 1, ["result"] = RecordsServer.Failed("VALIDATION_ERROR") }.ToJsonString());
        };
        var reader = new RecordsReader(_servers.Client(), _servers.Time) { Longest = TimeSpan.FromSeconds(0.5) };

        (SellerRecords? records, Unread? why) = await reader.ReadAsync(new SnapshotSource("seller.example", _seller.Url, RecordsServer.Token, _servers.Time.UtcNow), Buy, LedgerSample.April, CancellationToken.None);

        Assert.Null(records);
        Assert.Equal(("timed_out", true), (why!.Code, why.SellerIsAway));
    }

    [Fact]
    public async Task Records_that_come_as_text_alone_are_read()
    {
        _seller.Result = _ => new JsonObject { ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = RecordsServer.Records(Webhook.Package()).ToJsonString() }) };

        (SellerRecords? records, _) = await ReadAsync();

        using (records)
            Assert.Null(records!.PackagesOf(Buy.Newest.Groups[0], Buy.Newest).Why);
    }

    [Theory]
    [InlineData(401, "http_401", true)]
    [InlineData(403, "http_403", true)]
    [InlineData(429, "http_429", true)]
    [InlineData(503, "http_503", true)]
    [InlineData(422, "http_422", false)]
    [InlineData(302, "http_302", true)]
    public async Task Another_status_than_200_is_no_answer(int status, string code, bool away)
    {
        _seller.Instead = context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.RetryAfter = "120";
            context.Response.Headers.Location = _servers.Url("house.example/mcp");
            return Task.CompletedTask;
        };

        (_, Unread? why) = await ReadAsync();

        Assert.Equal((code, away, _servers.Time.UtcNow.AddSeconds(120)), (why!.Code, why.SellerIsAway, why.NotBefore));
        Assert.DoesNotContain(_servers.Asked, asked => asked.StartsWith("house.example", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_wrong_token_is_told_from_everything_else() =>
        Assert.Equal(("http_401", true), await WhyAsync(token: "token-of-somebody-else"));

    [Fact]
    public async Task An_address_inside_is_never_connected_to()
    {
        Assert.Equal(("address_refused", true), await WhyAsync(KeyServers.Rules with { MayReach = PublicAddress.Holds }));
        Assert.Empty(_servers.Asked);
    }

    [Fact]
    public async Task Who_does_not_answer_in_time_has_not_answered()
    {
        _seller.Instead = async context =>
        {
            context.Response.ContentType = "application/json";
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.WriteAsync(" ");
                await context.Response.Body.FlushAsync();
                await Task.Delay(20);
            }
        };

        Assert.Equal(("timed_out", true), await WhyAsync(KeyServers.Rules with { Computed = TimeSpan.FromMilliseconds(500) }));
    }

    [Fact]
    public async Task More_than_is_read_of_anybody_is_no_answer()
    {
        _seller.Instead = async context =>
        {
            context.Response.ContentType = "application/json";
            byte[] blanks = Encoding.ASCII.GetBytes(new string(' ', 64 * 1024));
            for (int i = 0; i <= GuardedClient.MostBytes / blanks.Length && !context.RequestAborted.IsCancellationRequested; i++)
                await context.Response.Body.WriteAsync(blanks);
        };

        Assert.Equal(("too_large", false), await WhyAsync());
    }

    public static TheoryData<string, string> Broken => new()
    {
        { "application/json", "" },
        { "application/json", "not json" },
        { "application/json", """{"jsonrpc":"2.0","id":7,"result":{"structuredContent":{}}}""" },
        { "application/json", """{"jsonrpc":"2.0","id":2}""" },
        { "application/json", """{"jsonrpc":"2.0","id":2,"result":{},"error":{"code":1}}""" },
        { "application/json", """[{"jsonrpc":"2.0","id":2,"result":{"structuredContent":{}}}]""" },
        { "application/json", """{"jsonrpc":"2.0","id":2,"id":2,"result":{"structuredContent":{}}}""" },
        { "application/json", """{"jsonrpc":"2.0","id":2,"result":null}""" },
        { "application/json", """{"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"{\"a\":1,\"a\":2}"}]}}""" },
        { "application/json", """{"jsonrpc":"2.0","id":2,"result":{"structuredContent":{"media_buy_deliveries":{}}}}""" },
        { "application/json", """{"jsonrpc":"2.0","id":2,"result":{"structuredContent":{"media_buy_deliveries":[{"media_buy_id":"mb1","by_package":[]}]}}}""" },
        { "application/json", """{"jsonrpc":"2.0","id":2,"result":{"structuredContent":{"reporting_period":5,"media_buy_deliveries":[{"media_buy_id":"mb1","by_package":[]}]}}}""" },
        { "application/json", """{"jsonrpc":"2.0","id":2,"result":{"structuredContent":{"reporting_period":{"start":"2026-05-01T00:00:00Z","end":"2026-04-01T00:00:00Z"},"media_buy_deliveries":[{"media_buy_id":"mb1","by_package":[]}]}}}""" },
        { "application/json", """{"jsonrpc":"2.0","id":2,"result":{"structuredContent":{"media_buy_deliveries":[{"media_buy_id":"mb1","by_package":7}]}}}""" },
        { "text/html", """{"jsonrpc":"2.0","id":2,"result":{"structuredContent":{}}}""" },
        { "text/event-stream", "data: {\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{}}\n\n" },
        { "text/event-stream", "event: other\ndata: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n\n" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public async Task What_is_not_an_answer_to_the_question_is_none(string mediaType, string body)
    {
        _seller.Instead = context =>
        {
            context.Response.ContentType = mediaType;
            return context.Response.WriteAsync(body);
        };

        Assert.Equal(("answer_malformed", false), await WhyAsync());
    }

    [Theory]
    [InlineData("""{"isError":true,"content":[]}""", "tool_failed")]
    [InlineData("""{"isError":true,"structuredContent":{"adcp_error":{"code":"ACCOUNT_NOT_FOUND"}}}""", "ACCOUNT_NOT_FOUND")]
    [InlineData("""{"isError":true,"content":[{"type":"text","text":"{\"adcp_error\":{\"code\":\"MEDIA_BUY_NOT_FOUND\"}}"}]}""", "MEDIA_BUY_NOT_FOUND")]
    [InlineData("""{"structuredContent":{"errors":[{"code":"RATE_LIMITED"}]}}""", "RATE_LIMITED")]
    [InlineData("""{"structuredContent":{"adcp_error":{"code":"two words\nand a line"}}}""", "unnamed")]
    [InlineData("""{"structuredContent":{"status":"submitted","task_id":"t1"}}""", "not_completed")]
    [InlineData("""{"structuredContent":{"status":"completed","media_buy_deliveries":[]}}""", "media_buy_missing")]
    [InlineData("""{"structuredContent":{"media_buy_deliveries":[{"media_buy_id":"mb2"},7,{"media_buy_id":8}]}}""", "media_buy_missing")]
    [InlineData("""{"structuredContent":{"media_buy_deliveries":[{"media_buy_id":"mb1"},{"media_buy_id":"mb1"}]}}""", "media_buy_ambiguous")]
    [InlineData("""{"structuredContent":{"media_buy_deliveries":[{"media_buy_id":"mb1","status":"reporting_delayed","expected_availability":"2026-05-03T00:00:00Z"}]}}""", "reporting_delayed")]
    public async Task What_its_agent_says_of_a_failure_is_kept_as_a_word(string result, string code)
    {
        _seller.Result = _ => JsonNode.Parse(result)!.AsObject();

        Assert.Equal((code, false), await WhyAsync());
    }

    [Fact]
    public async Task An_error_of_the_protocol_is_no_answer()
    {
        _seller.Instead = context =>
        {
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync("""{"jsonrpc":"2.0","id":2,"error":{"code":-32602,"message":"no","data":{"adcp_error":{"code":"AUTH_MISSING"}}}}""");
        };

        Assert.Equal(("AUTH_MISSING", false), await WhyAsync());
    }

    [Theory]
    [InlineData("""{"protocolVersion":"newest"}""")]
    [InlineData("""{"protocolVersion":20250618}""")]
    [InlineData("{}")]
    public async Task Who_greets_in_no_known_way_is_not_asked(string greeting)
    {
        _servers.Serve(RecordsServer.Place, context =>
        {
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync($$"""{"jsonrpc":"2.0","id":1,"result":{{greeting}}}""");
        });

        Assert.Equal(("handshake_refused", false), await WhyAsync());
        Assert.Single(_servers.Asked);
    }

    private async Task<(string Code, bool Away)> WhyAsync(OutboundRules? rules = null, string token = RecordsServer.Token)
    {
        (SellerRecords? records, Unread? why) = await ReadAsync(rules, token);
        records?.Dispose();
        return (why!.Code, why.SellerIsAway);
    }

    private Task<(SellerRecords? Records, Unread? Why)> ReadAsync(OutboundRules? rules = null, string token = RecordsServer.Token) =>
        new RecordsReader(_servers.Client(rules), _servers.Time).ReadAsync(new SnapshotSource("seller.example", _seller.Url, token, _servers.Time.UtcNow), Buy, LedgerSample.April, CancellationToken.None);
}
