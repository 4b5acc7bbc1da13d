using System.Net;

namespace AdcpFunctions.Tests.Support;

/// <summary>What the network does to one try of a request.</summary>
public enum Loss
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The store does what it was asked, and its reply never comes.</summary>
    Reply,

    /// <summary>The store does what it was asked, and its reply breaks off.</summary>
    TornReply,

    /// <summary>The store does what it was asked, and says 500.</summary>
    ErrorAfter,

    /// <summary>The store does nothing, and says 500.</summary>
    ErrorBefore,

    /// <summary>The store does nothing, and says that it is busy.</summary>
    Busy,

    /// <summary>No connection comes about.</summary>
    Connection,
}

/// <summary>A network between us and a real store that loses what a test tells it to, try by try, of the writes alone.</summary>
internal sealed class LosingHandler() : DelegatingHandler(new SocketsHttpHandler())
{
    private readonly Queue<(Loss Loss, Func<Task>? Then)> _plan = new();

    /// <summary>How many tries of writes there were.</summary>
    public int Writes { get; private set; }

    /// <summary>The next write meets this loss; then, before it is tried again, another writer acts.</summary>
    public LosingHandler Next(Loss loss, Func<Task>? then = null)
    {
        _plan.Enqueue((loss, then));
        return this;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Method == HttpMethod.Get)
            return await base.SendAsync(request, cancellationToken);
        Writes++;
        (Loss loss, Func<Task>? then) = _plan.TryDequeue(out (Loss, Func<Task>?) next) ? next : (Loss.None, null);
        HttpResponseMessage? answer = loss is Loss.None or Loss.Reply or Loss.TornReply or Loss.ErrorAfter ? await base.SendAsync(request, cancellationToken) : null;
        if (then is not null)
            await then();
        switch (loss)
        {
            case Loss.None:
                return answer!;
            case Loss.Reply:
                answer!.Dispose();
                throw new HttpRequestException(HttpRequestError.ResponseEnded, "The connection broke.");
            case Loss.TornReply:
                byte[] whole = await answer!.Content.ReadAsByteArrayAsync(cancellationToken);
                var torn = new StreamContent(new TornStream(whole.AsMemory(0, whole.Length / 2)));
                foreach ((string name, IEnumerable<string> values) in answer.Content.Headers)
                    torn.Headers.TryAddWithoutValidation(name, values);
                answer.Content = torn;
                return answer;
            case Loss.Connection:
                throw new HttpRequestException(HttpRequestError.ConnectionError, "Nobody listens.");
            default:
                answer?.Dispose();
                var error = new HttpResponseMessage(loss == Loss.Busy ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.InternalServerError) { RequestMessage = request };
                error.Headers.Add("x-ms-error-code", loss == Loss.Busy ? "ServerBusy" : "OperationTimedOut");
                return error;
        }
    }

    /// <summary>Gives what it has and then breaks.</summary>
    private sealed class TornStream(ReadOnlyMemory<byte> start) : MemoryStream(start.ToArray())
    {
        public override bool CanSeek => false;

        public override int Read(byte[] buffer, int offset, int count) =>
            base.Read(buffer, offset, count) is > 0 and var read ? read : throw new HttpIOException(HttpRequestError.ResponseEnded, "The connection broke.");

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => Task.FromResult(Read(buffer, offset, count));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            byte[] part = new byte[buffer.Length];
            int read = Read(part, 0, part.Length);
            part.AsMemory(0, read).CopyTo(buffer);
            return ValueTask.FromResult(read);
        }

        public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken) =>
            throw new HttpIOException(HttpRequestError.ResponseEnded, "The connection broke.");
    }
}
