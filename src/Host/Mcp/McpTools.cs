using System.Text.Json;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host.Mcp;

/// <summary>Every tool that is served.</summary>
internal static class McpTools
{
    public static readonly IReadOnlyList<McpTool> All =
    [
        new(
            "get_adcp_capabilities",
            "Says what this agent serves and under which terms: the releases of AdCP, how long a request may be repeated, who is billed, whether creative usage is billed through AdCP, which signatures are verified. Ask before the first report_usage; no credential is needed.",
            JsonDocument.Parse("""{"type":"object"}""").RootElement,
            IsPublic: true,
            GetCapabilities),
        new("report_usage", "Reports usage records for billing.", JsonDocument.Parse("""{"type":"object"}""").RootElement, IsPublic: false, ReportUsageAsync),
    ];

    private static Task<AdcpAnswer> GetCapabilities(ToolCall call) => Task.FromResult(call.Service<Capabilities>().Answer(call.Arguments));

    private static Task<AdcpAnswer> ReportUsageAsync(ToolCall call)
    {
        Caller caller = call.Caller!;
        return caller.MayReport
            ? ReportUsageTask.AnswerAsync(call.Arguments, caller, call.Service<Intake>())
            : Task.FromResult(AdcpAnswer.Failed(new AdcpError(ProtocolError.PermissionDenied, "This credential may not report usage."), new Envelope(Envelope.ContextOf(call.Arguments), AdcpVersions.Negotiate(call.Arguments).Served)));
    }
}
