using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Adapters;

/// <summary>A row as it is stored, with the mark of the batch that wrote it last; null when something else wrote it.</summary>
internal readonly record struct StoredRow(TableRow Row, string? Mark);

/// <summary>Rows as Table Storage's JSON, and back.</summary>
/// <remarks>
/// A column is a property of type Edm.Binary; whatever has another type is no column: the keys, the time, and our mark, whose name begins
/// with what no column's name may. Spec: Azure Storage, "Payload format for Table service operations".
/// </remarks>
internal static class EntityJson
{
    private const string MarkName = "_mark";
    private const string TypeSuffix = "@odata.type";

    // Keys hold quotes and letters of any alphabet; this JSON is never shown by a browser.
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(IBufferWriter<byte> output, string partition, TableRow row, string mark)
    {
        using var json = new Utf8JsonWriter(output, Compact);
        json.WriteStartObject();
        json.WriteString("PartitionKey", partition);
        json.WriteString("RowKey", row.RowKey);
        json.WriteString(MarkName, mark);
        foreach (Column column in row.Columns)
        {
            json.WriteString(column.Name + TypeSuffix, "Edm.Binary");
            json.WriteBase64String(column.Name, column.Value.Span);
        }

        json.WriteEndObject();
    }

    public static byte[] TableName(string table)
    {
        var output = new ArrayBufferWriter<byte>(80);
        using (var json = new Utf8JsonWriter(output, Compact))
        {
            json.WriteStartObject();
            json.WriteString("TableName", table);
            json.WriteEndObject();
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads the answer to a point read.</summary>
    public static StoredRow ReadRow(ReadOnlyMemory<byte> body)
    {
        using JsonDocument document = Parse(body);
        return Row(document.RootElement);
    }

    /// <summary>Reads the rows of a page.</summary>
    public static IReadOnlyList<TableRow> ReadPage(ReadOnlyMemory<byte> body)
    {
        using JsonDocument document = Parse(body);
        if (!document.RootElement.TryGetProperty("value", out JsonElement value) || value.ValueKind != JsonValueKind.Array)
            throw new AzureTableException("Table Storage answered a query without a list of rows.");

        var rows = new List<TableRow>(value.GetArrayLength());
        foreach (JsonElement entity in value.EnumerateArray())
            rows.Add(Row(entity).Row);
        return rows;
    }

    /// <summary>Reads what Table Storage says of a request it refused; nulls when it says nothing that can be read.</summary>
    public static (string? Code, string? Message) ReadError(ReadOnlyMemory<byte> body)
    {
        if (body.IsEmpty || body.Span[0] != (byte)'{')
            return (null, null);
        using JsonDocument document = Parse(body);
        return document.RootElement.TryGetProperty("odata.error", out JsonElement error)
            && error.TryGetProperty("code", out JsonElement code)
            && error.TryGetProperty("message", out JsonElement message)
            && message.TryGetProperty("value", out JsonElement value)
            ? (code.GetString(), value.GetString())
            : (null, null);
    }

    private static StoredRow Row(JsonElement entity)
    {
        string? key = null, etag = null, mark = null;
        var values = new List<JsonProperty>();
        var binary = new HashSet<string>(StringComparer.Ordinal);
        foreach (JsonProperty property in entity.EnumerateObject())
        {
            if (property.NameEquals("RowKey"))
                key = property.Value.GetString();
            else if (property.NameEquals("odata.etag"))
                etag = property.Value.GetString();
            else if (property.NameEquals(MarkName))
                mark = property.Value.GetString();
            else if (!property.Name.EndsWith(TypeSuffix, StringComparison.Ordinal))
                values.Add(property);
            else if (property.Value.ValueEquals("Edm.Binary"))
                binary.Add(property.Name[..^TypeSuffix.Length]);
        }

        if (key is null || etag is null)
            throw new AzureTableException("Table Storage answered a row without its key or its ETag.");
        List<Column> columns = [.. values.Where(value => binary.Contains(value.Name)).Select(value => new Column(value.Name, value.Value.GetBytesFromBase64()))];
        return new StoredRow(new TableRow(key, columns, etag), mark);
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            return JsonDocument.Parse(body);
        }
        catch (JsonException broken)
        {
            throw new AzureTableException("Table Storage answered something other than JSON.", broken);
        }
    }
}
