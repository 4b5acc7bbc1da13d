using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace AdcpFunctions.Host;

/// <summary>Sends a settled usage file to an AdCP agent as <c>report_usage</c>, and tells what became of each line.</summary>
internal static class PushCommand
{
    private const long MaxFile = 1_000_000_000;
    private const int ShownFaults = 100;

    /// <returns>0 when every record sent was accepted, 1 when one was not, 2 when nothing could be sent, 3 when it stopped and can go on.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter errors)
    {
        if (args is ["--help"])
        {
            await output.WriteLineAsync(PushOptions.Usage);
            return 0;
        }

        using var stop = new CancellationTokenSource();
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal =>
        {
            signal.Cancel = true;
            stop.Cancel();
        });
        try
        {
            return await RunAsync(PushOptions.Read(args, Environment.GetEnvironmentVariable("ADCP_PUSH_KEY")), output, errors, stop.Token);
        }
        catch (Exception unusable) when (unusable is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            await errors.WriteLineAsync(unusable.Message);
            return 2;
        }
    }

    private static async Task<int> RunAsync(PushOptions options, TextWriter output, TextWriter errors, CancellationToken cancel)
    {
        byte[] file = Load(options.File);
        byte[]? mapping = options.Mapping is { } path ? Load(path) : null;
        UsageContent content = Read(options, file, mapping);
        foreach (string note in content.Notes)
            await errors.WriteLineAsync(note);
        if (!await MayGoOnAsync(options, content, errors))
            return 2;

        PushPlan plan = PushPlan.Of(content, options.To, options.Batch);
        var header = new JournalHeader(
            Fingerprint(file), mapping is null ? null : Fingerprint(mapping), options.To.ToString(), $"{content.Period.Start}/{content.Period.End}", options.FinalizedAt, options.Batch, plan.Items.Count, plan.Fingerprint);
        PushJournal journal = PushJournal.Open(options.State, header, options.StartNew);
        string? stopped;
        try
        {
            using (journal)
            {
                using (var agent = new UsageAgent(options.To, options.Plain, options.Key, TimeProvider.System))
                    stopped = await RunAsync(new PushRun(plan, journal, agent, options.ResendExpired, output, TimeProvider.System), cancel);
                PushCounts counts = PushResults.Write(options.State, plan, content.Faults, journal);
                await output.WriteLineAsync(Summary(counts, plan, options));
                if (stopped is null)
                    return counts.Refused + counts.Unclear == 0 ? 0 : 1;
            }
        }
        catch (Exception unwritten) when (unwritten is IOException or UnauthorizedAccessException)
        {
            // A full disk, for one. By now something may have been sent, so this is no "nothing was sent".
            stopped = $"what could not be written: {unwritten.Message}";
        }

        await errors.WriteLineAsync($"Stopped at {stopped}\nThe same command{(options.StartNew ? ", without --new," : "")} goes on from there.");
        return 3;
    }

    private static async Task<string?> RunAsync(PushRun run, CancellationToken cancel)
    {
        try
        {
            return await run.RunAsync(cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return "your word.";
        }
    }

    /// <summary>Rule PUSH-10: a file is understood whole before anything of it is sent.</summary>
    /// <returns>False when lines are in the way that nobody said to skip.</returns>
    private static async Task<bool> MayGoOnAsync(PushOptions options, UsageContent content, TextWriter errors)
    {
        foreach (LineFault fault in content.Faults.Take(ShownFaults))
            await errors.WriteLineAsync($"line {fault.Line}: {fault.Status}: {fault.Reason}");
        if (content.Faults.Count > ShownFaults)
            await errors.WriteLineAsync($"and {content.Faults.Count - ShownFaults} more");
        int invalid = content.Faults.Count(fault => fault.Status == LineFault.Invalid), unmapped = content.Faults.Count - invalid;
        if (invalid > 0 && !options.SkipInvalid)
            await errors.WriteLineAsync($"Lines that are no records: {invalid}. Nothing was sent.{(options.Mapping is null ? " --skip-invalid sends the others." : "")}");
        else if (unmapped > 0 && !options.SkipUnmapped)
            await errors.WriteLineAsync($"Rows in no line of the mapping: {unmapped}. Nothing was sent. --skip-unmapped sends the others.");
        else if (content.Items.Count == 0)
            await errors.WriteLineAsync("There is no record in the file.");
        else
            return true;
        return false;
    }

    private static UsageContent Read(PushOptions options, byte[] file, byte[]? mapping)
    {
        string kind = Path.GetExtension(options.File).ToLowerInvariant();
        if (kind is ".csv" && mapping is not null)
            return AdServerExport.Read(CsvRows.Read(file), PushMapping.Read(mapping), options.Period, options.FinalizedAt);
        if (mapping is not null)
            throw new InvalidDataException("A --mapping is for a CSV export.");
        if (kind is not (".csv" or ".ndjson" or ".jsonl"))
            throw new InvalidDataException("The file is a .csv, a .ndjson or a .jsonl.");
        StatedPeriod period = options.Period ?? throw new InvalidDataException("Give the --period the records are of, such as 2026-10-01T00:00:00Z/2026-10-31T23:59:59Z.");
        return kind is ".csv" ? UsageTable.Read(CsvRows.Read(file), period) : UsageLines.Read(file, period);
    }

    private static byte[] Load(string path) =>
        new FileInfo(path) is { Exists: true, Length: <= MaxFile } ? File.ReadAllBytes(path) : throw new InvalidDataException($"'{path}' is not there, or larger than a gigabyte.");

    private static string Fingerprint(byte[] file) => Convert.ToHexStringLower(SHA256.HashData(file));

    private static string Summary(PushCounts counts, PushPlan plan, PushOptions options) => string.Create(
        CultureInfo.InvariantCulture,
        $"pushed {plan.Items.Count:N0} records to {options.To}: {counts.Accepted:N0} accepted{(counts.Replayed > 0 ? $" ({counts.Replayed:N0} of them replayed)" : "")}, {counts.Refused:N0} refused, {counts.Unclear:N0} unclear, {counts.Open:N0} open, {counts.Skipped:N0} skipped; each line in {Path.Combine(options.State, PushResults.FileName)}");
}
