using System.Net.Http.Headers;
using System.Text;
using AdcpFunctions.Benchmarks.Load;

namespace AdcpFunctions.Benchmarks.Servers;

/// <summary>Shows before a measurement that a server does the work it is measured for.</summary>
internal static class SelfCheck
{
    /// <summary>Accepts a request, replays it, refuses its key for another payload, refuses a broken record.</summary>
    /// <exception cref="BenchmarkException">One of the four was answered in another way.</exception>
    public static async Task RunAsync(Contender contender, LoadPlan plan, CancellationToken cancel)
    {
        // A provisional fact, so that the check uses up none of a final load's windows.
        LoadPlan single = plan with { RecordsPerRequest = 1, Final = false };
        var request = new UsageRequest(single, "self-check-1");
        request.Patch(0);
        string body = Encoding.ASCII.GetString(request.Bytes.Span[request.BodyStart..]);

        using var http = new HttpClient();
        Require(contender, "accept", await SendAsync(http, single, body, cancel), "\"accepted\":1", "IDEMPOTENCY_CONFLICT");
        Require(contender, "replay", await SendAsync(http, single, body, cancel), "\"replayed\":true", "IDEMPOTENCY_CONFLICT");
        Require(contender, "conflict", await SendAsync(http, single, body.Replace("USD", "EUR"), cancel), "IDEMPOTENCY_CONFLICT", "\"replayed\":true");
        string broken = body.Replace("self-check-1", "self-check-2").Replace("USD", "usd");
        Require(contender, "refuse", await SendAsync(http, single, broken, cancel), "\"recovery\":", "\"accepted\":1");
    }

    private static async Task<string> SendAsync(HttpClient http, LoadPlan plan, string body, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"http://127.0.0.1:{plan.Port}{plan.Path}"))
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", plan.BearerKey);
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        using HttpResponseMessage answer = await http.SendAsync(request, cancel);
        return await answer.Content.ReadAsStringAsync(cancel);
    }

    private static void Require(Contender contender, string what, string answer, string present, string absent)
    {
        if (!answer.Contains(present, StringComparison.Ordinal) || answer.Contains(absent, StringComparison.Ordinal))
            throw new BenchmarkException($"{contender.Name} does not {what} as it should: {answer}");
    }
}
