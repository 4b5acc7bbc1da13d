using System.Net;
using System.Net.Http.Headers;
using System.Text;
using AdcpFunctions.Adapters;

namespace AdcpFunctions.Tests.Support;

/// <summary>The broker's stand-in refuses what the real one refuses; otherwise what passes it proves nothing.</summary>
public sealed class FakeServiceBusTests : IAsyncLifetime
{
    private const string Batch = "application/vnd.microsoft.servicebus.json";
    private const string Message = """{"Body":"{}","BrokerProperties":{"MessageId":"m1","PartitionKey":"p"}}""";

    private readonly FakeTime _time = new(LedgerSample.BeforeFlight);
    private readonly HttpMessageInvoker _http = ServiceBusPublisher.Transport();
    private FakeServiceBus _bus = null!;

    [Fact]
    public async Task A_batch_that_keeps_every_rule_is_taken_whole()
    {
        Assert.Equal(201, await SendAsync($"[{Message},{Message.Replace("m1", "m2", StringComparison.Ordinal)}]"));

        Assert.Equal(["m1", "m2"], _bus.Taken.Select(m => m.MessageId));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("not json")]
    [InlineData("""[{"Body":"{}"}]""")]
    [InlineData("""[{"Body":{},"BrokerProperties":{"MessageId":"m1"}}]""")]
    [InlineData("""[{"Body":"{}","BrokerProperties":{}}]""")]
    [InlineData("""[{"Body":"{}","Extra":1,"BrokerProperties":{"MessageId":"m1"}}]""")]
    [InlineData("""[{"Body":"{}","BrokerProperties":{"MessageId":"m1","PartitionKey":"p","SessionId":"s"}}]""")]
    [InlineData("""[{"Body":"{}","BrokerProperties":{"MessageId":"m1","PartitionKey":"p"}},{"Body":"{}","BrokerProperties":{"MessageId":"m2","PartitionKey":"q"}}]""")]
    public async Task A_batch_that_breaks_one_is_refused_whole(string body)
    {
        Assert.Equal(400, await SendAsync(body));

        Assert.Empty(_bus.Taken);
    }

    [Fact]
    public async Task A_message_id_has_at_most_128_characters()
    {
        Assert.Equal(201, await SendAsync($"[{Message.Replace("m1", new string('m', 128), StringComparison.Ordinal)}]"));
        Assert.Equal(400, await SendAsync($"[{Message.Replace("m1", new string('m', 129), StringComparison.Ordinal)}]"));
    }

    [Fact]
    public async Task A_broker_property_it_does_not_know_is_ignored() =>
        Assert.Equal(201, await SendAsync($"[{Message.Replace("\"PartitionKey\"", "\"Unheard\":\"of\",\"PartitionKey\"", StringComparison.Ordinal)}]"));

    [Theory]
    [InlineData("application/vnd.microsoft.servicebus.json; charset=utf-8")]
    [InlineData("application/json")]
    public async Task Any_other_content_type_is_refused(string type) => Assert.Equal(400, await SendAsync($"[{Message}]", type: type));

    [Fact]
    public async Task A_batch_of_more_than_256_KiB_is_too_large()
    {
        string[] parts = Message.Split("{}");
        int room = _bus.MaxBatchBytes - Message.Length;

        Assert.Equal(201, await SendAsync($"[{parts[0]}{new string(' ', room)}{parts[1]}]"));
        Assert.Equal(413, await SendAsync($"[{parts[0]}{new string(' ', room + 1)}{parts[1]}]"));
    }

    [Theory]
    [InlineData("POST", "/settled-records/messages", "wrong", 401)]
    [InlineData("POST", "/settled-records/messages", null, 401)]
    [InlineData("POST", "/elsewhere/messages", "", 404)]
    [InlineData("POST", "/settled-records", "", 404)]
    [InlineData("PUT", "/settled-records/messages", "", 405)]
    [InlineData("POST", "/settled-records/messages?forwarded=true", "", 400)]
    public async Task Another_method_place_or_token_is_refused(string method, string path, string? token, int status) =>
        Assert.Equal(status, await SendAsync($"[{Message}]", method: method, path: path, token: token == "" ? Token() : token));

    [Fact]
    public async Task A_token_is_for_its_key_its_entity_and_its_time()
    {
        Assert.Equal(401, await SendAsync($"[{Message}]", token: Token(life: TimeSpan.Zero)));
        Assert.Equal(401, await SendAsync($"[{Message}]", token: Token(topic: "other")));
        string before = Token();
        _bus.Key = "rotated";
        Assert.Equal(401, await SendAsync($"[{Message}]", token: before));
        Assert.Equal(201, await SendAsync($"[{Message}]", token: Token()));
    }

    [Fact]
    public async Task A_message_id_is_recognised_within_the_window_and_forgotten_after_it()
    {
        await SendAsync($"[{Message}]");
        _time.Advance(_bus.Window - TimeSpan.FromSeconds(1));
        Assert.Equal(201, await SendAsync($"[{Message}]"));
        Assert.Single(_bus.Taken);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(201, await SendAsync($"[{Message}]"));

        Assert.Equal(2, _bus.Taken.Count);
    }

    [Fact]
    public async Task A_lost_reply_was_taken_and_a_cut_connection_was_not()
    {
        _bus.Inject = batch => batch.Number == 1 ? BusFault.Unreachable : BusFault.LostReply;

        await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync($"[{Message}]"));
        Assert.Empty(_bus.Taken);
        await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync($"[{Message}]"));
        Assert.Single(_bus.Taken);
    }

    public async ValueTask InitializeAsync() => _bus = await FakeServiceBus.StartAsync(_time);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _bus.DisposeAsync();
    }

    private string Token(TimeSpan? life = null, string? topic = null)
    {
        ServiceBusAddress address = ServiceBusAddress.FromConnectionString(_bus.ConnectionString, topic ?? _bus.Topic);
        return SharedAccessToken.Sign(address, (_time.UtcNow + (life ?? TimeSpan.FromMinutes(1))).ToUnixTimeSeconds());
    }

    private async Task<int> SendAsync(string body, string type = Batch, string method = "POST", string path = "/settled-records/messages", string? token = "")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), _bus.Origin + path) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        if (token is not null)
            request.Headers.TryAddWithoutValidation("Authorization", token.Length == 0 ? Token() : token);
        using HttpResponseMessage response = await _http.SendAsync(request, default);
        Assert.NotEqual(HttpStatusCode.InternalServerError, response.StatusCode);
        return (int)response.StatusCode;
    }
}
