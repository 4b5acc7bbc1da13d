using System.Text;

namespace AdcpFunctions.Protocol;

/// <summary>Turns schema documents into <see cref="SchemaNode"/>s, each place once, so that recursion closes into a loop.</summary>
internal sealed class SchemaCompiler(SchemaIndex index, SchemaOptions options)
{
    private readonly Dictionary<(JsonTape Tape, int Index), SchemaNode> _compiled = [];

    public SchemaNode Compile(JsonNode source, Uri inherited)
    {
        if (_compiled.TryGetValue((source.Tape, source.Index), out SchemaNode? known))
            return known;

        var schema = new SchemaNode();
        _compiled.Add((source.Tape, source.Index), schema);
        if (source.Kind is JsonKind.True or JsonKind.False)
            schema.Always = source.Kind == JsonKind.True;
        else if (source.Kind != JsonKind.Object)
            throw new InvalidOperationException($"A schema is an object or a boolean; under {inherited} stands a value of kind {source.Kind}.");
        else
            Fill(schema, source, index.BaseOf(source, inherited));
        return schema;
    }

    /// <summary>Refuses schemas that refer to themselves without descending into the value: judging one would never end.</summary>
    public static void RefuseEndless(SchemaNode root)
    {
        var done = new HashSet<SchemaNode>();
        var open = new HashSet<SchemaNode>();
        Visit(root);

        void Visit(SchemaNode schema)
        {
            if (done.Contains(schema))
                return;
            if (!open.Add(schema))
                throw new InvalidOperationException("A schema refers to itself for the same value; no value could ever be judged.");
            foreach (SchemaNode next in schema.OnSameValue())
                Visit(next);
            open.Remove(schema);
            done.Add(schema);
        }
    }

    private void Fill(SchemaNode schema, JsonNode source, Uri current)
    {
        if (source.TryGetMember("$ref"u8, out JsonNode reference) && reference.Kind == JsonKind.String)
        {
            FillReference(schema, reference.GetString(), current);
            return;
        }

        schema.Types = TypesOf(source);
        schema.Values = ValuesOf(source);
        schema.Numbers = NumbersOf(source);
        schema.Texts = TextsOf(source);
        schema.Arrays = ArraysOf(source, current);
        schema.Objects = ObjectsOf(source, current);
        schema.Combined = CombinedOf(source, current);
    }

    private void FillReference(SchemaNode schema, string reference, Uri current)
    {
        if (index.TryResolve(current, reference, out JsonNode target, out Uri newBase))
            schema.Reference = Compile(target, newBase);
        else if (options.AcceptMissingReferences)
            schema.Always = true;
        else
            throw new InvalidOperationException($"'{reference}', referred to under {current}, is not in the set.");
    }

    private static SchemaTypes TypesOf(JsonNode source)
    {
        if (!source.TryGetMember("type"u8, out JsonNode type))
            return SchemaTypes.Any;
        if (type.Kind == JsonKind.String)
            return TypeOf(type.GetString());

        SchemaTypes types = SchemaTypes.None;
        foreach (JsonNode one in type.Items)
            types |= TypeOf(one.GetString());
        return types;
    }

    private static SchemaTypes TypeOf(string name) => name switch
    {
        "object" => SchemaTypes.Object,
        "array" => SchemaTypes.Array,
        "string" => SchemaTypes.String,
        "number" => SchemaTypes.Number,
        "integer" => SchemaTypes.Integer,
        "boolean" => SchemaTypes.True | SchemaTypes.False,
        "null" => SchemaTypes.Null,
        _ => throw new InvalidOperationException($"'{name}' is not a type of draft-07."),
    };

    private static ValueRules? ValuesOf(JsonNode source)
    {
        bool hasEnum = source.TryGetMember("enum"u8, out JsonNode allowed);
        bool hasConst = source.TryGetMember("const"u8, out JsonNode constant);
        if (!hasEnum && !hasConst)
            return null;
        return new ValueRules { Enum = hasEnum ? List(allowed) : null, Const = hasConst ? constant : null };
    }

    private static NumberRules? NumbersOf(JsonNode source)
    {
        SchemaNumber? multipleOf = Number(source, "multipleOf"u8);
        SchemaNumber? minimum = Number(source, "minimum"u8);
        SchemaNumber? exclusiveMinimum = Number(source, "exclusiveMinimum"u8);
        SchemaNumber? maximum = Number(source, "maximum"u8);
        SchemaNumber? exclusiveMaximum = Number(source, "exclusiveMaximum"u8);
        bool onlyMinimum = (multipleOf ?? exclusiveMinimum ?? maximum ?? exclusiveMaximum) is null;
        if (onlyMinimum && minimum is null)
            return null;
        return new NumberRules
        {
            MultipleOf = multipleOf,
            Minimum = minimum,
            ExclusiveMinimum = exclusiveMinimum,
            Maximum = maximum,
            ExclusiveMaximum = exclusiveMaximum,
            OnlyNotNegative = onlyMinimum && minimum!.IsZero,
        };
    }

    private TextRules? TextsOf(JsonNode source)
    {
        string? format = source.TryGetMember("format"u8, out JsonNode name) && name.Kind == JsonKind.String ? name.GetString() : null;
        bool asserted = format is not null && options.Formats switch
        {
            FormatAssertion.All => TextFormats.IsKnown(format),
            FormatAssertion.DateTimes => format == TextFormats.DateTime,
            _ => false,
        };
        TextPattern? pattern = source.TryGetMember("pattern"u8, out JsonNode text) ? new TextPattern(text.GetString()) : null;
        int minLength = Limit(source, "minLength"u8, 0);
        int maxLength = Limit(source, "maxLength"u8, int.MaxValue);
        if (!asserted && pattern is null && minLength == 0 && maxLength == int.MaxValue)
            return null;
        return new TextRules { MinLength = minLength, MaxLength = maxLength, Pattern = pattern, Format = asserted ? format : null };
    }

    private ArrayRules? ArraysOf(JsonNode source, Uri current)
    {
        var rules = new ArrayRules
        {
            MinItems = Limit(source, "minItems"u8, 0),
            MaxItems = Limit(source, "maxItems"u8, int.MaxValue),
            UniqueItems = source.TryGetMember("uniqueItems"u8, out JsonNode unique) && unique.Kind == JsonKind.True,
            Contains = Child(source, "contains"u8, current),
        };
        if (source.TryGetMember("items"u8, out JsonNode items))
        {
            if (items.Kind == JsonKind.Array)
                (rules.ItemList, rules.AdditionalItems) = (Children(items, current), Child(source, "additionalItems"u8, current));
            else
                rules.Items = Compile(items, current);
        }

        bool says = rules.MinItems > 0 || rules.MaxItems < int.MaxValue || rules.UniqueItems || rules.Contains is not null || rules.Items is not null || rules.ItemList is not null;
        return says ? rules : null;
    }

    private ObjectRules? ObjectsOf(JsonNode source, Uri current)
    {
        var rules = new ObjectRules
        {
            Required = source.TryGetMember("required"u8, out JsonNode required) ? Names(required) : [],
            MinProperties = Limit(source, "minProperties"u8, 0),
            MaxProperties = Limit(source, "maxProperties"u8, int.MaxValue),
            AdditionalProperties = Child(source, "additionalProperties"u8, current),
            PropertyNames = Child(source, "propertyNames"u8, current),
        };
        if (source.TryGetMember("properties"u8, out JsonNode properties))
        {
            foreach (JsonMember property in properties.Members)
                rules.Properties.Add(property.Name.ToArray(), Compile(property.Value, current));
        }

        if (source.TryGetMember("patternProperties"u8, out JsonNode patterns))
        {
            foreach (JsonMember pattern in patterns.Members)
                rules.PatternProperties = [.. rules.PatternProperties, (new TextPattern(Encoding.UTF8.GetString(pattern.Name)), Compile(pattern.Value, current))];
        }

        if (source.TryGetMember("dependencies"u8, out JsonNode dependencies))
        {
            foreach (JsonMember entry in dependencies.Members)
                rules.Dependencies = [.. rules.Dependencies, Dependency(entry, current)];
        }

        bool says = rules.Required.Length > 0 || rules.MinProperties > 0 || rules.MaxProperties < int.MaxValue || rules.AdditionalProperties is { Always: not true }
            || rules.PropertyNames is not null || rules.Properties.Count > 0 || rules.PatternProperties.Length > 0 || rules.Dependencies.Length > 0;
        return says ? rules : null;
    }

    private SchemaDependency Dependency(JsonMember entry, Uri current) => entry.Value.Kind == JsonKind.Array
        ? new SchemaDependency(entry.Name.ToArray(), Names(entry.Value), Schema: null)
        : new SchemaDependency(entry.Name.ToArray(), [], Compile(entry.Value, current));

    private CombinedRules? CombinedOf(JsonNode source, Uri current)
    {
        var rules = new CombinedRules
        {
            AllOf = source.TryGetMember("allOf"u8, out JsonNode all) ? Children(all, current) : [],
            AnyOf = source.TryGetMember("anyOf"u8, out JsonNode any) ? Children(any, current) : null,
            OneOf = source.TryGetMember("oneOf"u8, out JsonNode one) ? Children(one, current) : null,
            Not = Child(source, "not"u8, current),
            If = Child(source, "if"u8, current),
            Then = Child(source, "then"u8, current),
            Else = Child(source, "else"u8, current),
        };
        return rules.AllOf.Length > 0 || rules.AnyOf is not null || rules.OneOf is not null || rules.Not is not null || rules.If is not null ? rules : null;
    }

    private SchemaNode? Child(JsonNode source, ReadOnlySpan<byte> keyword, Uri current) =>
        source.TryGetMember(keyword, out JsonNode child) ? Compile(child, current) : null;

    private SchemaNode[] Children(JsonNode list, Uri current) => [.. List(list).Select(child => Compile(child, current))];

    private static JsonNode[] List(JsonNode array)
    {
        var items = new List<JsonNode>(array.Count);
        foreach (JsonNode item in array.Items)
            items.Add(item);
        return [.. items];
    }

    private static byte[][] Names(JsonNode array) => [.. List(array).Select(name => Encoding.UTF8.GetBytes(name.GetString()))];

    private static SchemaNumber? Number(JsonNode source, ReadOnlySpan<byte> keyword) =>
        source.TryGetMember(keyword, out JsonNode number) ? new SchemaNumber(number) : null;

    private static int Limit(JsonNode source, ReadOnlySpan<byte> keyword, int otherwise) =>
        source.TryGetMember(keyword, out JsonNode limit) && limit.TryGetInt64(out long value) ? (int)Math.Clamp(value, 0, int.MaxValue) : otherwise;
}
