using System.Text;
using System.Text.Json;

namespace AdcpFunctions.Host;

/// <summary>Server-sent events, as far as one answer needs them.</summary>
internal static class StreamedAnswer
{
    /// <summary>Waits for the JSON-RPC message with that id; progress and other events pass by.</summary>
    /// <returns>Null when the stream ends, or outgrows its limit, before it.</returns>
    public static async Task<JsonDocument?> MessageAsync(Stream stream, int id, int limit, CancellationToken cancel)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var data = new StringBuilder();
        int read = 0;
        while (await reader.ReadLineAsync(cancel) is { } line && (read += line.Length) <= limit)
        {
            if (line.StartsWith("data:", StringComparison.Ordinal))
            {
                data.Append(line.AsSpan(line.StartsWith("data: ", StringComparison.Ordinal) ? 6 : 5)).Append('\n');
                continue;
            }

            if (line.Length > 0 || data.Length == 0)
                continue;
            JsonDocument? message = UsageAgent.TryParse(Encoding.UTF8.GetBytes(data.ToString()));
            if (message is not null && AgentAnswer.Member(message.RootElement, "id") is { ValueKind: JsonValueKind.Number } its && its.TryGetInt32(out int number) && number == id)
                return message;
            message?.Dispose();
            data.Clear();
        }

        return null;
    }
}
