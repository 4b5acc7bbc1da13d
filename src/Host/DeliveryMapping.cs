using System.Globalization;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>Where delivery rows become statements of the seller's side.</summary>
/// <remarks>
/// Finality is the package's alone: a row's flag is a roll-up, and <c>notification_type</c> says nothing about money.
/// Spec: AdCP 3.1, media-buy/task-reference/get_media_buy_delivery ("On any disagreement … package-level is authoritative").
/// </remarks>
internal sealed class DeliveryMapping(WebhookEndpoint endpoint, UsagePeriod period, string requestToken, string evidence, DateTimeOffset now)
{
    /// <summary>True where nothing protected the body: what it says is kept, and settles nothing (decision A22).</summary>
    public bool Unsigned { get; init; }

    /// <summary>The clock a redrive's decisions are taken by; null for that of the receipt.</summary>
    public DateTimeOffset? DecidedAt { get; init; }

    /// <summary>Rows whose pages are written already: a redrive takes in what is new of them only.</summary>
    public IReadOnlySet<int> Paged { get; init; } = new HashSet<int>();

    private static readonly TimeSpan Together = TimeSpan.FromMinutes(5);

    private Push? _push;

    public Push Push => _push ??= new(endpoint.Tenant, Side.SellerRow, endpoint.Sender, requestToken, now, period.StartText, period.EndText) { DecidedAt = DecidedAt ?? now };

    /// <summary>What is to be known of rows beside their numbers.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>Rows of which something is kept as evidence only.</summary>
    public List<QuarantinedRow> Quarantined { get; } = [];

    /// <summary>Which settlements the finals of which rows went to.</summary>
    public List<(int Row, string Settlement)> Settled { get; } = [];

    /// <summary>When the seller's own records are to be asked for what these rows do not tell, or cannot prove.</summary>
    public List<DueDocument> Asks { get; } = [];

    /// <summary>How many rows were taken in, whatever was noted of their packages.</summary>
    public int Taken { get; private set; }

    /// <summary>The row a pointer into the result lies in; null for its frame.</summary>
    public static int? RowOf(string pointer)
    {
        const string rows = "/media_buy_deliveries/";
        if (!pointer.StartsWith(rows, StringComparison.Ordinal))
            return null;
        int end = pointer.IndexOf('/', rows.Length);
        return int.Parse(end < 0 ? pointer.AsSpan(rows.Length) : pointer.AsSpan(rows.Length, end - rows.Length), NumberStyles.None, CultureInfo.InvariantCulture);
    }

    /// <summary>Takes in one row.</summary>
    /// <param name="index">Place in the delivery.</param>
    /// <param name="row">The row as sent.</param>
    /// <param name="result">The delivery result it stands in.</param>
    /// <param name="buy">Null when the sender is not bound to such a media buy.</param>
    /// <param name="violations">What its schema refuses of it.</param>
    public void Map(int index, JsonNode row, JsonNode result, RegisteredBuy? buy, IReadOnlyList<SchemaViolation> violations)
    {
        if (buy is null)
        {
            Quarantine(index, row, "media_buy_not_bound");
            return;
        }

        if (IsSimulated(result, buy))
        {
            Quarantine(index, row, "sandbox_result");
            return;
        }

        bool unavailable = row.TryGetMember("status"u8, out JsonNode status) && (status.StringEquals("reporting_delayed"u8) || status.StringEquals("failed"u8));
        ReportingPeriod stated = buy.Meant(period.Start, period.End) ?? period.Plain;
        if (Unsigned || (violations.Count > 0 && !unavailable))
        {
            Quarantine(index, row, Unsigned ? "unsigned_body" : "row_invalid", Unsigned ? null : $"{violations[0].Pointer} {violations[0].Keyword}");
            Contest(PackagesOf(row).Where(PackageRow.IsFinal), row, buy, stated);
            if (Unsigned && PackagesOf(row).Any(PackageRow.IsFinal))
                Ask(buy, stated, now);
            return;
        }

        Taken++;
        PartitionPush partition = Push.For(buy.Partition);
        int settled = Settled.Count;
        if (!unavailable)
            TakePackages(index, row, result, buy, stated, partition);
        else if (status.StringEquals("reporting_delayed"u8))
            Ask(buy, stated, row.TryGetMember("expected_availability"u8, out JsonNode expected) && WireTime.TryRead(expected, out DateTimeOffset at) ? at : now.AddHours(1));
        if (!Paged.Contains(index))
            Keep(row, stated, partition, unavailable ? null : new ShownRow(buy.MediaBuyId, buy.InForce(stated).Groups.Any(g => g.IsBillable(stated)), Settled.Count > settled), InOwnCurrency(result, buy.InForce(stated)));
    }

    /// <summary>Rule DLV-6: what a seller's sandbox reports is no delivery of an account that is billed.</summary>
    /// <remarks>Spec: AdCP 3.1, media-buy/get-media-buy-delivery-response, <c>sandbox</c> ("simulated data").</remarks>
    private static bool IsSimulated(JsonNode result, RegisteredBuy buy) =>
        !buy.Account.Sandbox && result.TryGetMember("sandbox"u8, out JsonNode flag) && flag.Kind == JsonKind.True;

    /// <summary>Rule SNAP-15: what a seller announces late, or delivers where nothing protects it, is asked of its own records.</summary>
    /// <remarks>A day later at most, and never twice within five minutes, whatever is delivered: who delivers here must not make us ask as often as it likes.</remarks>
    private void Ask(RegisteredBuy buy, ReportingPeriod stated, DateTimeOffset at)
    {
        Contract contract = buy.InForce(stated);
        if (contract.Policies.Snapshot == SnapshotPolicy.Off)
            return;
        DateTimeOffset wanted = at < now ? now : at > now.AddDays(1) ? now.AddDays(1) : at;
        DateTimeOffset due = new((wanted.UtcTicks / Together.Ticks + 1) * Together.Ticks, TimeSpan.Zero);
        foreach (TermsGroup group in contract.Groups.Where(g => g.IsBillable(stated)))
            Asks.Add(new DueDocument(buy.Partition, buy.Address(group.Id, stated, group.Window).Suffix, buy.MediaBuyId, group.Id, stated, group.Window, due, now));
    }

    /// <summary>Keeps a row for its readers.</summary>
    /// <remarks>One too long, or in a currency that is not its contract's, leaves an empty line: whoever asks is told so, and not that nothing was delivered.</remarks>
    private static void Keep(JsonNode row, ReportingPeriod stated, PartitionPush partition, ShownRow? shown, bool isReadable)
    {
        bool fits = row.RawMemory.Length <= StatementLedger.MaxRecordBytes;
        if (fits)
            partition.Lines.Add(new PageLine(stated, null, row.RawMemory, isReadable ? shown : null));
        if (shown is not null && !(fits && isReadable))
            partition.Lines.Add(new PageLine(stated, null, default, shown));
    }

    private static bool InOwnCurrency(JsonNode result, Contract contract) =>
        !result.TryGetMember("currency"u8, out JsonNode currency) || UsageMapping.Matches(currency, contract.Currency);

    private void TakePackages(int index, JsonNode row, JsonNode result, RegisteredBuy buy, ReportingPeriod stated, PartitionPush partition)
    {
        int final = 0;
        var refused = new List<JsonNode>();
        foreach (JsonNode package in PackagesOf(row).Where(PackageRow.IsFinal))
        {
            if (Take(index, package, row, result, buy, stated, partition))
                final++;
            else
                refused.Add(package);
        }

        Contest(refused, row, buy, stated);
        // Rule FIN-4: a row that calls itself final while its packages do not is provisional.
        if (final == 0 && row.TryGetMember("is_final"u8, out JsonNode rolledUp) && rolledUp.Kind == JsonKind.True)
            Notes.Add($"row {index}: row_final_without_packages");
    }

    private bool Take(int index, JsonNode package, JsonNode row, JsonNode result, RegisteredBuy buy, ReportingPeriod stated, PartitionPush partition)
    {
        Contract contract = buy.InForce(stated);
        if (!package.TryGetMember("package_id"u8, out JsonNode id) || contract.GroupOfPackage(id.GetString()) is not { } group)
            return Quarantine(index, row, "package_unknown", id.Exists ? id.GetString() : null);

        JsonNode currency = package.TryGetMember("currency"u8, out JsonNode own) || result.TryGetMember("currency"u8, out own) ? own : default;
        if (!UsageMapping.Matches(currency, contract.Currency))
            return Quarantine(index, row, "currency_mismatch", id.GetString());

        ReportingPeriod? ofDay = group.IsBillable(stated) ? null : group.PeriodOfDay(stated);
        if ((!group.IsBillable(stated) && ofDay is null) || !MeasurementWindows.Matches(PackageRow.WindowOf(package), group, contract.Windows))
            return true;

        if (PackageRow.Read(package, row, group, stated, new Receipt(now, endpoint.Sender, evidence)) is not { } said)
            return Quarantine(index, row, "number_out_of_range", id.GetString());

        Settled.Add((index, buy.Address(group.Id, ofDay ?? stated, group.Window).Id));
        partition.Facts.Add(new Fact(buy, group.Id, ofDay ?? stated, group.Window, said, endpoint.Sender, package.RawMemory.Length <= StatementLedger.MaxRecordBytes ? package.RawMemory : default));
        return true;
    }

    /// <summary>Rule DLV-3: a final that a bound sender delivered and that cannot be taken as it stands suspends the breach, and settles nothing.</summary>
    /// <remarks>
    /// It is kept as DL-5 keeps what could not be allocated, as one statement of the row whatever it names: a sender decides what its
    /// rows say, and may not fill the ledger with it. The earliest stamp of the row is the one that may be timely.
    /// </remarks>
    private void Contest(IEnumerable<JsonNode> finals, JsonNode row, RegisteredBuy buy, ReportingPeriod stated)
    {
        Contract contract = buy.InForce(stated);
        Statement? earliest = null;
        ReportingPeriod of = stated;
        foreach (JsonNode package in finals)
        {
            if (contract.Groups.FirstOrDefault(g => g.BindsSeller && PeriodOf(g, stated) is not null && MeasurementWindows.Matches(PackageRow.WindowOf(package), g, contract.Windows)) is not { } bound)
                continue;
            var said = new Statement(Side.SellerRow, "", null, null, PackageRow.StampOf(package, row), now, endpoint.Sender, "", evidence);
            if (earliest is null || (said.FinalizedAt ?? now) < (earliest.FinalizedAt ?? now))
                (earliest, of) = (said, PeriodOf(bound, stated)!.Value);
        }

        if (earliest is null)
            return;
        earliest = earliest with { Hash = Fingerprint.Of(earliest, "") };
        Push.For(buy.Partition).Facts.Add(new Fact(buy, "", of, null, earliest, endpoint.Sender, row.RawMemory.Length <= StatementLedger.MaxRecordBytes ? row.RawMemory : default));
    }

    /// <returns>False, for a package that is not taken.</returns>
    private bool Quarantine(int index, JsonNode row, string code, string? detail = null)
    {
        Notes.Add(detail is null ? $"row {index}: {code}" : $"row {index}: {code} {Cut(detail)}");
        if (Quarantined.Count > 0 && Quarantined[^1] is var last && last.Row == index && last.Code == code)
            return false;
        string? mediaBuy = row.TryGetMember("media_buy_id"u8, out JsonNode id) && id.Kind == JsonKind.String ? Cut(id.GetString()) : null;
        Quarantined.Add(new QuarantinedRow(index, code, mediaBuy, detail is null ? null : Cut(detail)));
        return false;
    }

    private static string Cut(string text) => text.Length <= 255 ? text : text[..255];

    private static ReportingPeriod? PeriodOf(TermsGroup group, ReportingPeriod stated) => group.IsBillable(stated) ? stated : group.PeriodOfDay(stated);

    /// <summary>A row that its schema refuses may hold anything.</summary>
    private static IEnumerable<JsonNode> PackagesOf(JsonNode row)
    {
        if (!row.TryGetMember("by_package"u8, out JsonNode packages) || packages.Kind != JsonKind.Array)
            yield break;
        foreach (JsonNode package in packages.Items)
            yield return package;
    }
}
