using System.Globalization;
using System.Text.Json;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>Which release of AdCP a request is answered in.</summary>
/// <remarks>Spec: AdCP 3.1, reference/versioning; core/version-envelope.</remarks>
internal static class AdcpVersions
{
    /// <summary>The release everything is answered in that does not ask for another.</summary>
    public const string Default = "3.1";

    /// <summary>The patch whose schemas this build is held against, and the build itself; for people, never for negotiation.</summary>
    public static readonly string Build = $"3.1.19+adcp-functions.{typeof(AdcpVersions).Assembly.GetName().Version!.ToString(3)}";

    /// <summary>Served, ascending.</summary>
    public static readonly IReadOnlyList<string> Supported = ["3.0", "3.1"];

    /// <summary>The majors of what is served.</summary>
    public static readonly IReadOnlyList<int> Majors = [3];

    /// <summary>Rule VER-5: a listed release is served as it is; an unlisted one of the same major by the highest that is not above it.</summary>
    /// <remarks>
    /// A pre-release is served only where it is listed, and the two fields must name the same major. A field that breaks its schema is
    /// passed over here: the schema says what is wrong with it.
    /// </remarks>
    /// <param name="request">Strict JSON of any shape.</param>
    /// <returns>The release served, or why there is none.</returns>
    public static (string Served, AdcpError? Refused) Negotiate(JsonNode request)
    {
        if (request.Kind != JsonKind.Object)
            return (Default, null);
        long? major = request.TryGetMember("adcp_major_version"u8, out JsonNode legacy) && legacy.TryGetInt64(out long stated) && stated is >= 1 and <= 99 ? stated : null;
        if (!request.TryGetMember("adcp_version"u8, out JsonNode pin) || pin.Kind != JsonKind.String || Release.Read(pin.GetString()) is not { } asked)
            return major is null || Majors.Contains((int)major) ? (Default, null) : (Default, Unsupported);
        if (major is { } said && said.ToString(CultureInfo.InvariantCulture) != asked.Major)
            return (Default, Unsupported);
        if (Supported.Contains(asked.Text))
            return (asked.Text, null);
        return Supported.LastOrDefault(asked.IsServedBy) is { } served ? (served, null) : (Default, Unsupported);
    }

    /// <summary>What a sender needs to try again: the details of <c>VERSION_UNSUPPORTED</c>.</summary>
    public static void WriteDetails(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        WriteSupported(writer, "supported_majors"u8);
        writer.WriteString("build_version"u8, Build);
        writer.WriteEndObject();
    }

    /// <summary>The releases served and, by the name the place calls for, their majors.</summary>
    public static void WriteSupported(Utf8JsonWriter writer, ReadOnlySpan<byte> majorsName)
    {
        writer.WriteStartArray(majorsName);
        foreach (int major in Majors)
            writer.WriteNumberValue(major);
        writer.WriteEndArray();
        writer.WriteStartArray("supported_versions"u8);
        foreach (string version in Supported)
            writer.WriteStringValue(version);
        writer.WriteEndArray();
    }

    private static AdcpError Unsupported => new(ProtocolError.VersionUnsupported, $"This release of AdCP is not served here; {string.Join(" and ", Supported)} are.");

    /// <summary>A release as pinned.</summary>
    /// <param name="Minor">Digits; null for a pre-release, which no range reaches.</param>
    private sealed record Release(string Text, string Major, string? Minor)
    {
        /// <returns>Null for what is no release at all.</returns>
        public static Release? Read(string text)
        {
            int dot = text.IndexOf('.', StringComparison.Ordinal);
            int dash = text.IndexOf('-', StringComparison.Ordinal);
            string minor = dot < 0 ? "" : text[(dot + 1)..(dash > dot ? dash : text.Length)];
            bool shaped = dot > 0 && minor.Length > 0 && text.AsSpan(0, dot).IndexOfAnyExceptInRange('0', '9') < 0 && minor.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0 && dash != text.Length - 1;
            return shaped ? new Release(text, text[..dot], dash < 0 ? minor : null) : null;
        }

        /// <summary>True for a listed release of the same major that is not above this one. A number with leading zeros names no release.</summary>
        public bool IsServedBy(string listed)
        {
            string[] parts = listed.Split('.');
            return Minor is { } minor && parts[0] == Major && (minor.Length == 1 || minor[0] != '0')
                && (minor.Length > parts[1].Length || (minor.Length == parts[1].Length && string.CompareOrdinal(minor, parts[1]) >= 0));
        }
    }
}
