using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host.Functions;

/// <summary>Whether the process lives, and whether its ledger answers.</summary>
internal static class Health
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health/live", http => AnswerAsync(http, 200, """{"status":"live"}"""));
        routes.MapGet("/health/ready", async http =>
        {
            bool ready = await AnswersAsync(http.RequestServices.GetRequiredService<IPartitionedTable>(), http.RequestAborted);
            await AnswerAsync(http, ready ? 200 : 503, ready ? """{"status":"ready"}""" : """{"status":"unavailable"}""");
        });
    }

    private static async ValueTask<bool> AnswersAsync(IPartitionedTable table, CancellationToken cancel)
    {
        try
        {
            await table.GetAsync("tenants", "ready", cancel);
            return true;
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            // Whatever the store's fault is, the answer is the same: send traffic elsewhere. Requests that meet it log it.
            return false;
        }
    }

    private static Task AnswerAsync(HttpContext http, int status, string body)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync(body, http.RequestAborted);
    }
}
