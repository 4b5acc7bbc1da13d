using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AdcpFunctions.Tests.Support;

/// <summary>A stand-in for an OTLP collector, strict about what it stands for: three paths, POST, protobuf, never empty.</summary>
/// <remarks>Spec: OTLP 1.x, "OTLP/HTTP". Bodies are kept as bytes; names and values lie in protobuf as plain UTF-8, so a search finds them.</remarks>
internal sealed class FakeCollector : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<(string Path, byte[] Body)> _received = new();
    private readonly ConcurrentQueue<string> _complaints = new();

    private FakeCollector()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.Run(TakeAsync);
    }

    public string Endpoint => _app.Urls.First();

    /// <summary>What was sent that no collector takes.</summary>
    public IReadOnlyCollection<string> Complaints => _complaints;

    public static async Task<FakeCollector> StartAsync()
    {
        var collector = new FakeCollector();
        await collector._app.StartAsync();
        return collector;
    }

    /// <summary>Everything one signal brought: <c>traces</c>, <c>metrics</c> or <c>logs</c>.</summary>
    public byte[] Of(string signal) => [.. _received.Where(r => r.Path == $"/v1/{signal}").SelectMany(r => r.Body)];

    public byte[] All => [.. _received.SelectMany(r => r.Body)];

    public static bool Holds(byte[] bytes, string text) => Holds(bytes, Encoding.UTF8.GetBytes(text));

    public static bool Holds(byte[] bytes, byte[] part) => bytes.AsSpan().IndexOf(part) >= 0;

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task TakeAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        string path = http.Request.Path;
        bool good = http.Request.Method == "POST" && path is "/v1/traces" or "/v1/metrics" or "/v1/logs" && http.Request.ContentType == "application/x-protobuf" && body.Length > 0;
        if (good)
            _received.Enqueue((path, body.ToArray()));
        else
            _complaints.Enqueue($"{http.Request.Method} {path} {http.Request.ContentType} {body.Length} bytes");
        http.Response.StatusCode = good ? 200 : 400;
        // An empty response message of protobuf is no bytes at all.
        http.Response.ContentType = "application/x-protobuf";
    }
}
