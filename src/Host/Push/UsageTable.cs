using System.Buffers;
using System.Globalization;
using System.Text.Json;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>A CSV whose columns are named as on the wire: one usage record a row, an empty cell for what is not said.</summary>
internal static class UsageTable
{
    private static readonly string[] Texts =
    [
        "media_buy_id", "currency", "pricing_option_id", "finalized_at", "measurement_window", "signal_agent_segment_id", "standards_id",
        "rights_id", "creative_id", "build_variant_id", "property_list_id",
    ];

    private static readonly string[] Numbers = ["vendor_cost", "media_spend", .. Enum.GetValues<PricingModel>().Select(BillingMetric.NameOf).OfType<string>()];
    private static readonly string[] Accounts = ["account.account_id", "account.brand.domain", "account.brand.brand_id", "account.operator"];

    /// <exception cref="InvalidDataException">The header names what is no member of a usage record.</exception>
    public static UsageContent Read(IReadOnlyList<CsvRow> rows, StatedPeriod period)
    {
        if (rows.Count == 0)
            throw new InvalidDataException("The file is empty.");
        IReadOnlyList<string> header = rows[0].Cells;
        if (header.Distinct(StringComparer.Ordinal).Count() < header.Count)
            throw new InvalidDataException("The header names a column twice.");
        if (header.FirstOrDefault(name => name != "final" && !Texts.Contains(name) && !Numbers.Contains(name) && !Accounts.Contains(name)) is { } unknown)
            throw new InvalidDataException($"'{unknown}' is no member of a usage record: {string.Join(", ", Accounts.Concat(Texts).Concat(Numbers).Append("final"))}. For an ad server's export give a --mapping.");

        var check = new RecordCheck();
        var items = new List<UsageItem>();
        var faults = new List<LineFault>();
        foreach (CsvRow row in rows.Skip(1))
        {
            string? problem = row.Cells.Count == header.Count ? null : $"{row.Cells.Count} cells under {header.Count} columns";
            ReadOnlyMemory<byte> record = problem is null ? Record(header, row.Cells, out problem) : default;
            problem ??= check.Problem(record);
            if (problem is null)
                items.Add(new UsageItem(record, [row.Line]));
            else
                faults.Add(new LineFault(row.Line, LineFault.Invalid, problem));
        }

        return new UsageContent(period, items, faults, []);
    }

    private static ReadOnlyMemory<byte> Record(IReadOnlyList<string> header, IReadOnlyList<string> cells, out string? problem)
    {
        problem = null;
        var bytes = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(bytes);
        json.WriteStartObject();
        WriteAccount(json, Accounts.Select(name => Cell(header, cells, name)).ToArray());
        for (int i = 0; i < header.Count; i++)
        {
            string name = header[i], cell = cells[i];
            if (cell.Length == 0 || Accounts.Contains(name))
                continue;
            if (Texts.Contains(name))
                json.WriteString(name, cell);
            else if (name == "final" && bool.TryParse(cell, out bool final))
                json.WriteBoolean(name, final);
            else if (name != "final" && decimal.TryParse(cell, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out decimal number))
                json.WriteNumber(name, number);
            else
                problem ??= $"{name}: {(name == "final" ? "true or false" : "a number such as 1234.56")} is expected";
        }

        json.WriteEndObject();
        json.Flush();
        return bytes.WrittenMemory;
    }

    private static void WriteAccount(Utf8JsonWriter json, string?[] account)
    {
        json.WriteStartObject("account");
        if (account[0] is { } id)
            json.WriteString("account_id", id);
        if (account[1] is not null || account[2] is not null)
        {
            json.WriteStartObject("brand");
            if (account[1] is { } domain)
                json.WriteString("domain", domain);
            if (account[2] is { } brand)
                json.WriteString("brand_id", brand);
            json.WriteEndObject();
        }

        if (account[3] is { } agency)
            json.WriteString("operator", agency);
        json.WriteEndObject();
    }

    private static string? Cell(IReadOnlyList<string> header, IReadOnlyList<string> cells, string name)
    {
        for (int i = 0; i < header.Count; i++)
        {
            if (header[i] == name)
                return cells[i].Length == 0 ? null : cells[i];
        }

        return null;
    }
}
