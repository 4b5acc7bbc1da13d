using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>Requests that <c>report_usage</c> refuses as a whole, before anything is stored.</summary>
public class ReportUsageRefusalTests
{
    private const string Response = "adcp/3.1/report-usage-response.json";

    [Theory]
    [InlineData("a naive start", "reporting_period.start")]
    [InlineData("a naive end", "reporting_period.end")]
    [InlineData("an end before the start", "reporting_period.end")]
    [InlineData("an end at the start", "reporting_period.end")]
    [InlineData("an empty usage", "usage")]
    [InlineData("no usage", "")]
    [InlineData("no period", "")]
    [InlineData("no key", "")]
    [InlineData("a short key", "idempotency_key")]
    [InlineData("a key that is a number", "idempotency_key")]
    [InlineData("a context that is a list", "context")]
    public async Task Is_refused_with(string broken, string field)
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        JsonObject request = Broken(broken);

        HttpAnswer answer = await host.UsageAsync(buyer, request);

        AssertFailed(answer, HttpStatusCode.BadRequest, "INVALID_REQUEST");
        Assert.Equal(field, (string?)answer.Json["adcp_error"]!["field"]);
        Assert.Equal(request["context"] is JsonObject sent ? sent.ToJsonString() : null, answer.Json["context"]?.ToJsonString());
        Assert.Equal("open", await host.StateAsync(settlement));
    }

    [Fact]
    public async Task A_malformed_request_is_answered_with_every_violation()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        JsonObject request = Usage.Request(Usage.Record().With("currency", "usd")).With("reporting_period/start", "2026-04-01T00:00:00").With("ext", 7).Without("idempotency_key");

        HttpAnswer answer = await host.UsageAsync(buyer, request);

        AssertFailed(answer, HttpStatusCode.BadRequest, "INVALID_REQUEST");
        JsonArray issues = answer.Json["adcp_error"]!["issues"]!.AsArray();
        Assert.Equal(["", "/ext", "/reporting_period/start", "/usage/0/currency"], issues.Select(i => (string)i!["pointer"]!).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("a key twice")]
    [InlineData("a key twice inside a record")]
    [InlineData("too deep")]
    [InlineData("invalid UTF-8")]
    [InlineData("something after the end")]
    [InlineData("a byte order mark")]
    [InlineData("an unfinished body")]
    [InlineData("nothing")]
    [InlineData("a comment")]
    public async Task Json_is_taken_strictly(string broken)
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        string good = Usage.Request(Usage.Record()).ToJsonString();
        byte[] bytes = broken switch
        {
            "a key twice" => Encoding.UTF8.GetBytes(good.Replace("{\"idempotency_key\":", "{\"usage\":[],\"idempotency_key\":", StringComparison.Ordinal)),
            "a key twice inside a record" => Encoding.UTF8.GetBytes(good.Replace("\"currency\":", "\"currenc\\u0079\":\"EUR\",\"currency\":", StringComparison.Ordinal)),
            "too deep" => Encoding.UTF8.GetBytes($"{good[..^1]},\"ext\":{{\"a\":{new string('[', 64)}{new string(']', 64)}}}}}"),
            "invalid UTF-8" => [.. Encoding.UTF8.GetBytes(good[..^1] + ",\"ext\":{\"a\":\""), 0xC0, 0xAF, .. "\"}}"u8],
            "something after the end" => Encoding.UTF8.GetBytes(good + "{}"),
            "a byte order mark" => [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(good)],
            "an unfinished body" => Encoding.UTF8.GetBytes(good[..^2]),
            "a comment" => Encoding.UTF8.GetBytes("/* x */" + good),
            _ => [],
        };

        HttpAnswer answer = await host.PostBytesAsync("/adcp/report_usage", bytes, buyer);

        AssertFailed(answer, HttpStatusCode.BadRequest, "INVALID_REQUEST");
        Assert.Null(answer.Json["adcp_error"]!["issues"]);
        Assert.Equal("open", await host.StateAsync(settlement));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("7")]
    [InlineData("\"usage\"")]
    public async Task A_body_that_is_not_an_object_is_refused(string body)
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;

        AssertFailed(await host.PostBytesAsync("/adcp/report_usage", Encoding.UTF8.GetBytes(body), buyer), HttpStatusCode.BadRequest, "INVALID_REQUEST");
    }

    [Theory]
    [InlineData(null, "AUTH_MISSING", "correctable", "Bearer realm=\"adcp-functions\"")]
    [InlineData("no-key-that-anyone-was-ever-given", "AUTH_INVALID", "terminal", "Bearer realm=\"adcp-functions\", error=\"invalid_token\"")]
    [InlineData("short", "AUTH_INVALID", "terminal", "Bearer realm=\"adcp-functions\", error=\"invalid_token\"")]
    public async Task Without_a_known_key_nothing_of_the_request_is_looked_at(string? key, string code, string recovery, string challenge)
    {
        (TestHost host, _, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;

        HttpAnswer whole = await host.PostBytesAsync("/adcp/report_usage", Encoding.UTF8.GetBytes(Usage.Request(Usage.Record()).ToJsonString()), key);
        HttpAnswer broken = await host.PostBytesAsync("/adcp/report_usage", "{"u8.ToArray(), key, "text/plain");

        AssertFailed(whole, HttpStatusCode.Unauthorized, code);
        Assert.Equal(whole.Body, broken.Body);
        Assert.Equal(challenge, Assert.Single(whole.Headers.WwwAuthenticate).ToString());
        JsonObject error = whole.Json["adcp_error"]!.AsObject();
        Assert.Equal(["code", "message", "recovery"], error.Select(e => e.Key));
        Assert.Equal(recovery, (string)error["recovery"]!);
        Assert.Equal("open", await host.StateAsync(settlement));
    }

    [Theory]
    [InlineData("finance")]
    [InlineData("admin")]
    public async Task A_role_that_keeps_books_may_not_report(string role)
    {
        (TestHost host, _, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        string key = role == "admin" ? TestHost.AdminKey : await host.KeyAsync(role, ["*"]);

        AssertFailed(await host.UsageAsync(key, Usage.Request(Usage.Record())), HttpStatusCode.Forbidden, "PERMISSION_DENIED");

        Assert.Equal("open", await host.StateAsync(settlement));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_over_the_limit_is_refused_whether_or_not_its_length_is_told(bool chunked)
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync(o => o.UsageBytes = o.WebhookBytes = 4096);
        await using TestHost running = host;
        foreach (int padding in new[] { 4096, 16_384 })
        {
            byte[] body = Encoding.UTF8.GetBytes(Usage.Request(Usage.Record().With("note", new string('x', padding))).ToJsonString());
            AssertFailed(await host.PostBytesAsync("/adcp/report_usage", body, buyer, chunked: chunked), HttpStatusCode.RequestEntityTooLarge, "INVALID_REQUEST");
        }

        Assert.Equal("open", await host.StateAsync(settlement));
        string fits = Usage.Request(Usage.Record()).ToJsonString();
        HttpAnswer full = await host.PostBytesAsync("/adcp/report_usage", Encoding.UTF8.GetBytes(fits + new string(' ', 4096 - fits.Length)), buyer, chunked: chunked);
        Assert.Equal(HttpStatusCode.OK, full.Status);
    }

    [Theory]
    [InlineData("text/plain", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/json; charset=iso-8859-1", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/jsonp", HttpStatusCode.UnsupportedMediaType)]
    [InlineData(null, HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/json; charset=UTF-8", HttpStatusCode.OK)]
    public async Task Only_json_in_utf8_is_read(string? mediaType, HttpStatusCode status)
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;

        HttpAnswer answer = await host.PostBytesAsync("/adcp/report_usage", Encoding.UTF8.GetBytes(Usage.Request(Usage.Record()).ToJsonString()), buyer, mediaType);

        if (status == HttpStatusCode.OK)
            Assert.Equal(status, answer.Status);
        else
            AssertFailed(answer, status, "INVALID_REQUEST");
    }

    [Theory]
    [InlineData("adcp_version", "4.0", true)]
    [InlineData("adcp_version", "2.5", true)]
    [InlineData("adcp_version", "3.0", false)]
    [InlineData("adcp_version", "3.1-rc.2", true)]
    [InlineData("adcp_major_version", 99, true)]
    [InlineData("adcp_major_version", 3, false)]
    public async Task A_version_not_served_is_refused_with_those_that_are(string member, object version, bool refused)
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;

        HttpAnswer answer = await host.UsageAsync(buyer, Usage.Request(Usage.Record()).With(member, version is int number ? number : (string)version).With("context", new JsonObject { ["a"] = 1 }));

        if (!refused)
        {
            Assert.True(answer.Status == HttpStatusCode.OK, answer.Body);
            return;
        }

        AssertFailed(answer, HttpStatusCode.BadRequest, "VERSION_UNSUPPORTED");
        Assert.Equal(["3.0", "3.1"], answer.Json["adcp_error"]!["details"]!["supported_versions"]!.AsArray().Select(v => (string)v!));
        Assert.Equal("{\"a\":1}", answer.Json["context"]!.ToJsonString());
    }

    /// <summary>Both error layers say the same, and the whole fits the response schema.</summary>
    private static void AssertFailed(HttpAnswer answer, HttpStatusCode status, string code)
    {
        Assert.True(answer.Status == status, $"{answer.Status} {answer.Body}");
        TestHost.AssertFits(Response, answer.Body);
        JsonNode json = answer.Json;
        Assert.Equal(("failed", 0, code), ((string)json["status"]!, (int)json["accepted"]!, (string)json["adcp_error"]!["code"]!));
        Assert.Equal(json["adcp_error"]!.ToJsonString(), Assert.Single(json["errors"]!.AsArray())!.ToJsonString());
    }

    private static JsonObject Broken(string what)
    {
        JsonObject request = Usage.Request(Usage.Record()).With("context", new JsonObject { ["trace"] = "t" });
        return what switch
        {
            "a naive start" => request.With("reporting_period/start", "2026-04-01T00:00:00"),
            "a naive end" => request.With("reporting_period/end", "2026-04-30T23:59:59"),
            "an end before the start" => request.With("reporting_period/end", "2026-03-30T23:59:59Z"),
            "an end at the start" => request.With("reporting_period/end", "2026-04-01T02:00:00+02:00"),
            "an empty usage" => request.With("usage", new JsonArray()),
            "no usage" => request.Without("usage"),
            "no period" => request.Without("reporting_period"),
            "no key" => request.Without("idempotency_key"),
            "a short key" => request.With("idempotency_key", "short"),
            "a key that is a number" => request.With("idempotency_key", 1234567890123456),
            "a context that is a list" => request.With("context", new JsonArray(1)),
            _ => throw new ArgumentException(what),
        };
    }
}
