namespace AdcpFunctions.Protocol;

/// <summary>Whether a sender may try again, and how.</summary>
public enum Recovery
{
    /// <summary>The same request may succeed later.</summary>
    Transient,

    /// <summary>A corrected request may succeed.</summary>
    Correctable,

    /// <summary>No request will succeed.</summary>
    Terminal,
}

/// <summary>An error code of the protocol, with what a sender should make of it.</summary>
/// <remarks>Spec: AdCP 3.1, enums/error-code and core/error ("Senders MUST populate error.recovery on every error").</remarks>
/// <param name="Code">As on the wire.</param>
/// <param name="Recovery">Always sent.</param>
/// <param name="HttpStatus">The status of a request that fails with it; 200 for errors of single records.</param>
public sealed record ProtocolError(string Code, Recovery Recovery, int HttpStatus)
{
    public static readonly ProtocolError InvalidRequest = new("INVALID_REQUEST", Recovery.Correctable, 400);
    public static readonly ProtocolError BodyTooLarge = new("INVALID_REQUEST", Recovery.Correctable, 413);
    public static readonly ProtocolError NotJson = new("INVALID_REQUEST", Recovery.Correctable, 415);
    public static readonly ProtocolError VersionUnsupported = new("VERSION_UNSUPPORTED", Recovery.Correctable, 400);
    public static readonly ProtocolError AuthMissing = new("AUTH_MISSING", Recovery.Correctable, 401);
    public static readonly ProtocolError AuthInvalid = new("AUTH_INVALID", Recovery.Terminal, 401);
    public static readonly ProtocolError PermissionDenied = new("PERMISSION_DENIED", Recovery.Correctable, 403);
    public static readonly ProtocolError IdempotencyConflict = new("IDEMPOTENCY_CONFLICT", Recovery.Correctable, 409);
    public static readonly ProtocolError IdempotencyInFlight = new("IDEMPOTENCY_IN_FLIGHT", Recovery.Transient, 409);
    public static readonly ProtocolError IdempotencyExpired = new("IDEMPOTENCY_EXPIRED", Recovery.Correctable, 410);
    public static readonly ProtocolError CredentialInArgs = new("CREDENTIAL_IN_ARGS", Recovery.Terminal, 400);
    public static readonly ProtocolError RateLimited = new("RATE_LIMITED", Recovery.Transient, 429);
    public static readonly ProtocolError ServiceUnavailable = new("SERVICE_UNAVAILABLE", Recovery.Transient, 503);
    public static readonly ProtocolError UnsupportedGranularity = new("UNSUPPORTED_GRANULARITY", Recovery.Correctable, 400);
    public static readonly ProtocolError UnsupportedFeature = new("UNSUPPORTED_FEATURE", Recovery.Correctable, 400);
    public static readonly ProtocolError NoSuchAccount = new("ACCOUNT_NOT_FOUND", Recovery.Terminal, 404);

    public static readonly ProtocolError AccountNotFound = new("ACCOUNT_NOT_FOUND", Recovery.Terminal, 200);
    public static readonly ProtocolError AccountSetupRequired = new("ACCOUNT_SETUP_REQUIRED", Recovery.Correctable, 200);
    public static readonly ProtocolError MediaBuyNotFound = new("MEDIA_BUY_NOT_FOUND", Recovery.Correctable, 200);
    public static readonly ProtocolError InvalidUsageData = new("INVALID_USAGE_DATA", Recovery.Correctable, 200);
    public static readonly ProtocolError InvalidPricingOption = new("INVALID_PRICING_OPTION", Recovery.Correctable, 200);
    public static readonly ProtocolError BillingOutOfBand = new("BILLING_OUT_OF_BAND", Recovery.Terminal, 200);
}
