using System.Text.Json.Nodes;

namespace AdcpFunctions.Tests.Support;

/// <summary>Valid documents drawn from an official schema: optional members and alternatives by chance.</summary>
/// <param name="optional">How many of a hundred optional members come up; at 100 nothing is null and arrays have one item, so that every place comes once.</param>
public sealed class SchemaSample(string folder, Random random, int optional)
{
    private const string Prefix = "/schemas/3.1.19/";

    private static readonly Dictionary<string, string> Matching = new(StringComparer.Ordinal)
    {
        ["^[A-Z]{3}$"] = "EUR",
        ["^[A-Za-z0-9_.:-]{16,255}$"] = "sample.key:0123456789",
        ["^[A-Za-z0-9_.:-]{1,255}$"] = "op_1",
        ["^[\\x20-\\x7E]+$"] = "opaque token",
        ["^\\d+\\.\\d+(-[a-zA-Z0-9.-]+)?$"] = "3.1",
        ["^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$"] = "brand.example.com",
        ["^[a-z0-9_]+$"] = "brand_1",
        ["^https://"] = "https://example.com/agent",
        ["^#[0-9a-fA-F]{6}$"] = "#00ffAA",
        ["^[a-z][a-z0-9_]*$"] = "attention_1",
    };

    private readonly Dictionary<string, JsonObject> _documents = new(StringComparer.Ordinal);

    public JsonNode? Of(string path)
    {
        if (!_documents.TryGetValue(path, out JsonObject? schema))
        {
            string file = Path.Combine(folder, path);
            schema = File.Exists(file) ? JsonNode.Parse(File.ReadAllText(file))!.AsObject() : [];
            _documents.Add(path, schema);
        }

        return Draw(schema);
    }

    private JsonNode? Draw(JsonObject schema)
    {
        if (schema["$ref"] is { } reference)
            return Of(reference.GetValue<string>()[Prefix.Length..]);
        if (schema["enum"] is JsonArray allowed)
            return random.Pick(allowed)?.DeepClone();
        if (schema["const"] is { } constant)
            return constant.DeepClone();

        // Wrapped so that a description may stand beside the reference.
        if (!schema.ContainsKey("type") && !schema.ContainsKey("properties") && schema["allOf"] is JsonArray { Count: 1 } wrapped)
            return Draw(wrapped[0]!.AsObject());

        JsonNode? drawn = DrawType(schema);
        if (drawn is not JsonObject members)
            return drawn;
        foreach (JsonNode? part in schema["allOf"] as JsonArray ?? [])
            Merge(members, Draw(part!.AsObject()));
        if (schema["oneOf"] is JsonArray forms)
            Merge(members, Draw(random.Pick(forms)!.AsObject()));
        return members;
    }

    private JsonNode? DrawType(JsonObject schema)
    {
        string type = schema["type"] switch
        {
            JsonArray several => (optional == 100 ? several[0] : random.Pick(several))!.GetValue<string>(),
            { } one => one.GetValue<string>(),
            null => schema.ContainsKey("properties") || schema.ContainsKey("allOf") || schema.ContainsKey("oneOf") ? "object" : "nothing",
        };
        return type switch
        {
            "object" => DrawObject(schema),
            "array" => DrawArray(schema),
            "string" => DrawText(schema),
            "integer" => schema["minimum"]?.GetValue<int>() ?? 7,
            "number" => DrawNumber(schema),
            "boolean" => random.Next(2) == 0,
            _ => null,
        };
    }

    private JsonObject DrawObject(JsonObject schema)
    {
        HashSet<string> required = [.. (schema["required"] as JsonArray ?? []).Select(name => name!.GetValue<string>())];
        var members = new JsonObject();
        foreach ((string name, JsonNode? property) in schema["properties"] as JsonObject ?? [])
        {
            if (required.Contains(name) || random.Next(100) < optional || schema.ContainsKey("dependencies") || schema.ContainsKey("anyOf") || schema.ContainsKey("minProperties"))
                members[name] = Draw(property!.AsObject());
        }

        // What an if/then asks for is asked for always; a member too many does not make these documents invalid.
        if (members.ContainsKey("kind") && schema["properties"]!["period"] is JsonObject period)
            members["period"] = Draw(period);
        return members;
    }

    private JsonArray DrawArray(JsonObject schema)
    {
        int most = optional == 100 ? 1 : schema["maxItems"]?.GetValue<int>() ?? 2;
        JsonObject item = schema["items"]?.AsObject() ?? [];
        return new JsonArray([.. Enumerable.Range(0, random.Next(1, most + 1)).Select(_ => Draw(item)).DistinctBy(drawn => drawn?.ToJsonString())]);
    }

    private JsonNode DrawNumber(JsonObject schema)
    {
        decimal least = schema["minimum"]?.GetValue<decimal>() ?? -5;
        decimal most = schema["maximum"]?.GetValue<decimal>() ?? least + 10;
        return random.Pick([least, most, (least + most) / 2]);
    }

    private static JsonNode DrawText(JsonObject schema)
    {
        if (schema["pattern"] is { } pattern)
            return Matching[pattern.GetValue<string>()];
        string text = schema["format"]?.GetValue<string>() switch
        {
            "date-time" => "2026-02-01T09:30:00.5+01:00",
            "uri" => "https://example.com/x?y=1",
            "email" => "privacy@example.com",
            _ => "text",
        };
        return text.PadRight(schema["minLength"]?.GetValue<int>() ?? 0, 'z');
    }

    private static void Merge(JsonObject into, JsonNode? from)
    {
        foreach ((string name, JsonNode? value) in from as JsonObject ?? [])
            into[name] = value?.DeepClone();
    }
}
