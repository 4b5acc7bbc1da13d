using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>Which release of AdCP a request is answered in.</summary>
/// <remarks>Spec: AdCP 3.1, reference/versioning; core/version-envelope.</remarks>
internal static class AdcpVersions
{
    /// <summary>The release everything is answered in that does not ask for another.</summary>
    public const string Default = "3.1";

    /// <summary>Served, ascending.</summary>
    public static readonly IReadOnlyList<string> Supported = ["3.0", "3.1"];

    private const int Major = 3;

    /// <summary>Rule VER-3: a listed release is served as it is; an unlisted one of the same major by the highest that is not above it.</summary>
    /// <remarks>A pre-release is served only where it is listed, and the two fields must name the same major.</remarks>
    /// <returns>The release served, or why there is none.</returns>
    public static (string Served, AdcpError? Refused) Negotiate(JsonNode request)
    {
        bool pinned = request.TryGetMember("adcp_version"u8, out JsonNode version);
        int? asked = request.TryGetMember("adcp_major_version"u8, out JsonNode major) ? major.TryGetInt64(out long number) && number is > 0 and < 100 ? (int)number : -1 : null;
        if (!pinned)
            return asked is null or Major ? (Default, null) : (Default, Unsupported);
        string pin = version.GetString();
        string[] parts = pin.Split('.', '-');
        if (asked is { } stated && !string.Equals(parts[0], stated.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal))
            return (Default, Unsupported);
        if (Supported.Contains(pin))
            return (pin, null);
        bool release = !pin.Contains('-', StringComparison.Ordinal) && parts[0] == "3" && int.TryParse(parts[1], System.Globalization.CultureInfo.InvariantCulture, out _);
        return release ? (Supported[^1], null) : (Default, Unsupported);
    }

    private static AdcpError Unsupported => new(ProtocolError.VersionUnsupported, "This version of AdCP is not served here.", SupportedVersions: Supported);
}
