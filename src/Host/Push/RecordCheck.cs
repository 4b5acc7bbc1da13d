using System.Buffers;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>Judges a usage record before it is sent, by the schema its receiver judges it by.</summary>
internal sealed class RecordCheck
{
    private static readonly CompiledSchema RequestSchema = SchemaSet.Embedded["adcp/3.1/report-usage-request.json"];

    private readonly ArrayBufferWriter<byte> _request = new();
    private readonly List<SchemaViolation> _violations = [];

    /// <returns>What is wrong with it; null when nothing is.</returns>
    public string? Problem(ReadOnlyMemory<byte> record)
    {
        // Alone first: two values side by side would read as two records inside a request.
        using JsonTape tape = JsonTape.Rent();
        if (!tape.TryRead(record, JsonLimits.Default, out JsonFault fault))
            return $"{fault.Kind} at byte {fault.Offset}";
        if (tape.Root.Kind != JsonKind.Object)
            return "a record is a JSON object";

        _request.ResetWrittenCount();
        _violations.Clear();
        _request.Write("{\"idempotency_key\":\"a-record-by-itself\",\"reporting_period\":{\"start\":\"2026-01-01T00:00:00Z\",\"end\":\"2026-02-01T00:00:00Z\"},\"usage\":["u8);
        _request.Write(record.Span);
        _request.Write("]}"u8);
        tape.TryRead(_request.WrittenMemory, JsonLimits.Default, out _);
        if (RequestSchema.Validate(tape.Root, _violations))
            return null;
        SchemaViolation first = _violations[0];
        string field = ReportUsageTask.FieldOf(first.Pointer).Replace("usage[0]", "", StringComparison.Ordinal).TrimStart('.');
        return field.Length == 0 ? first.Message : $"{field}: {first.Message}";
    }
}
