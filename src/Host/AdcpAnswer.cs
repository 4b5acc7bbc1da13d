using System.Buffers;
using System.Text.Json;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>One error of an AdCP answer.</summary>
/// <param name="Field">JSONPath-lite, such as <c>usage[1].currency</c>; null when no single field is at fault.</param>
/// <param name="Issues">Where a schema was broken; the first is the one <paramref name="Field"/> translates.</param>
internal sealed record AdcpError(ProtocolError Kind, string Message, string? Field = null, IReadOnlyList<SchemaViolation>? Issues = null, int? RetryAfter = null)
{
    /// <summary>A request that its schema refuses as a whole; the first violation names the field.</summary>
    public static AdcpError Malformed(IReadOnlyList<SchemaViolation> violations) =>
        new(ProtocolError.InvalidRequest, violations[0].Message, ReportUsageTask.FieldOf(violations[0].Pointer), violations);

    /// <summary>Ours to mend: nothing was acknowledged, and the same request may be sent again.</summary>
    public static readonly AdcpError Unavailable = new(ProtocolError.ServiceUnavailable, "The ledger could not be reached; nothing was acknowledged.", RetryAfter: 2);

    /// <summary>Nothing was looked at, or nothing was kept: the same request may be sent again.</summary>
    public static AdcpError RateLimited(int seconds) => new(ProtocolError.RateLimited, "Too many requests; wait as retry_after says.", RetryAfter: seconds);
}

/// <summary>What an answer gives back of its request: the caller's context as sent, and the release it is answered in.</summary>
/// <param name="Context">An object; may not exist.</param>
/// <param name="Version">Null for the default.</param>
/// <param name="IsRead">True for a task that takes no records in: its failure counts none.</param>
internal readonly record struct Envelope(JsonNode Context, string? Version = null, bool IsRead = false)
{
    /// <summary>The context of a request; none where it is no object.</summary>
    public static JsonNode ContextOf(JsonNode request) =>
        request.Kind == JsonKind.Object && request.TryGetMember("context"u8, out JsonNode sent) && sent.Kind == JsonKind.Object ? sent : default;
}

/// <summary>The AdCP envelope: what every answer of a task is wrapped in.</summary>
/// <remarks>
/// The context is echoed as it was sent, on success and on refusal, and is never stored: a replay carries the context of the
/// request that asked for it. Spec: AdCP 3.1, core/protocol-envelope; account/report-usage-response.
/// </remarks>
internal sealed class AdcpAnswer : IResult
{
    private readonly ArrayBufferWriter<byte> _body;

    private AdcpAnswer(int status, ArrayBufferWriter<byte> body)
    {
        Status = status;
        _body = body;
    }

    /// <summary>The HTTP status where the task is a route of its own.</summary>
    public int Status { get; }

    /// <summary>True for a task that failed as a whole.</summary>
    public bool IsFailure => Status != 200;

    /// <summary>The envelope, a JSON object.</summary>
    public ReadOnlySpan<byte> Body => _body.WrittenSpan;

    /// <inheritdoc cref="AdcpError.Unavailable"/>
    public static AdcpAnswer Unavailable(Envelope envelope) => Failed(AdcpError.Unavailable, envelope);

    /// <inheritdoc cref="AdcpError.RateLimited"/>
    public static AdcpAnswer RateLimited(int seconds, Envelope envelope) => Failed(AdcpError.RateLimited(seconds), envelope);

    /// <summary>The part of a completed answer that is kept for replays.</summary>
    public static ReadOnlyMemory<byte> Completed(int accepted, IReadOnlyList<AdcpError> errors, bool sandbox, string version)
    {
        var body = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartObject();
            writer.WriteString("status"u8, "completed"u8);
            writer.WriteNumber("accepted"u8, accepted);
            if (errors.Count > 0)
            {
                writer.WriteStartArray("errors"u8);
                foreach (AdcpError error in errors)
                    Write(writer, error);
                writer.WriteEndArray();
            }

            if (sandbox)
                writer.WriteBoolean("sandbox"u8, value: true);
            writer.WriteString("adcp_version"u8, version);
            writer.WriteEndObject();
        }

        return body.WrittenMemory;
    }

    /// <summary>A completed answer as sent: the kept part, the caller's context, and whether it is a repetition.</summary>
    public static AdcpAnswer Send(ReadOnlyMemory<byte> completed, bool replayed, JsonNode context)
    {
        var body = new ArrayBufferWriter<byte>(completed.Length + 64);
        body.Write(completed.Span[..^1]);
        if (replayed)
            body.Write(",\"replayed\":true"u8);
        if (context.Exists)
        {
            body.Write(",\"context\":"u8);
            body.Write(context.Raw);
        }

        body.Write("}"u8);
        return new AdcpAnswer(200, body);
    }

    /// <summary>A request that failed as a whole. Both error layers are filled, as the protocol advises.</summary>
    public static AdcpAnswer Failed(AdcpError error, Envelope envelope) => Failed(error, envelope.Context.Exists ? envelope.Context.Raw : default, envelope.Version ?? AdcpVersions.Default, envelope.IsRead);

    private static AdcpAnswer Failed(AdcpError error, ReadOnlySpan<byte> context, string version, bool isRead = false)
    {
        var body = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartObject();
            writer.WriteString("status"u8, "failed"u8);
            if (!isRead)
                writer.WriteNumber("accepted"u8, 0);
            writer.WritePropertyName("adcp_error"u8);
            Write(writer, error);
            writer.WriteStartArray("errors"u8);
            Write(writer, error);
            writer.WriteEndArray();
            if (!context.IsEmpty)
            {
                writer.WritePropertyName("context"u8);
                writer.WriteRawValue(context, skipInputValidation: true);
            }

            writer.WriteString("adcp_version"u8, version);
            writer.WriteEndObject();
        }

        return new AdcpAnswer(error.Kind.HttpStatus, body) { RetryAfter = error.RetryAfter, Challenge = Challenges(error) };
    }

    private int? RetryAfter { get; init; }

    private string? Challenge { get; init; }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        HttpResponse response = httpContext.Response;
        response.StatusCode = Status;
        response.ContentType = "application/json";
        response.ContentLength = _body.WrittenCount;
        if (RetryAfter is { } seconds)
            response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (Challenge is { } challenge)
            response.Headers.WWWAuthenticate = challenge;
        await response.BodyWriter.WriteAsync(_body.WrittenMemory, httpContext.RequestAborted);
    }

    public static string? Challenges(AdcpError error) =>
        ReferenceEquals(error.Kind, ProtocolError.AuthMissing) ? "Bearer realm=\"adcp-functions\""
        : ReferenceEquals(error.Kind, ProtocolError.AuthInvalid) ? "Bearer realm=\"adcp-functions\", error=\"invalid_token\""
        : null;

    public static void Write(Utf8JsonWriter writer, AdcpError error)
    {
        writer.WriteStartObject();
        writer.WriteString("code"u8, error.Kind.Code);
        writer.WriteString("message"u8, error.Message);
        writer.WriteString("recovery"u8, error.Kind.Recovery switch
        {
            Recovery.Transient => "transient"u8,
            Recovery.Correctable => "correctable"u8,
            _ => "terminal"u8,
        });
        if (error.Field is { } field)
            writer.WriteString("field"u8, field);
        if (error.RetryAfter is { } seconds)
            writer.WriteNumber("retry_after"u8, seconds);
        if (error.Issues is { Count: > 0 } issues)
        {
            writer.WriteStartArray("issues"u8);
            foreach (SchemaViolation issue in issues)
            {
                writer.WriteStartObject();
                writer.WriteString("pointer"u8, issue.Pointer);
                writer.WriteString("message"u8, issue.Message);
                writer.WriteString("keyword"u8, issue.Keyword);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        if (ReferenceEquals(error.Kind, ProtocolError.VersionUnsupported))
        {
            writer.WritePropertyName("details"u8);
            AdcpVersions.WriteDetails(writer);
        }

        writer.WriteEndObject();
    }
}
