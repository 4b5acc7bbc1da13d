using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Tests.Support;

/// <summary>One instance of the service's ledger, wired as <c>Host/Composition.cs</c> wires it, over a given store and clock.</summary>
/// <remarks>Two harnesses over one table are two instances of the service. Nothing is kept in memory that a real instance would not keep.</remarks>
public sealed class LedgerHarness
{
    public const string Tenant = "acme";

    public LedgerHarness(IPartitionedTable table, FakeTime time, Seals? seals = null)
    {
        Table = table;
        Time = time;
        Directory = new AccessDirectory(table);
        Requests = new RequestLog(table);
        Catalog = new ContractCatalog(table);
        Due = new DueIndex(table);
        Outbox = new Outbox(table);
        Heartbeat = new Heartbeat(table, time);
        Snapshots = new SnapshotIndex(table);
        Settlements = new SettlementLedger(table, Due, Snapshots, Outbox, time);
        Statements = new StatementLedger(table, Settlements, Heartbeat);
        Register = new MediaBuyRegister(table, Settlements, Snapshots, Catalog, Heartbeat, time);
        Proposals = new ProposalLedger(table, Register, time);
        Sweep = new DeadlineSweep(Due, Settlements, Catalog, Directory, Heartbeat, time);
        Relay = new Relay(table, Outbox, time) { Seals = seals ?? Seals.None };
        Feed = new Feed(table);
        Periods = new PeriodDesk(table, Feed, Relay, new AuditTrail(table), time);
        Scan = new SlowScan(table, Due, Snapshots, Outbox, Directory, time);
    }

    public IPartitionedTable Table { get; }

    public FakeTime Time { get; }

    public AccessDirectory Directory { get; }

    public RequestLog Requests { get; }

    public ContractCatalog Catalog { get; }

    public DueIndex Due { get; }

    public SnapshotIndex Snapshots { get; }

    public Outbox Outbox { get; }

    public Heartbeat Heartbeat { get; }

    public SettlementLedger Settlements { get; }

    public StatementLedger Statements { get; }

    public MediaBuyRegister Register { get; }

    public ProposalLedger Proposals { get; }

    public DeadlineSweep Sweep { get; }

    public Relay Relay { get; }

    public Feed Feed { get; }

    public PeriodDesk Periods { get; }

    public SlowScan Scan { get; }

    public async Task AddAccountAsync(Account account)
    {
        await Directory.AddTenantAsync(Tenant, default);
        // A flow that died and is repeated finds the account it had already written.
        Assert.True(await Directory.RegisterAccountAsync(Tenant, account, default) is AccountOutcome.Created or AccountOutcome.Replaced);
    }

    public async Task<RegisteredBuy> RegisterAsync(ContractDraft draft, Account? account = null) =>
        await Register.RegisterAsync(Tenant, account ?? LedgerSample.Account(), draft, default) switch
        {
            RegisterOutcome.Registered(var buy) => buy,
            RegisterOutcome.Unchanged(var buy) => buy,
            var other => throw new Xunit.Sdk.XunitException($"The registration was not taken: {other}"),
        };

    /// <summary>Media buys by the thousand, as their registrations would leave them, without an expected settlement each.</summary>
    public async Task<IReadOnlyList<RegisteredBuy>> ImportAsync(IEnumerable<ContractDraft> drafts, Account account)
    {
        var buys = new List<RegisteredBuy>();
        foreach (ContractDraft draft in drafts)
        {
            var registered = (RegistrationResult.Registered)Registration.Register(draft, account.Parties, null, Time.GetUtcNow());
            buys.Add(new RegisteredBuy(Tenant, account, new MediaBuyDocument(draft.MediaBuyId, account.Id, [registered.Contract])));
        }

        await ImportAsync(buys.Select(buy => (buy.Partition, Row(LedgerKeys.MediaBuy(buy.MediaBuyId), JsonSerializer.SerializeToUtf8Bytes(new MediaBuyDocument(buy.MediaBuyId, account.Id, buy.Versions), LedgerJson.Default.MediaBuyDocument)))));
        return buys;
    }

    /// <summary>Writes rows as they are, many to a batch.</summary>
    public async Task ImportAsync(IEnumerable<(string Partition, TableRow Row)> rows)
    {
        foreach (IGrouping<string, (string Partition, TableRow Row)> partition in rows.GroupBy(r => r.Partition, StringComparer.Ordinal))
        {
            foreach ((string Partition, TableRow Row)[] chunk in partition.Chunk(TableBatch.MaxRows))
            {
                var batch = new TableBatch(partition.Key);
                foreach ((_, TableRow row) in chunk)
                    batch.Upsert(row);
                Assert.IsType<BatchResult.Committed>(await Table.SubmitAsync(batch, default));
            }
        }
    }

    public Task PushAsync(string request, params IEnumerable<Fact> facts) => PushAsync(request, facts, []);

    public Task PushAsync(string request, IEnumerable<Fact> facts, IEnumerable<(RegisteredBuy Buy, PageLine Line)> lines)
    {
        Fact[] all = [.. facts];
        var push = new Push(Tenant, all.FirstOrDefault()?.Statement?.Side ?? Side.UsagePush, "agent", LedgerKeys.Token(request), Time.GetUtcNow(), "2026-03-01T00:00:00Z", "2026-03-31T23:59:59Z");
        foreach (Fact fact in all)
            push.For(fact.Buy.Partition).Facts.Add(fact);
        foreach ((RegisteredBuy buy, PageLine line) in lines)
            push.For(buy.Partition).Lines.Add(line);
        return Statements.RecordAsync(push, default);
    }

    /// <summary>The buyer's final for a group and period, received now.</summary>
    public Fact BuyerFinal(RegisteredBuy buy, long impressions, ReportingPeriod? period = null, DateTimeOffset? finalizedAt = null, int group = 0) =>
        Final(buy, buy.InForce(period ?? LedgerSample.March).Groups[group], Side.UsagePush, "", impressions, period ?? LedgerSample.March, finalizedAt);

    /// <summary>The seller's final rows for every package of a group, received now.</summary>
    public IEnumerable<Fact> SellerFinals(RegisteredBuy buy, long impressions, ReportingPeriod? period = null, DateTimeOffset? finalizedAt = null, int group = 0)
    {
        TermsGroup terms = buy.InForce(period ?? LedgerSample.March).Groups[group];
        return terms.PackageIds.Select(package => Final(buy, terms, Side.SellerRow, package, impressions / terms.PackageIds.Count, period ?? LedgerSample.March, finalizedAt));
    }

    public static (RegisteredBuy Buy, PageLine Line) Provisional(RegisteredBuy buy, long impressions, ReportingPeriod? period = null, string? window = null) =>
        (buy, new PageLine(period ?? LedgerSample.March, window, Raw(buy, "", impressions)));

    public static SettlementAddress Address(RegisteredBuy buy, ReportingPeriod? period = null, int group = 0)
    {
        TermsGroup terms = buy.InForce(period ?? LedgerSample.March).Groups[group];
        return buy.Address(terms.Id, period ?? LedgerSample.March, terms.Window);
    }

    public async Task<HeadDocument> HeadAsync(RegisteredBuy buy, ReportingPeriod? period = null, int group = 0) =>
        (await Settlements.ReadAsync(Address(buy, period, group), default) ?? throw new Xunit.Sdk.XunitException("The settlement does not exist.")).Document;

    /// <summary>Forgets a settlement as retention does, whatever its age.</summary>
    public async Task ForgetAsync(RegisteredBuy buy)
    {
        SettlementAddress address = Address(buy);
        Head head = (await Settlements.ReadAsync(address, default))!;
        HeadDocument kept = head.Document;
        var left = new TombstoneDocument(kept.Id, kept.Period, kept.Sequence, kept.Chain, 1, null, kept.ChangedAt, Time.GetUtcNow(), Tenant);
        await Table.SubmitAsync(new TableBatch(address.Partition).Delete(head.Row).Insert(Tables.Row(LedgerKeys.Tombstone(address.Suffix), left, LedgerJson.Default.TombstoneDocument)), default);
    }

    /// <summary>The seller's own records were read, and say the same or not.</summary>
    public async Task<bool> NoteAsync(RegisteredBuy buy, bool matches = true, DateTimeOffset? at = null, string? mark = null)
    {
        HeadDocument head = await HeadAsync(buy);
        IReadOnlyList<ReportingPeriod> outages = await Heartbeat.OutagesAsync(default);
        mark ??= AdcpFunctions.Settlement.Snapshots.MarkOf(head.State, SettlementLedger.ContextOf(buy, head, outages)!)!;
        var reading = new SnapshotReading(mark, matches, at ?? Time.GetUtcNow(), "records", matches ? null : "the seller's own records say 1 impressions where its report said 2 for package pkg_1");
        return await Settlements.NoteSnapshotAsync(buy, head, outages, reading, default);
    }

    /// <summary>What the seller's own records are to be read for, in every shard.</summary>
    public async Task<IReadOnlyList<DueDocument>> ReadingsAsync(DateTimeOffset? until = null)
    {
        var looks = new List<DueDocument>();
        for (int shard = 0; shard < LedgerKeys.Shards; shard++)
            looks.AddRange((await Snapshots.DueAsync(shard, until ?? DateTimeOffset.MaxValue, default)).Select(d => d.Due));
        return looks;
    }

    /// <summary>Advances the clock as it passes for a service that was there all along.</summary>
    public async Task PassAsync(TimeSpan span)
    {
        Time.Advance(span);
        IReadOnlyList<ReportingPeriod> outages = await new Heartbeat(Table, Time).OutagesAsync(default);
        byte[] beat = JsonSerializer.SerializeToUtf8Bytes(new HeartbeatDocument(Time.GetUtcNow(), outages), LedgerJson.Default.HeartbeatDocument);
        await Table.SubmitAsync(new TableBatch("heartbeat").Upsert(Row("beat", beat)), default);
    }

    public Task PassUntilAsync(DateTimeOffset at) => PassAsync(at - Time.GetUtcNow());

    public Task<int> SweepAsync() => Sweep.RunAsync(default);

    public Task<int> RelayAsync() => Relay.RunAsync(Tenant, default);

    public Task<PeriodRuling> CloseAsync(string period, string account = "acct") => Periods.CloseAsync(new PeriodWish(Tenant, account, period, "finance", null), default);

    public Task<PeriodRuling> ReopenAsync(string period, string account = "acct") => Periods.ReopenAsync(new PeriodWish(Tenant, account, period, "finance", "a late invoice"), default);

    public async Task<IReadOnlyList<FeedEntry>> PublishedAsync(bool sandbox = false)
    {
        var all = new List<FeedEntry>();
        while (await Feed.ReadAsync(Tenant, sandbox, all.Count == 0 ? 0 : all[^1].Sequence, 500, default) is { Count: > 0 } page)
            all.AddRange(page);
        return all;
    }

    public async Task<IReadOnlyList<TableRow>> RowsAsync(string partition, string prefix = "")
    {
        var rows = new List<TableRow>();
        string? continuation = null;
        do
        {
            RowPage page = await Table.QueryAsync(partition, prefix.Length == 0 ? "!" : prefix, prefix.Length == 0 ? "~" : LedgerKeys.After(prefix), 1000, continuation, default);
            rows.AddRange(page.Rows);
            continuation = page.Continuation;
        }
        while (continuation is not null);
        return rows;
    }

    /// <summary>Rows of every shard of an account, as text: partition, key and columns, without ETags.</summary>
    public async Task<IReadOnlyList<string>> LedgerTextAsync(string prefix = "", string account = "acct")
    {
        var lines = new List<string>();
        for (int shard = 0; shard < LedgerKeys.Shards; shard++)
        {
            string partition = LedgerKeys.Ledger(Tenant, account, shard);
            lines.AddRange((await RowsAsync(partition, prefix)).Select(row => Text(partition, row)));
        }

        return lines;
    }

    /// <summary>Every due row, as text, without when it was written.</summary>
    public async Task<IReadOnlyList<string>> DueTextAsync()
    {
        var keys = new List<string>();
        for (int shard = 0; shard < LedgerKeys.Shards; shard++)
            keys.AddRange((await RowsAsync(LedgerKeys.Due(shard))).Select(row => row.RowKey));
        return keys;
    }

    public async Task<IReadOnlyList<TableRow>> PointersAsync() => await RowsAsync(LedgerKeys.OutboxPointers(Tenant));

    /// <summary>Every event carries the hash of the one before it, and none is missing.</summary>
    public async Task AssertChainedAsync(SettlementAddress address)
    {
        Head head = await Settlements.ReadAsync(address, default) ?? throw new Xunit.Sdk.XunitException("The settlement does not exist.");
        string previous = "";
        int sequence = 0;
        foreach (TableRow row in await RowsAsync(address.Partition, $"e_{address.Suffix}_"))
        {
            EventDocument happened = JsonSerializer.Deserialize(row.Body.Span, LedgerJson.Default.EventDocument)!;
            Assert.Equal(++sequence, happened.Sequence);
            Assert.Equal(previous, happened.Previous);
            Assert.Equal(address.Id, happened.Id);
            Assert.Equal(LedgerKeys.Event(address.Suffix, sequence), row.RowKey);
            previous = Convert.ToHexStringLower(SHA256.HashData(row.Body.Span));
        }

        Assert.Equal(sequence, head.Document.Sequence);
        Assert.Equal(previous, head.Document.Chain);
    }

    /// <summary>What stands in the feed is booked where it may be, and every close says what stands before it.</summary>
    /// <remarks>Added up here once more, from the texts alone.</remarks>
    public async Task AssertBooksAsync()
    {
        var closed = new HashSet<(string Account, string Period)>();
        var sums = new Dictionary<(string Account, string Period, string Currency), decimal>();
        var counts = new Dictionary<(string Account, string Period), long>();
        foreach (FeedEntry entry in await PublishedAsync())
        {
            using JsonDocument body = JsonDocument.Parse(entry.Body);
            JsonElement said = body.RootElement;
            string Of(string name) => said.GetProperty(name).GetString()!;
            string account = Of("account_id");
            switch (Of("schema"))
            {
                case SettledRecord.SchemaName:
                    string booked = Of("booking_period"), end = said.GetProperty("reporting_period").GetProperty("end").GetString()!;
                    string natural = DateTimeOffset.Parse(end, CultureInfo.InvariantCulture).AddSeconds(-1).ToString("yyyy-MM", CultureInfo.InvariantCulture);
                    Assert.False(closed.Contains((account, booked)), $"{Of("message_id")} is booked into {booked}, which was closed.");
                    Assert.True(string.CompareOrdinal(booked, natural) <= 0 || closed.Contains((account, natural)), $"{Of("message_id")} of {natural} is booked into {booked}, and {natural} was open.");
                    sums[(account, booked, Of("currency"))] = sums.GetValueOrDefault((account, booked, Of("currency"))) + decimal.Parse(said.GetProperty("delta").GetProperty("amount").GetString()!, CultureInfo.InvariantCulture);
                    counts[(account, booked)] = counts.GetValueOrDefault((account, booked)) + 1;
                    break;
                case PeriodClose.SchemaName:
                    Assert.True(closed.Add((account, Of("period"))), $"{Of("message_id")} closes what is closed.");
                    Assert.Equal(counts.GetValueOrDefault((account, Of("period"))), said.GetProperty("count").GetInt64());
                    Assert.Equal(
                        sums.Where(s => s.Key.Account == account && s.Key.Period == Of("period")).Select(s => (s.Key.Currency, s.Value)).Order(),
                        said.GetProperty("totals").EnumerateArray().Select(t => (t.GetProperty("currency").GetString()!, decimal.Parse(t.GetProperty("amount").GetString()!, CultureInfo.InvariantCulture))));
                    break;
                default:
                    Assert.True(closed.Remove((account, Of("period"))), $"{Of("message_id")} opens what is open.");
                    break;
            }
        }
    }

    /// <summary>Every decision follows again from what came in, and what went out is what was decided.</summary>
    public async Task<ReplayCount> AssertReplaysAsync()
    {
        var differences = new List<Difference>();
        ReplayCount count = await new Replay(Table, Directory).RunAsync(Tenant, differences.Add, default);
        Assert.True(differences.Count == 0, string.Join(Environment.NewLine, differences));
        return count;
    }

    public static TableRow Row(string key, byte[] body) => TableRow.Of(key, body);

    private Fact Final(RegisteredBuy buy, TermsGroup group, Side side, string unit, long impressions, ReportingPeriod period, DateTimeOffset? finalizedAt)
    {
        DateTimeOffset stamp = finalizedAt ?? Time.GetUtcNow();
        string said = string.Create(CultureInfo.InvariantCulture, $"{side}\n{unit}\n{impressions}\n{stamp.UtcTicks}\n{group.Id}");
        var statement = new Statement(side, unit, impressions, null, stamp, Time.GetUtcNow(), "agent", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(said))), "evidence");
        return new Fact(buy, group.Id, period, group.Window, statement, "agent", Raw(buy, unit, impressions));
    }

    private static byte[] Raw(RegisteredBuy buy, string unit, long impressions) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"media_buy_id":"{{buy.MediaBuyId}}","package_id":"{{unit}}","impressions":{{impressions}},"vendor_cost":0}"""));

    private static string Text(string partition, TableRow row) =>
        $"{partition} {row.RowKey} {string.Join(' ', row.Columns.OrderBy(c => c.Name, StringComparer.Ordinal).Select(c => $"{c.Name}={Encoding.UTF8.GetString(c.Value.Span)}"))}";
}
