using System.Collections.Frozen;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>Where one settlement lives. Its public id spells the same place.</summary>
/// <param name="Partition">Tenant, account and shard.</param>
/// <param name="Suffix">Period, window and subject: what follows the letter in each of its row keys.</param>
/// <param name="Id">Account, shard, period, window and subject, joined by full stops; at most 116 characters.</param>
public readonly record struct SettlementAddress(string Partition, string Suffix, string Id);

/// <summary>Every partition key and row key, in one place.</summary>
/// <remarks>
/// Row keys begin with what sorts together: period and window, so that one push touches one contiguous range of a shard.
/// Foreign ids are hashed: Table Storage forbids some of their characters.
/// </remarks>
public static class LedgerKeys
{
    public const int Shards = 16;

    /// <summary>The longest account id and tenant name: both stand in keys and in message ids.</summary>
    public const int MaxNameLength = 40;

    /// <summary>Partitions that begin so have their tenant next.</summary>
    private static readonly FrozenSet<string> OfTenants = FrozenSet.Create(StringComparer.Ordinal, "dir", "req", "buys", "outbox", "feed", "feed-sandbox", "sent", "hook", "quarantine", "nonce", "nonces", "log", "logs", "manifest");

    /// <summary>Partitions that begin so are everybody's: what finds a caller, and what timers look through.</summary>
    private static readonly FrozenSet<string> Shared = FrozenSet.Create(StringComparer.Ordinal, "keys", "kids", "pins", "hooks", "tenants", Deadlines, Snapshots, "heartbeat", "leases", "scans");

    private const string Base32 = "abcdefghijklmnopqrstuvwxyz234567";

    /// <summary>True for a name that may stand in a key and an id: letters, digits, hyphen and underscore.</summary>
    public static bool IsName(string value) => value.Length is > 0 and <= MaxNameLength && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    public static int Shard(string subject)
    {
        uint hash = 2166136261;
        foreach (byte b in Encoding.UTF8.GetBytes(subject))
            hash = unchecked((hash ^ b) * 16777619);
        return (int)((hash ^ (hash >> 16)) & (Shards - 1));
    }

    public static string Ledger(string tenant, string account, int shard) => $"{tenant}.{account}.{shard:x}";

    public static SettlementAddress Settlement(string tenant, string account, int shard, ReportingPeriod period, string? window, string subjectToken)
    {
        string p = period.ToString();
        string w = WindowToken(window);
        return new SettlementAddress(Ledger(tenant, account, shard), $"{p}_{w}_{subjectToken}", $"{account}.{shard:x}.{p}.{w}.{subjectToken}");
    }

    /// <summary>The place an id spells, for a caller of this tenant; null when it spells none.</summary>
    public static SettlementAddress? Parse(string tenant, string id)
    {
        string[] parts = id.Split('.');
        bool shaped = parts.Length == 5
            && parts.All(p => p.Length > 0 && p.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            && IsName(parts[0]) && parts[1].Length == 1;
        return shaped ? new SettlementAddress($"{tenant}.{parts[0]}.{parts[1]}", $"{parts[2]}_{parts[3]}_{parts[4]}", id) : null;
    }

    /// <summary>The account an id belongs to.</summary>
    public static string AccountOf(string settlementId) => settlementId[..settlementId.IndexOf('.', StringComparison.Ordinal)];

    /// <summary>The part of a settlement's key that names what is settled: a media buy and its terms group.</summary>
    public static string SubjectToken(string mediaBuyId, string groupId) => Token($"{mediaBuyId}\n{groupId}");

    public static string WindowToken(string? window)
    {
        if (window is null)
            return "0";
        bool plain = window.Length is > 0 and <= 20 && char.IsAsciiLetterLower(window[0]) && window.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_');
        return plain ? window : "1" + Token(window)[..12];
    }

    public static string Head(string suffix) => "h_" + suffix;

    public static string Event(string suffix, int sequence) => $"e_{suffix}_{sequence:d6}";

    public static string Outgoing(string suffix, int revision) => $"o_{suffix}_{revision:d4}";

    /// <summary>One for all periods of a subject: a suffix ends in the subject's 20 characters.</summary>
    public static string Tally(string suffix) => "t_" + suffix[^20..];

    /// <summary>Contracts of a shard begin so.</summary>
    public const string MediaBuys = "c_";

    public static string MediaBuy(string mediaBuyId) => MediaBuys + Token(mediaBuyId);

    /// <summary>How it last went to ask for the seller's records.</summary>
    public static string Asked(string suffix) => "a_" + suffix;

    /// <summary>What any seller proposes about a media buy begins so. Each has a row of its own: none may touch, or learn of, another's.</summary>
    public static string Proposals(string mediaBuyId) => $"q_{Token(mediaBuyId)}_";

    public static string Proposal(string mediaBuyId, string sellerAgent) => Proposals(mediaBuyId) + Token(sellerAgent);

    /// <summary>Which account a seller's media buy belongs to: one partition a tenant.</summary>
    public static string Bindings(string tenant) => $"buys.{tenant}";

    public static string Binding(string sellerAgent, string mediaBuyId) => Token($"{sellerAgent}\n{mediaBuyId}");

    /// <summary>Pages of a shard lie in the order they came in: neighbours in time share a block of the store.</summary>
    public static string Page(ReportingPeriod period, string? window, DateTimeOffset receivedAt, string requestToken, int number) =>
        $"p_{period}_{WindowToken(window)}_{receivedAt.UtcTicks:d19}_{requestToken}_{number:d3}";

    /// <summary>Which page of which request a page key names, whenever it came in: all of it but the 19 digits of its time.</summary>
    public static string PageIdentity(string pageKey) => string.Concat(pageKey.AsSpan(0, pageKey.Length - 44), pageKey.AsSpan(pageKey.Length - 24));

    /// <summary>Where the rows of a media buy are found, those about billing periods apart; the period that ends last comes first.</summary>
    public static string ShownRows(string mediaBuyId, bool isBilled) => $"v_{Token(mediaBuyId)}_{(isBilled ? 'b' : 'o')}_";

    /// <summary>Of one period: what a settlement was taken from first, of its kind the newest.</summary>
    public static string ShownRows(string mediaBuyId, bool isBilled, ReportingPeriod period) => $"{ShownRows(mediaBuyId, isBilled)}{NewestFirst(period.End)}_{period}_";

    /// <summary>The first key that no row beginning with <paramref name="prefix"/> can have.</summary>
    public static string After(string prefix) => prefix[..^1] + (char)(prefix[^1] + 1);

    /// <summary>A kind of looks: at deadlines and the ends of waits.</summary>
    public const string Deadlines = "due";

    /// <summary>A kind of looks: at the seller's own records.</summary>
    public const string Snapshots = "snap";

    public static string Due(int shard, string kind = Deadlines) => $"{kind}.{shard:x}";

    public static string DueRow(DateTimeOffset dueAt, string partition, string suffix) => $"{Second(dueAt)}_{partition}_{suffix}";

    public static string OutboxPointers(string tenant) => $"outbox.{tenant}";

    public static string OutboxPointer(DateTimeOffset writtenAt, string partition, string commit) => $"{Second(writtenAt)}_{partition}_{commit}";

    public static string Feed(string tenant, bool sandbox) => sandbox ? $"feed-sandbox.{tenant}" : $"feed.{tenant}";

    public const string FeedHead = "head";

    public static string FeedRecord(long seq) => $"r_{seq:d12}";

    public static string FeedId(string settlementId, int revision) => $"id_{settlementId}.{revision:d4}";

    /// <summary>What was done to an account's months lies beside the feed's head: no record is appended past a close that it has not seen.</summary>
    public static string PeriodsOf(string account) => "m_" + account;

    /// <summary>True for an account, a month and what was done to it, joined by full stops: a message id less its revision.</summary>
    public static bool IsPeriodSubject(string text) =>
        text.Split('.') is [var account, { Length: 7 } month, "close" or "reopen"] && IsName(account) && month.All(c => char.IsAsciiDigit(c) || c == '-');

    /// <summary>What is known of one destination of the feed: one partition a tenant and destination.</summary>
    public static string Sent(string tenant, string destination) => $"sent.{tenant}.{Token(destination)}";

    public const string SentCursor = "cursor";

    public static string Publication(PublicationState state, string settlementId, long seq) =>
        state == PublicationState.Waiting ? $"{WaitingOf(AccountOf(settlementId))}{seq:d12}" : $"{Publications(state)}{seq:d12}";

    /// <summary>Rows of a state begin so.</summary>
    public static string Publications(PublicationState state) => state switch
    {
        PublicationState.Waiting => "w_",
        PublicationState.Uncertain => "u_",
        PublicationState.Refused => "x_",
        _ => "d_",
    };

    /// <summary>An account's waiting rows begin so; no account has a full stop in its id.</summary>
    public static string WaitingOf(string account) => $"w_{account}.";

    /// <summary>What the roots of a month's closes were taken over; none of the parts holds a full stop.</summary>
    public static string Manifest(string tenant, string account, string period) => $"manifest.{tenant}.{account}.{period}";

    public static string ManifestRoot(string root) => "r_" + root;

    public static string ManifestPage(string contentHash) => "p_" + contentHash;

    /// <summary>What is left of a settlement that was forgotten.</summary>
    public static string Tombstone(string suffix) => Tombstones + suffix;

    public const string Tombstones = "x_";

    /// <summary>Says that something of a forgotten settlement is still to be removed.</summary>
    public static string Forgetting(string suffix) => Forgettings + suffix;

    public const string Forgettings = "y_";

    public static string Requests(string tenant, string scopeToken) => $"req.{tenant}.{scopeToken[..2]}";

    public static string Directory(string tenant) => $"dir.{tenant}";

    /// <summary>What seals a tenant's cursors, in its directory.</summary>
    public const string CursorKey = "cursor-key";

    public static string Keys(string keyHash) => $"keys.{keyHash[..2]}";

    /// <summary>The keys of an agent are listed under this.</summary>
    public static string KeysOf(string agentId) => $"key_{Token(agentId)}_";

    /// <summary>When the keys of an agent were last used lies apart from the keys: it is written without looking.</summary>
    public static string UsesOf(string agentId) => $"use_{Token(agentId)}_";

    /// <summary>Which agent a pinned signing key names, over all tenants.</summary>
    public static string KeyIds(string keyIdToken) => $"kids.{keyIdToken[..2]}";

    public static string Hooks => "hooks";

    /// <summary>Rows that say which route an endpoint's id means begin so.</summary>
    public const string EndpointPlaces = "hook_";

    public static string EndpointPlace(string id) => EndpointPlaces + Token(id);

    /// <summary>Rows that say where sellers' records are read begin so.</summary>
    public const string SnapshotSources = "records_";

    /// <summary>Where a seller's records are read; one row a seller in the tenant's directory.</summary>
    public static string SnapshotSource(string sellerAgent) => SnapshotSources + Token(sellerAgent);

    /// <summary>Which keys of a tenant's signers have nonces.</summary>
    public static string NonceKeys(string tenant) => $"nonces.{tenant}";

    public static string Nonces(string tenant, string keyToken) => $"nonce.{tenant}.{keyToken}";

    public static string KeyPins => "pins";

    public static string KeyPin(string agentUrl, string brandJsonUrl) => Token($"{agentUrl}\n{brandJsonUrl}");

    public static string Evidence(string tenant, string endpoint) => $"hook.{tenant}.{endpoint}";

    /// <summary>True for a name that partitions of another kind begin with: as a tenant's it would make two partitions one.</summary>
    public static bool IsReserved(string tenant) => OfTenants.Contains(tenant) || Shared.Contains(tenant);

    /// <summary>Whose a partition is, by its key. Asked before every call of a request, so it makes no text of its own.</summary>
    /// <param name="partition">The key.</param>
    /// <param name="tenant">Empty for a partition that all share.</param>
    /// <param name="account">Empty where it is no account's ledger.</param>
    /// <returns>False for a key of no known form.</returns>
    public static bool TryOwnerOf(string partition, out ReadOnlySpan<char> tenant, out ReadOnlySpan<char> account)
    {
        tenant = account = [];
        int first = partition.IndexOf('.', StringComparison.Ordinal);
        ReadOnlySpan<char> head = first < 0 ? partition : partition.AsSpan(0, first);
        if (Shared.GetAlternateLookup<ReadOnlySpan<char>>().Contains(head))
            return true;
        if (first < 0)
            return false;
        int second = partition.IndexOf('.', first + 1);
        ReadOnlySpan<char> next = second < 0 ? partition.AsSpan(first + 1) : partition.AsSpan(first + 1, second - first - 1);
        bool isOfTenant = OfTenants.GetAlternateLookup<ReadOnlySpan<char>>().Contains(head);
        tenant = isOfTenant ? next : head;
        if (isOfTenant)
            return tenant.Length > 0;
        account = next;
        return tenant.Length > 0 && account.Length > 0 && second == partition.Length - 2;
    }

    /// <summary>Deliveries of which something is kept as evidence only: waiting ones begin with w_, those that wait no more with d_.</summary>
    public static string Quarantine(string tenant, string endpoint) => $"quarantine.{tenant}.{endpoint}";

    public static string DeliveryLog(string tenant, string endpoint) => $"log.{tenant}.{endpoint}";

    /// <summary>Which endpoints of a tenant have a delivery log, so that one that was deleted is swept all the same.</summary>
    public static string DeliveryLogs(string tenant) => $"logs.{tenant}";

    /// <summary>Sorts what is newer before what is older.</summary>
    public static string NewestFirst(DateTimeOffset at) => (DateTimeOffset.MaxValue.UtcTicks - at.UtcTicks).ToString("d19", CultureInfo.InvariantCulture);

    /// <summary>Sortable text of a second, rounded up so that nothing is looked at before it is due.</summary>
    public static string Second(DateTimeOffset at)
    {
        long ticks = at.UtcTicks % TimeSpan.TicksPerSecond is var rest && rest == 0 || at.UtcTicks > DateTimeOffset.MaxValue.UtcTicks - TimeSpan.TicksPerSecond
            ? at.UtcTicks
            : at.UtcTicks + TimeSpan.TicksPerSecond - rest;
        return new DateTime(ticks, DateTimeKind.Utc).ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture);
    }

    /// <summary>100 bits of SHA-256 in 20 characters that any key may hold.</summary>
    public static string Token(string value)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes(value), hash);
        return string.Create(20, (UInt128)System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(hash), static (chars, bits) =>
        {
            for (int i = 0; i < chars.Length; i++)
                chars[i] = Base32[(int)((bits >> (123 - 5 * i)) & 31)];
        });
    }
}
