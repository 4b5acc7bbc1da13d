namespace AdcpFunctions.Host;

/// <summary>NDJSON: one usage record a line, as on the wire.</summary>
internal static class UsageLines
{
    /// <summary>Reads every line; one that is no record becomes a fault, and blank ones are passed over.</summary>
    public static UsageContent Read(ReadOnlyMemory<byte> file, StatedPeriod period)
    {
        var check = new RecordCheck();
        var items = new List<UsageItem>();
        var faults = new List<LineFault>();
        ReadOnlyMemory<byte> rest = file.Span.StartsWith("\uFEFF"u8) ? file[3..] : file;
        for (int line = 1; rest.Length > 0; line++)
        {
            int end = rest.Span.IndexOf((byte)'\n');
            ReadOnlyMemory<byte> record = (end < 0 ? rest : rest[..end]).Trim(" \t\r"u8);
            rest = end < 0 ? default : rest[(end + 1)..];
            if (record.IsEmpty)
                continue;
            if (check.Problem(record) is { } problem)
                faults.Add(new LineFault(line, LineFault.Invalid, problem));
            else
                items.Add(new UsageItem(record, [line]));
        }

        return new UsageContent(period, items, faults, []);
    }
}
