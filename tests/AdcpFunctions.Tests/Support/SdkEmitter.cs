using System.Diagnostics;
using System.Text.Json.Nodes;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Support;

/// <summary>The webhook emitter of npm <c>@adcp/sdk</c> in a process of its own: what a seller who builds with it sends.</summary>
public sealed class SdkEmitter : IAsyncLifetime
{
    private readonly SemaphoreSlim _one = new(1);
    private Process _node = null!;

    /// <summary>Public halves of its keys by name: <c>ed25519</c>, <c>es256</c>, and a stranger's with the same ids.</summary>
    public JsonNode Keys { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await NodeModules.EnsureAsync();
        var start = new ProcessStartInfo("node", ["emit-webhook.mjs"]) { WorkingDirectory = NodeModules.Folder, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        _node = Process.Start(start) ?? throw new InvalidOperationException("node did not start.");
        Keys = await AskAsync(new JsonObject { ["keys"] = new JsonArray("ed25519", "es256", "ed25519-stranger", "es256-stranger") });
    }

    /// <summary>Delivers; the same bytes again when it is told to do so more than once.</summary>
    /// <returns>What the emitter tells: <c>delivered</c>, <c>final_status</c>, <c>attempts</c>, <c>errors</c>.</returns>
    public Task<JsonNode> DeliverAsync(JsonObject order) => AskAsync(order);

    public async ValueTask DisposeAsync()
    {
        _node.StandardInput.Close();
        await _node.WaitForExitAsync();
        _node.Dispose();
        _one.Dispose();
    }

    private async Task<JsonNode> AskAsync(JsonObject order)
    {
        await _one.WaitAsync();
        try
        {
            await _node.StandardInput.WriteLineAsync(order.ToJsonString());
            return await _node.StandardOutput.ReadLineAsync() is { } line
                ? JsonNode.Parse(line)!
                : throw new InvalidOperationException($"The emitter is gone: {await _node.StandardError.ReadToEndAsync()}");
        }
        finally
        {
            _one.Release();
        }
    }
}
