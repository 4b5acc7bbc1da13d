using System.Text.Json;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host.Mcp;

/// <summary>A call of a tool, once its caller is known.</summary>
/// <param name="Arguments">An object.</param>
/// <param name="Caller">Null for a tool that anybody may call, called by nobody known.</param>
internal readonly record struct ToolCall(HttpContext Http, JsonNode Arguments, Caller? Caller)
{
    public T Service<T>()
        where T : notnull => Http.RequestServices.GetRequiredService<T>();
}

/// <summary>A tool of ours: an AdCP task by its own name.</summary>
/// <param name="Name">The task.</param>
/// <param name="Description">For whoever chooses among tools.</param>
/// <param name="InputSchema">Self-contained.</param>
/// <param name="IsPublic">True where no credential is asked for.</param>
/// <param name="AnswerAsync">The task itself; of a tool that is not public the caller is known.</param>
internal sealed record McpTool(string Name, string Description, JsonElement InputSchema, bool IsPublic, Func<ToolCall, Task<AdcpAnswer>> AnswerAsync);
