using System.Text;

namespace AdcpFunctions.Protocol;

/// <summary>Walks an invalid value to the end and notes every violation with its place.</summary>
/// <remarks>
/// Messages speak of the rule in the schema's words and never repeat a value, since values may be secrets. Names of
/// members appear in pointers only.
/// </remarks>
internal sealed class SchemaExplanation(List<SchemaViolation> violations)
{
    private readonly StringBuilder _pointer = new();

    /// <param name="keyword">What a <c>false</c> schema here is reported as: the keyword that holds it.</param>
    public void Explain(SchemaNode schema, JsonNode node, string keyword)
    {
        if (schema.Reference is not null)
        {
            Explain(schema.Reference, node, keyword);
            return;
        }

        if (schema.Always is { } verdict)
        {
            if (!verdict)
                Note(keyword, "Nothing may stand here.");
            return;
        }

        if (!SchemaCheck.HasType(schema.Types, node.Kind, node))
        {
            Note("type", $"The value must be of type {TypeNames(schema.Types)}.");
            return;
        }

        if (schema.Values is not null)
            ExplainValues(schema.Values, node);
        if (schema.Numbers is not null && node.Kind == JsonKind.Number)
            ExplainNumber(schema.Numbers, node);
        if (schema.Texts is not null && node.Kind == JsonKind.String)
            ExplainText(schema.Texts, node);
        if (schema.Arrays is not null && node.Kind == JsonKind.Array)
            ExplainArray(schema.Arrays, node);
        if (schema.Objects is not null && node.Kind == JsonKind.Object)
            ExplainObject(schema.Objects, node);
        if (schema.Combined is not null)
            ExplainCombined(schema.Combined, node);
    }

    private void ExplainValues(ValueRules rules, JsonNode node)
    {
        if (rules.Const is { } constant && !JsonEquality.Instance.Equals(constant, node))
            Note("const", "The value must be the one the schema fixes.");
        if (rules.Enum is not null && !SchemaCheck.HasValue(new ValueRules { Enum = rules.Enum }, node))
            Note("enum", $"The value must be one of the {rules.Enum.Length} listed values.");
    }

    private void ExplainNumber(NumberRules rules, JsonNode node)
    {
        if (rules.Minimum?.Compare(node) < 0)
            Note("minimum", $"The number must be at least {rules.Minimum.Text}.");
        if (rules.ExclusiveMinimum?.Compare(node) <= 0)
            Note("exclusiveMinimum", $"The number must be greater than {rules.ExclusiveMinimum.Text}.");
        if (rules.Maximum?.Compare(node) > 0)
            Note("maximum", $"The number must be at most {rules.Maximum.Text}.");
        if (rules.ExclusiveMaximum?.Compare(node) >= 0)
            Note("exclusiveMaximum", $"The number must be less than {rules.ExclusiveMaximum.Text}.");
        if (rules.MultipleOf?.Divides(node) == false)
            Note("multipleOf", $"The number must be a multiple of {rules.MultipleOf.Text}.");
    }

    private void ExplainText(TextRules rules, JsonNode node)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(node.GetString());
        int length = SchemaCheck.CodePoints(utf8);
        if (length < rules.MinLength)
            Note("minLength", $"The text must have at least {rules.MinLength} characters.");
        if (length > rules.MaxLength)
            Note("maxLength", $"The text must have at most {rules.MaxLength} characters.");
        if (rules.Pattern?.IsMatch(utf8) == false)
            Note("pattern", $"The text must match {rules.Pattern.Text}.");
        if (rules.Format is not null && !TextFormats.IsMatch(rules.Format, utf8))
            Note("format", rules.Format == TextFormats.DateTime ? "The text must be an RFC 3339 date and time with an offset." : $"The text must have the form {rules.Format}.");
    }

    private void ExplainArray(ArrayRules rules, JsonNode node)
    {
        if (node.Count < rules.MinItems)
            Note("minItems", $"The array must have at least {rules.MinItems} items.");
        if (node.Count > rules.MaxItems)
            Note("maxItems", $"The array must have at most {rules.MaxItems} items.");
        if (rules.UniqueItems && !SchemaCheck.AreItemsUnique(node))
            Note("uniqueItems", "No item may stand twice.");

        bool contains = rules.Contains is null;
        int position = 0;
        foreach (JsonNode item in node.Items)
        {
            contains = contains || SchemaCheck.IsValid(rules.Contains!, item);
            if (SchemaCheck.ItemSchema(rules, position) is { } schema && !SchemaCheck.IsValid(schema, item))
                Below(position.ToString(System.Globalization.CultureInfo.InvariantCulture), schema, item, rules.ItemList?.Length <= position ? "additionalItems" : "items");
            position++;
        }

        if (!contains)
            Note("contains", "At least one item must be of the kind the schema asks for.");
    }

    private void ExplainObject(ObjectRules rules, JsonNode node)
    {
        JsonShape shape = node.Shape;
        foreach (byte[] name in rules.Required)
        {
            if (shape.IndexOf(name) < 0)
                Note("required", $"The member '{Encoding.UTF8.GetString(name)}' is missing.");
        }

        if (shape.Count < rules.MinProperties)
            Note("minProperties", $"The object must have at least {rules.MinProperties} members.");
        if (shape.Count > rules.MaxProperties)
            Note("maxProperties", $"The object must have at most {rules.MaxProperties} members.");

        foreach (JsonMember member in node.Members)
        {
            string name = Encoding.UTF8.GetString(member.Name);
            if (rules.PropertyNames is not null && !ObjectPlan.AcceptsName(rules.PropertyNames, shape, member.Ordinal))
                NoteBelow(name, "propertyNames", "No member may have this name.");
            string keyword = rules.Properties.ContainsKey(shape.NameArray[member.Ordinal]) ? "properties" : "additionalProperties";
            foreach (SchemaNode schema in ObjectPlan.SchemasFor(rules, shape.NameArray[member.Ordinal]))
            {
                if (!SchemaCheck.IsValid(schema, member.Value))
                    Below(name, schema, member.Value, keyword);
            }
        }

        ExplainDependencies(rules, shape, node);
    }

    private void ExplainDependencies(ObjectRules rules, JsonShape shape, JsonNode node)
    {
        foreach (SchemaDependency dependency in rules.Dependencies)
        {
            if (shape.IndexOf(dependency.Name) < 0)
                continue;
            foreach (byte[] name in dependency.Names)
            {
                if (shape.IndexOf(name) < 0)
                    Note("dependencies", $"The member '{Encoding.UTF8.GetString(dependency.Name)}' may only stand together with '{Encoding.UTF8.GetString(name)}'.");
            }

            if (dependency.Schema is not null)
                Explain(dependency.Schema, node, "dependencies");
        }
    }

    private void ExplainCombined(CombinedRules rules, JsonNode node)
    {
        foreach (SchemaNode schema in rules.AllOf)
            Explain(schema, node, "allOf");
        if (rules.AnyOf is not null && SchemaCheck.Matches(rules.AnyOf, node, enough: 1) == 0)
            Note("anyOf", $"The value must have one of the {rules.AnyOf.Length} forms the schema allows.");
        if (rules.OneOf is not null && SchemaCheck.Matches(rules.OneOf, node, enough: 2) != 1)
            Note("oneOf", $"The value must have exactly one of the {rules.OneOf.Length} forms the schema allows.");
        if (rules.Not is not null && SchemaCheck.IsValid(rules.Not, node))
            Note("not", "The value has a form that the schema forbids.");
        if (rules.If is null)
            return;

        bool holds = SchemaCheck.IsValid(rules.If, node);
        if ((holds ? rules.Then : rules.Else) is { } branch)
            Explain(branch, node, holds ? "then" : "else");
    }

    private void Below(string token, SchemaNode schema, JsonNode value, string keyword)
    {
        int length = _pointer.Length;
        Append(token);
        Explain(schema, value, keyword);
        _pointer.Length = length;
    }

    private void NoteBelow(string token, string keyword, string message)
    {
        int length = _pointer.Length;
        Append(token);
        Note(keyword, message);
        _pointer.Length = length;
    }

    private void Append(string token) =>
        _pointer.Append('/').Append(token.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal));

    private void Note(string keyword, string message) => violations.Add(new SchemaViolation(_pointer.ToString(), keyword, message));

    private static string TypeNames(SchemaTypes types)
    {
        List<string> names = [];
        foreach (SchemaTypes type in new[] { SchemaTypes.Object, SchemaTypes.Array, SchemaTypes.String, SchemaTypes.Number, SchemaTypes.Integer, SchemaTypes.True, SchemaTypes.Null })
        {
            if ((types & type) != SchemaTypes.None)
                names.Add(type == SchemaTypes.True ? "boolean" : type.ToString().ToLowerInvariant());
        }

        return string.Join(" or ", names);
    }
}
