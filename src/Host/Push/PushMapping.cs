using System.Buffers;
using System.Globalization;
using System.Text;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Protocol;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>One usage record to be, and what is summed into it.</summary>
/// <param name="Account">An account reference, as canonical JSON: however it is spelled, one account is one.</param>
internal sealed record MappingLine(string Account, string MediaBuyId, string? PricingOptionId, string? MeasurementWindow, string Currency, PricingModel Model, decimal Rate)
{
    /// <summary>The count that is priced.</summary>
    public string Metric => BillingMetric.NameOf(Model)!;
}

/// <summary>How an ad server's export becomes usage records (<c>schemas/push-mapping.v1.json</c>).</summary>
/// <param name="KeyColumn">The heading rows are joined by.</param>
/// <param name="DateColumn">Null where rows are of the whole period.</param>
/// <param name="Counts">Wire name and heading of each count.</param>
/// <param name="Lines">By key.</param>
internal sealed record PushMapping(
    string KeyColumn, string? DateColumn, IReadOnlyList<(string Metric, string Column)> Counts, string DateFormat, TimeSpan? UtcOffset, IReadOnlyDictionary<string, MappingLine> Lines)
{
    private static readonly CompiledSchema Schema = SchemaSet.Embedded["push-mapping.v1.json"];

    public IEnumerable<string> Columns => [KeyColumn, .. DateColumn is null ? [] : new[] { DateColumn }, .. Counts.Select(count => count.Column)];

    /// <exception cref="InvalidDataException">The file is no mapping, or leaves something to guess.</exception>
    public static PushMapping Read(ReadOnlyMemory<byte> file)
    {
        using JsonTape tape = JsonTape.Rent();
        if (!tape.TryRead(file, JsonLimits.Default, out JsonFault fault))
            throw new InvalidDataException($"The mapping is no JSON: {fault.Kind} at byte {fault.Offset}.");
        var violations = new List<SchemaViolation>();
        if (!Schema.Validate(tape.Root, violations))
            throw new InvalidDataException($"The mapping, at {(violations[0].Pointer.Length == 0 ? "its root" : violations[0].Pointer)}: {violations[0].Message}");

        JsonNode root = tape.Root;
        root.TryGetMember("columns"u8, out JsonNode columns);
        columns.TryGetMember("counts"u8, out JsonNode counts);
        var metrics = new List<(string, string)>();
        foreach (JsonMember count in counts.Members)
            metrics.Add((Encoding.UTF8.GetString(count.Name), count.Value.GetString()));
        string? offset = Text(root, "utc_offset");
        var mapping = new PushMapping(
            Text(columns, "key")!, Text(columns, "date"), metrics, Text(root, "date_format") ?? "M/d/yyyy",
            offset is null ? null : TimeSpan.Parse(offset.TrimStart('+'), CultureInfo.InvariantCulture), LinesOf(root, metrics));
        return mapping.Columns.Distinct(StringComparer.Ordinal).Count() == mapping.Columns.Count()
            ? mapping
            : throw new InvalidDataException("The mapping names a column twice.");
    }

    /// <summary>Rule PUSH-2: a row counts for one record, and a record says all it is priced by.</summary>
    private static Dictionary<string, MappingLine> LinesOf(JsonNode root, List<(string Metric, string Column)> counts)
    {
        var lines = new Dictionary<string, MappingLine>(StringComparer.Ordinal);
        var records = new HashSet<(string, string, string?, string?)>();
        root.TryGetMember("lines"u8, out JsonNode all);
        foreach (JsonNode node in all.Items)
        {
            MappingLine line = LineOf(root, node);
            if (!counts.Exists(count => count.Metric == line.Metric))
                throw new InvalidDataException($"The mapping prices {line.MediaBuyId} by {line.Metric}, and columns.counts has none.");
            if (!records.Add((line.Account, line.MediaBuyId, line.PricingOptionId, line.MeasurementWindow)))
                throw new InvalidDataException($"The mapping has two lines for {line.MediaBuyId}{(line.PricingOptionId is null ? "" : $" and {line.PricingOptionId}")}: they would be one record. Put their keys together.");
            node.TryGetMember("keys"u8, out JsonNode keys);
            foreach (JsonNode key in keys.Items)
            {
                if (!lines.TryAdd(key.GetString(), line))
                    throw new InvalidDataException($"The mapping names the key '{Shown.Of(key.GetString())}' twice: its rows would count twice.");
            }
        }

        return lines;
    }

    private static MappingLine LineOf(JsonNode root, JsonNode node)
    {
        string buy = Text(node, "media_buy_id")!;
        JsonNode account = Inherited(root, node, "account") ?? throw new InvalidDataException($"The mapping names no account for {buy}.");
        string currency = Inherited(root, node, "currency")?.GetString() ?? throw new InvalidDataException($"The mapping names no currency for {buy}.");
        string model = Text(node, "pricing_model")!;
        var reference = new ArrayBufferWriter<byte>();
        CanonicalJson.Write(account, reference, CanonicalExclusions.None);
        return new MappingLine(
            Encoding.UTF8.GetString(reference.WrittenSpan), buy, Text(node, "pricing_option_id"), Inherited(root, node, "measurement_window")?.GetString(), currency,
            Enum.GetValues<PricingModel>().First(known => HostJson.Name(known) == model), decimal.Parse(Text(node, "rate")!, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture));
    }

    private static JsonNode? Inherited(JsonNode root, JsonNode line, string name)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(name);
        return line.TryGetMember(utf8, out JsonNode own) ? own : root.TryGetMember(utf8, out JsonNode common) ? common : null;
    }

    private static string? Text(JsonNode node, string name) => node.TryGetMember(Encoding.UTF8.GetBytes(name), out JsonNode value) ? value.GetString() : null;
}
