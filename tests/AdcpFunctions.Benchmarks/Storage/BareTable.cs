using System.Buffers;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using AdcpFunctions.Benchmarks.Servers;

namespace AdcpFunctions.Benchmarks.Storage;

/// <summary>A table of Azurite behind as little as its REST interface allows: a signature, a body made once, and a look at the status.</summary>
internal sealed class BareTable(AzuriteServer azurite, string name, int connections) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = connections, UseCookies = false });
    private readonly byte[] _key = Convert.FromBase64String(AzuriteServer.Key);
    private long _rows;

    public async Task CreateAsync(CancellationToken cancel) =>
        await SendAsync(HttpMethod.Post, "/Tables", Encoding.ASCII.GetBytes($$"""{"TableName":"{{name}}"}"""), "application/json", HttpStatusCode.NoContent, cancel);

    /// <summary>Writes one new row outside a batch.</summary>
    /// <param name="bytes">The size of the request's body.</param>
    public Task WriteAsync(int bytes, CancellationToken cancel)
    {
        (string path, byte[] entity) = NextRow(bytes);
        return SendAsync(HttpMethod.Put, path, entity, "application/json", HttpStatusCode.NoContent, cancel);
    }

    /// <summary>Writes new rows in one entity group transaction.</summary>
    /// <param name="rows">1 to 100.</param>
    /// <param name="bytes">The size of each row's JSON.</param>
    public Task BatchAsync(int rows, int bytes, CancellationToken cancel)
    {
        var body = new ArrayBufferWriter<byte>(rows * (bytes + 400));
        body.Write("--batch_bare\r\nContent-Type: multipart/mixed; boundary=changeset_bare\r\n\r\n"u8);
        for (int i = 0; i < rows; i++)
        {
            (string path, byte[] entity) = NextRow(bytes);
            Encoding.ASCII.GetBytes(
                $"--changeset_bare\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nPUT {azurite.Endpoint}{path} HTTP/1.1\r\n"
                + "Accept: application/json;odata=minimalmetadata\r\nDataServiceVersion: 3.0;\r\nContent-Type: application/json\r\nPrefer: return-no-content\r\n\r\n",
                body);
            body.Write(entity);
            body.Write("\r\n"u8);
        }

        body.Write("--changeset_bare--\r\n--batch_bare--\r\n"u8);
        return SendAsync(HttpMethod.Post, "/$batch", body.WrittenSpan.ToArray(), "multipart/mixed; boundary=batch_bare", HttpStatusCode.Accepted, cancel);
    }

    public void Dispose() => _http.Dispose();

    private (string Path, byte[] Entity) NextRow(int bytes)
    {
        long number = Interlocked.Increment(ref _rows);
        // Rows of a batch share a partition; 1,000 a partition are about what a ledger's shard holds of one month.
        string partition = $"p{number / 1_000}";
        string row = number.ToString("D12", CultureInfo.InvariantCulture);
        string head = $$"""{"PartitionKey":"{{partition}}","RowKey":"{{row}}","body@odata.type":"Edm.Binary","body":""" + "\"";
        int text = Math.Max(4, (bytes - head.Length - 2) / 4 * 4);
        return ($"/{name}(PartitionKey='{partition}',RowKey='{row}')", Encoding.ASCII.GetBytes($"{head}{new string('A', text)}\"}}"));
    }

    private async Task SendAsync(HttpMethod method, string path, byte[] body, string contentType, HttpStatusCode expected, CancellationToken cancel)
    {
        var address = new Uri(azurite.Endpoint + path);
        using var request = new HttpRequestMessage(method, address) { Content = new ByteArrayContent(body) };
        string date = DateTimeOffset.UtcNow.ToString("r", CultureInfo.InvariantCulture);
        byte[] signature = HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"{date}\n/{AzuriteServer.Account}{address.AbsolutePath}"));
        request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        request.Headers.TryAddWithoutValidation("x-ms-date", date);
        request.Headers.TryAddWithoutValidation("x-ms-version", "2020-12-06");
        request.Headers.TryAddWithoutValidation("Authorization", $"SharedKeyLite {AzuriteServer.Account}:{Convert.ToBase64String(signature)}");
        request.Headers.TryAddWithoutValidation("Accept", "application/json;odata=minimalmetadata");
        request.Headers.TryAddWithoutValidation("Prefer", "return-no-content");
        using HttpResponseMessage answer = await _http.SendAsync(request, cancel);
        string text = await answer.Content.ReadAsStringAsync(cancel);
        // A batch is 202 also when a row of it was refused.
        if (answer.StatusCode != expected || text.Contains("HTTP/1.1 4", StringComparison.Ordinal))
            throw new BenchmarkException($"{method} {path} was answered {(int)answer.StatusCode}: {text}");
    }
}
