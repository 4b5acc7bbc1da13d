using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>The published folder is a whole Functions app: what the host needs and nothing else, and it serves.</summary>
public sealed class FunctionsPublishTests : IAsyncLifetime
{
    private const string AdminKey = "published-admin-key-0123456789";

    private readonly string _data = Directory.CreateTempSubdirectory("adcp-published-").FullName;

    public async ValueTask InitializeAsync() => await PublishedApp.EnsureAsync();

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_data, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public void The_folder_holds_host_json_the_functions_and_one_executable()
    {
        string source = Path.Combine(SharedAssets.RepositoryRoot, "src", "Host", "bindings");
        IEnumerable<string> functions = Directory.EnumerateDirectories(source).Select(folder => Path.GetFileName(folder) + "/function.json");

        Assert.Equal(
            [.. functions.Append("host.json").Append("AdcpFunctions.Host").Order(StringComparer.Ordinal)],
            Directory.EnumerateFiles(PublishedApp.Folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(PublishedApp.Folder, f)).Order(StringComparer.Ordinal));
        Assert.Equal(File.ReadAllText(Path.Combine(SharedAssets.RepositoryRoot, "host.json")), File.ReadAllText(Path.Combine(PublishedApp.Folder, "host.json")));
        if (!OperatingSystem.IsWindows())
            Assert.True(File.GetUnixFileMode(PublishedApp.Executable).HasFlag(UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute));
    }

    [Fact]
    public async Task It_serves_on_the_hosts_port_and_is_rung_there()
    {
        int port = ChildHost.FreePort();
        using Process app = Start(("FUNCTIONS_CUSTOMHANDLER_PORT", $"{port}"), ("Public__Origin", "https://settlement.example"), ("ASPNETCORE_URLS", "http://127.0.0.1:1"));
        Task<string> output = app.StandardOutput.ReadToEndAsync();
        Task<string> errors = app.StandardError.ReadToEndAsync();
        var log = new LogWatch();
        using var http = new HttpClient(new SecretNotingHandler(log)) { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        try
        {
            await UntilItAnswersAsync(app, http);
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(http, HttpMethod.Get, "/health/ready")).Status);
            await SendAsync(http, HttpMethod.Put, "/v1/accounts/acme", TestHost.Account().ToJsonString());
            await SendAsync(http, HttpMethod.Put, "/v1/media-buys/mb1", TestHost.Contract(vendor: "campaignmanager.example").ToJsonString());
            await SendAsync(http, HttpMethod.Put, "/v1/agents/buyer", """{"role":"buyer","accounts":["acme"]}""");
            string buyer = (string)JsonNode.Parse((await SendAsync(http, HttpMethod.Post, "/v1/agents/buyer/keys", "{}")).Body)!["key"]!;

            (HttpStatusCode status, string usage) = await SendAsync(http, HttpMethod.Post, "/adcp/report_usage", Usage.Request(Usage.Record()).ToJsonString(), buyer);
            Assert.Equal((HttpStatusCode.OK, 1), (status, (int)JsonNode.Parse(usage)!["accepted"]!));
            Assert.Equal((HttpStatusCode.OK, "{}"), await SendAsync(http, HttpMethod.Post, "/EnforceFinalizationDeadlines", """{"Data":{},"Metadata":{}}"""));
            Assert.Equal((HttpStatusCode.OK, "{}"), await SendAsync(http, HttpMethod.Post, "/RepairPointers", """{"Data":{},"Metadata":{}}"""));
            Assert.Equal((HttpStatusCode.OK, "{}"), await SendAsync(http, HttpMethod.Post, "/RelaySettledRecords", """{"Data":{},"Metadata":{}}"""));

            string feed = (await SendAsync(http, HttpMethod.Get, "/v1/settled-records")).Body;
            Assert.Single(JsonNode.Parse(feed)!["records"]!.AsArray());
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(http, HttpMethod.Get, "/openapi/v1.json")).Status);
        }
        finally
        {
            app.Kill();
            await app.WaitForExitAsync();
        }

        Assert.Equal("", await errors);
        Assert.DoesNotContain("GET /", await output, StringComparison.Ordinal);
        log.Write(await output);
        log.Judge();
    }

    [Fact]
    public async Task It_refuses_to_start_without_its_public_origin()
    {
        using Process app = Start(("FUNCTIONS_CUSTOMHANDLER_PORT", $"{ChildHost.FreePort()}"));
        string errors = await app.StandardError.ReadToEndAsync();
        await app.WaitForExitAsync();

        Assert.Equal(1, app.ExitCode);
        Assert.StartsWith("Setting Public:Origin is missing", errors, StringComparison.Ordinal);
        Assert.Single(errors.TrimEnd().Split('\n'));
        Assert.DoesNotContain(AdminKey, await app.StandardOutput.ReadToEndAsync() + errors, StringComparison.Ordinal);
    }

    private Process Start(params (string Name, string Value)[] settings)
    {
        var start = new ProcessStartInfo(PublishedApp.Executable) { WorkingDirectory = PublishedApp.Folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["ADCP_ADMIN_KEY"] = AdminKey;
        start.Environment["Ledger__Path"] = Path.Combine(_data, "ledger.db");
        foreach ((string name, string value) in settings)
            start.Environment[name] = value;
        return Process.Start(start) ?? throw new InvalidOperationException("The published app did not start.");
    }

    /// <summary>As the host does: any answer to <c>GET /</c> means ready.</summary>
    private static async Task UntilItAnswersAsync(Process app, HttpClient http)
    {
        while (!app.HasExited)
        {
            try
            {
                using HttpResponseMessage _ = await http.GetAsync("/");
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(25);
            }
        }

        Assert.Fail($"It ended with {app.ExitCode}.");
    }

    private static async Task<(HttpStatusCode Status, string Body)> SendAsync(HttpClient http, HttpMethod method, string path, string? body = null, string key = AdminKey)
    {
        using HttpRequestMessage request = ChildHost.Request(method, path, body, path.StartsWith("/v1", StringComparison.Ordinal) || path.StartsWith("/adcp", StringComparison.Ordinal) ? key : null);
        using HttpResponseMessage response = await http.SendAsync(request);
        Assert.True(response.IsSuccessStatusCode, $"{method} {path}: {await response.Content.ReadAsStringAsync()}");
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
