using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using AdcpFunctions.Host;

namespace AdcpFunctions.Tests.Support;

/// <summary>The host as a process of its own, on a ledger that outlives it. It can be killed without a chance to tidy up.</summary>
internal sealed class ChildHost : IAsyncDisposable
{
    public const string AdminKey = "child-admin-key-0123456789abcdef";

    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private readonly int _port = FreePort();
    private readonly LogWatch _log = new();
    private Process? _process;

    private readonly IReadOnlyDictionary<string, string> _settings;
    private readonly string? _executable;

    /// <param name="settings">Settings as environment variables; where the ledger is, among them.</param>
    /// <param name="executable">A published app; null for the build under test.</param>
    public ChildHost(IReadOnlyDictionary<string, string> settings, string? executable = null)
    {
        (_settings, _executable) = (settings, executable);
        Http = new HttpClient(new SecretNotingHandler(_log)) { BaseAddress = new Uri($"http://127.0.0.1:{_port}"), Timeout = TimeSpan.FromSeconds(20) };
    }

    public HttpClient Http { get; }

    /// <summary>What the process has written to its console, and apart from it to the stream for errors.</summary>
    public (string Output, string Errors) Console => (_output.ToString(), _errors.ToString());

    public async Task StartAsync()
    {
        string[] arguments = ["--urls", Http.BaseAddress!.ToString()];
        ProcessStartInfo start = _executable is null
            ? new ProcessStartInfo("dotnet", [typeof(HostOptions).Assembly.Location, .. arguments])
            : new ProcessStartInfo(_executable, arguments);
        (start.RedirectStandardError, start.RedirectStandardOutput, start.UseShellExecute) = (true, true, false);
        start.Environment["ADCP_ADMIN_KEY"] = AdminKey;
        start.Environment["Limits__InFlightSeconds"] = "2";
        foreach (string limit in new[] { "RequestsPerSecondPerAgent", "WritesPerSecondPerAccount", "DeliveriesPerSecondPerEndpoint", "UnvouchedPerSecondPerAddress" })
            start.Environment[$"Limits__{limit}"] = "0";
        foreach ((string name, string value) in _settings)
            start.Environment[name] = value;
        _process = Process.Start(start) ?? throw new InvalidOperationException("The host did not start.");
        _process.ErrorDataReceived += (_, line) => _errors.Append(line.Data is null ? "" : line.Data + "\n");
        _process.OutputDataReceived += (_, line) => _output.Append(line.Data).Append('\n');
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
        var since = Stopwatch.StartNew();
        while (true)
        {
            if (_process.HasExited || since.Elapsed > TimeSpan.FromSeconds(60))
                throw new InvalidOperationException($"The host is not ready: {_output}{_errors}");
            try
            {
                using HttpResponseMessage ready = await Http.GetAsync("/health/ready");
                if (ready.IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(25);
            }
        }
    }

    /// <summary>SIGKILL: no handler runs, nothing is flushed.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    /// <summary>SIGTERM, as an orderly stop begins, until the process has gone by itself.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> StopAsync()
    {
        using (Process signal = Process.Start("kill", ["-TERM", _process!.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]))
            await signal.WaitForExitAsync();
        await _process.WaitForExitAsync();
        int code = _process.ExitCode;
        _process.Dispose();
        _process = null;
        return code;
    }

    /// <summary>Sends a request once.</summary>
    /// <returns>Null when a sender would send it again: nobody answered, or the answer was "try again".</returns>
    public async Task<(HttpStatusCode Status, string Body)?> TrySendAsync(Func<HttpRequestMessage> make)
    {
        try
        {
            using HttpRequestMessage request = make();
            using HttpResponseMessage response = await Http.SendAsync(request);
            string body = await response.Content.ReadAsStringAsync();
            bool again = response.StatusCode == HttpStatusCode.ServiceUnavailable || body.Contains("IDEMPOTENCY_IN_FLIGHT", StringComparison.Ordinal);
            return again ? null : (response.StatusCode, body);
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException or TaskCanceledException)
        {
            // The host was killed under this request: that is what the tests are about.
            return null;
        }
    }

    public static HttpRequestMessage Request(HttpMethod method, string path, string? body = null, string? key = AdminKey)
    {
        var request = new HttpRequestMessage(method, path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        if (key is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return request;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        Http.Dispose();
        _log.Write($"{_output}{_errors}");
        _log.Keep(AdminKey, "the admin key");
        _log.Judge();
    }

    public static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
