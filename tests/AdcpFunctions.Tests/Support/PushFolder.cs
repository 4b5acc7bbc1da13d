using System.Globalization;
using AdcpFunctions.Host;

namespace AdcpFunctions.Tests.Support;

/// <summary>One row of a push's result file.</summary>
internal sealed record PushRow(int Line, string Record, string Status, string Code, string Message, string Field, string Key);

/// <summary>Where an orchestrator keeps files to push, and the command run on them.</summary>
internal sealed class PushFolder : IDisposable
{
    public const string April = "2026-04-01T00:00:00Z/2026-04-30T23:59:59Z";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("adcp-push-");

    public string Path => _folder.FullName;

    public string Write(string name, string text)
    {
        string path = System.IO.Path.Combine(Path, name);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>NDJSON of these records.</summary>
    public string Write(string name, IEnumerable<System.Text.Json.Nodes.JsonNode> records) => Write(name, string.Concat(records.Select(record => record.ToJsonString() + "\n")));

    public static async Task<(int Code, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        using StringWriter output = new(CultureInfo.InvariantCulture), errors = new(CultureInfo.InvariantCulture);
        int code = await PushCommand.RunAsync(arguments, output, errors);
        return (code, output.ToString(), errors.ToString());
    }

    /// <summary>Pushes April's records over the plain route or MCP, with a key from a file.</summary>
    public Task<(int Code, string Output, string Errors)> PushAsync(string file, string to, string key, params string[] more) =>
        RunAsync([file, "--to", to, "--key-file", Write("key", key), .. file.EndsWith(".csv", StringComparison.Ordinal) && more.Contains("--mapping") ? [] : new[] { "--period", April }, .. more]);

    /// <summary>What the result file beside a pushed one says.</summary>
    public static IReadOnlyList<PushRow> Results(string file)
    {
        IReadOnlyList<CsvRow> rows = CsvRows.Read(File.ReadAllBytes(System.IO.Path.Combine(file + ".push", "results.csv")));
        Assert.Equal(["line", "record", "status", "code", "message", "field", "idempotency_key"], rows[0].Cells);
        return [.. rows.Skip(1).Select(row => new PushRow(int.Parse(row.Cells[0], CultureInfo.InvariantCulture), row.Cells[1], row.Cells[2], row.Cells[3], row.Cells[4], row.Cells[5], row.Cells[6]))];
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
