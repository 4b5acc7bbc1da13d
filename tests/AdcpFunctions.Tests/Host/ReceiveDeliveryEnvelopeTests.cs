using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>What a delivery webhook is refused for before any row is looked at: its bytes, its signature, its envelope.</summary>
public class ReceiveDeliveryEnvelopeTests
{
    private const string Vectors = "adcp-3.1.19/vectors/webhook-receiver-envelope.json";
    private const string Invalid = "webhook_signature_invalid";
    private const string Malformed = "webhook_signature_header_malformed";
    private const string Window = "webhook_signature_window_invalid";

    [Fact]
    public async Task The_official_positive_vectors_are_taken_and_the_second_copy_has_no_second_effect()
    {
        JsonArray vectors = (await VectorsAsync())["positive"]!.AsArray();
        Assert.NotEmpty(vectors);
        (TestHost host, JsonNode endpoint, string settlement) = await VectorHostAsync();
        await using TestHost running = host;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (JsonNode? vector in vectors)
        {
            int before = host.Table.Calls.Count;
            HttpAnswer answer = await host.DeliverAsync(endpoint, vector!["payload"]!);

            bool first = seen.Add((string)vector["payload"]!["idempotency_key"]!);
            Assert.Equal((HttpStatusCode.OK, first ? "accepted" : "duplicate"), (answer.Status, (string)answer.Json["status"]!));
            bool wrote = host.Table.Calls.Skip(before).Any(c => c.Kind == TableCallKind.Submit && !c.Partition.StartsWith("req.", StringComparison.Ordinal));
            Assert.Equal(first, wrote);
        }

        Assert.True(seen.Count < vectors.Count);
        Assert.Equal("open", await host.StateAsync(settlement));
    }

    [Fact]
    public async Task The_official_negative_vectors_are_refused_with_their_code_before_dispatch()
    {
        JsonArray vectors = (await VectorsAsync())["negative"]!.AsArray();
        Assert.NotEmpty(vectors);
        (TestHost host, JsonNode endpoint, _) = await VectorHostAsync();
        await using TestHost running = host;
        foreach (JsonNode? vector in vectors)
        {
            int writes = host.Table.Count(TableCallKind.Submit);
            HttpAnswer answer = await host.DeliverAsync(endpoint, vector!["payload"]!);

            Assert.Equal((HttpStatusCode.BadRequest, (string)vector["expected_error"]!), (answer.Status, (string)answer.Json["error"]!["code"]!));
            Assert.Equal(writes, host.Table.Count(TableCallKind.Submit));
        }
    }

    [Theory]
    [InlineData("no headers", Malformed)]
    [InlineData("no signature", Malformed)]
    [InlineData("no timestamp", Malformed)]
    [InlineData("an empty signature", Malformed)]
    [InlineData("two signatures", Malformed)]
    [InlineData("two timestamps", Malformed)]
    [InlineData("no prefix", Malformed)]
    [InlineData("a short signature", Malformed)]
    [InlineData("a signature that is not hex", Malformed)]
    [InlineData("a timestamp that is a date", Malformed)]
    [InlineData("301 seconds late", Window)]
    [InlineData("301 seconds early", Window)]
    [InlineData("a changed body", Invalid)]
    [InlineData("another timestamp than was signed", Invalid)]
    [InlineData("another secret", Invalid)]
    [InlineData("another endpoint's secret", Invalid)]
    public async Task Is_not_believed(string broken, string code)
    {
        (TestHost host, JsonNode endpoint, string settlement) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        byte[] body = Encoding.UTF8.GetBytes(Webhook.Final("mb1").ToJsonString());
        var signed = host.Signed(endpoint, body);
        (string Name, string Value) signature = signed[0], timestamp = signed[1];
        (string, string)[] headers = broken switch
        {
            "no headers" => [],
            "no signature" => [timestamp],
            "no timestamp" => [signature],
            "an empty signature" => [(signature.Name, ""), timestamp],
            "two signatures" => [signature, signature, timestamp],
            "two timestamps" => [signature, timestamp, timestamp],
            "no prefix" => [(signature.Name, signature.Value["sha256=".Length..]), timestamp],
            "a short signature" => [(signature.Name, signature.Value[..^2]), timestamp],
            "a signature that is not hex" => [(signature.Name, signature.Value[..^1] + "g"), timestamp],
            "a timestamp that is a date" => [signature, (timestamp.Name, "2026-05-01T12:00:00Z")],
            "301 seconds late" => host.Signed(endpoint, body, secondsOff: -301),
            "301 seconds early" => host.Signed(endpoint, body, secondsOff: 301),
            "another timestamp than was signed" => [signature, host.Signed(endpoint, body, secondsOff: 1)[1]],
            "another secret" => host.Signed(endpoint, body, "a secret of thirty-two bytes or more, but another"),
            "another endpoint's secret" => host.Signed(await host.EndpointAsync(), body),
            _ => signed,
        };
        if (broken == "a changed body")
            body[^1] = (byte)' ';

        HttpAnswer answer = await host.PostBytesAsync(TestHost.PathOf(endpoint), body, cancel: CancellationToken.None, headers: headers);

        Assert.Equal((HttpStatusCode.Unauthorized, ""), (answer.Status, answer.Body));
        Assert.Equal($"Signature error=\"{code}\"", Assert.Single(answer.Headers.WwwAuthenticate).ToString());
        Assert.Equal("open", await host.StateAsync(settlement));
    }

    [Theory]
    [InlineData(300)]
    [InlineData(-300)]
    public async Task A_clock_five_minutes_off_is_still_believed(int secondsOff)
    {
        (TestHost host, JsonNode endpoint, _) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        byte[] body = Encoding.UTF8.GetBytes(Webhook.Final("mb1").ToJsonString());

        Assert.Equal(HttpStatusCode.OK, (await host.PostBytesAsync(TestHost.PathOf(endpoint), body, headers: host.Signed(endpoint, body, secondsOff: secondsOff))).Status);
    }

    [Theory]
    [InlineData("/hooks/nobody-was-given-this")]
    [InlineData("/hooks/../hooks/x")]
    [InlineData("/hooks/hook")]
    public async Task An_unknown_route_is_an_empty_404_whatever_comes_along_it(string path)
    {
        (TestHost host, JsonNode endpoint, _) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        byte[] body = Encoding.UTF8.GetBytes(Webhook.Final("mb1").ToJsonString());

        HttpAnswer signed = await host.PostBytesAsync(path, body, headers: host.Signed(endpoint, body));
        HttpAnswer junk = await host.PostBytesAsync(path, "junk"u8.ToArray(), mediaType: "text/plain");

        Assert.Equal((HttpStatusCode.NotFound, "", null), (signed.Status, signed.Body, signed.MediaType));
        Assert.Equal((HttpStatusCode.NotFound, ""), (junk.Status, junk.Body));
    }

    [Fact]
    public async Task A_well_signed_body_that_names_a_key_twice_or_holds_too_many_values_is_malformed()
    {
        (TestHost host, JsonNode endpoint, string settlement) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        string text = Webhook.Final("mb1").ToJsonString();
        byte[][] bodies =
        [
            Encoding.UTF8.GetBytes(text.Replace("{\"idempotency_key\":", "{\"status\":\"failed\",\"idempotency_key\":", StringComparison.Ordinal)),
            Encoding.UTF8.GetBytes(text[..^1]),
            [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(text)],
            Zeros(100_000),
        ];

        foreach (byte[] body in bodies)
        {
            HttpAnswer answer = await host.DeliverAsync(endpoint, body);
            Assert.Equal((HttpStatusCode.Unauthorized, ""), (answer.Status, answer.Body));
            Assert.Equal("Signature error=\"webhook_body_malformed\"", Assert.Single(answer.Headers.WwwAuthenticate).ToString());
        }

        Assert.Equal(HttpStatusCode.BadRequest, (await host.DeliverAsync(endpoint, Zeros(99_998))).Status);
        Assert.Equal("open", await host.StateAsync(settlement));

        // The array and its object are values too.
        static byte[] Zeros(int count) => Encoding.UTF8.GetBytes($$"""{"zeros":[0{{string.Concat(Enumerable.Repeat(",0", count - 1))}}]}""");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Too_much_and_the_wrong_type_are_refused_before_the_signature_is_looked_at(bool chunked)
    {
        (TestHost host, JsonNode endpoint, _) = await TestHost.SellerAttestedAsync(o => o.UsageBytes = o.WebhookBytes = 4096);
        await using TestHost running = host;
        foreach (int padding in new[] { 4096, 16_384 })
        {
            byte[] body = Encoding.UTF8.GetBytes(Webhook.Final("mb1").With("message", new string('x', padding)).ToJsonString());
            HttpAnswer large = await host.PostBytesAsync(TestHost.PathOf(endpoint), body, chunked: chunked);
            Assert.True(large.Status == HttpStatusCode.RequestEntityTooLarge && (string)large.Json["error"]!["code"]! == "body_too_large", $"{padding}: {large.Status} {large.Body}");
        }

        HttpAnswer text = await host.PostBytesAsync(TestHost.PathOf(endpoint), "{}"u8.ToArray(), mediaType: "text/plain", chunked: chunked);
        Assert.Equal((HttpStatusCode.UnsupportedMediaType, "unsupported_media_type"), (text.Status, (string)text.Json["error"]!["code"]!));
    }

    [Theory]
    [InlineData("0123456789abcdef", "0123456789abcdef", null)]
    [InlineData("0123456789abcdef", "0123456789abcdeF", "webhook_token_mismatch")]
    [InlineData("0123456789abcdef", "0123456789abcdef0", "webhook_token_mismatch")]
    [InlineData("0123456789abcdef", null, "webhook_token_mismatch")]
    [InlineData(null, null, null)]
    [InlineData(null, "0123456789abcdef", null)]
    public async Task The_token_of_the_registration_must_come_back(string? agreed, string? sent, string? refusal)
    {
        (TestHost host, _, string settlement) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        var registration = new JsonObject { ["seller_agent"] = TestHost.Seller };
        JsonNode endpoint = (await host.PostAsync("/v1/webhook-endpoints", agreed is null ? registration : registration.With("token", agreed))).Json;
        JsonObject envelope = Webhook.Final("mb1");

        HttpAnswer answer = await host.DeliverAsync(endpoint, sent is null ? envelope : envelope.With("token", sent));

        Assert.Equal(refusal, (string?)answer.Json["error"]?["code"]);
        Assert.Equal((refusal is null ? HttpStatusCode.OK : HttpStatusCode.BadRequest, refusal is null ? "settled" : "open"), (answer.Status, await host.StateAsync(settlement)));
    }

    [Theory]
    [InlineData("create_media_buy", "unsupported_task_type")]
    [InlineData("media_buy_delivery_of_mars", "invalid_envelope")]
    public async Task Another_task_than_a_delivery_is_refused(string type, string code)
    {
        (TestHost host, JsonNode endpoint, string settlement) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;

        HttpAnswer answer = await host.DeliverAsync(endpoint, Webhook.Final("mb1").With("task_type", type));

        Assert.Equal((HttpStatusCode.BadRequest, code), (answer.Status, (string)answer.Json["error"]!["code"]!));
        Assert.Equal("open", await host.StateAsync(settlement));
    }

    /// <summary>May, with the vectors' media buy registered to the endpoint's sender.</summary>
    private static async Task<(TestHost Host, JsonNode Endpoint, string Settlement)> VectorHostAsync()
    {
        (TestHost host, JsonNode endpoint, _) = await TestHost.SellerAttestedAsync();
        JsonObject contract = TestHost.Contract().With("flight", Usage.Period("2026-05-01T00:00:00Z", "2026-05-31T23:59:59Z"));
        return (host, endpoint, await host.RegisterBuyAsync("mb_001", contract));
    }

    private static async Task<JsonNode> VectorsAsync() => JsonNode.Parse(await File.ReadAllTextAsync(SharedAssets.Require(Vectors)))!;
}
