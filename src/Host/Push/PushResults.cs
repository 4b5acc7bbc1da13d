using System.Globalization;
using System.Text;
using AdcpFunctions.Host.Wire;

namespace AdcpFunctions.Host;

/// <summary>How many records ended how.</summary>
/// <param name="Accepted">Replayed ones among them.</param>
/// <param name="Open">Not sent yet, or sent and not answered.</param>
internal sealed record PushCounts(int Accepted, int Replayed, int Refused, int Unclear, int Open, int Skipped);

/// <summary>What became of each line of a file, worked out of its journal alone.</summary>
internal static class PushResults
{
    public const string FileName = "results.csv";

    private const string Header = "line,record,status,code,message,field,idempotency_key\n";

    private sealed record Fate(string Status, RecordError? Error = null);

    /// <summary>Writes a row for every line that is, or should have been, a record, and counts records by their fate.</summary>
    /// <remarks>Whoever reads the file meanwhile sees the one before.</remarks>
    public static PushCounts Write(string folder, PushPlan plan, IReadOnlyList<LineFault> faults, PushJournal journal)
    {
        var rows = new List<(int Line, string Row)>(plan.Items.Count + faults.Count);
        var ends = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (PushBatch batch in plan.Batches)
        {
            int? generation = journal.Sent(batch.Number);
            Fate[] fates = journal.Answers.TryGetValue(batch.Number, out BatchAnswer? answer)
                ? Fates(batch, answer)
                : [.. Enumerable.Repeat(new Fate(generation is null ? "not_sent" : "in_doubt"), batch.Count)];
            string key = generation is { } sent ? batch.Key(sent) : "";
            for (int i = 0; i < batch.Count; i++)
            {
                Fate fate = fates[i];
                ends[fate.Status] = ends.GetValueOrDefault(fate.Status) + 1;
                string record = (batch.First + i + 1).ToString(CultureInfo.InvariantCulture);
                foreach (int line in plan.Items[batch.First + i].Lines)
                    rows.Add((line, Row(line, record, fate.Status, fate.Error?.Code, fate.Error?.Message, fate.Error?.Field, key)));
            }
        }

        rows.AddRange(faults.Select(fault => (fault.Line, Row(fault.Line, "", fault.Status, "", fault.Reason, "", ""))));
        string path = Path.Combine(folder, FileName);
        File.WriteAllLines(path + ".new", [Header.TrimEnd(), .. rows.OrderBy(row => row.Line).Select(row => row.Row)], new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        File.Move(path + ".new", path, overwrite: true);
        int Count(string status) => ends.GetValueOrDefault(status);
        return new PushCounts(Count("accepted") + Count("replayed"), Count("replayed"), Count("refused"), Count("unclear"), Count("not_sent") + Count("in_doubt"), faults.Count);
    }

    /// <summary>Rule PUSH-7: an answer decides about each record or about none: what it leaves open is unclear, never accepted.</summary>
    /// <remarks>
    /// A record counts as accepted when the answer's own count and the records it names errors for add up to what was sent, and every
    /// error names one of them. An accepted record is never sent again under another key, whatever became of its neighbours.
    /// </remarks>
    private static Fate[] Fates(PushBatch batch, BatchAnswer answer)
    {
        var errors = new Dictionary<int, RecordError>();
        foreach (RecordError error in answer.Errors)
        {
            if (error.Record is { } record && record < batch.Count)
                errors.TryAdd(record, error);
        }

        RecordError? unplaced = answer.Errors.FirstOrDefault(error => error.Record is not { } record || record >= batch.Count);
        bool addsUp = unplaced is null && answer.Accepted + errors.Count == batch.Count;
        string taken = answer.Replayed ? "replayed" : "accepted";
        return [.. Enumerable.Range(0, batch.Count).Select(i =>
            errors.TryGetValue(i, out RecordError? error) ? new Fate(addsUp ? "refused" : "unclear", error)
            : addsUp ? new Fate(taken)
            : new Fate("unclear", unplaced))];
    }

    private static string Row(int line, string record, string status, params ReadOnlySpan<string?> texts)
    {
        var row = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{line},{record},{status}");
        foreach (string? text in texts)
            row.Append(',').Append(RecordCsv.Cell(text ?? "", isText: true));
        return row.ToString();
    }
}
