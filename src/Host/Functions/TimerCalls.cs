namespace AdcpFunctions.Host.Functions;

/// <summary>What a Functions host calls when a timer function's time has come: <c>POST /{function}</c> on the handler's port.</summary>
/// <remarks>
/// Public requests come to the same port, through the host's proxy. The invocation's body says nothing that is needed and is not read.
/// The answer is always JSON: an empty one or a 204 would leave the host waiting until its timeout. Mapped only under a Functions host.
/// </remarks>
internal static partial class TimerCalls
{
    /// <summary>What the host's proxy puts on every public request, whatever its sender wrote there (YARP's forwarded headers; HttpProxyService).</summary>
    private static readonly string[] MarksOfTheProxy = ["x-ms-invocation-id", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"];

    public static void Map(IEndpointRouteBuilder routes)
    {
        Map(routes, "EnforceFinalizationDeadlines", work => work.EnforceFinalizationDeadlinesAsync);
        Map(routes, "RelaySettledRecords", work => work.RelaySettledRecordsAsync);
        Map(routes, "PullSnapshots", work => work.PullSnapshotsAsync);
        Map(routes, "RepairPointers", work => work.RepairAsync);
    }

    private static void Map(IEndpointRouteBuilder routes, string function, Func<TimerWork, Func<CancellationToken, Task>> work) =>
        // Every method is mapped, so that what is refused looks like what does not exist.
        routes.Map("/" + function, http => IsTheHosts(http.Request) ? RingAsync(http, function, work(http.RequestServices.GetRequiredService<TimerWork>())) : RefuseAsync(http));

    /// <summary>Rule TIME-1: only the host's own call rings a timer; anything that came through its proxy finds nothing there.</summary>
    private static bool IsTheHosts(HttpRequest request) =>
        HttpMethods.IsPost(request.Method) && !MarksOfTheProxy.Any(request.Headers.ContainsKey);

    private static Task RefuseAsync(HttpContext http)
    {
        http.Response.StatusCode = 404;
        return Task.CompletedTask;
    }

    private static async Task RingAsync(HttpContext http, string function, Func<CancellationToken, Task> work)
    {
        try
        {
            await http.RequestServices.GetRequiredService<TimerTurns>().RingAsync(function, work, http.RequestAborted);
        }
        catch (Exception fault) when (!http.RequestAborted.IsCancellationRequested)
        {
            // The host takes any other status than 2xx for a failed invocation, logs it and rings again as function.json says.
            Log.Faulted(http.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("AdcpFunctions.Timers"), fault, function);
            await new Problem(500, "timer_faulted", "The timer's work met a fault; what could be done was done.").ExecuteAsync(http);
            return;
        }

        http.Response.ContentType = "application/json";
        http.Response.ContentLength = 2;
        await http.Response.WriteAsync("{}", http.RequestAborted);
    }

    private static partial class Log
    {
        [LoggerMessage(5060, LogLevel.Error, "Timer function {Function} faulted.")]
        public static partial void Faulted(ILogger logger, Exception fault, string function);
    }
}
