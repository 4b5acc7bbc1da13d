using System.Globalization;
using System.Text;
using System.Text.Json;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host;

/// <summary>Reads what somebody received: records as they were sent, one a line, or a month's export as NDJSON or CSV.</summary>
internal static class AuditExport
{
    /// <summary>The lines of a file, each as what it can be held against.</summary>
    /// <exception cref="InvalidDataException">A line is none of these, or a month's export has no end: it was cut off.</exception>
    public static async IAsyncEnumerable<AnchoredLine> ReadAsync(string path)
    {
        using var reader = new StreamReader(path, Encoding.UTF8);
        long number = 0;
        bool isCsv = false, isMonth = false, ended = false;
        while (await reader.ReadLineAsync() is { } text)
        {
            number++;
            if (text.Length == 0)
                continue;
            if (number == 1 && text + "\r\n" == PeriodCsv.Header)
            {
                (isCsv, isMonth) = (true, true);
                continue;
            }

            AnchoredLine line = Read(number, text, isCsv);
            isMonth |= line is not AnchoredLine.Published;
            ended = line is AnchoredLine.Month;
            yield return line;
        }

        if (isMonth && !ended)
            throw new InvalidDataException("The export has no end: it was cut off.");
    }

    private static AnchoredLine Read(long number, string text, bool isCsv)
    {
        try
        {
            if (isCsv)
                return OfCsv(number, text);
            if (!text.StartsWith("{\"line\":", StringComparison.Ordinal))
                return new AnchoredLine.Published(number, Encoding.UTF8.GetBytes(text));
            PeriodLine line = JsonSerializer.Deserialize(text, HostJson.Default.PeriodLine) ?? throw new FormatException("it holds nothing");
            return line.Line switch
            {
                "record" => new AnchoredLine.Worded(number, Known(line.SettlementId), Known(line.Revision), Wording(line), record => Wording(PeriodLine.Of(record))),
                "open" => Standing(number, Known(line.SettlementId), Known(line.Sequence), Known(line.ChainHead)),
                "end" => new AnchoredLine.Month(number, Known(line.AccountId), Known(line.Period), Known(line.Records), line.Hash ?? "", Known(line.UpTo)),
                var other => throw new FormatException($"there are no lines '{other}'"),
            };
        }
        catch (Exception unreadable) when (unreadable is JsonException or FormatException or OverflowException)
        {
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"Line {number} is no line of an export: {unreadable.Message}"), unreadable);
        }
    }

    private static AnchoredLine OfCsv(long number, string text)
    {
        Dictionary<string, string> line = Columns(text);
        return line["line"] switch
        {
            "record" => new AnchoredLine.Worded(number, line["settlement_id"], Whole(line["revision"]), Wording(line), record => Wording(Columns(PeriodCsv.Line(PeriodLine.Of(record))))),
            "open" => Standing(number, line["settlement_id"], Whole(line["sequence"]), line["chain_head"]),
            "end" => new AnchoredLine.Month(number, line["account_id"], line["period"], Whole(line["records"]), line["hash"], long.Parse(line["up_to"], NumberStyles.None, CultureInfo.InvariantCulture)),
            var other => throw new FormatException($"there are no lines '{other}'"),
        };
    }

    private static AnchoredLine.Standing Standing(long number, string id, int sequence, string chain) => new(number, new ManifestLine(id, sequence, chain));

    /// <summary>The sentence is left out: later versions of this service may find better words for the same.</summary>
    private static string Wording(PeriodLine line) => JsonSerializer.Serialize(line with { Sentence = null }, HostJson.Default.PeriodLine);

    private static string Wording(Dictionary<string, string> line) => string.Join(' ', line.Where(c => c.Key != "sentence" && c.Value.Length > 0).Select(c => $"{c.Key}={c.Value}"));

    private static Dictionary<string, string> Columns(string text)
    {
        string[] names = PeriodCsv.Header.TrimEnd().Split(',');
        List<string> cells = Cells(text.TrimEnd());
        return cells.Count == names.Length
            ? names.Zip(cells).ToDictionary(c => c.First, c => c.Second, StringComparer.Ordinal)
            : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"it has {cells.Count} columns and not {names.Length}"));
    }

    /// <summary>The cells of a line of RFC 4180; none of ours holds a line's end.</summary>
    private static List<string> Cells(string text)
    {
        var cells = new List<string>();
        var cell = new StringBuilder();
        bool quoted = false;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '"' && quoted && i + 1 < text.Length && text[i + 1] == '"')
                cell.Append(text[++i]);
            else if (text[i] == '"')
                quoted = !quoted;
            else if (text[i] == ',' && !quoted)
                Take();
            else
                cell.Append(text[i]);
        }

        Take();
        return cells;

        void Take()
        {
            cells.Add(cell.ToString());
            cell.Clear();
        }
    }

    private static int Whole(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    private static string Known(string? text) => text ?? throw new FormatException("a member is missing");

    private static T Known<T>(T? value)
        where T : struct => value ?? throw new FormatException("a member is missing");
}
