using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>A Campaign Manager 360 report exported as CSV: a preamble, <c>Report Fields</c>, a header, rows, <c>Grand Total:</c>.</summary>
internal sealed partial class AdServerExport
{
    private const string FieldsMark = "Report Fields", TotalMark = "Grand Total";

    /// <summary>Counts that come in parts of one; a point in any other is taken for a foreign thousands separator, and refused.</summary>
    private static readonly string[] Fractional = ["grps", "conversions"];

    private readonly PushMapping _mapping;
    private readonly IReadOnlyList<CsvRow> _rows;
    private readonly List<LineFault> _faults = [];
    private readonly int _header;
    private readonly int _total;
    private readonly int _key;
    private readonly int _date;
    private readonly int[] _counts;

    private AdServerExport(IReadOnlyList<CsvRow> rows, PushMapping mapping)
    {
        (_rows, _mapping) = (rows, mapping);
        int mark = Find(rows, 0, row => row.Cells[0].TrimEnd(':') == FieldsMark && row.Cells.Skip(1).All(cell => cell.Length == 0));
        _header = Find(rows, mark + 1, row => mapping.Columns.All(row.Cells.Contains));
        if (_header < 0 || (mark >= 0 && _header != mark + 1))
            throw new InvalidDataException($"The export has no header with the mapping's columns: {string.Join(", ", mapping.Columns)}.");
        IReadOnlyList<string> header = rows[_header].Cells;
        if (mapping.Columns.FirstOrDefault(column => header.Count(cell => cell == column) > 1) is { } twice)
            throw new InvalidDataException($"The export has the column '{twice}' twice.");
        _total = Find(rows, _header + 1, row => row.Cells[0].TrimEnd(':') == TotalMark);
        if (_total < 0)
            throw new InvalidDataException($"The export has no '{TotalMark}:' line: it may be cut off, so nothing of it is sent.");
        if (_total != rows.Count - 1)
            throw new InvalidDataException($"Line {rows[_total + 1].Line}: something follows the '{TotalMark}:' line; one export is one file.");
        _key = Column(header, mapping.KeyColumn);
        _date = mapping.DateColumn is { } date ? Column(header, date) : -1;
        _counts = [.. mapping.Counts.Select(count => Column(header, count.Column))];
    }

    /// <param name="rows">The file.</param>
    /// <param name="mapping">What its rows are for.</param>
    /// <param name="period">As the operator says; null where the export does.</param>
    /// <param name="finalizedAt">When the numbers were settled; null where they are provisional.</param>
    /// <exception cref="InvalidDataException">The export is not whole, or says another period.</exception>
    public static UsageContent Read(IReadOnlyList<CsvRow> rows, PushMapping mapping, StatedPeriod? period, string? finalizedAt)
    {
        var export = new AdServerExport(rows, mapping);
        ExportPeriod days = ExportPeriod.Of([.. rows.Take(export._header)], mapping, period);
        Dictionary<MappingLine, (decimal[] Sums, List<int> Lines)> sums = export.Sums(days);
        string[] notes = [.. mapping.Lines.Where(line => !sums.ContainsKey(line.Value)).Select(line => line.Value).Distinct().Select(line => $"The export has no row of {line.MediaBuyId}{(line.PricingOptionId is null ? "" : $", {line.PricingOptionId}")}: nothing is sent for it.")];
        return new UsageContent(days.Stated, [.. sums.Select(sum => new UsageItem(export.Record(sum.Key, sum.Value.Sums, finalizedAt), sum.Value.Lines))], [.. export._faults], notes);
    }

    /// <summary>Rule PUSH-3: the rows come to what the export says they come to, or nothing of it is sent.</summary>
    private Dictionary<MappingLine, (decimal[] Sums, List<int> Lines)> Sums(ExportPeriod days)
    {
        var sums = new Dictionary<MappingLine, (decimal[] Sums, List<int> Lines)>();
        decimal[] all = new decimal[_counts.Length];
        for (int i = _header + 1; i < _total; i++)
        {
            CsvRow row = _rows[i];
            if (Problem(row, days) is { } problem)
            {
                _faults.Add(new LineFault(row.Line, LineFault.Invalid, problem));
                continue;
            }

            decimal[] counts = [.. _counts.Select((column, count) => CountOf(row.Cells[column], _mapping.Counts[count].Metric)!.Value)];
            Add(all, counts);
            if (!_mapping.Lines.TryGetValue(row.Cells[_key], out MappingLine? line))
            {
                _faults.Add(new LineFault(row.Line, LineFault.Unmapped, $"{_mapping.KeyColumn} '{Shown.Of(row.Cells[_key])}' is in no line of the mapping"));
                continue;
            }

            if (!sums.TryGetValue(line, out (decimal[] Sums, List<int> Lines) sum))
                sums[line] = sum = (new decimal[_counts.Length], []);
            Add(sum.Sums, counts);
            sum.Lines.Add(row.Line);
        }

        if (!_faults.Exists(fault => fault.Status == LineFault.Invalid))
            Prove(all);
        return sums;
    }

    private void Prove(decimal[] all)
    {
        CsvRow total = _rows[_total];
        for (int i = 0; i < all.Length; i++)
        {
            decimal? said = _counts[i] < total.Cells.Count ? CountOf(total.Cells[_counts[i]], _mapping.Counts[i].Metric) : null;
            if (said != all[i])
                throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"Line {total.Line}: the rows come to {all[i]:#,0.##} {_mapping.Counts[i].Column}, and the total says {(said is { } number ? number.ToString("#,0.##", CultureInfo.InvariantCulture) : "nothing")}. The export is not whole; nothing of it is sent."));
        }
    }

    private string? Problem(CsvRow row, ExportPeriod days)
    {
        if (row.Cells.Count != _rows[_header].Cells.Count)
            return $"{row.Cells.Count} cells under {_rows[_header].Cells.Count} columns";
        for (int i = 0; i < _counts.Length; i++)
        {
            if (CountOf(row.Cells[_counts[i]], _mapping.Counts[i].Metric) is null || Ambiguous().IsMatch(row.Cells[_counts[i]]))
                return $"'{Shown.Of(row.Cells[_counts[i]])}' is no count of {_mapping.Counts[i].Column}";
        }

        return _date < 0 || days.Holds(row.Cells[_date]) ? null : $"'{Shown.Of(row.Cells[_date])}' is no day of the period";
    }

    /// <summary>A count with its thousands in commas or not at all; null for anything else.</summary>
    private static decimal? CountOf(string cell, string metric)
    {
        Match count = Count().Match(cell);
        bool reads = count.Success && (!count.Groups["part"].Success || Fractional.Contains(metric));
        return reads && decimal.TryParse(cell.Replace(",", "", StringComparison.Ordinal), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number) && number <= 10_000_000_000_000m ? number : null;
    }

    private ReadOnlyMemory<byte> Record(MappingLine line, decimal[] sums, string? finalizedAt)
    {
        var bytes = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(bytes);
        json.WriteStartObject();
        json.WritePropertyName("account"u8);
        json.WriteRawValue(line.Account);
        json.WriteString("media_buy_id"u8, line.MediaBuyId);
        if (line.PricingOptionId is { } option)
            json.WriteString("pricing_option_id"u8, option);
        decimal priced = 0m;
        for (int i = 0; i < sums.Length; i++)
        {
            json.WriteNumber(_mapping.Counts[i].Metric, sums[i]);
            if (_mapping.Counts[i].Metric == line.Metric)
                priced = sums[i];
        }

        json.WriteNumber("vendor_cost"u8, Amount.Of(priced, new UnitPrice(line.Rate, 1m), line.Model, line.Currency));
        json.WriteString("currency"u8, line.Currency);
        if (line.MeasurementWindow is { } window)
            json.WriteString("measurement_window"u8, window);
        json.WriteBoolean("final"u8, finalizedAt is not null);
        if (finalizedAt is not null)
            json.WriteString("finalized_at"u8, finalizedAt);
        json.WriteEndObject();
        json.Flush();
        return bytes.WrittenMemory;
    }

    private static void Add(decimal[] sums, decimal[] counts)
    {
        for (int i = 0; i < sums.Length; i++)
            sums[i] += counts[i];
    }

    private static int Column(IReadOnlyList<string> header, string name)
    {
        int column = 0;
        while (header[column] != name)
            column++;
        return column;
    }

    private static int Find(IReadOnlyList<CsvRow> rows, int from, Func<CsvRow, bool> isIt)
    {
        for (int i = from; i < rows.Count; i++)
        {
            if (isIt(rows[i]))
                return i;
        }

        return -1;
    }

    [GeneratedRegex(@"^([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(?<part>\.[0-9]+)?$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Count();

    /// <summary>One and a bit here, a thousand and more elsewhere; the total, read the same way, would not tell.</summary>
    [GeneratedRegex(@"^[1-9][0-9]{0,2}\.[0-9]{3}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Ambiguous();
}
