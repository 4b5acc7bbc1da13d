using System.Text.Json;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host;

/// <summary>Problem details (RFC 9457) with a stable <c>code</c>; what every route outside <c>/adcp</c> refuses with.</summary>
internal sealed record Problem(int Status, string Code, string Detail, IReadOnlyList<ProblemIssue>? Issues = null) : IResult
{
    /// <summary>What does not exist and what is someone else's are one answer.</summary>
    public static readonly Problem NotFound = new(404, "not_found", "There is nothing here for this caller.");

    public static readonly Problem NoAccount = new(404, "account_not_found", "There is no account with this account_id.");

    public static readonly Problem Forbidden = new(403, "forbidden", "This credential does not have the role for that.");

    public static readonly Problem TooLarge = new(413, "body_too_large", "The body is larger than this route takes.");

    public static readonly Problem NotJson = new(415, "unsupported_media_type", "Send application/json in UTF-8.");

    public static readonly Problem WrongMethod = new(405, "method_not_allowed", "This route does not take that method.");

    public static readonly Problem Unavailable = new(503, "unavailable", "The ledger could not be reached; nothing was acknowledged. Try again.");

    private int? RetryAfter { get; init; }

    public static Problem TooManyRequests(int seconds) => new(429, "rate_limited", "Too many requests; wait as Retry-After says.") { RetryAfter = seconds };

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        HttpResponse response = httpContext.Response;
        response.StatusCode = Status;
        response.ContentType = "application/problem+json";
        if (Status == 401)
            response.Headers.WWWAuthenticate = Code == "credential_missing" ? "Bearer realm=\"adcp-functions\"" : "Bearer realm=\"adcp-functions\", error=\"invalid_token\"";
        if (Status == 503 || RetryAfter is not null)
            response.Headers.RetryAfter = (RetryAfter ?? 2).ToString(System.Globalization.CultureInfo.InvariantCulture);
        await using var writer = new Utf8JsonWriter(response.BodyWriter);
        writer.WriteStartObject();
        writer.WriteString("type"u8, "about:blank");
        writer.WriteString("title"u8, Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(Status));
        writer.WriteNumber("status"u8, Status);
        writer.WriteString("code"u8, Code);
        writer.WriteString("detail"u8, Detail);
        if (Issues is { Count: > 0 })
        {
            writer.WriteStartArray("issues"u8);
            foreach (ProblemIssue issue in Issues)
            {
                writer.WriteStartObject();
                writer.WriteString("code"u8, issue.Code);
                writer.WriteString("pointer"u8, issue.Pointer);
                writer.WriteString("message"u8, issue.Message);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }
}

/// <param name="Code">A schema keyword, or a rule's code.</param>
/// <param name="Pointer">JSON pointer (RFC 6901) into the body.</param>
internal sealed record ProblemIssue(string Code, string Pointer, string Message);

/// <summary>The front of every <c>/v1</c> route: who calls, and whether the role may.</summary>
internal static class Guarded
{
    /// <returns>The caller, or the refusal to answer with.</returns>
    public static async ValueTask<(Caller? Caller, Problem? Refusal)> CallerAsync(HttpRequest request, Identify identify, AgentRole[] roles, CancellationToken cancel) =>
        await identify.AsAsync(request, cancel) switch
        {
            Identification.Missing => (null, new Problem(401, "credential_missing", "Send a bearer key.")),
            Identification.Unknown => (null, new Problem(401, "credential_invalid", "The bearer key is not known.")),
            Identification.Known(var caller) when roles.Length == 0 || caller.Is(roles) => (caller, null),
            Identification.Known => (null, Problem.Forbidden),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
}
