using System.Text.Json;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>What is said of a row beside its numbers: whether it, and each of its packages, may be billed.</summary>
/// <param name="Packages">In the row's order.</param>
internal sealed record RowGrades(BillingGrade Row, IReadOnlyList<BillingGrade> Packages);

/// <summary>Puts a row that is shown beside the settlements its finals went to.</summary>
internal static class DeliveryGrades
{
    private static readonly Dictionary<string, SettlementState> None = [];

    /// <summary>The settlements that finals of a row went to, by terms group: a point read each, which for most media buys is one.</summary>
    /// <remarks>A number that is not final is never billed, and of a test account none is: for those nothing is read.</remarks>
    public static async ValueTask<IReadOnlyDictionary<string, SettlementState>> StatesAsync(SettlementLedger settlements, RegisteredBuy buy, DeliveredRow? received, CancellationToken cancel)
    {
        if (received is null || buy.Account.Sandbox || SettledBy(buy, received) is not { Count: > 0 } groups)
            return None;
        var states = new Dictionary<string, SettlementState>(StringComparer.Ordinal);
        foreach ((string group, SettlementAddress address) in groups)
        {
            if (await settlements.ReadAsync(address, cancel) is { } head)
                states[group] = head.Document.State;
        }

        return states;
    }

    /// <param name="found">The media buy with its row.</param>
    /// <param name="row">The row as it was read.</param>
    public static RowGrades Of(DeliveredBuy found, JsonNode row)
    {
        Account account = found.Buy.Account;
        var packages = new List<BillingGrade>();
        var once = new HashSet<string>(StringComparer.Ordinal);
        row.TryGetMember("by_package"u8, out JsonNode listed);
        foreach (JsonNode package in listed.Items)
        {
            DeliveredNumber number = Read(found.Buy, found.Row!, row, package);
            SettlementState? state = number.Group is { } group ? found.States.GetValueOrDefault(group.Id) : null;
            // Who says the same of a package twice in one row is still invoiced once.
            if (number.Said is { } said && !once.Add(said.Hash))
                number = number with { Said = null };
            packages.Add(DeliveryGrade.Of(number, state, account.Currency, account.OutOfBand, account.Sandbox));
        }

        return new RowGrades(DeliveryGrade.OfRow(packages), packages);
    }

    public static void Write(Utf8JsonWriter writer, BillingGrade grade)
    {
        writer.WriteStartObject("billing_grade"u8);
        writer.WriteBoolean("billable"u8, grade.Billable);
        writer.WriteStartArray("reason_codes"u8);
        foreach (string code in grade.ReasonCodes)
            writer.WriteStringValue(code);
        writer.WriteEndArray();
        writer.WriteString("sentence"u8, grade.Sentence);
        writer.WriteEndObject();
    }

    private static Dictionary<string, SettlementAddress> SettledBy(RegisteredBuy buy, DeliveredRow received)
    {
        var groups = new Dictionary<string, SettlementAddress>(StringComparer.Ordinal);
        using JsonTape tape = JsonTape.Rent();
        if (received.Raw.IsEmpty || !tape.TryRead(received.Raw, JsonLimits.Default, out _))
            return groups;
        tape.Root.TryGetMember("by_package"u8, out JsonNode listed);
        foreach (JsonNode package in listed.Items)
        {
            if (Read(buy, received, tape.Root, package) is { Said: not null, Group: { } group, Billed: { } period })
                groups[group.Id] = buy.Address(group.Id, period, group.Window);
        }

        return groups;
    }

    private static DeliveredNumber Read(RegisteredBuy buy, DeliveredRow received, JsonNode row, JsonNode package)
    {
        Contract contract = buy.InForce(received.Period);
        bool? isFinal = package.TryGetMember("is_final"u8, out _) ? PackageRow.IsFinal(package) : null;
        if (!package.TryGetMember("package_id"u8, out JsonNode id) || contract.GroupOfPackage(id.GetString()) is not { } group)
            return new DeliveredNumber(isFinal, null, null, IsContracted: false, null);
        ReportingPeriod? billed = group.IsBillable(received.Period) ? received.Period : group.PeriodOfDay(received.Period);
        bool isContracted = MeasurementWindows.Matches(PackageRow.WindowOf(package), group, contract.Windows);
        bool isPriced = !package.TryGetMember("currency"u8, out JsonNode currency) || UsageMapping.Matches(currency, contract.Currency);
        bool settles = isFinal == true && billed is not null && isContracted && isPriced;
        return new DeliveredNumber(isFinal, group, billed, isContracted, settles ? PackageRow.Read(package, row, group, received.Period, new Receipt(received.ReceivedAt, contract.SellerAgent, "")) : null);
    }
}
