using System.Security.Cryptography;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Tests.Support;

/// <summary>A ledger in which everything happened, two months were closed, and a little happened since.</summary>
public static class AuditPlay
{
    /// <summary>Settled on a webhook's delivery, in April.</summary>
    public const string Delivered = "mb_delivered";

    /// <summary>Has an event before the closes and one after.</summary>
    public const string Moved = "mb_moved";

    public static readonly string[] Accounts = ["acct", "outside", "sand"];

    public static readonly Seals Keys = KeysOf("k1");

    public static readonly byte[] Body = """{"idempotency_key":"a-delivery-of-march","result":{"impressions":7000}}"""u8.ToArray();

    public static Seals KeysOf(string current, params string[] ids) =>
        new(current, ids.Append(current).ToDictionary(id => id, id => SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(id)), StringComparer.Ordinal));

    public static async Task PlayAsync(LedgerHarness ledger, long delivered = 7_000)
    {
        RegisteredBuy bought = await ledger.RegisterAsync(LedgerSample.SellerAttested(Delivered));
        RegisteredBuy moved = await ledger.RegisterAsync(LedgerSample.BuyerAttested(Moved, deadlineHours: 2_000));
        await EveryEvent.PlayAsync(ledger);
        await DeliverAsync(ledger, bought, delivered);
        await ledger.PushAsync("moved", ledger.SellerFinals(moved, 50_000));
        await ledger.RelayAsync();
        Assert.IsType<PeriodRuling.Closed>(await ledger.CloseAsync("2026-03"));
        Assert.IsType<PeriodRuling.Closed>(await ledger.CloseAsync("2026-04"));
        await ledger.PushAsync("since", ledger.SellerFinals(moved, 51_000, finalizedAt: ledger.Time.GetUtcNow().AddSeconds(1)));
    }

    /// <summary>Every row of the tenant that an audit vouches for, with its partition.</summary>
    public static async Task<IReadOnlyList<(string Partition, TableRow Row)>> RowsAsync(LedgerHarness ledger)
    {
        var rows = new List<(string, TableRow)>();
        foreach (string partition in Accounts.SelectMany(a => Enumerable.Range(0, LedgerKeys.Shards).Select(s => LedgerKeys.Ledger(LedgerHarness.Tenant, a, s))))
        {
            foreach (string prefix in (string[])["h_", "e_", "t_", "o_"])
                rows.AddRange((await ledger.RowsAsync(partition, prefix)).Select(r => (partition, r)));
        }

        foreach (string partition in (string[])[Feed, LedgerKeys.Feed(LedgerHarness.Tenant, sandbox: true), .. Manifests, LedgerKeys.Evidence(LedgerHarness.Tenant, "ep1")])
            rows.AddRange((await ledger.RowsAsync(partition)).Select(r => (partition, r)));
        return rows;
    }

    public static string Feed => LedgerKeys.Feed(LedgerHarness.Tenant, sandbox: false);

    public static IEnumerable<string> Manifests => ((string[])["2026-03", "2026-04"]).Select(m => LedgerKeys.Manifest(LedgerHarness.Tenant, "acct", m));

    public static async Task<IReadOnlyList<AuditFinding>> FindingsAsync(LedgerHarness ledger, Seals? keys = null, AuditAnchor? anchor = null, int years = 7)
    {
        var found = new List<AuditFinding>();
        var audit = new Audit(ledger.Table, ledger.Directory, keys ?? Keys, ledger.Time.GetUtcNow().AddYears(-years));
        AuditCount count = await audit.RunAsync(LedgerHarness.Tenant, anchor ?? AuditAnchor.None, found.Add, default);
        Assert.Equal(count.Findings, found.Count);
        return found;
    }

    /// <summary>The newest close of the account, as finance received it.</summary>
    public static async Task<(PeriodClose Close, ReadOnlyMemory<byte> Line)> CloseAsync(LedgerHarness ledger)
    {
        FeedEntry entry = (await ledger.PublishedAsync()).Last(e => e.Period is PeriodClose);
        return ((PeriodClose)entry.Period!, entry.Body);
    }

    public static AuditAnchor RootOf(PeriodClose close) => new([new AnchoredRoot(close.AccountId, close.Period, close.Audit.Root)]);

    /// <summary>A seller's finals for March, by a webhook whose delivery is kept.</summary>
    public static async Task<EvidenceDocument> DeliverAsync(LedgerHarness ledger, RegisteredBuy buy, long impressions)
    {
        var evidence = new EvidenceDocument("ep1", "seller.example", ledger.Time.GetUtcNow(), "a-delivery-of-march", Convert.ToHexStringLower(SHA256.HashData(Body)), "hmac", new Dictionary<string, string>(StringComparer.Ordinal) { ["signature"] = "sig1=:abc:", ["date"] = "today" }, []);
        await new EvidenceLog(ledger.Table).KeepAsync(LedgerHarness.Tenant, evidence, Body, default);
        Fact final = ledger.SellerFinals(buy, impressions).Single();
        await ledger.PushAsync("delivered", final with { Statement = final.Statement! with { Evidence = EvidenceLog.PlaceOf(LedgerHarness.Tenant, evidence) } });
        return evidence;
    }
}
