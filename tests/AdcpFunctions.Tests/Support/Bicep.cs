using System.Text.Json;

namespace AdcpFunctions.Tests.Support;

/// <summary>What one line of a template declares: a param, var, resource, module or output.</summary>
/// <param name="Type">A resource's type and version, a module's path, a parameter's type.</param>
/// <param name="Value">Literals as they are; any other expression is <c>{ "expression": its text }</c>, see <c>npm/bicep.mjs</c>.</param>
public sealed record BicepDeclaration(string Kind, string? Name, string? Type, JsonElement Value, JsonElement Decorators, bool Required, bool Existing)
{
    /// <summary>The body of what is declared, also when it is declared once for each of something.</summary>
    public JsonElement Body => Value.ValueKind == JsonValueKind.Object && Value.TryGetProperty("each", out JsonElement each) ? each : Value;

    public string ResourceType => Type!.Split('@')[0];

    /// <summary>The value at a path of names; undefined when there is none.</summary>
    public JsonElement At(string path)
    {
        JsonElement at = Body;
        foreach (string name in path.Split('.'))
            at = at.ValueKind == JsonValueKind.Object && at.TryGetProperty(name, out JsonElement next) ? next : default;
        return at;
    }

    /// <summary>The text of the expression at a path, or the literal.</summary>
    public string Text(string path) => Bicep.Text(At(path));
}

/// <summary>A template as the Bicep grammar reads it.</summary>
public sealed record BicepFile(string File, string Source, IReadOnlyList<string> Errors, IReadOnlyList<BicepDeclaration> Declarations)
{
    public IEnumerable<BicepDeclaration> Of(string kind) => Declarations.Where(d => d.Kind == kind);

    public BicepDeclaration The(string kind, string name) => Of(kind).Single(d => d.Name == name);
}

/// <summary>Reads templates with the grammar of npm's <c>tree-sitter-bicep</c>: the Bicep compiler itself cannot be installed here.</summary>
public static class Bicep
{
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    private static readonly Lock Gate = new();
    private static Task<IReadOnlyList<BicepFile>>? _deployment;

    public static string Folder { get; } = Path.Combine(SharedAssets.RepositoryRoot, "infra");

    /// <summary>Everything in <c>infra</c>.</summary>
    public static Task<IReadOnlyList<BicepFile>> DeploymentAsync()
    {
        lock (Gate)
            return _deployment ??= ReadAsync([.. Directory.EnumerateFiles(Folder, "*.bicep*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)]);
    }

    /// <summary>One file of it, by its path below <c>infra</c>.</summary>
    public static async Task<BicepFile> FileAsync(string path) =>
        (await DeploymentAsync()).Single(f => Path.GetRelativePath(Folder, f.File).Replace('\\', '/') == path);

    public static async Task<IReadOnlyList<BicepFile>> ReadAsync(params string[] files)
    {
        await NodeModules.EnsureAsync();
        (int code, string output) = await NodeModules.RunAsync("node", ["--no-warnings", "bicep.mjs", .. files]);
        return code == 0
            ? JsonSerializer.Deserialize<IReadOnlyList<BicepFile>>(output, Web)!
            : throw new InvalidOperationException($"bicep.mjs ended with {code}: {output}");
    }

    public static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Object when value.TryGetProperty("expression", out JsonElement expression) => expression.GetString()!,
        JsonValueKind.Undefined => "",
        _ => value.GetRawText(),
    };
}
