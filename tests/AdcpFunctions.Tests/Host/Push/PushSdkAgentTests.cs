using System.Diagnostics;
using AdcpFunctions.Tests.Support;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>A push to an agent that others wrote: the server of npm <c>@adcp/sdk</c>.</summary>
public sealed class PushSdkAgentTests : IAsyncLifetime, IDisposable
{
    private readonly PushFolder _folder = new();
    private Process _node = null!;
    private string _address = "";

    public async ValueTask InitializeAsync()
    {
        await NodeModules.EnsureAsync();
        _node = Process.Start(new ProcessStartInfo("node", ["agent.mjs"]) { WorkingDirectory = NodeModules.Folder, RedirectStandardOutput = true, UseShellExecute = false })!;
        _address = $"http://127.0.0.1:{(await ToldAsync())["port"]}/mcp";
    }

    [Fact]
    public async Task A_push_is_taken_by_the_reference_server_and_its_repetition_is_a_replay()
    {
        string file = _folder.Write("usage.ndjson", [Usage.Record("mb1"), Usage.Record("nobodys"), Usage.Record("mb3")]);

        (int code, string output, string errors) = await _folder.PushAsync(file, _address, "any-key", "--batch", "2");

        Assert.True((code, errors) == (1, ""), output + errors);
        IReadOnlyList<PushRow> results = PushFolder.Results(file);
        Assert.Equal([(1, "accepted", ""), (2, "refused", "MEDIA_BUY_NOT_FOUND"), (3, "accepted", "")], results.Select(row => (row.Line, row.Status, row.Code)));
        JsonNode first = await ToldAsync(), second = await ToldAsync();
        Assert.Equal(["mb1", "nobodys", "mb3"], first["buys"]!.AsArray().Concat(second["buys"]!.AsArray()).Select(buy => (string?)buy));
        Assert.Equal([results[0].Key, results[2].Key], new[] { first, second }.Select(told => (string?)told["idempotency_key"]));
        Directory.Delete(file + ".push", recursive: true);

        (int again, string replayed, _) = await _folder.PushAsync(file, _address, "any-key", "--batch", "2");

        Assert.Equal(1, again);
        Assert.Contains("2 accepted (2 of them replayed), 1 refused", replayed, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        _node.Kill();
        await _node.WaitForExitAsync();
        _node.Dispose();
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>The next line that is JSON; what else the SDK writes to its console passes by.</summary>
    private async Task<JsonNode> ToldAsync()
    {
        while (await _node.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith('{'))
                return JsonNode.Parse(line)!;
        }

        throw new InvalidOperationException("The agent is gone.");
    }
}
