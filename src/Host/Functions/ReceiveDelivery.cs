using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host.Functions;

/// <summary><c>POST /hooks/{route}</c>: takes a seller's webhooks, proven the way their endpoint was registered for.</summary>
/// <remarks>
/// Route, bytes, proof, strict JSON, envelope, claim, record. Nothing is parsed before the proof holds, and 2xx is answered only when
/// the delivery is durable. Spec: AdCP 3.1, building/by-layer/L3/webhooks; security, "Webhook callbacks".
/// </remarks>
internal sealed partial class ReceiveDelivery(
    EndpointDirectory endpoints, HookGate gate, DeliveryIntake intake, TaskIntake tasks, ProofOfControl notifications, DeliveryLog log, HostOptions options, TimeProvider time, ILogger<ReceiveDelivery> logger)
{
    /// <summary>No route is nearly as long; nothing longer is looked up, or remembered.</summary>
    public const int LongestRoute = 128;

    private static readonly CompiledSchema EnvelopeSchema = SchemaSet.Embedded["adcp/3.1/mcp-webhook-payload.json"];

    /// <summary>A tenth of what a report of usage may hold: a delivery is about one seller's media buys.</summary>
    private static readonly JsonLimits Limits = new(MaxDepth: 64, MaxNodes: 100_000);

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/hooks/{route}", (HttpContext http, string route, ReceiveDelivery hooks) => hooks.HandleAsync(http, route));

    private async Task HandleAsync(HttpContext http, string route)
    {
        // One read, whatever becomes of it: what there never was, what is gone and what is disabled cannot be told apart.
        WebhookEndpoint? endpoint = route.Length > LongestRoute ? null : await endpoints.AtAsync(route, http.RequestAborted);
        if (endpoint is null)
        {
            await HookAnswer.NotFound.WriteAsync(http.Response);
            return;
        }

        ScopedTable.Enter(new CallerScope(endpoint.Tenant, endpoint.Accounts));
        var seen = new DeliveryEntry(time.GetUtcNow(), 503, "unavailable", 0);
        try
        {
            (HookAnswer answer, seen) = endpoint.Disabled ? (HookAnswer.NotFound, seen with { Code = "endpoint_disabled" }) : await AnswerAsync(http.Request, endpoint, seen);
            seen = seen with { Status = answer.Status, Code = endpoint.Disabled ? seen.Code : answer.Code };
            await answer.WriteAsync(http.Response);
        }
        finally
        {
            log.Note(endpoint, seen);
        }
    }

    private async Task<(HookAnswer Answer, DeliveryEntry Seen)> AnswerAsync(HttpRequest request, WebhookEndpoint endpoint, DeliveryEntry seen)
    {
        if (!RequestReader.IsJson(request))
            return (new HookAnswer(415, "unsupported_media_type", "Send application/json in UTF-8."), seen);
        using RequestBody? body = await RequestReader.ReadAsync(request, options.WebhookBytes, request.HttpContext.RequestAborted);
        if (body is null)
            return (new HookAnswer(413, "body_too_large", $"A delivery takes at most {options.WebhookBytes} bytes."), seen);

        seen = seen with { Bytes = body.Bytes.Length };
        HookProof proof = await gate.VerifyAsync(request, body.Bytes, endpoint, request.HttpContext.RequestAborted);
        if (proof is not HookProof.Holds holds)
            return (HookAnswer.Unproven((HookProof.Fails)proof), seen);

        seen = seen with { KeyId = holds.KeyId };
        using JsonTape tape = JsonTape.Rent();
        if (!tape.TryRead(body.Bytes, Limits, out JsonFault fault))
            return (Malformed(endpoint, holds, body.Bytes.Length, fault), seen);
        if (endpoint.Channel == WebhookChannel.Notifications)
            return (await notifications.TakeAsync(endpoint, tape.Root, body.Bytes, holds, seen.At), seen);
        if (EnvelopeFault(tape.Root, endpoint) is { } refused)
            return (refused, seen);
        seen = DeliveryNote.Of(seen, tape.Root);
        string verification = EndpointNames.Verification(endpoint.Mode);
        HookAnswer taken = endpoint.Channel == WebhookChannel.Task
            ? await tasks.TakeAsync(endpoint, tape.Root, body.Bytes, holds.Headers, verification, seen.At)
            : await intake.TakeAsync(endpoint, tape.Root, body.Bytes, holds.Headers, verification, seen.At);
        return (taken, seen);
    }

    /// <summary>Rule HOOK-10: what is well signed and no strict JSON is refused for good; its nonce is used up, and nothing of it is logged.</summary>
    /// <remarks>Spec: AdCP 3.1, building/by-layer/L1/security, "Webhook verifier", steps 14, 14a and 14b; decision A15.</remarks>
    private HookAnswer Malformed(WebhookEndpoint endpoint, HookProof.Holds proof, int bytes, JsonFault fault)
    {
        Log.Malformed(logger, endpoint.Id, proof.KeyId, bytes, fault.Kind, fault.Offset);
        return new HookAnswer(401, "webhook_body_malformed");
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
        return TaskFault(envelope, endpoint);
    }

    /// <summary>Rule HOOK-11: an endpoint takes the tasks of its channel, and of a task only the operation it was registered with.</summary>
    /// <remarks>A delivery report's <c>operation_id</c> is the sender's own and is not matched (decision A7).</remarks>
    private static HookAnswer? TaskFault(JsonNode envelope, WebhookEndpoint endpoint)
    {
        envelope.TryGetMember("task_type"u8, out JsonNode type);
        if (endpoint.Channel == WebhookChannel.Reporting)
            return type.StringEquals("media_buy_delivery"u8) ? null : new HookAnswer(400, "unsupported_task_type", "This endpoint takes media_buy_delivery.");
        if (!TaskIntake.Takes(type))
            return new HookAnswer(400, "unsupported_task_type", "This endpoint takes create_media_buy and update_media_buy.");
        envelope.TryGetMember("operation_id"u8, out JsonNode operation);
        return endpoint.OperationId is null || operation.GetString() == endpoint.OperationId
            ? null
            : new HookAnswer(400, "operation_id_mismatch", "The operation_id is not the one this endpoint was registered with.");
    }

    private static bool SameToken(string sent, string agreed) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(sent), Encoding.UTF8.GetBytes(agreed));

    private static partial class Log
    {
        [LoggerMessage(5303, LogLevel.Warning, "webhook_body_malformed at endpoint {Endpoint}, key {KeyId}: {Bytes} bytes, {Kind} at byte {Offset}.")]
        public static partial void Malformed(ILogger logger, string endpoint, string? keyId, int bytes, JsonFaultKind kind, int offset);
    }
}

/// <summary>What a sender is told.</summary>
/// <param name="Challenge">What is given back of a challenge; null for every other answer.</param>
internal sealed record HookAnswer(int Status, string Code, string Message = "", string? Challenge = null)
{
    public static readonly HookAnswer NotFound = new(404, "not_found");
    public static readonly HookAnswer Accepted = new(200, "accepted");
    public static readonly HookAnswer Duplicate = new(200, "duplicate");

    public static HookAnswer Unproven(HookProof.Fails fails) => new(fails.Status, fails.Code, "The sender's keys could not be had. Try again.");

    public static HookAnswer Echo(string challenge) => new(200, "challenge_answered", Challenge: challenge);

    /// <summary>401 with the code in the challenge is the sender's sign not to retry; 503 is its sign to.</summary>
    public async Task WriteAsync(HttpResponse response)
    {
        response.StatusCode = Status;
        if (Status == 503)
            response.Headers.RetryAfter = "2";
        if (Status == 401)
            response.Headers.WWWAuthenticate = $"Signature error=\"{Code}\"";
        if (Status is 401 or 404)
            return;

        response.ContentType = "application/json";
        await using var writer = new Utf8JsonWriter(response.BodyWriter);
        writer.WriteStartObject();
        if (Challenge is not null)
        {
            writer.WriteString("challenge"u8, Challenge);
        }
        else if (Status == 200)
        {
            writer.WriteString("status"u8, Code);
        }
        else
        {
            writer.WriteStartObject("error"u8);
            writer.WriteString("code"u8, Code);
            writer.WriteString("message"u8, Message);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }
}
