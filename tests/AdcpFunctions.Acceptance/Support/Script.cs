using System.Diagnostics;
using System.Text.Json.Nodes;

namespace AdcpFunctions.Acceptance.Support;

/// <summary>A client of <c>npm/</c>: a script that is given its task on standard input and tells what it saw, one JSON object a line.</summary>
internal static class Script
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    /// <param name="script">Its file.</param>
    /// <param name="task">What it does; keys go in here and on no command line.</param>
    public static async Task<IReadOnlyList<JsonNode>> RunAsync(string script, JsonObject task)
    {
        await NodeModules.EnsureAsync();
        var start = new ProcessStartInfo("node", [script]) { WorkingDirectory = NodeModules.Folder, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using Process node = Process.Start(start) ?? throw new InvalidOperationException("node did not start.");
        Task<string> output = node.StandardOutput.ReadToEndAsync();
        Task<string> errors = node.StandardError.ReadToEndAsync();
        await node.StandardInput.WriteAsync(task.ToJsonString());
        node.StandardInput.Close();
        using var patience = new CancellationTokenSource(Longest);
        try
        {
            await node.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException late)
        {
            node.Kill(entireProcessTree: true);
            throw new InvalidOperationException($"{script} did not end: {await output}{await errors}", late);
        }

        if (node.ExitCode != 0)
            throw new InvalidOperationException($"{script} ended with {node.ExitCode}: {await errors}");
        return [.. (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
    }
}
