namespace AdcpFunctions.Protocol;

/// <summary>Whose shape a webhook body has.</summary>
public enum PayloadFormat
{
    /// <summary>None that is known.</summary>
    Unknown,

    /// <summary>AdCP's own envelope: what <c>push_notification_config</c> and <c>reporting_webhook</c> bring.</summary>
    Mcp,

    /// <summary>A task, or an event of one, as A2A's native push sends it.</summary>
    A2a,

    /// <summary>An A2A message alone, which belongs to no task.</summary>
    A2aMessage,
}

/// <summary>What a webhook body carries: its shape, and the task's data in it.</summary>
/// <param name="Data">The AdCP payload; does not exist where the body carries none.</param>
/// <param name="Fault">Why the body is malformed, as a phrase; null for a sound one.</param>
public readonly record struct WebhookPayload(PayloadFormat Format, JsonNode Data, string? Fault = null)
{
    /// <summary>Tells the shape of a body and finds the task's data in it.</summary>
    /// <remarks>
    /// A final state's data is the last data part of the first artifact, an interim one's the first of the status message: progress may
    /// be told again and again, and the result stands at the end. Spec: AdCP 3.1, building/by-layer/L0/a2a-response-extraction;
    /// webhooks, "Payload extraction".
    /// </remarks>
    public static WebhookPayload Of(JsonNode body)
    {
        if (body.Kind != JsonKind.Object)
            return default;
        if (Wrapped(body) is var (member, inner))
        {
            if (member == "message")
                return new(PayloadFormat.A2aMessage, default);
            return Wrapped(inner) is null ? OfTask(inner) : new(PayloadFormat.A2a, default, "an envelope inside an envelope");
        }

        if (!body.TryGetMember("status"u8, out JsonNode status))
            return default;
        if (status.Kind == JsonKind.Object)
            return OfTask(body);
        bool mcp = status.Kind == JsonKind.String && body.TryGetMember("task_id"u8, out _);
        return mcp ? new(PayloadFormat.Mcp, body.TryGetMember("result"u8, out JsonNode result) && result.Kind != JsonKind.Null ? result : default) : default;
    }

    /// <summary>The one member of an A2A 1.0 stream response.</summary>
    private static (string Member, JsonNode Inner)? Wrapped(JsonNode body)
    {
        if (body.Kind != JsonKind.Object || body.Count != 1)
            return null;
        JsonNode inner = body.MemberAt(0);
        if (inner.Kind != JsonKind.Object)
            return null;
        return body.TryGetMember("task"u8, out _) ? ("task", inner)
            : body.TryGetMember("statusUpdate"u8, out _) ? ("statusUpdate", inner)
            : body.TryGetMember("artifactUpdate"u8, out _) ? ("artifactUpdate", inner)
            : body.TryGetMember("message"u8, out _) ? ("message", inner)
            : null;
    }

    private static WebhookPayload OfTask(JsonNode task)
    {
        // An artifact update has no state of its own: it adds to a task and ends none.
        if (!task.TryGetMember("status"u8, out JsonNode status) || status.Kind != JsonKind.Object || !status.TryGetMember("state"u8, out JsonNode state) || state.Kind != JsonKind.String)
            return task.TryGetMember("artifact"u8, out JsonNode added) ? Found(DataPart(added, last: true)) : default;
        JsonNode said = status.TryGetMember("message"u8, out JsonNode message) ? message : default;
        if (!IsFinal(state.GetString()))
            return Found(DataPart(said, last: false));
        JsonNode result = task.TryGetMember("artifacts"u8, out JsonNode artifacts) && artifacts.Kind == JsonKind.Array && artifacts.Count > 0 ? DataPart(First(artifacts), last: true) : default;
        return Found(result.Exists ? result : DataPart(said, last: true));
    }

    /// <summary>Data that is nothing but <c>{response: {…}}</c> is a framework's wrapper that was never taken off, and no payload.</summary>
    private static WebhookPayload Found(JsonNode data) =>
        data.Exists && data.Count == 1 && data.TryGetMember("response"u8, out JsonNode inner) && inner.Kind == JsonKind.Object
            ? new(PayloadFormat.A2a, default, "data wrapped in a response")
            : new(PayloadFormat.A2a, data);

    /// <summary>A2A 1.0 says <c>TASK_STATE_INPUT_REQUIRED</c> where 0.3 said <c>input-required</c>.</summary>
    private static bool IsFinal(string state)
    {
        const string prefix = "TASK_STATE_";
        string plain = state.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) ? state[prefix.Length..] : state;
        return plain.ToUpperInvariant() is "COMPLETED" or "FAILED" or "CANCELED" or "REJECTED";
    }

    private static JsonNode DataPart(JsonNode holder, bool last)
    {
        JsonNode found = default;
        if (!holder.Exists || !holder.TryGetMember("parts"u8, out JsonNode parts) || parts.Kind != JsonKind.Array)
            return found;
        foreach (JsonNode part in parts.Items)
        {
            // 0.3 names the kind of a part, 1.0 only the member that holds it.
            bool isData = part.TryGetMember("data"u8, out JsonNode data) && data.Kind == JsonKind.Object
                && (!part.TryGetMember("kind"u8, out JsonNode kind) || kind.StringEquals("data"u8));
            if (!isData)
                continue;
            found = data;
            if (!last)
                break;
        }

        return found;
    }

    private static JsonNode First(JsonNode items)
    {
        foreach (JsonNode item in items.Items)
            return item;
        return default;
    }
}
