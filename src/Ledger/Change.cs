using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>A decision ready to be committed: the rows it writes, all or none.</summary>
internal sealed class Change
{
    private readonly TableRow _headRow;
    private readonly bool _isNew;
    private readonly TableRow? _tallyRow;

    private Change(Matter matter, TableRow headRow, bool isNew, TableRow eventRow, TableRow? tallyRow, IReadOnlyList<SettledRecord> records, DateTimeOffset? dueAt)
    {
        Matter = matter;
        EventRow = eventRow;
        Records = records;
        DueAt = dueAt;
        _headRow = headRow;
        _isNew = isNew;
        _tallyRow = tallyRow;
    }

    /// <summary>The tally this change writes; null when it bills nothing that others count.</summary>
    public string? TallyRow => _tallyRow?.RowKey;

    public Matter Matter { get; }

    public TableRow EventRow { get; }

    /// <summary>What the decision publishes.</summary>
    public IReadOnlyList<SettledRecord> Records { get; }

    /// <summary>Whether the decision records a breach.</summary>
    public bool MissesDeadline { get; private init; }

    /// <summary>Whether the decision leaves the settlement waiting for the seller's own records, and nobody was told of that yet.</summary>
    public bool AwaitsReading { get; private init; }

    /// <summary>When it must be looked at again, where that changed.</summary>
    public DateTimeOffset? DueAt { get; }

    /// <summary>Names the commit in the outbox pointer and in the rows the pointer announces.</summary>
    public string Commit { get; set; } = "";

    public int RowCount => 2 + (_tallyRow is null ? 0 : 1) + Records.Count;

    public int Bytes => TableBatch.SizeOf(_headRow) + TableBatch.SizeOf(EventRow) + (_tallyRow is null ? 0 : TableBatch.SizeOf(_tallyRow)) + Records.Count * 8 * 1024;

    public static Change Of(Matter matter, Head? head, Outcome outcome, Tally tally)
    {
        (IReadOnlyList<SettlementEvent> events, GivenDocument? given) = outcome;
        HeadDocument before = head?.Document
            ?? new HeadDocument(matter.Address.Id, matter.Buy.Account.Id, matter.Buy.MediaBuyId, matter.GroupId, matter.Period, matter.Window, SettlementState.Initial, 0, "", matter.Now, matter.Buy.Vendor);
        SettlementState state = before.State;
        foreach (SettlementEvent happened in events)
            state = state.Apply(happened);

        int sequence = before.Sequence + 1;
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(new EventDocument(before.Id, sequence, before.Chain, matter.Now, [.. events.Select(EventEnvelope.Of)], given, RawHash(matter.Raw)), LedgerJson.Default.EventDocument);
        string chain = Convert.ToHexStringLower(SHA256.HashData(body));
        var eventRow = new TableRow(LedgerKeys.Event(matter.Address.Suffix, sequence), matter.Raw.IsEmpty ? Tables.Split("body", body) : [.. Tables.Split("body", body), .. Tables.Split("raw", matter.Raw)], null);
        HeadDocument after = before with { State = state, Sequence = sequence, Chain = chain, ChangedAt = matter.Now };
        TableRow headRow = Tables.Row(LedgerKeys.Head(matter.Address.Suffix), after, LedgerJson.Default.HeadDocument) with { ETag = head?.Row.ETag };
        SettledRecord[] records = [.. events.OfType<SettlementEvent.Posted>().Select(posted => Record(matter, state, posted.Posting, chain))];
        TableRow? tallyRow = matter.TallyRow is not null && records.Length > 0 ? tally.With(matter, state.Posted!.Quantity) : null;
        return new Change(matter, headRow, head is null, eventRow, tallyRow, records, state.DueAt is { } at && at != before.State.DueAt ? at : null)
        {
            MissesDeadline = events.Any(happened => happened is SettlementEvent.DeadlineMissed),
            AwaitsReading = state.WaitsForRecords && (!before.State.WaitsForRecords || events.Any(happened => happened is SettlementEvent.FinalReceived { Statement.Side: Side.SellerRow })),
        };
    }

    public void AddTo(TableBatch batch)
    {
        if (_isNew)
            batch.Insert(_headRow);
        else
            batch.Replace(_headRow);
        batch.Insert(EventRow);
        if (_tallyRow is { ETag: null })
            batch.Insert(_tallyRow);
        else if (_tallyRow is not null)
            batch.Replace(_tallyRow);
        foreach (SettledRecord record in Records)
        {
            var outgoing = new OutgoingDocument(Commit, Matter.Buy.Account.Sandbox, record);
            batch.Insert(Tables.Row(LedgerKeys.Outgoing(Matter.Address.Suffix, record.Revision), outgoing, LedgerJson.Default.OutgoingDocument));
        }
    }

    /// <summary>What finance is told of a posting; its place in the feed and its booking month come with publication.</summary>
    public static SettledRecord Record(Matter matter, SettlementState state, Posting posting, string chain)
    {
        Contract contract = matter.Buy.Version(posting.ContractVersion);
        TermsGroup group = contract.GroupById(matter.GroupId) ?? throw new InvalidOperationException("A posting belongs to a group of its contract.");
        string currency = contract.Currency;
        return new SettledRecord(
            SettledRecord.SchemaName,
            $"{matter.Address.Id}.{posting.Revision.ToString(CultureInfo.InvariantCulture)}",
            0,
            matter.Address.Id,
            posting.Revision,
            matter.Buy.Tenant,
            matter.Buy.Account.Id,
            matter.Buy.Vendor is null ? matter.Buy.MediaBuyId : null,
            matter.Buy.Vendor is { } vendor ? new SettledUsage(vendor.IdName, vendor.IdValue) : null,
            matter.Buy.Vendor is null ? contract.SellerAgent : null,
            group.PackageIds,
            group.PricingOptionId,
            new SettledPeriod(UtcJson.Text(matter.Period.Start), UtcJson.Text(matter.Period.End)),
            matter.Window,
            "",
            UtcJson.Text(posting.SettledAt),
            currency,
            JsonNamingPolicy.SnakeCaseLower.ConvertName(group.PricingModel.ToString()),
            (posting.Rate ?? group.Rate) is { } rate ? Money.Text(decimal.Round(rate, RateDigits), currency) : null,
            new SettledAmount(Text(posting.DeltaQuantity), Money.Text(posting.DeltaAmount, currency)),
            new SettledAmount(Text(posting.Quantity), Money.Text(posting.Amount, currency)),
            new SettledBasis(
                JsonNamingPolicy.SnakeCaseLower.ConvertName(group.Terms.Authority.ToString()),
                JsonNamingPolicy.SnakeCaseLower.ConvertName(posting.Basis.ToString()),
                posting.IsFallback),
            Text(posting.SellerCount),
            Text(posting.UsageCount),
            Text(posting.Variance),
            posting.Reasons,
            posting.ContractVersion,
            matter.Buy.Account.Invoice,
            [.. state.SellerRow.Values.Concat(state.UsagePush.Values).Select(f => f.Newest.Hash).Order(StringComparer.Ordinal)],
            chain,
            matter.Buy.Account.Sandbox,
            posting.Remedy is { } booked && Remedies.Find(state, booked) is { Amount: { } off } remedy ? new SettledRemedy(Remedies.NameOf(remedy.Kind), Money.Text(off, currency)) : null,
            BillingGrade.Of(posting, currency, matter.Buy.Account.Sandbox));
    }

    /// <summary>Under the chain with everything else the event says: bytes kept beside a row are otherwise nobody's word.</summary>
    private static string? RawHash(ReadOnlyMemory<byte> raw) => raw.IsEmpty ? null : Convert.ToHexStringLower(SHA256.HashData(raw.Span));

    /// <summary>An auction's average may have more digits than anyone bills by; the amount was computed with all of them.</summary>
    private const int RateDigits = 8;

    private static string? Text(decimal? value) => value?.ToString("0.############################", CultureInfo.InvariantCulture);
}
