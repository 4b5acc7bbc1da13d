using System.Buffers;
using System.Net.Http.Headers;
using AdcpFunctions.Host;
using AdcpFunctions.Ledger;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace AdcpFunctions.Benchmarks.Servers;

/// <summary>The whole service over HTTP in this process, on a table that is there already.</summary>
internal sealed class LocalService : IAsyncDisposable
{
    private const string AdminKey = "benchmark-admin-key-0123456789abcdef";

    private readonly WebApplication _app;
    private HttpClient? _http;

    private LocalService(WebApplication app) => _app = app;

    public static async Task<LocalService> StartAsync(IPartitionedTable table, CancellationToken cancel)
    {
        var settings = new HostOptions { InProcessTimers = false };
        settings.AdminKeys["default"] = AdminKey;
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        Composition.AddFlow(builder, settings, table, TimeProvider.System);
        var service = new LocalService(builder.Build());
        try
        {
            Composition.UseFlow(service._app);
            await Bootstrap.AdminKeysAsync(service._app.Services, Console.Error);
            await service._app.StartAsync(cancel);
            service._http = new HttpClient { BaseAddress = new Uri(service._app.Urls.First()) };
            service._http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", AdminKey);
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>Reads an answer to its end.</summary>
    /// <returns>How long its body was.</returns>
    /// <exception cref="BenchmarkException">It was refused.</exception>
    public async Task<long> ReadAsync(string path, CancellationToken cancel)
    {
        using HttpResponseMessage answer = await _http!.GetAsync(new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancel);
        if (!answer.IsSuccessStatusCode)
            throw new BenchmarkException($"{path} was answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(cancel)}");
        await using Stream body = await answer.Content.ReadAsStreamAsync(cancel);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        long bytes = 0;
        for (int read; (read = await body.ReadAsync(buffer, cancel)) > 0;)
            bytes += read;
        ArrayPool<byte>.Shared.Return(buffer);
        return bytes;
    }

    public async ValueTask DisposeAsync()
    {
        _http?.Dispose();
        await _app.DisposeAsync();
    }
}
