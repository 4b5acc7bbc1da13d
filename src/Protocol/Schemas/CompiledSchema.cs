namespace AdcpFunctions.Protocol;

/// <summary>A draft-07 schema, ready to judge values; safe for any number of threads with a tape each.</summary>
public sealed class CompiledSchema
{
    private readonly SchemaNode _root;

    internal CompiledSchema(SchemaNode root) => _root = root;

    /// <summary>The verdict alone.</summary>
    public bool IsValid(JsonNode node) => SchemaCheck.IsValid(_root, node);

    /// <summary>The verdict, and every violation added to <paramref name="violations"/>.</summary>
    public bool Validate(JsonNode node, List<SchemaViolation> violations)
    {
        // Nearly every value is valid, and the verdict alone is far cheaper than a walk that keeps its place.
        if (IsValid(node))
            return true;
        new SchemaExplanation(violations).Explain(_root, node, "false");
        return false;
    }
}
