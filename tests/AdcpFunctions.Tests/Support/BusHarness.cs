using System.Text;
using System.Text.Json;
using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;
using Azure.Core;

namespace AdcpFunctions.Tests.Support;

/// <summary>A tenant's feed over a given store, a strict broker, and deliveries between them.</summary>
internal sealed class BusHarness : IAsyncDisposable
{
    public const string Tenant = "acme";

    private readonly HttpMessageInvoker _http = ServiceBusPublisher.Transport();
    private long _end;

    private BusHarness(FaultyTable table, FakeTime time, FakeServiceBus bus) => (Table, Time, Bus, Waiting) = (table, time, bus, new BusTime(time));

    public FaultyTable Table { get; }

    public FakeTime Time { get; }

    public FakeServiceBus Bus { get; }

    public BusTime Waiting { get; }

    public Feed Feed => new(Table);

    public TimeSpan Window { get; set; } = TimeSpan.FromDays(1);

    public static async Task<BusHarness> StartAsync(FaultyTable table, FakeTime time) => new(table, time, await FakeServiceBus.StartAsync(time));

    public ServiceBusPublisher Publisher(TokenCredential? credential = null, int maxBatchBytes = 256 * 1024) => new(
        credential is null ? ServiceBusAddress.FromConnectionString(Bus.ConnectionString, Bus.Topic) : ServiceBusAddress.FromEndpoint(Bus.Origin, Bus.Topic),
        credential, maxBatchBytes, Window, Waiting, _http);

    /// <summary>An instance of the service, which has just started.</summary>
    public Delivery Delivery() => new(Table, Feed, Publisher(), Time);

    public PublicationDesk Desk() => new(Table, Feed, Publisher(), Time);

    public Task<DeliveryReport> SendAsync() => Delivery().RunAsync(Tenant, default);

    /// <summary>Runs, as timers do, until nothing is left to send or to try again.</summary>
    public async Task SendAllAsync()
    {
        Delivery delivery = Delivery();
        for (int ring = 0; ring < 40; ring++)
        {
            await delivery.RunAsync(Tenant, default);
            BusStanding standing = await StandingAsync();
            if (standing is { Behind: 0, Waiting: 0 })
                return;
            Time.Advance(TimeSpan.FromSeconds(61));
        }

        Assert.Fail($"Not everything was sent: {await StandingAsync()}");
    }

    /// <summary>Publishes records of these accounts, in this order.</summary>
    public async Task<IReadOnlyList<SettledRecord>> AppendAsync(params IEnumerable<string> accounts)
    {
        string feed = LedgerKeys.Feed(Tenant, sandbox: false);
        var records = new List<SettledRecord>();
        foreach (string account in accounts)
            records.Add(RecordOf(account, ++_end));
        foreach (SettledRecord[] chunk in records.Chunk(49))
        {
            var batch = new TableBatch(feed).Upsert(RowOf(LedgerKeys.FeedHead, JsonSerializer.SerializeToUtf8Bytes(new FeedHeadDocument(chunk[^1].Seq), LedgerJson.Default.FeedHeadDocument)));
            foreach (SettledRecord record in chunk)
            {
                batch.Insert(RowOf(LedgerKeys.FeedRecord(record.Seq), JsonSerializer.SerializeToUtf8Bytes(record, LedgerJson.Default.SettledRecord)));
                batch.Insert(RowOf(LedgerKeys.FeedId(record.SettlementId, record.Revision), Encoding.ASCII.GetBytes(LedgerKeys.FeedRecord(record.Seq))));
            }

            Assert.IsType<BatchResult.Committed>(await Table.SubmitAsync(batch, default));
        }

        return records;
    }

    public Task<IReadOnlyList<SettledRecord>> AppendAsync(string account, int count) => AppendAsync(Enumerable.Repeat(account, count));

    /// <summary>Everything published is at the broker, each record once, byte for byte, and no request was wrong.</summary>
    public async Task AssertReceivedOnceAsync()
    {
        IReadOnlyList<FeedEntry> published = await Feed.ReadAsync(Tenant, sandbox: false, 0, 1_000, default);
        IReadOnlyList<BusMessageTaken> taken = Bus.Taken;
        Assert.Equal(published.Select(p => ServiceBusBatch.MessageIdOf(Tenant, p.MessageId)).Order(StringComparer.Ordinal), taken.Select(m => m.MessageId).Order(StringComparer.Ordinal));
        Dictionary<string, string> bodies = taken.ToDictionary(m => m.MessageId, m => m.Body);
        Assert.All(published, p => Assert.Equal(Encoding.UTF8.GetString(p.Body.Span), bodies[ServiceBusBatch.MessageIdOf(Tenant, p.MessageId)]));
        Assert.DoesNotContain(Bus.Answers, a => a.Status >= 400 && a.Why != "injected");
    }

    /// <summary>How it stands, as the cursor's row says.</summary>
    public async ValueTask<BusStanding> StandingAsync()
    {
        TableRow? head = await Table.GetAsync(LedgerKeys.Feed(Tenant, sandbox: false), LedgerKeys.FeedHead, default);
        long end = head is null ? 0 : Tables.Read(head, LedgerJson.Default.FeedHeadDocument).Sequence;
        DispatchDocument at = (await new Publications(Table, Tenant, Publisher().Destination).CursorAsync(default)).Document;
        return new BusStanding(end - at.SentUpto, at.Attempt?.FirstAttemptAt, at.Waiting, at.Uncertain, at.Refused);
    }

    public async Task<IReadOnlyList<PublicationEntry>> ListAsync(PublicationState state) => (await Desk().ListAsync(Tenant, state, null, 1_000, default)).Entries;

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Bus.DisposeAsync();
    }

    public static SettledRecord RecordOf(string account, long seq, bool sandbox = false)
    {
        string id = LedgerKeys.Settlement(Tenant, account, 0, LedgerSample.March, null, LedgerKeys.SubjectToken($"mb_{seq}", "g")).Id;
        return new SettledRecord(
            SettledRecord.SchemaName, $"{id}.1", seq, id, 1, Tenant, account, $"mb_{seq}", null, "seller.example", ["pkg_1"], "po_10",
            new SettledPeriod("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"), null, "2026-04", "2026-04-02T09:00:00Z", "USD", "cpm", "10",
            new SettledAmount("1000", "10.00"), new SettledAmount("1000", "10.00"), new SettledBasis("buyer", "usage_push", false), null, "1000", null,
            ["authoritative_final"], 1, new InvoiceFacts(LegalName: "Ärger \"Söhne\" <& Co> 𝄞"), [new string('a', 64)], new string('b', 64), sandbox);
    }

    private static TableRow RowOf(string key, byte[] body) => TableRow.Of(key, body);
}

/// <summary>How the broker's cursor stands.</summary>
/// <param name="Behind">Published records that were not sent yet.</param>
/// <param name="FirstAttemptAt">Since when the range under way is being sent; null when none is.</param>
public sealed record BusStanding(long Behind, DateTimeOffset? FirstAttemptAt, int Waiting, int Uncertain, int Refused);
