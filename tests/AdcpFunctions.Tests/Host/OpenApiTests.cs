using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Architecture;
using AdcpFunctions.Tests.Support;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AdcpFunctions.Tests.Host;

/// <summary>The document says what is mapped, and its schemas are those bodies are judged by.</summary>
public sealed class OpenApiTests : IAsyncLifetime
{
    private const string Components = "#/components/schemas/";

    private TestHost _host = null!;
    private JsonNode _document = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await TestHost.StartAsync();
        HttpAnswer answer = await _host.GetAsync("/openapi/v1.json", key: null);
        Assert.Equal("application/json", answer.MediaType);
        _document = answer.Json;
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public void It_names_every_mapped_route_and_no_other()
    {
        IEnumerable<string> mapped = _host.Services.GetRequiredService<EndpointDataSource>().Endpoints.Cast<RouteEndpoint>()
            .SelectMany(e => e.Metadata.GetRequiredMetadata<IHttpMethodMetadata>().HttpMethods.Select(m => $"{m} {e.RoutePattern.RawText}"));

        Assert.StartsWith("3.1.", (string?)_document["openapi"], StringComparison.Ordinal);
        Assert.Equal(mapped.Order(), Operations().Select(o => $"{o.Method} {o.Path}").Order());
        Assert.Equal(Operations().Count, Operations().Select(o => (string?)o.Operation["operationId"]).Distinct().Count());
    }

    [Fact]
    public void Every_reference_is_to_something_in_the_document()
    {
        string[] references = [.. References(_document)];

        Assert.NotEmpty(references);
        Assert.All(references, reference => Assert.NotNull(Find(reference)));
    }

    [Fact]
    public void Every_part_of_a_path_in_braces_is_a_parameter()
    {
        foreach ((_, string path, JsonNode operation) in Operations())
        {
            IEnumerable<string> said = (operation["parameters"]?.AsArray() ?? []).Select(p => p!["$ref"] is { } reference ? Find((string)reference!)! : p)
                .Where(p => (string?)p["in"] == "path").Select(p => (string)p["name"]!);
            Assert.Equal(SourceTree.Captures(path, @"\{(?<it>\w+)\}"), said);
        }
    }

    [Fact]
    public void What_it_says_of_an_answer_is_what_every_answer_is_judged_by()
    {
        foreach ((HttpMethod method, string path, JsonNode operation) in Operations().Where(o => o.Path.StartsWith("/v1/", StringComparison.Ordinal)))
        {
            foreach ((string status, JsonNode? response) in operation["responses"]!.AsObject())
            {
                string expected = status == "default" ? "#/components/responses/Problem" : Components + TestHost.SchemaOf(method, path).Replace(".json", "", StringComparison.Ordinal);
                JsonNode? said = status == "default" ? response!["$ref"] : (response!["content"]!["application/json"] ?? response["content"]!["application/x-ndjson"])!["schema"]!["$ref"];
                Assert.Equal((path, expected), (path, (string?)said));
            }
        }
    }

    [Fact]
    public void What_it_says_of_a_request_is_what_the_route_reads_it_by()
    {
        string[] said = [.. Operations().Where(o => o.Path != "/mcp").Select(o => o.Operation["requestBody"]).OfType<JsonNode>().Select(b => (string)b["content"]!["application/json"]!["schema"]!["$ref"]!)];
        IEnumerable<string> read = SourceTree.In("Host").Where(f => f.Path.StartsWith("Host/Functions/", StringComparison.Ordinal) || f.Path == "Host/ReportUsageTask.cs").SelectMany(f => SourceTree.Captures(f.Text, "JsonBody.ReadAsync\\([^\"]*\"(?<it>[^\"]+)\"|SchemaSet.Embedded\\[\"(?<it>[^\"]+)\""));

        Assert.Equal(
            read.Select(path => Components + path.Replace(".json", "", StringComparison.Ordinal).Replace('/', '.')).Order(),
            said.Order());
    }

    [Fact]
    public void Its_schemas_are_the_files_of_schemas()
    {
        foreach ((string name, JsonNode? schema) in _document["components"]!["schemas"]!.AsObject().Where(s => s.Key is not ("Status" or "Readiness")))
        {
            string path = name.StartsWith("adcp.3.1.", StringComparison.Ordinal) ? "adcp/3.1/" + name["adcp.3.1.".Length..] : name;
            JsonObject file = JsonNode.Parse(File.ReadAllText(Path.Combine(SharedAssets.RepositoryRoot, "schemas", path + ".json")))!.AsObject();
            file.Remove("$schema");
            file.Remove("$id");
            Blank(file);
            JsonNode copy = schema!.DeepClone();
            Blank(copy);
            Assert.True(JsonNode.DeepEquals(file, copy), name);
        }
    }

    private List<(HttpMethod Method, string Path, JsonNode Operation)> Operations() =>
    [
        .. _document["paths"]!.AsObject().SelectMany(p => p.Value!.AsObject().Select(o => (HttpMethod.Parse(o.Key.ToUpperInvariant()), p.Key, o.Value!))),
    ];

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject members => members.SelectMany(m => m.Key == "$ref" ? [(string)m.Value!] : References(m.Value)),
        JsonArray items => items.SelectMany(References),
        _ => [],
    };

    private JsonNode? Find(string reference)
    {
        Assert.StartsWith("#/", reference, StringComparison.Ordinal);
        return reference[2..].Split('/').Aggregate((JsonNode?)_document, (node, part) => node?[part.Replace("~1", "/", StringComparison.Ordinal)]);
    }

    /// <summary>Makes references alike: only they differ between a file and its copy.</summary>
    private static void Blank(JsonNode? node)
    {
        if (node is JsonObject members)
        {
            if (members.ContainsKey("$ref"))
                members["$ref"] = "";
            foreach ((_, JsonNode? member) in members)
                Blank(member);
        }
        else if (node is JsonArray items)
        {
            foreach (JsonNode? item in items)
                Blank(item);
        }
    }
}
