using System.Buffers;
using AdcpFunctions.Ledger;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;

namespace AdcpFunctions.Adapters;

/// <summary>The requests to one table, and the pipeline that signs, counts and repeats them.</summary>
internal sealed class TableRequests : IDisposable
{
    private readonly HttpPipeline _pipeline;
    private readonly HttpMessageHandler _handler;
    private readonly EntityAddress _address;
    private readonly TimeSpan _totalTimeout;

    public TableRequests(AzureTableOptions options, AzureTableCounterCells counters)
    {
        StorageAccount account = StorageAccount.Of(options);
        _address = new EntityAddress(account.Endpoint, options.Table);
        _totalTimeout = options.TotalTimeout;
        _handler = options.Handler ?? Connections();

        var client = new PipelineOptions { Transport = new HttpClientTransport(_handler) };
        client.Retry.MaxRetries = options.Retries;
        client.Retry.Mode = RetryMode.Exponential;
        client.Retry.Delay = options.FirstDelay;
        client.Retry.MaxDelay = TimeSpan.FromTicks(options.FirstDelay.Ticks * 16);
        client.Retry.NetworkTimeout = options.TryTimeout;
        HttpPipelinePolicy[] each = [new AttemptPolicy(counters), .. account.ProvesEachTry ? [account.Proof] : Array.Empty<HttpPipelinePolicy>()];
        _pipeline = HttpPipelineBuilder.Build(client, account.ProvesEachTry ? [] : [account.Proof], each, new ResponseClassifier());
    }

    public HttpMessage Get(string partition, string rowKey) => Request(RequestKind.PointRead, RequestMethod.Get, _address.Entity(partition, rowKey));

    public HttpMessage Query(string partition, string fromKey, string toKey, int limit, PageToken? from) =>
        Request(RequestKind.RangeRead, RequestMethod.Get, _address.Range(partition, fromKey, toKey, limit, from?.ToString()));

    /// <summary>The one row of a batch, outside a batch.</summary>
    public HttpMessage Write(TableBatch batch, string mark)
    {
        (RowAction action, TableRow row) = batch.Operations[0];
        HttpMessage message = action == RowAction.Insert
            ? Request(RequestKind.Write, RequestMethod.Post, _address.Table)
            : Request(RequestKind.Write, RequestMethod.Put, _address.Entity(batch.Partition, row.RowKey));
        var body = new ArrayBufferWriter<byte>(TableBatch.SizeOf(row));
        EntityJson.Write(body, batch.Partition, row, mark);
        SetBody(message, body.WrittenMemory, "application/json");
        if (action == RowAction.Replace)
            message.Request.Headers.SetValue("If-Match", row.ETag!);
        return message;
    }

    public HttpMessage Batch(TableBatch batch, string mark)
    {
        HttpMessage message = Request(RequestKind.Batch, RequestMethod.Post, _address.Batch);
        SetBody(message, BatchBody.Write(batch, _address, mark), BatchBody.ContentType);
        return message;
    }

    public HttpMessage CreateTable()
    {
        HttpMessage message = Request(RequestKind.Table, RequestMethod.Post, _address.Tables);
        SetBody(message, EntityJson.TableName(_address.Name), "application/json");
        return message;
    }

    public HttpMessage DeleteTable() => Request(RequestKind.Table, RequestMethod.Delete, _address.ThisTable);

    /// <summary>Sends, and tries again what may be tried again.</summary>
    /// <exception cref="AzureTableException">No try was answered in time.</exception>
    public async ValueTask SendAsync(HttpMessage message, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        timeout.CancelAfter(_totalTimeout);
        try
        {
            await _pipeline.SendAsync(message, timeout.Token);
        }
        catch (Exception fault) when (fault is RequestFailedException or AggregateException or OperationCanceledException or IOException or AuthenticationFailedException)
        {
            // Only the caller's own wish ends as a cancellation: our timers stop on one.
            cancel.ThrowIfCancellationRequested();
            Exception last = fault is AggregateException { InnerExceptions: [.., { } newest] } ? newest : fault;
            throw new AzureTableException($"Table Storage at {message.Request.Uri.ToUri().Authority} did not answer: {last.Message.Split('\n')[0].Trim()}", fault);
        }
    }

    public static WriteAnswer WriteAnswerOf(HttpMessage message, TableBatch batch, bool alone)
    {
        Response response = message.Response;
        if (!alone)
            return response.Status == 202 ? BatchAnswer.Read(response, batch.Count) : throw Fault(message);
        if (response.Status is 201 or 204)
            return new WriteAnswer.Written([response.Headers.TryGetValue("ETag", out string? etag) ? etag : null]);
        return new WriteAnswer.Refused(0, response.Status, CodeOf(response), null);
    }

    public static string? CodeOf(Response response) =>
        response.Headers.TryGetValue("x-ms-error-code", out string? code) ? code : EntityJson.ReadError(response.Content.ToMemory()).Code;

    /// <summary>What to throw at an answer that is none of those foreseen.</summary>
    public static AzureTableException Fault(HttpMessage message)
    {
        Response response = message.Response;
        string asked = $"{message.Request.Method} {message.Request.Uri.ToUri().Authority}{message.Request.Uri.Path}";
        if (Attempts.Of(message).Kind == RequestKind.Batch && response.Status == 202 && BatchAnswer.Read(response, 1) is WriteAnswer.Refused inside)
            return new AzureTableException(asked, inside.Status, inside.Code, inside.Said);
        (string? code, string? said) = EntityJson.ReadError(response.Content.ToMemory());
        return new AzureTableException(asked, response.Status, code ?? CodeOf(response), said ?? response.ReasonPhrase);
    }

    public void Dispose() => _handler.Dispose();

    /// <summary>Idle connections are given up before the emulator, or a middlebox, closes them under a request.</summary>
    private static SocketsHttpHandler Connections() => new()
    {
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(4),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        ConnectTimeout = TimeSpan.FromSeconds(5),
        AllowAutoRedirect = false,
        UseCookies = false,
    };

    private HttpMessage Request(RequestKind kind, RequestMethod method, Uri target)
    {
        HttpMessage message = _pipeline.CreateMessage();
        message.SetProperty(typeof(Attempts), new Attempts(kind));
        message.Request.Method = method;
        message.Request.Uri.Reset(target);
        RequestHeaders headers = message.Request.Headers;
        headers.SetValue("x-ms-version", "2020-12-06");
        headers.SetValue("Accept", "application/json;odata=minimalmetadata");
        headers.SetValue("DataServiceVersion", "3.0;");
        headers.SetValue("MaxDataServiceVersion", "3.0;NetFx");
        return message;
    }

    private static void SetBody(HttpMessage message, ReadOnlyMemory<byte> body, string contentType)
    {
        message.Request.Content = RequestContent.Create(body);
        message.Request.Headers.SetValue("Content-Type", contentType);
        message.Request.Headers.SetValue("Prefer", "return-no-content");
    }

    private sealed class PipelineOptions : ClientOptions;
}
