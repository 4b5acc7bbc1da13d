using System.Text;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Tests.Support;

/// <summary>The protocol's own schemas, where they stand beside the repository.</summary>
internal static class OfficialSchemas
{
    public static SchemaSet Load()
    {
        string folder = SharedAssets.Require("adcp-3.1.19/schemas");
        var set = new SchemaSet(new SchemaOptions(AcceptMissingReferences: true));
        foreach (string file in Directory.GetFiles(folder, "*.json", SearchOption.AllDirectories))
            set.Add(Path.GetRelativePath(folder, file).Replace('\\', '/'), File.ReadAllBytes(file));
        return set;
    }

    public static void AssertFits(CompiledSchema schema, string json)
    {
        using JsonTape tape = JsonTape.Rent();
        Assert.True(tape.TryRead(Encoding.UTF8.GetBytes(json), JsonLimits.Default, out _), json);
        var violations = new List<SchemaViolation>();
        Assert.True(schema.Validate(tape.Root, violations), $"{string.Join("; ", violations)}\n{json}");
    }
}
