using System.Globalization;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host;

/// <summary>One page of a list that is read off an account's settlements, and where the next one goes on.</summary>
/// <remarks>
/// Settlements are looked at in the order they lie: shard by shard, in each by key. What comes in while a list is read is told when it
/// lies further on, and nothing is told twice.
/// </remarks>
internal sealed class SettlementPage
{
    /// <summary>Said by a list that has nothing more to tell of a settlement.</summary>
    public const int Whole = int.MaxValue;

    private const int MaxLimit = 1_000;

    /// <summary>How many settlements one answer looks at: a rare state must not make a request read a whole account.</summary>
    private const int MaxLooks = 5_000;

    private readonly Call _call;
    private readonly string _list;

    private SettlementPage(Call call, string list, Account account, int limit, string? after) => (_call, _list, Account, Limit, After) = (call, list, account, limit, after);

    public Account Account { get; }

    public int Limit { get; }

    /// <summary>Where the page before ended; null on the first.</summary>
    public string? After { get; }

    /// <summary>Reads <c>limit</c>, <c>account_id</c> and <c>cursor</c>.</summary>
    /// <param name="call">The request.</param>
    /// <param name="list">Which list: cursors of another do not go on in it.</param>
    public static async ValueTask<(SettlementPage? Page, Problem? Refusal)> OpenAsync(Call call, string list)
    {
        (int limit, Problem? refusal) = call.Limit(MaxLimit);
        if (refusal is not null)
            return (null, refusal);
        (string? accountId, refusal) = call.Account();
        if (accountId is null)
            return (null, refusal);
        if (await call.Service<AccessDirectory>().AccountAsync(call.Tenant, accountId, call.Cancel) is not { } account)
            return (null, Problem.NotFound);
        (string? after, refusal) = await call.AfterAsync("cursor", account.Id, list);
        return refusal is null ? (new SettlementPage(call, list, account, limit, after), null) : (null, refusal);
    }

    /// <summary>Goes on from where the page before ended until this one is full.</summary>
    /// <param name="take">
    /// Takes of a settlement what the list tells, after as many as were told of it before, and says once the page is full how many
    /// were: <see cref="Whole"/> for all; null while there is room.
    /// </param>
    /// <param name="mediaBuyId">Look only at those of this media buy.</param>
    /// <param name="before">Look only at periods that begin before this day.</param>
    /// <returns>The cursor of the next page; null on the last.</returns>
    public async ValueTask<string?> ReadAsync(Func<HeadDocument, int, ValueTask<int?>> take, string? mediaBuyId, DateTimeOffset? before)
    {
        SettlementLedger ledger = _call.Service<SettlementLedger>();
        (SettlementAddress? from, int told) = Begun();
        if (from is { } begun && told < Whole && await ledger.ReadAsync(begun, _call.Cancel) is { Document: var rest } && IsAsked(rest, mediaBuyId) && await take(rest, told) is { } again)
            return await NextAsync(rest, again);

        int looks = 0;
        foreach (string partition in PartitionsFrom(mediaBuyId, from))
        {
            await foreach (HeadDocument head in ledger.ListAsync(partition, _call.Cancel, from is { } at && at.Partition == partition ? at.Suffix : null, before))
            {
                if (IsAsked(head, mediaBuyId) && await take(head, 0) is { } last)
                    return await NextAsync(head, last);
                if (++looks == MaxLooks)
                    return await NextAsync(head, Whole);
            }
        }

        return null;
    }

    /// <summary>The cursor of a page that begins after a place.</summary>
    public ValueTask<string> CursorAsync(string place) => _call.Service<ListCursors>().SealAsync(_call.Tenant, Account.Id, _list, place, _call.Cancel);

    private ValueTask<string> NextAsync(HeadDocument head, int told) => CursorAsync(string.Create(CultureInfo.InvariantCulture, $"{head.Id} {told}"));

    private (SettlementAddress? From, int Told) Begun() => After?.Split(' ') is [var settlement, var told]
        ? (LedgerKeys.Parse(_call.Tenant, settlement), int.Parse(told, CultureInfo.InvariantCulture))
        : (null, 0);

    private IEnumerable<string> PartitionsFrom(string? mediaBuyId, SettlementAddress? from)
    {
        IEnumerable<int> shards = mediaBuyId is null ? Enumerable.Range(0, LedgerKeys.Shards) : [LedgerKeys.Shard(mediaBuyId)];
        return shards.Select(shard => LedgerKeys.Ledger(_call.Tenant, Account.Id, shard)).SkipWhile(partition => from is { } at && string.CompareOrdinal(partition, at.Partition) < 0);
    }

    private static bool IsAsked(HeadDocument head, string? mediaBuyId) => mediaBuyId is null || head.MediaBuyId == mediaBuyId;
}
