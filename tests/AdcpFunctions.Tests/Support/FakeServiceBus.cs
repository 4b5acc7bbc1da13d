using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AdcpFunctions.Tests.Support;

/// <summary>A message the broker took, once.</summary>
public sealed record BusMessageTaken(string MessageId, string? CorrelationId, string? Label, string? PartitionKey, string? ContentType, string Body, DateTimeOffset At);

/// <summary>A batch that may be sent, as a fault sees it.</summary>
/// <param name="Number">1 for the first batch that came this far, then 2, and so on.</param>
public sealed record BusBatch(int Number, string? PartitionKey, IReadOnlyList<BusMessageTaken> Messages);

/// <summary>What is done to a batch instead of taking it.</summary>
/// <param name="Status">The answer.</param>
/// <param name="RetryAfterSeconds">When to come again; null for no word of it.</param>
/// <param name="Takes">True when the batch is taken all the same.</param>
/// <param name="Cuts">True when the connection is cut instead of an answer.</param>
/// <param name="Stalls">True when no answer comes at all.</param>
public sealed record BusFault(int Status, int? RetryAfterSeconds = null, bool Takes = false, bool Cuts = false, bool Stalls = false)
{
    public static readonly BusFault LostReply = new(0, Takes: true, Cuts: true);
    public static readonly BusFault Unreachable = new(0, Cuts: true);
}

/// <summary>A Service Bus topic's REST interface in this process, as strict as the documentation says the real one is.</summary>
/// <remarks>
/// <para>It stands in for a broker that cannot be installed: the official emulator speaks AMQP only. It refuses whatever the real one
/// refuses, and what the real one takes for something else, such as a batch under another content type; it takes nothing silently.</para>
/// <para>It cannot show the real one's latencies, throttling by credits, size of the AMQP form of a batch (it counts the request's
/// body), exact error bodies, partitioned entities, forwarding, or what an undocumented status looks like.</para>
/// </remarks>
public sealed class FakeServiceBus : IAsyncDisposable
{
    public const string KeyName = "sender";

    private readonly Lock _gate = new();
    private readonly List<BusMessageTaken> _taken = [];
    private readonly Dictionary<string, DateTimeOffset> _history = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<(int Status, string Why)> _answers = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly TimeProvider _clock;
    private readonly WebApplication _app;
    private int _batches;

    private FakeServiceBus(WebApplication app, TimeProvider clock, string topic) => (_app, _clock, Topic) = (app, clock, topic);

    public string Topic { get; }

    /// <summary>The key that may send; changing it is a rotation.</summary>
    public string Key { get; set; } = Convert.ToBase64String(SHA256.HashData("sender"u8));

    /// <summary>Bearer tokens that may send.</summary>
    public HashSet<string> Bearers { get; } = new(StringComparer.Ordinal);

    /// <summary>How long message ids are compared.</summary>
    public TimeSpan Window { get; set; } = TimeSpan.FromDays(1);

    public int MaxBatchBytes { get; set; } = 256 * 1024;

    /// <summary>Strikes batches that would be taken; null lets one pass.</summary>
    public Func<BusBatch, BusFault?>? Inject { get; set; }

    /// <summary>What a subscription holds, in the order it was taken.</summary>
    public IReadOnlyList<BusMessageTaken> Taken
    {
        get
        {
            lock (_gate)
                return [.. _taken];
        }
    }

    /// <summary>Every request so far: its status, and why it was refused.</summary>
    public IReadOnlyList<(int Status, string Why)> Answers => [.. _answers];

    public string Origin => _app.Urls.First();

    public string ConnectionString => $"Endpoint=sb://{new Uri(Origin).Authority};SharedAccessKeyName={KeyName};SharedAccessKey={Key};UseDevelopmentEmulator=true;";

    public static async Task<FakeServiceBus> StartAsync(TimeProvider clock, string topic = "settled-records")
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = 64 * 1024 * 1024);
        WebApplication app = builder.Build();
        var bus = new FakeServiceBus(app, clock, topic);
        app.Run(bus.AnswerAsync);
        await app.StartAsync();
        return bus;
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _app.DisposeAsync();
        _closing.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var request = new BusRequest(context.Request, body.ToArray());
        (int status, string why) = request.Judge(Topic, KeyName, Key, Bearers, MaxBatchBytes, _clock.GetUtcNow());
        BusFault? fault = null;
        if (status == 201)
        {
            var batch = new BusBatch(Interlocked.Increment(ref _batches), request.Messages[0].PartitionKey, request.Messages);
            fault = Inject?.Invoke(batch);
            if (fault is null or { Takes: true })
                Take(batch.Messages);
            (status, why) = fault is null ? (201, "") : (fault.Status, "injected");
        }

        _answers.Enqueue((status, why));
        if (fault is { Stalls: true })
            await StallAsync(context);
        else if (fault is { Cuts: true })
            context.Abort();
        else
            await AnswerAsync(context.Response, status, fault?.RetryAfterSeconds, why);
    }

    private static async Task AnswerAsync(HttpResponse response, int status, int? retryAfter, string why)
    {
        response.StatusCode = status;
        if (retryAfter is { } seconds)
            response.Headers.RetryAfter = $"{seconds}";
        if (status != 201)
            await response.WriteAsync($"<Error><Code>{status}</Code><Detail>{why}</Detail></Error>");
    }

    private async Task StallAsync(HttpContext context)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _closing.Token);
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, either.Token);
        }
        catch (OperationCanceledException)
        {
            context.Abort();
        }
    }

    /// <summary>All or nothing; of what it has had within the window it keeps the first and says the same 201.</summary>
    private void Take(IReadOnlyList<BusMessageTaken> messages)
    {
        lock (_gate)
        {
            DateTimeOffset now = _clock.GetUtcNow();
            foreach (BusMessageTaken message in messages)
            {
                if (_history.TryGetValue(message.MessageId, out DateTimeOffset before) && now - before < Window)
                    continue;
                _history[message.MessageId] = now;
                _taken.Add(message with { At = now });
            }
        }
    }
}
