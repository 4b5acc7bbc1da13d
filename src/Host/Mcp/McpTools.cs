using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host.Mcp;

/// <summary>Every tool that is served.</summary>
internal static class McpTools
{
    public static readonly IReadOnlyList<McpTool> All =
    [
        new(
            "get_adcp_capabilities",
            "Says what this agent serves and on which terms: releases of AdCP, how long a request may be repeated under its key, who is invoiced, whether creative usage is billed through AdCP, how signatures are verified. "
            + "Call it before the first report_usage, and again when a request is refused with VERSION_UNSUPPORTED. No credential is needed.",
            ToolSchema.Of("get-adcp-capabilities-request.json"),
            IsPublic: true,
            GetCapabilitiesAsync),
        new(
            "report_usage",
            "Reports what was used, for billing: media buys by their media_buy_id, and signals, creatives, rights, standards or property lists by theirs. Call it as numbers come in with final: false, which is never invoiced, and once with final: true and finalized_at when they are settled. "
            + "Every request carries an idempotency_key of 16 to 255 characters; repeat an unanswered request unchanged under the same key. Up to some thousands of records go in one request; each that is refused stands in errors by its index, and the others are kept.",
            ToolSchema.Of("report-usage-request.json"),
            IsPublic: false,
            ReportUsageAsync),
        new(
            "get_media_buy_delivery",
            "Tells what sellers have reported as delivered for an account's media buys, as this ledger received it, with is_final and finalized_at by row and package: what is not final must not be invoiced. "
            + "Call it to see which numbers stand before reconciling, or whether a seller has reported at all. Name media_buy_ids, or get the active ones; dates must be a billing period or a period that was reported, and without dates it is the newest.",
            ToolSchema.Of("get-media-buy-delivery-request.json"),
            IsPublic: false,
            GetMediaBuyDeliveryAsync),
    ];

    private static Task<AdcpAnswer> GetCapabilitiesAsync(ToolCall call) => call.Service<Capabilities>().AnswerAsync(call.Arguments, call.Caller?.Tenant, call.Http.RequestAborted);

    private static Task<AdcpAnswer> GetMediaBuyDeliveryAsync(ToolCall call) => call.Service<MediaBuyDeliveries>().AnswerAsync(call.Arguments, call.Caller!, call.Http.RequestAborted);

    private static Task<AdcpAnswer> ReportUsageAsync(ToolCall call)
    {
        Caller caller = call.Caller!;
        return caller.MayReport
            ? ReportUsageTask.AnswerAsync(call.Arguments, caller, call.Service<Intake>())
            : Task.FromResult(AdcpAnswer.Failed(new AdcpError(ProtocolError.PermissionDenied, "This credential may not report usage."), new Envelope(Envelope.ContextOf(call.Arguments), AdcpVersions.Negotiate(call.Arguments).Served)));
    }
}
