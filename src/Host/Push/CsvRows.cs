using System.Text;

namespace AdcpFunctions.Host;

/// <summary>One row of a CSV file.</summary>
/// <param name="Line">Where it begins, from 1.</param>
/// <param name="Cells">Without their quotes.</param>
internal sealed record CsvRow(int Line, IReadOnlyList<string> Cells)
{
    public bool IsBlank => Cells.All(string.IsNullOrWhiteSpace);
}

/// <summary>Reads comma-separated values to the letter of RFC 4180: what could be read in two ways is refused.</summary>
internal static class CsvRows
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="InvalidDataException">The file is no such CSV; the message says where.</exception>
    public static IReadOnlyList<CsvRow> Read(ReadOnlySpan<byte> file)
    {
        string text;
        try
        {
            text = Strict.GetString(file.StartsWith("\uFEFF"u8) ? file[3..] : file);
        }
        catch (DecoderFallbackException broken)
        {
            throw new InvalidDataException("The file is not UTF-8: export it as CSV, not as CSV for Excel.", broken);
        }

        if (text.Contains('\0', StringComparison.Ordinal))
            throw new InvalidDataException("The file is not UTF-8 text: export it as CSV, not as CSV for Excel.");
        var rows = new List<CsvRow>();
        for (int at = 0, line = 1; at < text.Length;)
            rows.Add(Row(text, ref at, ref line));
        rows.RemoveAll(row => row.IsBlank);
        return rows;
    }

    private static CsvRow Row(string text, ref int at, ref int line)
    {
        int first = line;
        var cells = new List<string>();
        while (true)
        {
            cells.Add(at < text.Length && text[at] == '"' ? Quoted(text, ref at, ref line) : Bare(text, ref at, line));
            if (at < text.Length && text[at] == ',')
            {
                at++;
                continue;
            }

            if (at < text.Length && text[at] == '\r')
                at++;
            if (at < text.Length && text[at] == '\n')
                at++;
            line++;
            return new CsvRow(first, cells);
        }
    }

    private static string Bare(string text, ref int at, int line)
    {
        int length = text.AsSpan(at).IndexOfAny(",\r\n");
        string cell = length < 0 ? text[at..] : text.Substring(at, length);
        at += cell.Length;
        return cell.Contains('"', StringComparison.Ordinal) ? throw new InvalidDataException($"Line {line}: a quote inside a cell that does not begin with one.") : cell.Trim();
    }

    private static string Quoted(string text, ref int at, ref int line)
    {
        var cell = new StringBuilder();
        int opened = line;
        for (at++; at < text.Length; at++)
        {
            if (text[at] == '"')
            {
                at++;
                if (at >= text.Length || text[at] is ',' or '\r' or '\n')
                    return cell.ToString().Trim();
                if (text[at] != '"')
                    throw new InvalidDataException($"Line {line}: something follows the closing quote of a cell.");
            }

            if (text[at] == '\n')
                line++;
            cell.Append(text[at]);
        }

        throw new InvalidDataException($"Line {opened}: a quoted cell never ends; the file may be cut off.");
    }
}
