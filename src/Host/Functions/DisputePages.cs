using System.Buffers.Text;
using System.Text;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Functions;

/// <summary><c>GET /v1/disputes</c>: the disputes of an account, read off its settlements, or what might become one.</summary>
internal sealed class DisputePages
{
    private const int MaxLimit = 1_000;

    /// <summary>How many settlements one answer looks at, as with settlements themselves.</summary>
    private const int MaxLooks = 5_000;

    private readonly Call _call;
    private readonly Account _account;
    private readonly int _limit;
    private readonly string? _mediaBuyId;
    private readonly DisputeState? _state;
    private readonly List<DisputeBody> _disputes = [];
    private readonly List<DraftBody>? _drafts;

    private DisputePages(Call call, Account account, int limit, string? state)
    {
        (_call, _account, _limit, _mediaBuyId) = (call, account, limit, call.Query("media_buy_id"));
        (_state, _drafts) = (HostJson.Read<DisputeState>(state), state == "draft" ? [] : null);
    }

    public static async Task<IResult> ListAsync(Call call)
    {
        (int limit, Problem? limitRefusal) = call.Limit(MaxLimit);
        if (limitRefusal is not null)
            return limitRefusal;
        (string? accountId, Problem? refusal) = call.Account();
        if (accountId is null)
            return refusal!;
        if (await call.Service<AccessDirectory>().AccountAsync(call.Tenant, accountId, call.Cancel) is not { } account)
            return Problem.NotFound;
        if (call.Query("state") is { } state && state != "draft" && HostJson.Read<DisputeState>(state) is null)
            return new Problem(400, "state_invalid", "state is under_review, seller_adjusted, buyer_accepted, unresolved_arbitration or draft.");
        DisputeId? after = null;
        if (call.Query("cursor") is { } cursor && (after = ReadCursor(call.Tenant, accountId, cursor)) is null)
            return new Problem(400, "cursor_invalid", "The cursor is not one this list gave out.");

        var page = new DisputePages(call, account, limit, call.Query("state"));
        DisputeId? next = await page.ReadAsync(after);
        return HostJson.Answer(200, new DisputeList(page._disputes, page._drafts, next is { } at ? Base64Url.EncodeToString(Encoding.UTF8.GetBytes(at.ToString())) : null), HostJson.Default.DisputeList);
    }

    /// <returns>What was told last, where the page is full; null at the end.</returns>
    private async Task<DisputeId?> ReadAsync(DisputeId? after)
    {
        SettlementLedger ledger = _call.Service<SettlementLedger>();
        SettlementAddress? from = after is { } left ? LedgerKeys.Parse(_call.Tenant, left.Settlement) : null;
        if (from is { } address && await ledger.ReadAsync(address, _call.Cancel) is { } begun && await TakeAsync(begun.Document, after!.Value.Number) is { } full)
            return full;

        int looks = 0;
        foreach (string partition in Settlements.PartitionsFrom(_call.Tenant, _account.Id, _mediaBuyId, from))
        {
            await foreach (HeadDocument head in ledger.ListAsync(partition, _call.Cancel, from is { } a && a.Partition == partition ? a.Suffix : null))
            {
                if (await TakeAsync(head, 0) is { } filled)
                    return filled;
                if (++looks == MaxLooks)
                    return new DisputeId(head.Id, int.MaxValue);
            }
        }

        return null;
    }

    /// <returns>Where to go on, once the page is full.</returns>
    private async Task<DisputeId?> TakeAsync(HeadDocument head, int after)
    {
        bool asked = (_mediaBuyId is null || head.MediaBuyId == _mediaBuyId) && (_drafts is not null ? after == 0 : head.State.Disputes is { Count: > 0 });
        if (!asked || !await _call.Service<SettlementExplainer>().IsShownAsync(_call.Caller, _account, head, _call.Cancel))
            return null;
        if (_drafts is not null)
        {
            if (await _call.Service<SettlementExplainer>().DraftAsync(_call.Tenant, _account, head, _call.Cancel) is { } draft)
                _drafts.Add(draft);
            return _drafts.Count == _limit ? new DisputeId(head.Id, int.MaxValue) : null;
        }

        foreach (Dispute dispute in head.State.Disputes!.Where(d => d.Number > after && (_state is null || d.State == _state)))
        {
            _disputes.Add(DisputeBody.Of(dispute, head, _account.Currency));
            if (_disputes.Count == _limit)
                return new DisputeId(head.Id, dispute.Number);
        }

        return null;
    }

    private static DisputeId? ReadCursor(string tenant, string account, string cursor)
    {
        if (cursor.Length > 400 || !Base64Url.IsValid(cursor) || DisputeId.Read(Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor))) is not { } id)
            return null;
        return LedgerKeys.Parse(tenant, id.Settlement) is { } address && LedgerKeys.AccountOf(address.Id) == account ? id : null;
    }
}
