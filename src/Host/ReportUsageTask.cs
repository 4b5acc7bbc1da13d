using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>The task <c>report_usage</c>, whichever way the request came: version, schema, key, intake.</summary>
/// <remarks>A malformed request must not learn whether its key is known, so the schema is asked first.</remarks>
internal static class ReportUsageTask
{
    /// <summary>As it is called.</summary>
    public const string Name = "report_usage";

    private static readonly CompiledSchema RequestSchema = SchemaSet.Embedded["adcp/3.1/report-usage-request.json"];

    /// <param name="request">Strict JSON of any shape.</param>
    /// <param name="caller">Who may report.</param>
    /// <param name="intake">Where it is recorded.</param>
    public static async Task<AdcpAnswer> AnswerAsync(JsonNode request, Caller caller, Intake intake)
    {
        (string version, AdcpError? unsupported) = AdcpVersions.Negotiate(request);
        var envelope = new Envelope(Envelope.ContextOf(request), version);
        if (unsupported is not null)
            return AdcpAnswer.Failed(unsupported, envelope);
        var violations = new List<SchemaViolation>();
        if (!RequestSchema.Validate(request, violations) && violations.Exists(v => RecordOf(v.Pointer) is null))
        {
            SchemaViolation first = violations.First(v => RecordOf(v.Pointer) is null);
            return AdcpAnswer.Failed(AdcpError.Malformed([first, .. violations.Where(v => v != first)]), envelope);
        }

        request.TryGetMember("idempotency_key"u8, out JsonNode key);
        if (!IsKey(key.GetString()))
            return AdcpAnswer.Failed(new AdcpError(ProtocolError.InvalidRequest, "idempotency_key must be 16 to 255 characters of A-Z a-z 0-9 _ . : -", "idempotency_key"), envelope);
        return await intake.RecordAsync(caller, request, key.GetString(), violations, envelope);
    }

    /// <summary>Rule IDEM-1: the prose's key pattern is enforced although the schema has none (gap G19).</summary>
    private static bool IsKey(string key) => key.Length is >= 16 and <= 255 && key.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or ':' or '-');

    /// <summary>The record a pointer lies in; null for the root. A violation inside a record is that record's alone.</summary>
    internal static int? RecordOf(string pointer)
    {
        const string usage = "/usage/";
        if (!pointer.StartsWith(usage, StringComparison.Ordinal))
            return null;
        int end = pointer.IndexOf('/', usage.Length);
        return int.TryParse(end < 0 ? pointer.AsSpan(usage.Length) : pointer.AsSpan(usage.Length, end - usage.Length), out int index) ? index : null;
    }

    /// <summary>A pointer in the form errors name fields in: <c>usage[1].currency</c>.</summary>
    internal static string FieldOf(string pointer)
    {
        var field = new System.Text.StringBuilder();
        foreach (string part in pointer.Split('/').Skip(1))
        {
            if (part.Length > 0 && part.All(char.IsAsciiDigit))
                field.Append('[').Append(part).Append(']');
            else
                field.Append(field.Length > 0 ? "." : "").Append(part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal));
        }

        return field.ToString();
    }
}
