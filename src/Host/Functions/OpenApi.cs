using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using AdcpFunctions.Protocol;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Host.Functions;

/// <summary><c>GET /openapi/v1.json</c>: every public route, with the very schemas its bodies are judged by.</summary>
/// <remarks>
/// The routes stand in <c>openapi.v1.json</c>, written by hand and held to the mapped routes by a test: they read their bodies
/// themselves, against schemas, so nothing that looks at handlers could tell what is in them. The schemas are put in here.
/// </remarks>
internal static class OpenApi
{
    private static readonly Uri Root = new("https://schemas.adcp-functions.invalid/");

    private static readonly Lazy<byte[]> Document = new(Compose);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/openapi/v1.json", async http =>
    {
        http.Response.ContentType = "application/json";
        await http.Response.BodyWriter.WriteAsync(Document.Value, http.RequestAborted);
    });

    private static byte[] Compose()
    {
        JsonObject document = Read(typeof(OpenApi).Assembly, "openapi.v1.json");
        JsonNode components = document["components"]!;
        JsonObject schemas = components["schemas"]!.AsObject();
        Point(document["paths"], null, schemas);
        Point(components["responses"], null, schemas);
        using var body = new MemoryStream();
        using (var writer = new Utf8JsonWriter(body))
            document.WriteTo(writer);
        return body.ToArray();
    }

    /// <summary>Makes every reference one into this document, and takes in the schema it is to.</summary>
    private static void Point(JsonNode? node, string? schema, JsonObject schemas)
    {
        switch (node)
        {
            case JsonObject members:
                if (members["$ref"] is JsonValue reference)
                    members["$ref"] = Target(reference.GetValue<string>(), schema, schemas);
                foreach ((_, JsonNode? member) in members)
                    Point(member, schema, schemas);
                break;
            case JsonArray items:
                foreach (JsonNode? item in items)
                    Point(item, schema, schemas);
                break;
        }
    }

    private static string Target(string reference, string? schema, JsonObject schemas)
    {
        if (schema is null && reference[0] == '#')
            return reference;
        var target = new Uri(schema is null ? Root : new Uri(Root, schema), reference);
        string path = target.AbsolutePath[1..];
        string name = path["schemas/".Length..^".json".Length].Replace('/', '.');
        if (!schemas.ContainsKey(name))
        {
            JsonObject taken = Read(typeof(SchemaSet).Assembly, path);
            taken.Remove("$schema");
            taken.Remove("$id");
            schemas[name] = taken;
            Point(taken, path, schemas);
        }

        return $"#/components/schemas/{name}{target.Fragment.TrimStart('#')}";
    }

    private static JsonObject Read(Assembly assembly, string resource)
    {
        using Stream stream = assembly.GetManifestResourceStream(resource) ?? throw new InvalidOperationException($"'{resource}' is not embedded.");
        return JsonNode.Parse(stream)!.AsObject();
    }
}
