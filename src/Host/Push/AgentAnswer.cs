using System.Globalization;
using System.Net;
using System.Text.Json;

namespace AdcpFunctions.Host;

/// <summary>What came of one try to report usage.</summary>
internal abstract record AgentAnswer
{
    private AgentAnswer()
    {
    }

    /// <summary>The agent answered for every record, or for as many as it says.</summary>
    public sealed record Taken(BatchAnswer Answer) : AgentAnswer;

    /// <summary>The same request may succeed later.</summary>
    /// <param name="Wait">How long the agent asks to wait; null when it does not say.</param>
    public sealed record Again(string Why, TimeSpan? Wait = null) : AgentAnswer;

    /// <summary>The key was used, and what was answered then is gone.</summary>
    public sealed record Expired(string Why) : AgentAnswer;

    /// <summary>No repetition will help; a person has to.</summary>
    public sealed record Stopped(string Why) : AgentAnswer;

    /// <summary>Rule PUSH-8: what may pass is tried again, what is final stops the push, and an answer that is none decides nothing.</summary>
    /// <param name="envelope">The AdCP envelope; null where there was none.</param>
    /// <param name="isError">True where the transport says the task failed.</param>
    /// <param name="http">The HTTP answer it came in.</param>
    public static AgentAnswer Of(JsonElement? envelope, bool isError, HttpResponseMessage http)
    {
        if (envelope is not { ValueKind: JsonValueKind.Object } said)
            return WithoutEnvelope(http, null);
        JsonElement? failure = Member(said, "adcp_error") is { ValueKind: JsonValueKind.Object } told ? told : null;
        // Agents of 3.0 name no status; one that is not completed has decided nothing yet, or nothing at all.
        bool completed = !isError && failure is null && Text(said, "status") is null or "completed";
        if (completed && Member(said, "accepted") is { ValueKind: JsonValueKind.Number } accepted && accepted.TryGetInt32(out int count) && count >= 0)
            return new Taken(new BatchAnswer(count, Member(said, "replayed") is { ValueKind: JsonValueKind.True }, ErrorsOf(said)));
        if (failure is null && Member(said, "errors") is { ValueKind: JsonValueKind.Array } errors && errors.GetArrayLength() > 0)
            failure = errors[0];
        return failure is { ValueKind: JsonValueKind.Object } error ? Failed(error, http) : WithoutEnvelope(http, null);
    }

    /// <summary>A request that failed as a whole with an error of the protocol.</summary>
    public static AgentAnswer Failed(JsonElement error, HttpResponseMessage http)
    {
        string code = Shown.Of(Text(error, "code") ?? "UNKNOWN");
        string why = $"{code}: {Shown.Of(Text(error, "message") ?? "")}{(Text(error, "field") is { } field ? $" ({Shown.Of(field)})" : "")}";
        return code switch
        {
            "IDEMPOTENCY_EXPIRED" => new Expired(why),
            "RATE_LIMITED" or "SERVICE_UNAVAILABLE" or "IDEMPOTENCY_IN_FLIGHT" => new Again(why, WaitOf(error, http)),
            _ when Text(error, "recovery") == "transient" => new Again(why, WaitOf(error, http)),
            _ => new Stopped(why),
        };
    }

    /// <summary>An answer that says nothing in the protocol's own words: its status has to do.</summary>
    public static AgentAnswer WithoutEnvelope(HttpResponseMessage http, string? message)
    {
        int status = (int)http.StatusCode;
        string why = $"HTTP {status.ToString(CultureInfo.InvariantCulture)}{(message is null ? "" : $": {Shown.Of(message)}")}";
        if (status is >= 300 and < 400)
            return new Stopped($"{why}: the agent redirects{(http.Headers.Location is { } place ? $" to {Shown.Of(place.ToString())}" : "")}; name that address with --to if you trust it with the key.");
        if (status is 408 or 425 or 429 or >= 500)
            return new Again(why, WaitOf(default, http));
        return new Stopped(http.StatusCode == HttpStatusCode.OK ? $"{why}: the answer is none of report_usage's." : why);
    }

    internal static JsonElement? Member(JsonElement node, string name) => node.ValueKind == JsonValueKind.Object && node.TryGetProperty(name, out JsonElement value) ? value : null;

    /// <remarks>Agents cut texts, also in the middle of a character, and then they are none; what else was said still counts.</remarks>
    internal static string? Text(JsonElement node, string name)
    {
        if (Member(node, name) is not { ValueKind: JsonValueKind.String } text)
            return null;
        try
        {
            return text.GetString();
        }
        catch (InvalidOperationException)
        {
            return "?";
        }
    }

    private static IReadOnlyList<RecordError> ErrorsOf(JsonElement said)
    {
        if (Member(said, "errors") is not { ValueKind: not JsonValueKind.Null } errors)
            return [];
        if (errors.ValueKind != JsonValueKind.Array)
            return [new RecordError(null, "", "The errors are no list.", null)];
        return [.. errors.EnumerateArray().Select(error =>
        {
            string? field = Text(error, "field");
            return new RecordError(RecordOf(field), Shown.Of(Text(error, "code") ?? ""), Shown.Of(Text(error, "message") ?? ""), field is null ? null : Shown.Of(field));
        })];
    }

    /// <summary>The record a field lies in, written as <c>usage[3].currency</c> or as <c>/usage/3/currency</c>.</summary>
    private static int? RecordOf(string? field)
    {
        ReadOnlySpan<char> rest = field.AsSpan().TrimStart("$./");
        if (!rest.StartsWith("usage[", StringComparison.Ordinal) && !rest.StartsWith("usage/", StringComparison.Ordinal) && !rest.StartsWith("usage.", StringComparison.Ordinal))
            return null;
        rest = rest["usage[".Length..];
        int digits = rest.IndexOfAnyExceptInRange('0', '9');
        return int.TryParse(digits < 0 ? rest : rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out int record) ? record : null;
    }

    private static TimeSpan? WaitOf(JsonElement error, HttpResponseMessage http)
    {
        if (Member(error, "retry_after") is { ValueKind: JsonValueKind.Number } seconds && seconds.TryGetDouble(out double wait) && wait is >= 0 and < 1_000_000)
            return TimeSpan.FromSeconds(wait);
        return http.Headers.RetryAfter?.Delta;
    }
}
