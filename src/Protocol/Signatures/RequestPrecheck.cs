namespace AdcpFunctions.Protocol;

/// <summary>Which of the two signature headers a request carries.</summary>
public enum SignaturePresence
{
    None,
    Both,

    /// <summary>One without the other: malformed, whatever else the request carries.</summary>
    Half,
}

/// <summary>What a caller called: an AdCP task, or a method of the protocol around it. The two never stand for each other.</summary>
/// <param name="Task">Such as <c>report_usage</c>; null where no task was called.</param>
/// <param name="ProtocolMethod">Such as <c>tasks/cancel</c>; null where a task was.</param>
public readonly record struct CalledOperation(string? Task, string? ProtocolMethod);

/// <summary>What must be signed, as the capabilities say.</summary>
/// <param name="RequiredFor">AdCP tasks.</param>
/// <param name="ProtocolMethodsRequiredFor">Methods of the protocol, such as JSON-RPC's.</param>
public sealed record SigningRequirement(IReadOnlyCollection<string> RequiredFor, IReadOnlyCollection<string> ProtocolMethodsRequiredFor)
{
    /// <summary>Nothing has to be signed, except what names a credential (<see cref="RequestPrecheck.Refusal"/>).</summary>
    public static readonly SigningRequirement None = new([], []);
}

/// <summary>What is settled about a request's signature before the checklist begins.</summary>
/// <remarks>Spec: AdCP 3.1, building/by-layer/L1/security, "Verifier checklist for requests", its pre-checks.</remarks>
public static class RequestPrecheck
{
    private const string Required = "request_signature_required";
    private const string Malformed = "request_signature_header_malformed";

    /// <summary>Which signature headers were sent; a header with an empty value was sent.</summary>
    public static SignaturePresence PresenceOf(HeaderLines headers) =>
        (headers(SignatureFields.InputHeader).Count > 0, headers(SignatureFields.SignatureHeader).Count > 0) switch
        {
            (false, false) => SignaturePresence.None,
            (true, true) => SignaturePresence.Both,
            _ => SignaturePresence.Half,
        };

    /// <summary>Rule SIG-6: an unsigned request passes only where no signature is asked of it; half a signature never falls back to another credential.</summary>
    /// <param name="presence">What was sent.</param>
    /// <param name="called">What was called.</param>
    /// <param name="isIdentified">Whether another credential, such as a bearer key, already says who calls.</param>
    /// <param name="namesCredentials">Whether the payload registers a webhook with a secret (<see cref="NamesCredentials"/>): such a one must be signed whoever calls, or a stolen bearer key could redirect deliveries.</param>
    /// <param name="requirement">What must be signed.</param>
    /// <returns>A code, or null: then the checklist follows where both headers are there, and the other credential decides where none is.</returns>
    public static string? Refusal(SignaturePresence presence, CalledOperation called, bool isIdentified, bool namesCredentials, SigningRequirement requirement)
    {
        if (presence == SignaturePresence.Half)
            return Malformed;
        if (presence == SignaturePresence.Both)
            return null;
        bool isAskedFor = called.Task is { } task && requirement.RequiredFor.Contains(task, StringComparer.Ordinal)
            || called.ProtocolMethod is { } method && requirement.ProtocolMethodsRequiredFor.Contains(method, StringComparer.Ordinal);
        return namesCredentials || isAskedFor && !isIdentified ? Required : null;
    }

    /// <summary>Whether the arguments of a call register a webhook with a non-empty <c>authentication</c>.</summary>
    /// <param name="arguments">The task's own arguments, out of whatever carried them.</param>
    public static bool NamesCredentials(JsonNode arguments)
    {
        if (arguments.TryGetMember("push_notification_config"u8, out JsonNode config) && IsAuthenticated(config))
            return true;
        if (!arguments.TryGetMember("accounts"u8, out JsonNode accounts) || accounts.Kind != JsonKind.Array)
            return false;
        foreach (JsonNode account in accounts.Items)
        {
            if (!account.TryGetMember("notification_configs"u8, out JsonNode configs) || configs.Kind != JsonKind.Array)
                continue;
            foreach (JsonNode each in configs.Items)
            {
                if (IsAuthenticated(each))
                    return true;
            }
        }

        return false;
    }

    private static bool IsAuthenticated(JsonNode config) =>
        config.TryGetMember("authentication"u8, out JsonNode value) && value.Kind switch
        {
            JsonKind.Null => false,
            JsonKind.Object or JsonKind.Array => value.Count > 0,
            _ => true,
        };
}
