using System.Text.Json;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host.Functions;

/// <summary><c>POST /hooks/{route}</c>: takes a seller's delivery webhook, signed with HMAC-SHA256.</summary>
/// <remarks>
/// Bytes, signature, strict JSON, envelope, claim, record. Nothing is parsed before the signature holds, and 2xx is answered only
/// when the delivery is durable. Spec: AdCP 3.1, building/by-layer/L3/webhooks; security, "Legacy HMAC-SHA256".
/// </remarks>
internal static partial class ReceiveDelivery
{
    private static readonly CompiledSchema EnvelopeSchema = SchemaSet.Embedded["adcp/3.1/mcp-webhook-payload.json"];

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/hooks/{route}", async (HttpContext http, string route, AccessDirectory directory, DeliveryIntake intake, TaskIntake tasks, DeliveryLog log, HostOptions options, TimeProvider time, Telemetry telemetry, ILoggerFactory loggers) =>
            await WriteAsync(http.Response, await HandleAsync(http, route, directory, intake, tasks, log, options, time, telemetry, loggers.CreateLogger("AdcpFunctions.Hooks"))));

    private static async Task<HookAnswer> HandleAsync(HttpContext http, string route, AccessDirectory directory, DeliveryIntake intake, TaskIntake tasks, DeliveryLog log, HostOptions options, TimeProvider time, Telemetry telemetry, ILogger logger)
    {
        if (route.Length > 128 || await directory.EndpointAsync(route, http.RequestAborted) is not { } endpoint)
            return HookAnswer.NotFound;
        if (!RequestReader.IsJson(http.Request))
            return new HookAnswer(415, "unsupported_media_type", "Send application/json in UTF-8.");
        using RequestBody? body = await RequestReader.ReadAsync(http.Request, options.WebhookBytes, http.RequestAborted);
        if (body is null)
            return new HookAnswer(413, "body_too_large", $"A delivery takes at most {options.WebhookBytes} bytes.");

        DateTimeOffset now = time.GetUtcNow();
        string? signature = One(http.Request, LegacyHmac.SignatureHeader);
        string? timestamp = One(http.Request, LegacyHmac.TimestampHeader);
        HmacVerdict verdict = LegacyHmac.Verify(signature, timestamp, body.Bytes.Span, endpoint.Secret, now);
        if (verdict != HmacVerdict.Valid)
        {
            Log.Rejected(logger, endpoint.Id, verdict);
            HookAnswer unverified = HookAnswer.Unverified(verdict);
            telemetry.SignatureRejected(unverified.Code);
            log.Note(endpoint, DeliveryNote.Of(unverified, body.Bytes.Length, null, default, now));
            return unverified;
        }

        using JsonTape tape = JsonTape.Rent();
        if (!tape.TryRead(body.Bytes, JsonLimits.Default, out JsonFault fault))
            return new HookAnswer(400, "webhook_body_malformed", $"The signature holds, but the body is not strict JSON: {fault.Kind} at byte {fault.Offset}.");
        HookAnswer answer = await TakeAsync();
        log.Note(endpoint, DeliveryNote.Of(answer, body.Bytes.Length, null, tape.Root, now));
        return answer;

        async Task<HookAnswer> TakeAsync()
        {
            if (EnvelopeFault(tape.Root, endpoint) is { } refused)
                return refused;
            var headers = new Dictionary<string, string>(StringComparer.Ordinal) { [LegacyHmac.SignatureHeader] = signature!, [LegacyHmac.TimestampHeader] = timestamp! };
            return endpoint.Channel == WebhookChannel.Task
                ? await tasks.TakeAsync(endpoint, tape.Root, body.Bytes, headers, "hmac-sha256", now)
                : await intake.TakeAsync(endpoint, tape.Root, body.Bytes, headers, "hmac-sha256", now);
        }
    }

    /// <summary>Rule HOOK-2: a body that is not the full envelope is refused before anything is dispatched.</summary>
    /// <remarks>Spec: AdCP 3.1, core/mcp-webhook-payload; compliance, webhook-receiver-envelope.</remarks>
    private static HookAnswer? EnvelopeFault(JsonNode envelope, WebhookEndpoint endpoint)
    {
        if (WebhookPayload.Of(envelope).Format is PayloadFormat.A2a or PayloadFormat.A2aMessage)
            return new HookAnswer(400, "unsupported_envelope", "This is A2A's own push; register push_notification_config or reporting_webhook, and the envelope of AdCP comes.");
        var violations = new List<SchemaViolation>();
        if (!EnvelopeSchema.Validate(envelope, violations))
        {
            if (!(envelope.TryGetMember("operation_id"u8, out _) && envelope.TryGetMember("task_id"u8, out _) && envelope.TryGetMember("task_type"u8, out _)
                && envelope.TryGetMember("status"u8, out _) && envelope.TryGetMember("timestamp"u8, out _)))
                return new HookAnswer(400, "missing_envelope_fields", "The body is not the webhook envelope; a bare result is not enough.");
            if (!envelope.TryGetMember("idempotency_key"u8, out _))
                return new HookAnswer(400, "missing_idempotency_key", "The envelope has no idempotency_key.");
            return violations.Exists(v => v.Pointer == "/status")
                ? new HookAnswer(400, "invalid_envelope_status", "status is a task status, never the status of a media buy.")
                : new HookAnswer(400, "invalid_envelope", $"{violations[0].Pointer}: {violations[0].Message}");
        }

        if (endpoint.Token is { } token && !(envelope.TryGetMember("token"u8, out JsonNode sent) && SameToken(sent.GetString(), token)))
            return new HookAnswer(400, "webhook_token_mismatch", "The token is not the one this endpoint was registered with.");
        envelope.TryGetMember("task_type"u8, out JsonNode type);
        return type.StringEquals("media_buy_delivery"u8) || endpoint.Channel == WebhookChannel.Task ? null : new HookAnswer(400, "unsupported_task_type", "This endpoint takes media_buy_delivery.");
    }

    private static bool SameToken(string sent, string agreed) =>
        System.Security.Cryptography.CryptographicOperations.FixedTimeEquals(System.Text.Encoding.UTF8.GetBytes(sent), System.Text.Encoding.UTF8.GetBytes(agreed));

    /// <summary>A header sent twice is as good as none: which of the two was meant cannot be known.</summary>
    private static string? One(HttpRequest request, string header) => request.Headers.TryGetValue(header, out var values) && values.Count == 1 ? values[0] : null;

    private static async Task WriteAsync(HttpResponse response, HookAnswer answer)
    {
        response.StatusCode = answer.Status;
        if (answer.Status == 503)
            response.Headers.RetryAfter = "2";
        if (answer.Status == 401)
        {
            response.Headers.WWWAuthenticate = $"Signature error=\"{answer.Code}\"";
            return;
        }

        if (answer.Status == 404)
            return;
        response.ContentType = "application/json";
        await using var writer = new Utf8JsonWriter(response.BodyWriter);
        writer.WriteStartObject();
        if (answer.Status == 200)
        {
            writer.WriteString("status"u8, answer.Code);
        }
        else
        {
            writer.WriteStartObject("error"u8);
            writer.WriteString("code"u8, answer.Code);
            writer.WriteString("message"u8, answer.Message);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static partial class Log
    {
        [LoggerMessage(5010, LogLevel.Warning, "webhook_rejected at endpoint {Endpoint}: {Verdict}.")]
        public static partial void Rejected(ILogger logger, string endpoint, HmacVerdict verdict);
    }
}

/// <summary>What a sender is told.</summary>
internal sealed record HookAnswer(int Status, string Code, string Message = "")
{
    public static readonly HookAnswer NotFound = new(404, "not_found");
    public static readonly HookAnswer Accepted = new(200, "accepted");
    public static readonly HookAnswer Duplicate = new(200, "duplicate");

    /// <summary>401 with the code in the challenge: the sender's sign not to retry.</summary>
    public static HookAnswer Unverified(HmacVerdict verdict) => new(401, verdict switch
    {
        HmacVerdict.OutsideWindow => "webhook_signature_window_invalid",
        HmacVerdict.HeaderMalformed => "webhook_signature_header_malformed",
        _ => "webhook_signature_invalid",
    });
}
