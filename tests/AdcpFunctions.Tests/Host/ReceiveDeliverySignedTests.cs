using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>Deliveries signed with the sender's own key: what is taken, once, and at which address.</summary>
public sealed class ReceiveDeliverySignedTests : IAsyncDisposable
{
    private readonly HookSigner _signer = new();
    private TestHost _host = null!;
    private JsonNode _endpoint = null!;
    private string _settlement = "";

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_signed_delivery_settles_and_its_replay_does_not_come_through()
    {
        await StartAsync();
        byte[] body = Bytes(Webhook.Final("mb1"));
        var headers = Sign(body);

        HttpAnswer first = await SendAsync(body, headers);
        HttpAnswer replay = await SendAsync(body, headers);
        HttpAnswer again = await SendAsync(body, Sign(body));

        Assert.Equal((HttpStatusCode.OK, "{\"status\":\"accepted\"}"), (first.Status, first.Body));
        AssertRefused("webhook_signature_replayed", replay);
        Assert.Equal("{\"status\":\"duplicate\"}", again.Body);
        Assert.Equal(("settled", 1), (await _host.StateAsync(_settlement), await _host.FinalsAsync(_settlement)));
    }

    [Fact]
    public async Task Of_fifty_parallel_copies_of_one_signed_request_one_comes_through()
    {
        await StartAsync();
        byte[] body = Bytes(Webhook.Final("mb1"));
        var headers = Sign(body);

        HttpAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => SendAsync(body, headers)));

        Assert.Single(answers, a => a.Status == HttpStatusCode.OK);
        Assert.Equal(49, answers.Count(a => a.Headers.WwwAuthenticate.ToString().Contains("webhook_signature_replayed", StringComparison.Ordinal)));
        Assert.Equal(1, await _host.FinalsAsync(_settlement));
    }

    [Theory]
    [InlineData("another body", "webhook_signature_digest_mismatch")]
    [InlineData("another endpoint", "webhook_signature_invalid")]
    [InlineData("another key", "webhook_signature_invalid")]
    [InlineData("too old", "webhook_signature_window_invalid")]
    public async Task Is_not_believed(string broken, string code)
    {
        await StartAsync();
        byte[] body = Bytes(Webhook.Final("mb1"));
        var stranger = new HookSigner();
        JsonNode other = await IssueAsync();
        string url = (string)_endpoint["url"]!;
        var headers = broken switch
        {
            "another endpoint" => _signer.Sign((string)other["url"]!, body, _host.Time.UtcNow),
            "another key" => stranger.Sign(url, body, _host.Time.UtcNow),
            "too old" => _signer.Sign(url, body, _host.Time.UtcNow.AddSeconds(-361)),
            _ => Sign(body),
        };
        if (broken == "another body")
            body[^1] = (byte)' ';

        AssertRefused(code, await SendAsync(body, headers));
        Assert.Equal("open", await _host.StateAsync(_settlement));
    }

    [Fact]
    public async Task A_body_that_names_a_key_twice_burns_its_nonce()
    {
        await StartAsync();
        string text = Webhook.Final("mb1").ToJsonString();
        byte[] twice = Bytes(text.Replace("{\"idempotency_key\":", "{\"status\":\"failed\",\"idempotency_key\":", StringComparison.Ordinal));
        string nonce = HookSigner.Nonce();
        string url = (string)_endpoint["url"]!;

        AssertRefused("webhook_body_malformed", await SendAsync(twice, _signer.Sign(url, twice, _host.Time.UtcNow, nonce)));
        AssertRefused("webhook_signature_replayed", await SendAsync(Bytes(text), _signer.Sign(url, Bytes(text), _host.Time.UtcNow, nonce)));

        Assert.Equal("open", await _host.StateAsync(_settlement));
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(Bytes(text), Sign(Bytes(text)))).Status);
    }

    [Fact]
    public async Task A_nonce_is_used_up_on_every_endpoint_of_its_signer()
    {
        await StartAsync();
        JsonNode other = await IssueAsync();
        byte[] body = Bytes(Webhook.Final("mb1"));
        string nonce = HookSigner.Nonce();

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(body, _signer.Sign((string)_endpoint["url"]!, body, _host.Time.UtcNow, nonce))).Status);
        AssertRefused("webhook_signature_replayed", await _host.PostBytesAsync(TestHost.PathOf(other), body, headers: _signer.Sign((string)other["url"]!, body, _host.Time.UtcNow, nonce)));
    }

    [Theory]
    [InlineData("create_media_buy", "op-1", null)]
    [InlineData("update_media_buy", "op-1", null)]
    [InlineData("create_media_buy", "op-2", "operation_id_mismatch")]
    [InlineData("media_buy_delivery", "op-1", "unsupported_task_type")]
    [InlineData("sync_creatives", "op-1", "unsupported_task_type")]
    public async Task A_task_endpoint_takes_its_operation_of_its_tasks(string type, string operation, string? code)
    {
        await StartAsync();
        JsonNode task = await IssueAsync(new JsonObject { ["channel"] = "task", ["operation_id"] = "op-1", ["account_id"] = "acme" });
        byte[] body = Bytes(Webhook.Final("mb1").With("task_type", type).With("operation_id", operation));

        HttpAnswer answer = await _host.PostBytesAsync(TestHost.PathOf(task), body, headers: _signer.Sign((string)task["url"]!, body, _host.Time.UtcNow));

        // What becomes of the result is another matter: here it is none of a task.
        string? told = (string?)answer.Json["error"]?["code"];
        Assert.True(code is null ? told is not ("operation_id_mismatch" or "unsupported_task_type") : told == code, $"{answer.Status} {answer.Body}");
    }

    [Fact]
    public async Task What_has_no_size_or_type_that_is_taken_is_refused_before_its_signature_is_looked_at()
    {
        await StartAsync(o => o.UsageBytes = o.WebhookBytes = 4096);
        byte[] large = Bytes(Webhook.Final("mb1").With("message", new string('x', 4096)));
        byte[] body = Bytes(Webhook.Final("mb1"));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await SendAsync(large, Sign(large))).Status);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await _host.PostBytesAsync(TestHost.PathOf(_endpoint), body, mediaType: "text/plain", headers: Sign(body))).Status);
        Assert.Empty(await NonceRowsAsync());
    }

    [Fact]
    public async Task A_store_that_cannot_keep_the_nonce_takes_nothing_and_asks_to_try_again()
    {
        await StartAsync();
        byte[] body = Bytes(Webhook.Final("mb1"));
        _host.Table.FaultBefore(call => call.Kind == TableCallKind.Submit && call.Partition.StartsWith("nonce.", StringComparison.Ordinal));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await SendAsync(body, Sign(body))).Status);
        Assert.Equal("open", await _host.StateAsync(_settlement));
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(body, Sign(body))).Status);
    }

    [Fact]
    public async Task A_key_over_its_cap_is_refused_before_its_signature_is_looked_at()
    {
        await StartAsync(o => o.NoncesPerKey = 3);
        byte[] body = Bytes(Webhook.Final("mb1"));
        for (int i = 0; i < 3; i++)
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(body, Sign(body))).Status);
        var stranger = new HookSigner();

        AssertRefused("webhook_signature_rate_abuse", await SendAsync(body, Sign(body)));
        AssertRefused("webhook_signature_rate_abuse", await SendAsync(body, stranger.Sign((string)_endpoint["url"]!, body, _host.Time.UtcNow)));

        // Another's keys under the same agent URL and key id have a quota of their own.
        JsonNode other = await IssueAsync(new JsonObject { ["signer"] = stranger.Registration() });
        Assert.Equal(HttpStatusCode.OK, (await _host.PostBytesAsync(TestHost.PathOf(other), body, headers: stranger.Sign((string)other["url"]!, body, _host.Time.UtcNow))).Status);
    }

    private async Task StartAsync(Action<AdcpFunctions.Host.HostOptions>? configure = null)
    {
        (_host, _, _settlement) = await TestHost.SellerAttestedAsync(configure);
        _endpoint = await IssueAsync();
    }

    private async Task<JsonNode> IssueAsync(JsonObject? more = null)
    {
        JsonObject request = new() { ["seller_agent"] = TestHost.Seller, ["mode"] = "rfc9421", ["signer"] = _signer.Registration() };
        foreach ((string member, JsonNode? value) in more ?? [])
            request[member] = value!.DeepClone();
        HttpAnswer issued = await _host.PostAsync("/v1/webhook-endpoints", request);
        Assert.True(issued.Status == HttpStatusCode.Created, issued.Body);
        return issued.Json;
    }

    private (string Name, string Value)[] Sign(byte[] body) => _signer.Sign((string)_endpoint["url"]!, body, _host.Time.UtcNow);

    private Task<HttpAnswer> SendAsync(byte[] body, (string Name, string Value)[] headers) => _host.PostBytesAsync(TestHost.PathOf(_endpoint), body, headers: headers);

    private static void AssertRefused(string code, HttpAnswer answer)
    {
        Assert.Equal((HttpStatusCode.Unauthorized, ""), (answer.Status, answer.Body));
        Assert.Equal($"Signature error=\"{code}\"", Assert.Single(answer.Headers.WwwAuthenticate).ToString());
    }

    private async Task<IReadOnlyList<TableRow>> NonceRowsAsync() =>
        (await _host.Services.GetRequiredService<IPartitionedTable>().QueryAsync(LedgerKeys.NonceKeys("default"), "!", "~", 100, null, CancellationToken.None)).Rows;

    private static byte[] Bytes(JsonNode body) => Bytes(body.ToJsonString());

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
