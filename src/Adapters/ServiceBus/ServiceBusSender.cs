using System.Net;
using System.Net.Http.Headers;
using AdcpFunctions.Ledger;
using Azure.Identity;

namespace AdcpFunctions.Adapters;

/// <summary>How a batch was answered, after as many tries as it was worth.</summary>
internal abstract record SendAnswer
{
    private SendAnswer() { }

    /// <summary>201: all of it is there.</summary>
    public sealed record Taken : SendAnswer;

    /// <summary>400 or 413: it will not be taken as it is.</summary>
    /// <param name="Why">The status.</param>
    /// <param name="MayHold">True when a try before this answer may have been taken all the same.</param>
    public sealed record Refused(string Why, bool MayHold) : SendAnswer;

    /// <summary>Anything else: not now, or nobody knows.</summary>
    public sealed record Stopped(SendStop Stop) : SendAnswer;
}

/// <summary>Posts batches to one entity, and tries again what is worth it.</summary>
/// <remarks>
/// Not the pipeline of Azure.Core: what may be tried again, how often and until when decides whether a record can arrive twice, and
/// stands here in one place.
/// </remarks>
internal sealed class ServiceBusSender(HttpMessageInvoker http, ServiceBusAddress address, ServiceBusToken tokens, TimeProvider time)
{
    private const int Tries = 4;

    /// <summary>A longer wait is for the next run, so that one account does not keep the others waiting.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan PerTry = TimeSpan.FromSeconds(45);

    private readonly record struct Reply(int Status, string Why, TimeSpan? RetryAfter);

    /// <summary>Rule PUB-9: a batch counts as taken on a 201 and on nothing else.</summary>
    /// <param name="body">The batch; each try sends these bytes.</param>
    /// <param name="mayHold">Whether a larger batch that held this one may have been taken.</param>
    /// <param name="until">No try begins then or later.</param>
    /// <param name="cancel">Stops the wait, and leaves open whether the batch was taken.</param>
    public async Task<SendAnswer> SendAsync(byte[] body, bool mayHold, DateTimeOffset until, CancellationToken cancel)
    {
        string? refused = null;
        for (int tried = 1; ; tried++)
        {
            if (time.GetUtcNow() >= until)
                return new SendAnswer.Stopped(new SendStop("window_over", Closed: false, mayHold));
            (Reply reply, string? token) = await TryAsync(body, refused, cancel);
            if (reply.Status == 401 && refused is null && token is not null)
            {
                // It may have expired on the broker's clock, or its key was rotated: once with a fresh one, at once.
                refused = token;
                tried--;
                continue;
            }

            if (Final(reply, mayHold) is { } answer)
                return answer;
            mayHold |= reply.Status != 429;
            TimeSpan wait = WaitAfter(reply, tried);
            if (tried == Tries || wait > LongestWait)
                return new SendAnswer.Stopped(new SendStop(reply.Why, Closed: false, mayHold, wait));
            await Task.Delay(wait, time, cancel);
        }
    }

    /// <summary>What another try could not change.</summary>
    private static SendAnswer? Final(Reply reply, bool mayHold) => reply.Status switch
    {
        201 => new SendAnswer.Taken(),
        400 or 413 => new SendAnswer.Refused(reply.Why, mayHold),
        // Quota, rights, a topic that is not there: whatever it is, an operator must act (Service Bus REST, "Send Message Batch").
        >= 401 and < 500 and not (408 or 429) => new SendAnswer.Stopped(new SendStop(reply.Why, Closed: true, mayHold)),
        _ => null,
    };

    /// <summary>As long as was asked for; else 1, 2, 4 seconds, and twice that from a broker that says it is busy.</summary>
    private static TimeSpan WaitAfter(Reply reply, int tried) =>
        reply.RetryAfter ?? TimeSpan.FromSeconds((reply.Status is 429 or 503 ? 2 : 1) << (tried - 1));

    private async Task<(Reply Reply, string? Token)> TryAsync(byte[] body, string? refused, CancellationToken cancel)
    {
        string? token = null;
        using var late = new CancellationTokenSource(PerTry, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, late.Token);
        try
        {
            token = await tokens.GetAsync(refused, either.Token);
            using HttpRequestMessage request = RequestOf(body, token);
            using HttpResponseMessage response = await http.SendAsync(request, either.Token);
            return (new Reply((int)response.StatusCode, $"http_{(int)response.StatusCode}", RetryAfter(response)), token);
        }
        catch (AuthenticationFailedException noToken)
        {
            return (new Reply(401, noToken.GetType().Name, null), null);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException)
        {
            return (new Reply(0, fault.GetType().Name, null), token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // Our limit, or the transport's own for a connection, which looks the same.
            return (new Reply(0, "timeout", null), token);
        }
    }

    private HttpRequestMessage RequestOf(byte[] body, string token)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, address.Messages) { Version = HttpVersion.Version11, Content = new ByteArrayContent(body) };
        // No charset: with a parameter the broker takes the array for the body of a single message.
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/vnd.microsoft.servicebus.json");
        request.Headers.TryAddWithoutValidation("Authorization", token);
        // Tries are counted here, so the broker's front end makes none of its own.
        request.Headers.Add("x-ms-retrypolicy", "NoRetry");
        return request;
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        TimeSpan? asked = response.Headers.RetryAfter is { } header ? header.Delta ?? header.Date - time.GetUtcNow() : null;
        return asked < TimeSpan.Zero ? TimeSpan.Zero : asked;
    }
}
