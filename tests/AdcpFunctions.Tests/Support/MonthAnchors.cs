using System.Text;
using AdcpFunctions.Host;
using AdcpFunctions.Ledger;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Support;

/// <summary>What finance keeps of a month outside the ledger: its export, and the root that came over the topic.</summary>
internal sealed class MonthAnchors(string export, string root, string[] ledger) : IDisposable
{
    public static async Task<MonthAnchors> OfAsync(PlayedMonth month)
    {
        string file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, await month.ExportAsync("application/x-ndjson"));
        JsonNode close = month.Bus.Taken.Select(message => JsonNode.Parse(message.Body)!).Single(message => (string)message["schema"]! == PeriodClose.SchemaName);
        return new MonthAnchors(file, (string)close["audit"]!["root"]!, month.LedgerArguments);
    }

    /// <summary>The real command, against both.</summary>
    public async Task<(int Code, string Said)> AuditAsync()
    {
        var said = new StringBuilder();
        await using var output = new StringWriter(said);
        int code = await AuditCommand.RunAsync(
            [.. ledger, "--export", export, "--root", root, "--account", "acme", "--period", "2026-04", "--tenant", "default", "--Audit:Key", PlayedMonth.AuditKey], output, output);
        return (code, said.ToString());
    }

    public void Dispose() => File.Delete(export);
}
