using System.Text;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>The one file where what was said (usage records) becomes what it means (statements).</summary>
/// <remarks>
/// The hot path: nothing is allocated for a provisional record but its place in a list. Refused records become errors; every
/// other record is kept, whether or not it can settle anything.
/// </remarks>
/// <param name="billsThroughAdcp">Whether creative usage is billed from what is reported here.</param>
internal sealed class UsageMapping(Caller caller, UsagePeriod period, string requestToken, DateTimeOffset now, bool billsThroughAdcp)
{
    private readonly VendorMapping _vendors = new(caller, period, requestToken, now);
    private readonly Dictionary<string, (JsonNode Reference, AccountContracts? Contracts)> _accounts = new(StringComparer.Ordinal);
    private readonly List<(int Index, AdcpError Error)> _errors = [];
    private string[] _accountOf = [];
    private (string? Reference, AccountContracts? Contracts) _known;
    private bool[] _refused = [];
    private bool _unread;
    private RegisteredBuy?[] _buys = [];

    public Push Push { get; } = new(caller.Tenant, Side.UsagePush, caller.Agent.Id, requestToken, now, period.StartText, period.EndText);

    /// <summary>What was refused, in the order of the records.</summary>
    public IReadOnlyList<AdcpError> Errors() => [.. _errors.OrderBy(e => e.Index).Select(e => e.Error)];

    /// <summary>True when every record is on a sandbox account; of one that the schema refuses nobody knows.</summary>
    public bool AllSandbox => _accounts.Count > 0 && !_unread && _accounts.Values.All(a => a.Contracts is { Account.Sandbox: true });

    public IEnumerable<(string Raw, JsonNode Reference)> AccountReferences => _accounts.Select(a => (a.Key, a.Value.Reference)).ToArray();

    /// <summary>Finds each record's members, and refuses those the schema refuses.</summary>
    public int Read(JsonNode usage, UsageRecord[] records, IReadOnlyList<SchemaViolation> violations)
    {
        int count = usage.Count;
        _accountOf = new string[count];
        _refused = new bool[count];
        _buys = new RegisteredBuy?[count];
        foreach (IGrouping<int, SchemaViolation> record in violations.GroupBy(v => ReportUsageTask.RecordOf(v.Pointer)!.Value))
        {
            SchemaViolation first = record.First();
            _unread = true;
            Refuse(record.Key, ProtocolError.InvalidUsageData, first.Message, ReportUsageTask.FieldOf(first.Pointer), [.. record]);
        }

        int index = 0;
        string account = "";
        byte[] previous = [];
        foreach (JsonNode item in usage.Items)
        {
            if (!_refused[index])
            {
                records[index] = UsageRecord.Read(item);
                // A push is nearly always of one account: the reference is the same bytes, record after record.
                ReadOnlySpan<byte> raw = records[index].Account.Raw;
                if (!raw.SequenceEqual(previous))
                {
                    previous = raw.ToArray();
                    account = Encoding.UTF8.GetString(raw);
                    _accounts.TryAdd(account, (records[index].Account, null));
                }

                _accountOf[index] = account;
            }

            index++;
        }

        return count;
    }

    public void Resolve(string reference, AccountContracts? contracts) => _accounts[reference] = _accounts[reference] with { Contracts = contracts };

    /// <summary>The media buys that are named and not in memory, by account.</summary>
    public IReadOnlyList<(AccountContracts Contracts, HashSet<string> Missing)> MissingMediaBuys(ReadOnlySpan<UsageRecord> records)
    {
        var missing = new Dictionary<AccountContracts, HashSet<string>>();
        for (int i = 0; i < records.Length; i++)
        {
            if (_refused[i] || !records[i].MediaBuyId.Exists || ContractsOf(i) is not { } contracts || (_buys[i] = Find(contracts, records[i].MediaBuyId)) is not null)
                continue;
            if (!missing.TryGetValue(contracts, out HashSet<string>? ids))
                missing[contracts] = ids = new HashSet<string>(StringComparer.Ordinal);
            ids.Add(records[i].MediaBuyId.GetString());
        }

        return [.. missing.Select(m => (m.Key, m.Value))];
    }

    /// <summary>Says of every record what it means.</summary>
    public void Map(ReadOnlySpan<UsageRecord> records)
    {
        for (int i = 0; i < records.Length; i++)
        {
            if (!_refused[i])
                Map(i, in records[i], ContractsOf(i));
        }
    }

    private AccountContracts? ContractsOf(int index)
    {
        if (!ReferenceEquals(_known.Reference, _accountOf[index]))
            _known = (_accountOf[index], _accounts[_accountOf[index]].Contracts);
        return _known.Contracts;
    }

    private void Map(int index, in UsageRecord record, AccountContracts? contracts)
    {
        if (contracts is null)
        {
            Refuse(index, ProtocolError.AccountNotFound, "No such account for this caller.", $"usage[{index}].account");
            return;
        }

        Account account = contracts.Account;
        if (!account.TakesUsage)
        {
            if (account.Status == AccountStatus.PendingApproval)
                Refuse(index, ProtocolError.AccountSetupRequired, "The account is not set up yet.", $"usage[{index}].account");
            else
                Refuse(index, ProtocolError.AccountNotFound, "No such account for this caller.", $"usage[{index}].account");
            return;
        }

        if (IsOutOfBand(account, in record, billsThroughAdcp))
        {
            Refuse(index, ProtocolError.BillingOutOfBand, "This account does not bill this usage through AdCP.", $"usage[{index}]");
            return;
        }

        if (record.Node.RawMemory.Length > StatementLedger.MaxRecordBytes)
        {
            Refuse(index, ProtocolError.InvalidUsageData, $"A record takes at most {StatementLedger.MaxRecordBytes} bytes.", $"usage[{index}]");
            return;
        }

        if (record.IsCreative || record.IsOtherVariant)
        {
            if (_vendors.Map(index, in record, account, Push) is { } refusal)
                Refuse(index, refusal);
            return;
        }

        if (!record.MediaBuyId.Exists)
        {
            Refuse(index, ProtocolError.InvalidUsageData, "A record names the media buy it is for, or what else was used.", $"usage[{index}].media_buy_id");
            return;
        }

        if ((_buys[index] ?? Find(contracts, record.MediaBuyId)) is { } buy)
            Map(index, in record, buy);
        else
            Refuse(index, ProtocolError.MediaBuyNotFound, "No such media buy on this account.", $"usage[{index}].media_buy_id");
    }

    /// <summary>The record that nearly every push is made of: provisional, in the contract's own currency, option and window.</summary>
    private static bool IsPlainlyProvisional(in UsageRecord record, PlainTerms terms) =>
        record.Final is { Exists: true, Kind: JsonKind.False }
        && record.Currency.StringEquals(terms.Currency)
        && (!record.PricingOptionId.Exists || record.PricingOptionId.StringEquals(terms.PricingOption))
        && (record.MeasurementWindow.Exists ? record.MeasurementWindow.StringEquals(terms.WindowUtf8) : terms.Window is null);

    private void Map(int index, in UsageRecord record, RegisteredBuy buy)
    {
        ReportingPeriod stated = buy.Meant(period.Start, period.End) ?? period.Plain;
        if (buy.Plain is { } plain && IsPlainlyProvisional(in record, plain))
        {
            Push.For(buy.Partition).Lines.Add(new PageLine(stated, plain.Window, record.Node.RawMemory));
            return;
        }

        Contract contract = buy.InForce(stated);
        if (!record.Currency.StringEquals(Utf8(contract.Currency)))
        {
            Refuse(index, ProtocolError.InvalidUsageData, "The record's currency is not the contract's; nothing is converted.", $"usage[{index}].currency");
            return;
        }

        TermsGroup? group = contract.Groups.Count == 1 ? contract.Groups[0] : null;
        if (record.PricingOptionId.Exists)
        {
            JsonNode option = record.PricingOptionId;
            group = contract.Groups.SingleOrNone(option);
            if (group is null && !contract.Groups.Any(g => g.PricingOptionId is null || Matches(option, g.PricingOptionId)))
            {
                Refuse(index, ProtocolError.InvalidPricingOption, "The media buy has no such pricing option.", $"usage[{index}].pricing_option_id");
                return;
            }

            group ??= contract.Groups.Count == 1 ? contract.Groups[0] : null;
        }

        string? window = WindowOf(record, group);
        PartitionPush partition = Push.For(buy.Partition);
        Finality finality = FinalityOf(record.Final);
        bool speaks = finality != Finality.Provisional && caller.Agent.Role != AgentRole.Seller;
        if (!speaks || !Settles(contract, group, stated, window))
        {
            partition.Lines.Add(new PageLine(stated, window, record.Node.RawMemory));
            return;
        }

        if (finality == Finality.Final)
        {
            if (StatementOf(index, record, group) is { } statement)
                partition.Facts.Add(new Fact(buy, group?.Id ?? "", stated, group is null ? window : group.Window, statement, caller.Agent.Id, record.Node.RawMemory));
            return;
        }

        partition.Lines.Add(new PageLine(stated, window, record.Node.RawMemory));
        // Absent means unknown. From the authority it is a reason to ask; from anyone else it is nothing.
        if (group is { Terms: { AuthoritySide: Side.UsagePush } })
            partition.Facts.Add(new Fact(buy, group.Id, stated, group.Window, null, caller.Agent.Id, default));
    }

    /// <summary>Rule OOB-1: terminal, on the record, without details. Creative usage is, unless this installation bills it through AdCP.</summary>
    private static bool IsOutOfBand(Account account, in UsageRecord record, bool billsThroughAdcp) => account.OutOfBand || (record.IsCreative && !billsThroughAdcp);

    /// <summary>Rule FIN-2: only a final of a party to the contract, for a billing period and its window, can settle. All else is evidence.</summary>
    /// <remarks>Unallocatable finals are kept for any period the contract bills; allocated ones only for their group's.</remarks>
    private static bool Settles(Contract contract, TermsGroup? group, ReportingPeriod stated, string? window) =>
        group is null
            ? contract.Groups.Any(g => g.IsBillable(stated))
            : group.IsBillable(stated) && MeasurementWindows.Matches(window, group, contract.Windows);

    private Statement? StatementOf(int index, in UsageRecord record, TermsGroup? group)
    {
        if (!MetricReader.TryReadStamp(record.FinalizedAt, out DateTimeOffset? finalizedAt))
        {
            Refuse(index, ProtocolError.InvalidUsageData, MetricReader.BadStamp, $"usage[{index}].finalized_at");
            return null;
        }

        string metric = (group is null ? null : BillingMetric.NameOf(group.PricingModel)) ?? "impressions";
        if (!MetricReader.TryRead(record.Node, metric, out decimal? quantity))
        {
            Refuse(index, ProtocolError.InvalidUsageData, $"{metric} is not a count this ledger takes.", $"usage[{index}].{metric}");
            return null;
        }

        if (!MetricReader.TryReadAmount(record.VendorCost, out decimal cost))
        {
            Refuse(index, ProtocolError.InvalidUsageData, "vendor_cost is larger than any amount this ledger takes.", $"usage[{index}].vendor_cost");
            return null;
        }

        var said = new Statement(Side.UsagePush, "", quantity, cost, finalizedAt, now, caller.Agent.Id, "", $"report_usage/{requestToken}/{index}");
        return said with { Hash = Fingerprint.Of(said, group?.Id ?? "") };
    }

    /// <summary>Rule FIN-1: finality has three values on the wire, and none of them is a default.</summary>
    internal static Finality FinalityOf(JsonNode flag) => !flag.Exists ? Finality.Unknown : flag.Kind == JsonKind.True ? Finality.Final : Finality.Provisional;

    private void Refuse(int index, ProtocolError kind, string message, string field, IReadOnlyList<SchemaViolation>? issues = null) =>
        Refuse(index, new AdcpError(kind, message, field, issues));

    private void Refuse(int index, AdcpError refusal)
    {
        _refused[index] = true;
        _errors.Add((index, refusal));
    }

    private static string? WindowOf(in UsageRecord record, TermsGroup? group)
    {
        if (!record.MeasurementWindow.Exists)
            return null;
        return group?.Window is { } window && Matches(record.MeasurementWindow, window) ? window : record.MeasurementWindow.GetString();
    }

    private static RegisteredBuy? Find(AccountContracts contracts, JsonNode id)
    {
        Span<char> text = stackalloc char[256];
        return id.TryGetUtf8(out ReadOnlySpan<byte> utf8) && utf8.Length <= text.Length
            ? contracts.Find(text[..Encoding.UTF8.GetChars(utf8, text)])
            : contracts.Find(id.GetString());
    }

    internal static bool Matches(JsonNode node, string? text) =>
        text is not null && (node.TryGetUtf8(out ReadOnlySpan<byte> utf8) && Ascii.IsValid(utf8) ? Ascii.Equals(utf8, text) : node.GetString() == text);

    private static ReadOnlySpan<byte> Utf8(string currency) => currency switch
    {
        "USD" => "USD"u8,
        "EUR" => "EUR"u8,
        "GBP" => "GBP"u8,
        _ => Encoding.ASCII.GetBytes(currency),
    };
}
