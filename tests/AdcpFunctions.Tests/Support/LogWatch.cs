using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace AdcpFunctions.Tests.Support;

/// <summary>Everything a host logs, held against everything secret it was sent or gave out.</summary>
/// <remarks>Each host of the suite has one and is judged by it when it is disposed, so whatever any test does is watched.</remarks>
internal sealed class LogWatch : ILoggerProvider, ILogger
{
    /// <summary>What is shorter may stand in a log by chance.</summary>
    private const int ShortestSecret = 12;

    /// <summary>How much of the beginning of a body gives it away.</summary>
    private const int BodyStart = 48;

    private readonly ConcurrentQueue<string> _lines = new();
    private readonly ConcurrentDictionary<string, string> _secrets = new(StringComparer.Ordinal);

    public IReadOnlyCollection<string> Lines => _lines;

    public IReadOnlyCollection<string> Secrets => (IReadOnlyCollection<string>)_secrets.Keys;

    /// <param name="secret">Not to be logged; one too short to tell is left out.</param>
    /// <param name="what">What it is; a failure names this, not the secret.</param>
    public void Keep(string? secret, string what)
    {
        if (secret?.Length >= ShortestSecret)
            _secrets.TryAdd(secret, what);
    }

    /// <summary>The beginning of a body, which no log line may hold.</summary>
    public void KeepBody(string body)
    {
        if (body.Length >= BodyStart)
            _secrets.TryAdd(body[..BodyStart], "a body");
    }

    /// <summary>Keys, secrets and tokens in what a host answered.</summary>
    public void KeepIssued(string body)
    {
        if (!body.StartsWith('{') || !(body.Contains("\"key\"", StringComparison.Ordinal) || body.Contains("\"secret\"", StringComparison.Ordinal)))
            return;
        using JsonDocument answer = JsonDocument.Parse(body);
        foreach (string member in new[] { "key", "secret", "token" })
        {
            if (answer.RootElement.TryGetProperty(member, out JsonElement secret) && secret.ValueKind == JsonValueKind.String)
                Keep(secret.GetString(), $"an issued {member}");
        }
    }

    /// <summary>What a process wrote to its own console.</summary>
    public void Write(string console)
    {
        foreach (string line in console.Split('\n'))
            _lines.Enqueue(line);
    }

    /// <exception cref="InvalidOperationException">Something secret was logged.</exception>
    public void Judge()
    {
        foreach (string line in _lines)
        {
            foreach ((string secret, string what) in _secrets)
            {
                if (line.Contains(secret, StringComparison.Ordinal))
                    throw new InvalidOperationException($"Logged {what}: {line.Replace(secret, "***", StringComparison.Ordinal)}");
            }
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        _lines.Enqueue($"{logLevel} {eventId.Id} {formatter(state, exception)} {exception}");
        // Values stand in structured logs as they are, whatever the text makes of them.
        if (state is IEnumerable<KeyValuePair<string, object?>> values)
            _lines.Enqueue(string.Join(' ', values.Select(v => $"{v.Key}={v.Value}")));
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Dispose()
    {
    }
}

/// <summary>Notes what requests carry before they are sent.</summary>
internal sealed class SecretNotingHandler(LogWatch watch, HttpMessageHandler? inner = null) : DelegatingHandler(inner ?? new SocketsHttpHandler())
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        watch.Keep(request.Headers.Authorization?.Parameter, "a bearer key");
        if (request.Content is { Headers.ContentLength: < 4096 } content)
            watch.KeepBody(await content.ReadAsStringAsync(cancellationToken));
        HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
        if (request.Method == HttpMethod.Post && response.IsSuccessStatusCode)
        {
            await response.Content.LoadIntoBufferAsync(cancellationToken);
            watch.KeepIssued(await response.Content.ReadAsStringAsync(cancellationToken));
        }

        return response;
    }
}
