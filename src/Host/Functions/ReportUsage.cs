using AdcpFunctions.Host.Mcp;

namespace AdcpFunctions.Host.Functions;

/// <summary><c>POST /adcp/report_usage</c>: takes a batch of usage records, records it once, answers record by record.</summary>
/// <remarks>Nothing is acknowledged before the ledger has committed.</remarks>
internal static class ReportUsage
{
    private static readonly McpTool Task = McpTools.All.Single(tool => tool.Name == ReportUsageTask.Name);

    private static readonly AgentRoute Route = new(
        TakesStrangers: false,
        error => AdcpAnswer.Failed(error, default),
        request => request.CallAsync(Task, request.Root, answer => answer));

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/adcp/report_usage", async (HttpContext http, AgentDoor door) => await (await door.EnterAsync(http, Route)).ExecuteAsync(http));
}
