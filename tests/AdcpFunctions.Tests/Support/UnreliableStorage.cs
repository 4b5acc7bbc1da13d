using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace AdcpFunctions.Tests.Support;

/// <summary>A road to real table storage on which some calls come to grief, before or after they took effect.</summary>
internal sealed class UnreliableStorage : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, PooledConnectionIdleTimeout = TimeSpan.FromSeconds(2) });
    private readonly ConcurrentDictionary<Grief, int> _struck = new();
    private readonly string _origin;
    private readonly int _percent;
    private readonly Random _random;
    private readonly Lock _gate = new();

    private UnreliableStorage(WebApplication app, string origin, int percent, int seed) => (_app, _origin, _percent, _random) = (app, origin, percent, new Random(seed));

    private enum Grief
    {
        None,

        /// <summary>500 instead of the effect.</summary>
        Failed,

        /// <summary>503 instead of the effect.</summary>
        Busy,

        /// <summary>Neither effect nor answer.</summary>
        Cut,

        /// <summary>The effect, and 500 as the answer.</summary>
        FailedAfter,

        /// <summary>The effect, and no answer or half of one.</summary>
        Torn,

        /// <summary>The effect, and an answer that is not waited for.</summary>
        Stalled,
    }

    /// <summary>How many calls came to grief, of each kind.</summary>
    public IReadOnlyDictionary<string, int> Struck => _struck.ToDictionary(pair => pair.Key.ToString(), pair => pair.Value, StringComparer.Ordinal);

    /// <summary>How many calls arrived.</summary>
    public int Calls { get; private set; }

    /// <summary>Listens on a port of its own before the storage at <paramref name="origin"/>.</summary>
    /// <param name="origin">Scheme, host and port of the real storage.</param>
    /// <param name="percent">How many calls of a hundred come to grief.</param>
    /// <param name="seed">Which ones.</param>
    public static async Task<UnreliableStorage> StartAsync(string origin, int percent, int seed)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        WebApplication app = builder.Build();
        var storage = new UnreliableStorage(app, origin, percent, seed);
        app.Run(storage.PassAsync);
        await app.StartAsync();
        return storage;
    }

    /// <summary>Scheme, host and port to call instead.</summary>
    public string Origin => _app.Urls.First();

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _http.Dispose();
    }

    private async Task PassAsync(HttpContext context)
    {
        Grief grief = Draw();
        _struck.AddOrUpdate(grief, 1, (_, count) => count + 1);
        if (grief is Grief.Failed or Grief.Busy)
        {
            context.Response.StatusCode = grief == Grief.Failed ? 500 : 503;
            return;
        }

        if (grief == Grief.Cut)
        {
            context.Abort();
            return;
        }

        using HttpResponseMessage answer = await ForwardAsync(context);
        byte[] body = await answer.Content.ReadAsByteArrayAsync(CancellationToken.None);
        switch (grief)
        {
            case Grief.FailedAfter:
                context.Response.StatusCode = 500;
                break;
            case Grief.Stalled:
                await Task.Delay(TimeSpan.FromMinutes(1), context.RequestAborted).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
                break;
            default:
                await AnswerAsync(context, answer, body, torn: grief == Grief.Torn);
                break;
        }
    }

    private Grief Draw()
    {
        lock (_gate)
        {
            Calls++;
            if (_random.Next(100) >= _percent)
                return Grief.None;
            // A stall costs the caller its whole patience, so it is rarer than the others.
            return _random.Next(60) == 0 ? Grief.Stalled : (Grief)_random.Next((int)Grief.Failed, (int)Grief.Stalled);
        }
    }

    private async Task<HttpResponseMessage> ForwardAsync(HttpContext context)
    {
        using var sent = new MemoryStream();
        await context.Request.Body.CopyToAsync(sent);
        // The signature is over the path as it was sent, so it must travel on as it is.
        string target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), new Uri(_origin + target, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        if (sent.Length > 0)
            request.Content = new ByteArrayContent(sent.ToArray());
        foreach ((string name, var values) in context.Request.Headers)
        {
            if (name is "Host" or "Connection" or "Content-Length" or "Transfer-Encoding")
                continue;
            if (!request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
                request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }

        // Whether its caller still waits or not: what has arrived takes effect.
        return await _http.SendAsync(request, CancellationToken.None);
    }

    private static async Task AnswerAsync(HttpContext context, HttpResponseMessage answer, byte[] body, bool torn)
    {
        context.Response.StatusCode = (int)answer.StatusCode;
        foreach ((string name, IEnumerable<string> values) in answer.Headers.Concat(answer.Content.Headers))
        {
            if (name is not ("Connection" or "Keep-Alive" or "Transfer-Encoding" or "Content-Length" or "Date"))
                context.Response.Headers[name] = values.ToArray();
        }

        if (body.Length > 0)
            context.Response.ContentLength = body.Length;
        if (!torn)
        {
            await context.Response.Body.WriteAsync(body);
            return;
        }

        if (body.Length > 1)
        {
            await context.Response.Body.WriteAsync(body.AsMemory(0, body.Length / 2));
            await context.Response.Body.FlushAsync();
        }

        context.Abort();
    }
}
