using Azure;
using Azure.Core;
using Azure.Core.Pipeline;

namespace AdcpFunctions.Adapters;

/// <summary>What is asked of Table Storage, as it is counted and billed.</summary>
internal enum RequestKind
{
    PointRead,
    RangeRead,
    Write,
    Batch,
    Table,
}

/// <summary>The tries of one request so far.</summary>
internal sealed class Attempts(RequestKind kind)
{
    public RequestKind Kind { get; } = kind;

    /// <summary>True when a try before the last one may have taken effect without our knowing.</summary>
    public bool LeftOpen { get; private set; }

    /// <summary>True when the last try may have taken effect without our knowing.</summary>
    public bool Open { get; set; }

    public int Tries { get; private set; }

    public void Begin()
    {
        LeftOpen |= Open;
        Open = true;
        Tries++;
    }

    public static Attempts Of(HttpMessage message) =>
        message.TryGetProperty(typeof(Attempts), out object? value) && value is Attempts attempts ? attempts : throw new InvalidOperationException("Every request says what it is.");
}

/// <summary>Counts each try, and notes which of them left open whether they took effect.</summary>
/// <remarks>
/// A try is known to have had no effect when no connection was made, or when it was refused: any answer below 500, but not 408, and 503
/// <c>ServerBusy</c>, by which the service says that it could not receive the request. Everything else is open.
/// </remarks>
internal sealed class AttemptPolicy(AzureTableCounterCells counters) : HttpPipelinePolicy
{
    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        Attempts attempts = Attempts.Of(message);
        attempts.Begin();
        counters.CountSent(attempts, message.Request.Content is { } content && content.TryComputeLength(out long length) ? length : 0);
        try
        {
            await ProcessNextAsync(message, pipeline);
        }
        catch (RequestFailedException fault) when (NeverSent(fault))
        {
            attempts.Open = false;
            throw;
        }

        attempts.Open = IsOpen(StatusOf(attempts.Kind, message.Response), message.Response);
        counters.CountReceived(attempts.Kind, message.Response.ContentStream is { CanSeek: true } body ? body.Length : 0);
    }

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
        throw new NotSupportedException("Table Storage is asked without holding a thread.");

    /// <summary>The status that counts: of a batch, that of its operations.</summary>
    internal static int StatusOf(RequestKind kind, Response response) =>
        kind == RequestKind.Batch && response.Status == 202 ? BatchAnswer.StatusOf(response) : response.Status;

    private static bool IsOpen(int status, Response response) =>
        status is 408 or >= 500 && !(response.Status == 503 && response.Headers.TryGetValue("x-ms-error-code", out string? code) && code == "ServerBusy");

    private static bool NeverSent(RequestFailedException fault) =>
        fault.InnerException is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError };
}

/// <summary>Retries a batch also when its answer says 202 and its only operation says "try again".</summary>
internal sealed class BatchClassifier : ResponseClassifier
{
    public static BatchClassifier Instance { get; } = new();

    public override bool IsRetriableResponse(HttpMessage message) =>
        base.IsRetriableResponse(message) || AttemptPolicy.StatusOf(Attempts.Of(message).Kind, message.Response) is 408 or 429 or 500 or 502 or 503 or 504;
}
