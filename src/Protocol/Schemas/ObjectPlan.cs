namespace AdcpFunctions.Protocol;

/// <summary>What one object schema means for objects of one shape: everything that names decide is decided here, once.</summary>
internal sealed class ObjectPlan
{
    private static readonly Func<JsonShape, object, ObjectPlan> Make = static (shape, rules) => new ObjectPlan(shape, (ObjectRules)rules);

    private ObjectPlan(JsonShape shape, ObjectRules rules)
    {
        IsSound = shape.Count >= rules.MinProperties
            && shape.Count <= rules.MaxProperties
            && rules.Required.All(name => shape.IndexOf(name) >= 0);
        First = new SchemaNode?[shape.Count];
        for (int i = 0; i < shape.Count; i++)
        {
            IsSound &= rules.PropertyNames is null || AcceptsName(rules.PropertyNames, shape, i);
            foreach (SchemaNode schema in SchemasFor(rules, shape.NameArray[i]))
                Apply(schema, i);
        }

        List<SchemaNode> whole = [];
        foreach (SchemaDependency dependency in rules.Dependencies)
        {
            if (shape.IndexOf(dependency.Name) < 0)
                continue;
            IsSound &= dependency.Names.All(name => shape.IndexOf(name) >= 0);
            if (dependency.Schema is not null)
                whole.Add(dependency.Schema);
        }

        Whole = [.. whole];
    }

    /// <summary>False when the names alone already break the schema.</summary>
    public bool IsSound { get; private set; }

    /// <summary>By ordinal: the schema of that member, null when any value will do.</summary>
    public SchemaNode?[] First { get; }

    /// <summary>Further schemas of members that match several patterns; usually empty.</summary>
    public List<(int Ordinal, SchemaNode Schema)> More { get; } = [];

    /// <summary>Schemas of the whole object that these names call for.</summary>
    public SchemaNode[] Whole { get; }

    public static ObjectPlan For(ObjectRules rules, JsonShape shape) => shape.Attached(rules, Make);

    /// <summary>Every schema that judges the member called <paramref name="name"/>.</summary>
    public static IEnumerable<SchemaNode> SchemasFor(ObjectRules rules, byte[] name)
    {
        bool known = rules.Properties.TryGetValue(name, out SchemaNode? property);
        if (known)
            yield return property!;
        foreach ((TextPattern pattern, SchemaNode schema) in rules.PatternProperties)
        {
            if (!pattern.IsMatch(name))
                continue;
            known = true;
            yield return schema;
        }

        if (!known && rules.AdditionalProperties is not null)
            yield return rules.AdditionalProperties;
    }

    /// <summary>Judges a member's name as the JSON string that it is.</summary>
    public static bool AcceptsName(SchemaNode schema, JsonShape shape, int ordinal)
    {
        using JsonTape tape = JsonTape.Rent();
        byte[] label = shape.Canonical.Labels[ordinal];
        if (!tape.TryRead(label.AsMemory(1, label.Length - 2), JsonLimits.Default, out JsonFault fault))
            throw new InvalidOperationException($"A name written canonically can always be read again; this one was refused as {fault.Kind}.");
        return SchemaCheck.IsValid(schema, tape.Root);
    }

    private void Apply(SchemaNode schema, int ordinal)
    {
        if (schema.AcceptsEverything)
            return;
        if (schema.Always == false)
            IsSound = false;
        else if (First[ordinal] is null)
            First[ordinal] = schema;
        else
            More.Add((ordinal, schema));
    }
}
