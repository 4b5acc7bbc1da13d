namespace AdcpFunctions.Protocol;

/// <summary>The types of draft-07 as bits; the first seven stand in the order of <see cref="JsonKind"/>.</summary>
[Flags]
internal enum SchemaTypes
{
    None = 0,
    Object = 1 << JsonKind.Object,
    Array = 1 << JsonKind.Array,
    String = 1 << JsonKind.String,
    Number = 1 << JsonKind.Number,
    True = 1 << JsonKind.True,
    False = 1 << JsonKind.False,
    Null = 1 << JsonKind.Null,
    Integer = 1 << 7,
    Any = Integer - 1,
}

/// <summary>One schema, compiled: rules grouped by the kind of value they speak of, null where it says nothing.</summary>
internal sealed class SchemaNode
{
    /// <summary>For <c>true</c> and <c>false</c>, and <c>{}</c>; null otherwise.</summary>
    public bool? Always { get; set; }

    /// <summary>Draft-07 ignores every keyword beside <c>$ref</c>.</summary>
    public SchemaNode? Reference { get; set; }

    public SchemaTypes Types { get; set; } = SchemaTypes.Any;

    public ValueRules? Values { get; set; }

    public NumberRules? Numbers { get; set; }

    public TextRules? Texts { get; set; }

    public ArrayRules? Arrays { get; set; }

    public ObjectRules? Objects { get; set; }

    public CombinedRules? Combined { get; set; }

    public bool AcceptsEverything => Always == true
        || Always is null && Reference is null && Types == SchemaTypes.Any && Values is null && Numbers is null && Texts is null && Arrays is null && Objects is null && Combined is null;

    /// <summary>The schemas that judge the same value as this one.</summary>
    public IEnumerable<SchemaNode> OnSameValue()
    {
        if (Reference is not null)
            yield return Reference;
        foreach (SchemaNode schema in Combined?.All() ?? [])
            yield return schema;
        foreach (SchemaDependency dependency in Objects?.Dependencies ?? [])
        {
            if (dependency.Schema is not null)
                yield return dependency.Schema;
        }
    }
}

/// <summary><c>enum</c> and <c>const</c>.</summary>
internal sealed class ValueRules
{
    public JsonNode[]? Enum { get; init; }

    public JsonNode? Const { get; init; }
}

/// <summary>The keywords about numbers.</summary>
internal sealed class NumberRules
{
    public SchemaNumber? MultipleOf { get; init; }

    public SchemaNumber? Minimum { get; init; }

    public SchemaNumber? ExclusiveMinimum { get; init; }

    public SchemaNumber? Maximum { get; init; }

    public SchemaNumber? ExclusiveMaximum { get; init; }

    /// <summary>True when every number without a minus sign passes: a minimum of zero and nothing else.</summary>
    public bool OnlyNotNegative { get; init; }
}

/// <summary>The keywords about strings; lengths are code points.</summary>
internal sealed class TextRules
{
    public int MinLength { get; init; }

    public int MaxLength { get; init; } = int.MaxValue;

    public TextPattern? Pattern { get; init; }

    public string? Format { get; init; }
}

/// <summary>The keywords about arrays.</summary>
internal sealed class ArrayRules
{
    public SchemaNode? Items { get; set; }

    public SchemaNode[]? ItemList { get; set; }

    public SchemaNode? AdditionalItems { get; set; }

    public SchemaNode? Contains { get; set; }

    public int MinItems { get; init; }

    public int MaxItems { get; init; } = int.MaxValue;

    public bool UniqueItems { get; init; }
}

/// <summary>One entry of <c>dependencies</c>: names that must come along, or a schema for the whole object.</summary>
internal sealed record SchemaDependency(byte[] Name, byte[][] Names, SchemaNode? Schema);

/// <summary>The keywords about objects.</summary>
internal sealed class ObjectRules
{
    public byte[][] Required { get; init; } = [];

    public int MinProperties { get; init; }

    public int MaxProperties { get; init; } = int.MaxValue;

    public Dictionary<byte[], SchemaNode> Properties { get; init; } = new(Utf8Names.Equality);

    public (TextPattern Pattern, SchemaNode Schema)[] PatternProperties { get; set; } = [];

    public SchemaNode? AdditionalProperties { get; set; }

    public SchemaNode? PropertyNames { get; set; }

    public SchemaDependency[] Dependencies { get; set; } = [];
}

/// <summary>The keywords that combine schemas for one value.</summary>
internal sealed class CombinedRules
{
    public SchemaNode[] AllOf { get; init; } = [];

    public SchemaNode[]? AnyOf { get; init; }

    public SchemaNode[]? OneOf { get; init; }

    public SchemaNode? Not { get; init; }

    public SchemaNode? If { get; init; }

    public SchemaNode? Then { get; init; }

    public SchemaNode? Else { get; init; }

    public IEnumerable<SchemaNode> All() =>
        AllOf.Concat(AnyOf ?? []).Concat(OneOf ?? []).Concat(new[] { Not, If, Then, Else }.OfType<SchemaNode>());
}
