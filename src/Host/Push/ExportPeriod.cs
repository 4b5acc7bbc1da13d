using System.Globalization;

namespace AdcpFunctions.Host;

/// <summary>The days an export is of, and the reporting period they make.</summary>
/// <param name="Stated">As it is sent.</param>
internal sealed record ExportPeriod(DateOnly First, DateOnly Last, string DateFormat, StatedPeriod Stated)
{
    private static readonly string[] Utc = ["UTC", "GMT", "Etc/UTC", "Etc/GMT"];

    /// <summary>Rule PUSH-4: what the operator says is the period and what the export says are its days agree; neither is guessed.</summary>
    /// <remarks>An export names its time zone, and this program keeps no zones: an offset that is not UTC's is stated, once in the mapping or at both ends of the period.</remarks>
    /// <param name="preamble">What stands before the header.</param>
    /// <param name="mapping">How days are written, and where they begin.</param>
    /// <param name="stated">The operator's word.</param>
    /// <exception cref="InvalidDataException">They disagree, or nobody says.</exception>
    public static ExportPeriod Of(IReadOnlyList<CsvRow> preamble, PushMapping mapping, StatedPeriod? stated)
    {
        (DateOnly First, DateOnly Last)? range = RangeOf(Said(preamble, "Date Range"), mapping.DateFormat);
        string? zone = Said(preamble, "Report Time Zone");
        bool isUtc = Utc.Contains(zone, StringComparer.OrdinalIgnoreCase);
        if (stated is not null)
        {
            if (isUtc && (stated.From.Offset != TimeSpan.Zero || stated.To.Offset != TimeSpan.Zero))
                throw new InvalidDataException($"The export's days are {zone}'s, and those of --period begin elsewhere.");
            DateOnly first = DateOnly.FromDateTime(stated.From.DateTime), last = DateOnly.FromDateTime(stated.To.DateTime.AddTicks(stated.To.TimeOfDay == TimeSpan.Zero ? -1 : 0));
            return range is null || range == (first, last)
                ? new ExportPeriod(first, last, mapping.DateFormat, stated)
                : throw new InvalidDataException($"The export is of {range.Value.First:yyyy-MM-dd} to {range.Value.Last:yyyy-MM-dd}, and --period of {first:yyyy-MM-dd} to {last:yyyy-MM-dd}.");
        }

        if (range is not { } days)
            throw new InvalidDataException("The export says no date range: give its --period.");
        if (isUtc && mapping.UtcOffset is { } other && other != TimeSpan.Zero)
            throw new InvalidDataException($"The export's days are {zone}'s, and the mapping's begin elsewhere.");
        TimeSpan offset = isUtc ? TimeSpan.Zero : mapping.UtcOffset ?? throw new InvalidDataException($"The export's days are those of {Shown.Of(zone ?? "a time zone it does not name")}: give the mapping its utc_offset, or the --period.");
        return new ExportPeriod(days.First, days.Last, mapping.DateFormat, new StatedPeriod(Text(days.First, "00:00:00", offset), Text(days.Last, "23:59:59", offset)));
    }

    /// <summary>True for a day of the period.</summary>
    public bool Holds(string cell) => DayOf(cell, DateFormat) is { } day && day >= First && day <= Last;

    private static string Text(DateOnly day, string time, TimeSpan offset) =>
        string.Create(CultureInfo.InvariantCulture, $"{day:yyyy-MM-dd}T{time}{(offset == TimeSpan.Zero ? "Z" : $"{(offset < TimeSpan.Zero ? '-' : '+')}{offset:hh\\:mm}")}");

    private static string? Said(IReadOnlyList<CsvRow> preamble, string name) =>
        preamble.FirstOrDefault(row => row.Cells.Count > 1 && row.Cells[0].TrimEnd(':') == name)?.Cells[1];

    private static (DateOnly First, DateOnly Last)? RangeOf(string? said, string format)
    {
        if (said is null)
            return null;
        string[] ends = said.Split([" - ", " to "], StringSplitOptions.TrimEntries);
        return ends.Length == 2 && DayOf(ends[0], format) is { } first && DayOf(ends[1], format) is { } last && first <= last
            ? (first, last)
            : throw new InvalidDataException($"The export's date range '{Shown.Of(said)}' is not two days written as {format}; the mapping's date_format says how they are.");
    }

    private static DateOnly? DayOf(string text, string format) =>
        DateOnly.TryParseExact(text, ["yyyy-MM-dd", format], CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly day) ? day : null;
}
