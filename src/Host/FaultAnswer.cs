using AdcpFunctions.Host.Mcp;

namespace AdcpFunctions.Host;

/// <summary>What a caller is told when a request faulted: try again, in the form its route speaks.</summary>
internal static class FaultAnswer
{
    private static readonly object Kept = new();

    /// <summary>Remembers the answer of a route that knows more of the request than its path.</summary>
    public static void Keep(HttpContext http, IResult answer) => http.Items[Kept] = answer;

    public static IResult Of(HttpContext http) =>
        http.Items[Kept] as IResult
        ?? (FrontDoor.IsAdcp(http.Request.Path) ? AdcpAnswer.Unavailable(default)
            : FrontDoor.IsMcp(http.Request.Path) ? McpAnswer.Error(503, McpError.Unavailable)
            : Problem.Unavailable);
}
