using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace AdcpFunctions.Tests.Support;

/// <summary>A request as it came over the wire.</summary>
public sealed record WireRequest(string Method, string Target, IHeaderDictionary Headers, string Body);

/// <summary>A server that answers as Table Storage may and the emulator does not; one answer a request, in order.</summary>
internal sealed class TableServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Queue<Func<HttpContext, Task>> _answers = new();
    private readonly List<WireRequest> _requests = [];

    private TableServer(WebApplication app) => _app = app;

    public IReadOnlyList<WireRequest> Requests => _requests;

    public Uri Endpoint => new(_app.Urls.First());

    public string ConnectionString => $"AccountName=devstoreaccount1;AccountKey={Azurite.Key};TableEndpoint={Endpoint}devstoreaccount1";

    public static async Task<TableServer> StartAsync(bool https = false)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen =>
        {
            if (https)
                listen.UseHttps(Certificate());
        }));
        WebApplication app = builder.Build();
        var server = new TableServer(app);
        app.Run(server.AnswerAsync);
        await app.StartAsync();
        return server;
    }

    public TableServer Answer(Func<HttpContext, Task> answer)
    {
        _answers.Enqueue(answer);
        return this;
    }

    public TableServer Answer(int status, string body = "", params (string Name, string Value)[] headers) => Answer(async context =>
    {
        context.Response.StatusCode = status;
        foreach ((string name, string value) in headers)
            context.Response.Headers[name] = value;
        if (body.Length > 0)
            await context.Response.WriteAsync(body);
    });

    /// <summary>Answers a batch with what stands between its boundaries.</summary>
    public TableServer AnswerBatch(string inside) =>
        Answer(202, $"--outer\r\nContent-Type: multipart/mixed; boundary=inner\r\n\r\n{inside}--outer--\r\n", ("Content-Type", "multipart/mixed; boundary=outer"));

    public static string Part(string status, string heads = "", string body = "") =>
        $"--inner\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nHTTP/1.1 {status}\r\n{heads}\r\n{body}\r\n";

    public static string Refusal(string status, string code, string said) =>
        Part(status, "Content-Type: application/json\r\n", $$"""{"odata.error":{"code":"{{code}}","message":{"lang":"en-US","value":"{{said}}"} } }""") + "--inner--\r\n";

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        string body = await reader.ReadToEndAsync();
        _requests.Add(new WireRequest(context.Request.Method, context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget, new HeaderDictionary(context.Request.Headers.ToDictionary()), body));
        if (_answers.TryDequeue(out Func<HttpContext, Task>? answer))
            await answer(context);
        else
            context.Response.StatusCode = 418;
    }

    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using X509Certificate2 made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }
}
