using System.ComponentModel.DataAnnotations;
using System.Text;
using System.Text.Json;
using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using Azure.Core;

namespace AdcpFunctions.Tests.Adapters;

/// <summary>One call of the publisher against a strict broker.</summary>
public sealed class ServiceBusPublisherTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Forever = DateTimeOffset.MaxValue;

    private readonly TemporaryFile _file = new();
    private SqliteTable _table = null!;
    private BusHarness _bus = null!;

    [Fact]
    public async Task A_batch_that_is_taken_is_settled()
    {
        SendResult result = await SendAsync(_bus.Publisher(), 3);

        Assert.Equal((3, 0, (SendStop?)null), (result.Settled, result.Refused.Count, result.Stop));
        Assert.Equal([201], Statuses());
    }

    [Fact]
    public async Task Two_tenants_with_the_same_settlement_both_reach_the_topic()
    {
        FeedEntry[] entries = [EntryOf(1)];

        foreach (string tenant in (string[])["default", "other", "another"])
            Assert.Equal(1, (await _bus.Publisher().SendAsync(tenant, entries, Forever, default)).Settled);

        Assert.Equal(3, _bus.Bus.Taken.Count);
        Assert.Equal(entries[0].Record.MessageId, _bus.Bus.Taken[0].MessageId);
        Assert.All(_bus.Bus.Taken, message => Assert.EndsWith(entries[0].Record.MessageId, message.MessageId, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_refused_token_is_renewed_once_and_the_batch_sent_at_once()
    {
        var credential = new Tokens("old", "new");
        _bus.Bus.Bearers.Add("new");

        Assert.Equal(2, (await SendAsync(_bus.Publisher(credential), 2)).Settled);

        Assert.Equal([401, 201], Statuses());
        Assert.Empty(_bus.Waiting.Waits);
        Assert.Equal(["https://servicebus.azure.net/.default"], credential.Scopes);
    }

    [Fact]
    public async Task A_token_refused_twice_closes_the_broker()
    {
        var credential = new Tokens("old", "older");

        SendStop stop = (await SendAsync(_bus.Publisher(credential), 1)).Stop!;

        Assert.Equal([401, 401], Statuses());
        Assert.Equal((true, false, "http_401"), (stop.Closed, stop.MayHold, stop.Why));
    }

    [Fact]
    public async Task An_identity_without_a_token_closes_the_broker_and_sends_nothing()
    {
        var credential = new Tokens();

        SendStop stop = (await SendAsync(_bus.Publisher(credential), 1)).Stop!;

        Assert.Empty(Statuses());
        Assert.Equal((true, false, "AuthenticationFailedException"), (stop.Closed, stop.MayHold, stop.Why));
    }

    [Fact]
    public async Task A_token_is_kept_until_shortly_before_it_expires()
    {
        var credential = new Tokens("one", "two");
        _bus.Bus.Bearers.UnionWith(["one", "two"]);
        ServiceBusPublisher publisher = _bus.Publisher(credential);

        await SendAsync(publisher, 1);
        _bus.Time.Advance(TimeSpan.FromMinutes(54));
        await SendAsync(publisher, 1);
        Assert.Equal(1, credential.Asked);
        _bus.Time.Advance(TimeSpan.FromMinutes(2));
        await SendAsync(publisher, 1);
        Assert.Equal(2, credential.Asked);
    }

    [Fact]
    public async Task A_shared_access_signature_outlives_no_clock_and_is_made_anew()
    {
        ServiceBusPublisher publisher = _bus.Publisher();
        await SendAsync(publisher, 1);
        _bus.Time.Advance(TimeSpan.FromHours(5));

        await SendAsync(publisher, 1);

        Assert.Equal([201, 201], Statuses());
    }

    [Fact]
    public async Task A_rotated_key_closes_the_broker_until_it_is_configured()
    {
        ServiceBusPublisher old = _bus.Publisher();
        _bus.Bus.Key = "another key, which the old one does not know";

        Assert.True((await SendAsync(old, 1)).Stop!.Closed);
        Assert.Null((await SendAsync(_bus.Publisher(), 1)).Stop);
    }

    [Theory]
    [InlineData(408, null, new[] { 1, 2, 4 })]
    [InlineData(500, null, new[] { 1, 2, 4 })]
    [InlineData(502, null, new[] { 1, 2, 4 })]
    [InlineData(504, null, new[] { 1, 2, 4 })]
    [InlineData(429, null, new[] { 2, 4, 8 })]
    [InlineData(503, null, new[] { 2, 4, 8 })]
    [InlineData(429, 9, new[] { 9, 9, 9 })]
    [InlineData(503, 1, new[] { 1, 1, 1 })]
    [InlineData(503, 31, new int[0])]
    public async Task What_passes_by_itself_is_tried_again_after_a_wait(int status, int? retryAfter, int[] waits)
    {
        _bus.Bus.Inject = _ => new BusFault(status, retryAfter);

        SendStop stop = (await SendAsync(_bus.Publisher(), 1)).Stop!;

        Assert.Equal(waits, _bus.Waiting.Waits.Select(w => (int)w.TotalSeconds));
        Assert.Equal(waits.Length + 1, Statuses().Length);
        Assert.Equal((false, status != 429), (stop.Closed, stop.MayHold));
        Assert.True(retryAfter is null || stop.RetryAfter == TimeSpan.FromSeconds(retryAfter.Value));
    }

    [Theory]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(409)]
    [InlineData(410)]
    public async Task What_an_operator_must_mend_is_not_tried_again(int status)
    {
        _bus.Bus.Inject = _ => new BusFault(status);

        SendStop stop = (await SendAsync(_bus.Publisher(), 1)).Stop!;

        Assert.Equal([status], Statuses());
        Assert.Equal((true, false), (stop.Closed, stop.MayHold));
    }

    [Theory]
    [InlineData(200)]
    [InlineData(202)]
    [InlineData(204)]
    [InlineData(307)]
    public async Task Nothing_but_a_201_counts_as_taken(int status)
    {
        _bus.Bus.Inject = _ => new BusFault(status);

        SendResult result = await SendAsync(_bus.Publisher(), 1);

        Assert.Equal((0, true), (result.Settled, result.Stop!.MayHold));
    }

    [Fact]
    public async Task A_closed_answer_after_a_lost_one_leaves_open_what_was_taken()
    {
        _bus.Bus.Inject = batch => batch.Number == 1 ? BusFault.LostReply : new BusFault(403);

        SendStop stop = (await SendAsync(_bus.Publisher(), 1)).Stop!;

        Assert.Equal((true, true), (stop.Closed, stop.MayHold));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(413)]
    public async Task Halving_finds_every_bad_record_and_sends_the_others_in_order(int status)
    {
        string[] bad = ["mb_1", "mb_20", "mb_21", "mb_33"];
        _bus.Bus.Inject = batch => batch.Messages.Any(m => bad.Contains(m.CorrelationId)) ? new BusFault(status) : null;

        SendResult result = await SendAsync(_bus.Publisher(), 33);

        Assert.Equal((33, (SendStop?)null), (result.Settled, result.Stop));
        Assert.Equal(bad, result.Refused.Select(r => r.Entry.Record.MediaBuyId));
        Assert.Equal(Enumerable.Range(1, 33).Select(i => $"mb_{i}").Except(bad), _bus.Bus.Taken.Select(m => m.CorrelationId));
    }

    [Fact]
    public async Task A_batch_is_as_large_as_may_be_and_never_larger()
    {
        ServiceBusPublisher publisher = _bus.Publisher(maxBatchBytes: 65_536);
        _bus.Bus.MaxBatchBytes = 65_536;

        Assert.Equal(300, (await SendAsync(publisher, 300)).Settled);

        Assert.All(Statuses(), status => Assert.Equal(201, status));
        BusMessage one = ServiceBusBatch.Encode(BusHarness.Tenant, EntryOf(100));
        Assert.Equal((300 * one.Json.Length / 65_536) + 1, Statuses().Length);
    }

    [Fact]
    public void A_batch_is_cut_at_its_bytes_and_at_its_messages()
    {
        BusMessage[] messages = [.. Enumerable.Repeat(ServiceBusBatch.Encode(BusHarness.Tenant, EntryOf(1)), 10_000)];
        int three = 3 * messages[0].Json.Length + 4;

        Assert.Equal([3, 3, 3, 1], ServiceBusBatch.Split(messages[..10], three).Select(b => b.Count));
        Assert.Equal([2, 2, 2, 2, 2], ServiceBusBatch.Split(messages[..10], three - 1).Select(b => b.Count));
        Assert.Equal([4_500, 4_500, 1_000], ServiceBusBatch.Split(messages, int.MaxValue).Select(b => b.Count));
        Assert.Equal(three, ServiceBusBatch.Write(new ArraySegment<BusMessage>(messages, 0, 3)).Length);
    }

    [Fact]
    public async Task A_record_larger_than_a_batch_may_be_is_refused_without_being_sent()
    {
        ServiceBusPublisher publisher = _bus.Publisher(maxBatchBytes: 65_536);
        FeedEntry large = EntryOf(2, new string('x', 70_000));

        SendResult result = await publisher.SendAsync(BusHarness.Tenant, [EntryOf(1), large, EntryOf(3)], Forever, default);

        Assert.Equal((3, "larger_than_batch", 2L), (result.Settled, result.Refused[0].Why, Assert.Single(result.Refused).Entry.Sequence));
        Assert.Equal(["mb_1", "mb_3"], _bus.Bus.Taken.Select(m => m.CorrelationId));
    }

    [Fact]
    public async Task A_sandbox_record_is_never_sent()
    {
        SettledRecord record = BusHarness.RecordOf("acct", 1, sandbox: true);
        FeedEntry entry = new(1, record, JsonSerializer.SerializeToUtf8Bytes(record, LedgerJson.Default.SettledRecord));

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await _bus.Publisher().SendAsync(BusHarness.Tenant, [entry], Forever, default));

        Assert.Empty(Statuses());
    }

    [Fact]
    public async Task No_try_begins_once_the_time_is_over()
    {
        SendResult result = await _bus.Publisher().SendAsync(BusHarness.Tenant, [EntryOf(1)], _bus.Time.UtcNow, default);

        Assert.Equal((0, "window_over", false), (result.Settled, result.Stop!.Why, result.Stop.MayHold));
        Assert.Empty(Statuses());
    }

    [Theory]
    [InlineData("Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=a2V5PT0=", "https://ns.servicebus.windows.net/finance")]
    [InlineData("endpoint=sb://ns.servicebus.windows.net;sharedaccesskeyname=send;sharedaccesskey=k=;EntityPath=finance;", "https://ns.servicebus.windows.net/finance")]
    [InlineData("Endpoint=sb://localhost:5300;SharedAccessKeyName=send;SharedAccessKey=k;UseDevelopmentEmulator=true", "http://localhost:5300/finance")]
    public void A_connection_string_names_a_place_and_a_key(string text, string entity)
    {
        ServiceBusAddress address = ServiceBusAddress.FromConnectionString(text, "finance");

        Assert.Equal((entity, "send"), (address.Entity.AbsoluteUri, address.KeyName));
        Assert.Equal(entity + "/messages?timeout=30", address.Messages.AbsoluteUri);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Endpoint=sb://ns.servicebus.windows.net/")]
    [InlineData("Endpoint=https://ns.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=secret")]
    [InlineData("Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=secret;UseDevelopmentEmulator=true")]
    [InlineData("Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=secret;EntityPath=other")]
    [InlineData("Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=secret;SharedAccessKey=secret")]
    [InlineData("Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=;SharedAccessKey=secret")]
    [InlineData("Endpoint=sb://ns.servicebus.windows.net/;SharedAccessSignature=secret")]
    [InlineData("secret")]
    [InlineData("secret=")]
    [InlineData("Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=send;secret=")]
    public void What_is_no_connection_string_stops_the_start_and_is_not_repeated(string text)
    {
        ValidationException refused = Assert.Throws<ValidationException>(() => ServiceBusAddress.FromConnectionString(text, "finance"));

        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://ns.servicebus.windows.net", true)]
    [InlineData("http://127.0.0.1:5300", true)]
    [InlineData("http://ns.servicebus.windows.net", false)]
    [InlineData("https://ns.servicebus.windows.net/topic", false)]
    [InlineData("ns.servicebus.windows.net", false)]
    public void An_identity_is_shown_over_https_only(string endpoint, bool taken)
    {
        if (taken)
            Assert.Null(ServiceBusAddress.FromEndpoint(endpoint, "finance").Key);
        else
            Assert.Throws<ValidationException>(() => ServiceBusAddress.FromEndpoint(endpoint, "finance"));
    }

    [Theory]
    [InlineData("https://ns.servicebus.windows.net", "finance")]
    [InlineData("https://NS.servicebus.windows.net/", "Finance")]
    public void A_topic_is_one_destination_however_it_is_spelled(string endpoint, string topic)
    {
        using HttpMessageInvoker http = ServiceBusPublisher.Transport();

        var publisher = new ServiceBusPublisher(ServiceBusAddress.FromEndpoint(endpoint, topic), new Tokens(), 65_536, _bus.Window, _bus.Time, http);

        Assert.Equal("https://ns.servicebus.windows.net/finance", publisher.Destination);
    }

    [Fact]
    public async Task A_broker_that_lets_no_connection_be_made_in_time_is_one_that_fails()
    {
        using var nowhere = new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromMilliseconds(20),
            ConnectCallback = async (_, stop) =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, stop);
                return Stream.Null;
            },
        };
        using var http = new HttpMessageInvoker(nowhere);
        var publisher = new ServiceBusPublisher(ServiceBusAddress.FromConnectionString(_bus.Bus.ConnectionString, _bus.Bus.Topic), null, 65_536, _bus.Window, _bus.Waiting, http);

        SendStop stop = (await SendAsync(publisher, 1)).Stop!;

        Assert.Equal((false, "timeout"), (stop.Closed, stop.Why));
        Assert.Equal(3, _bus.Waiting.Waits.Count);
    }

    [Fact]
    public void A_signature_is_the_one_of_the_documentations_algorithm()
    {
        ServiceBusAddress address = ServiceBusAddress.FromConnectionString("Endpoint=sb://NS.servicebus.windows.net/;SharedAccessKeyName=send only;SharedAccessKey=a+b/c=", "Finance");

        // Checked with: printf 'https%%3A%%2F%%2Fns.servicebus.windows.net%%2Ffinance\n1800000000' | openssl dgst -sha256 -hmac 'a+b/c=' -binary | base64
        Assert.Equal("SharedAccessSignature sr=https%3A%2F%2Fns.servicebus.windows.net%2Ffinance&sig=gitWpse2FT3R8ceq4Nh0NwL69XfJU0bVlpnluD%2B71pU%3D&se=1800000000&skn=send+only", SharedAccessToken.Sign(address, 1_800_000_000));
    }

    public async ValueTask InitializeAsync()
    {
        _table = SqliteTable.Open(_file.Path);
        _bus = await BusHarness.StartAsync(new FaultyTable(_table), new FakeTime(LedgerSample.BeforeFlight));
    }

    public async ValueTask DisposeAsync()
    {
        await _bus.DisposeAsync();
        await _table.DisposeAsync();
        _file.Dispose();
    }

    private int[] Statuses() => [.. _bus.Bus.Answers.Select(a => a.Status)];

    private static async Task<SendResult> SendAsync(ServiceBusPublisher publisher, int count) =>
        await publisher.SendAsync(BusHarness.Tenant, [.. Enumerable.Range(1, count).Select(i => EntryOf(i))], Forever, default);

    private static FeedEntry EntryOf(long seq, string note = "")
    {
        SettledRecord record = BusHarness.RecordOf("acct", seq);
        return new FeedEntry(seq, record, Encoding.UTF8.GetBytes(JsonSerializer.Serialize(record with { PricingOptionId = note }, LedgerJson.Default.SettledRecord)));
    }

    /// <summary>An identity that gives these tokens, one after the other, each for an hour; after the last it gives none.</summary>
    private sealed class Tokens(params string[] tokens) : TokenCredential
    {
        public int Asked { get; private set; }

        public string[] Scopes { get; private set; } = [];

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            Scopes = requestContext.Scopes;
            return Asked == tokens.Length
                ? throw new Azure.Identity.AuthenticationFailedException("No identity is assigned.")
                : new AccessToken(tokens[Asked++], LedgerSample.BeforeFlight + TimeSpan.FromHours(Asked));
        }

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) => ValueTask.FromResult(GetToken(requestContext, cancellationToken));
    }
}
