using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host.Functions;

/// <summary>Whether the process lives, whether its ledger answers, and how its publisher fares.</summary>
/// <remarks>Anyone may ask, so nobody learns more than this: no tenant, no fault's text.</remarks>
internal static class Health
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health/live", http => AnswerAsync(http, 200, """{"status":"live"}"""));
        routes.MapGet("/health/ready", async http =>
        {
            bool ready = await AnswersAsync(http.RequestServices.GetRequiredService<IPartitionedTable>(), http.RequestAborted);
            // Told, and without a say: while the queue is down the ledger still takes in what is money to someone, and holds it in the
            // feed until the queue is back. An instance taken out of rotation for that would refuse it.
            string publisher = http.RequestServices.GetRequiredService<PublisherHealth>().State;
            string ledger = ready ? "ok" : "failing";
            await AnswerAsync(http, ready ? 200 : 503, $$"""{"status":"{{(ready ? "ready" : "unavailable")}}","ledger":"{{ledger}}","publisher":"{{publisher}}"}""");
        });
    }

    private static async ValueTask<bool> AnswersAsync(IPartitionedTable table, CancellationToken cancel)
    {
        try
        {
            await table.GetAsync("tenants", "ready", cancel);
            return true;
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            // Whatever the store's fault is, a timeout included, the answer is the same: send traffic elsewhere. Requests that meet it log it.
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
