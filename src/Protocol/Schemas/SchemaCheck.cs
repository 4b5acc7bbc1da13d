using System.Text;

namespace AdcpFunctions.Protocol;

/// <summary>The verdict alone: stops at the first violation and allocates nothing once shapes are known.</summary>
internal static class SchemaCheck
{
    private const int PairwiseItems = 16;

    public static bool IsValid(SchemaNode schema, JsonNode node)
    {
        while (schema.Reference is { } target)
            schema = target;
        if (schema.Always is { } verdict)
            return verdict;

        JsonKind kind = node.Kind;
        if (!HasType(schema.Types, kind, node))
            return false;

        bool valid = kind switch
        {
            JsonKind.String => schema.Texts is null || IsTextValid(schema.Texts, node),
            JsonKind.Number => schema.Numbers is null || IsNumberValid(schema.Numbers, node),
            JsonKind.Object => schema.Objects is null || IsObjectValid(schema.Objects, node),
            JsonKind.Array => schema.Arrays is null || IsArrayValid(schema.Arrays, node),
            _ => true,
        };
        return valid
            && (schema.Values is null || HasValue(schema.Values, node))
            && (schema.Combined is null || IsCombinedValid(schema.Combined, node));
    }

    public static bool HasType(SchemaTypes types, JsonKind kind, JsonNode node) =>
        (types & (SchemaTypes)(1 << (int)kind)) != SchemaTypes.None
        || kind == JsonKind.Number && (types & SchemaTypes.Integer) != SchemaTypes.None && IsInteger(node);

    public static bool HasValue(ValueRules rules, JsonNode node)
    {
        if (rules.Const is { } constant && !JsonEquality.Instance.Equals(constant, node))
            return false;
        if (rules.Enum is null)
            return true;

        foreach (JsonNode allowed in rules.Enum)
        {
            if (JsonEquality.Instance.Equals(allowed, node))
                return true;
        }

        return false;
    }

    public static int CodePoints(ReadOnlySpan<byte> utf8)
    {
        int continuations = 0;
        foreach (byte unit in utf8)
            continuations += (unit & 0xC0) == 0x80 ? 1 : 0;
        return utf8.Length - continuations;
    }

    public static bool AreItemsUnique(JsonNode node)
    {
        if (node.Count > PairwiseItems)
        {
            var seen = new HashSet<JsonNode>(node.Count, JsonEquality.Instance);
            foreach (JsonNode item in node.Items)
            {
                if (!seen.Add(item))
                    return false;
            }

            return true;
        }

        JsonItems items = node.Items;
        while (items.MoveNext())
        {
            JsonItems later = items;
            while (later.MoveNext())
            {
                if (JsonEquality.Instance.Equals(items.Current, later.Current))
                    return false;
            }
        }

        return true;
    }

    private static bool IsInteger(JsonNode node) =>
        (node.Token.Meta & JsonToken.PlainInteger) != 0 || JsonNumber.Parse(node.Raw).IsInteger;

    private static bool IsTextValid(TextRules rules, JsonNode node)
    {
        if (!node.TryGetUtf8(out ReadOnlySpan<byte> utf8))
            utf8 = Encoding.UTF8.GetBytes(node.GetString());

        // Bytes bound the code points from above and, divided by four, from below; most strings need no count.
        if (utf8.Length > rules.MaxLength && CodePoints(utf8) > rules.MaxLength)
            return false;
        if (rules.MinLength > 0 && CodePoints(utf8) < rules.MinLength)
            return false;
        return (rules.Pattern is null || rules.Pattern.IsMatch(utf8))
            && (rules.Format is null || TextFormats.IsMatch(rules.Format, utf8));
    }

    private static bool IsNumberValid(NumberRules rules, JsonNode node)
    {
        if (rules.OnlyNotNegative && node.Raw[0] != '-')
            return true;
        return (rules.Minimum is null || rules.Minimum.Compare(node) >= 0)
            && (rules.ExclusiveMinimum is null || rules.ExclusiveMinimum.Compare(node) > 0)
            && (rules.Maximum is null || rules.Maximum.Compare(node) <= 0)
            && (rules.ExclusiveMaximum is null || rules.ExclusiveMaximum.Compare(node) < 0)
            && (rules.MultipleOf is null || rules.MultipleOf.Divides(node));
    }

    private static bool IsObjectValid(ObjectRules rules, JsonNode node)
    {
        ObjectPlan plan = ObjectPlan.For(rules, node.Shape);
        if (!plan.IsSound)
            return false;

        JsonToken[] tokens = node.Tape.Tokens;
        int index = node.Index + 1;
        foreach (SchemaNode? schema in plan.First)
        {
            if (schema is not null && !IsValid(schema, new JsonNode(node.Tape, index)))
                return false;
            index = tokens[index].Next;
        }

        foreach ((int ordinal, SchemaNode schema) in plan.More)
        {
            if (!IsValid(schema, node.MemberAt(ordinal)))
                return false;
        }

        foreach (SchemaNode schema in plan.Whole)
        {
            if (!IsValid(schema, node))
                return false;
        }

        return true;
    }

    private static bool IsArrayValid(ArrayRules rules, JsonNode node)
    {
        int count = node.Count;
        if (count < rules.MinItems || count > rules.MaxItems)
            return false;

        if (rules.Items is not null || rules.ItemList is not null || rules.Contains is not null)
        {
            bool contains = rules.Contains is null;
            int position = 0;
            foreach (JsonNode item in node.Items)
            {
                SchemaNode? schema = ItemSchema(rules, position++);
                if (schema is not null && !IsValid(schema, item))
                    return false;
                contains = contains || IsValid(rules.Contains!, item);
            }

            if (!contains)
                return false;
        }

        return !rules.UniqueItems || AreItemsUnique(node);
    }

    public static SchemaNode? ItemSchema(ArrayRules rules, int position)
    {
        if (rules.ItemList is null)
            return rules.Items;
        return position < rules.ItemList.Length ? rules.ItemList[position] : rules.AdditionalItems;
    }

    private static bool IsCombinedValid(CombinedRules rules, JsonNode node)
    {
        foreach (SchemaNode schema in rules.AllOf)
        {
            if (!IsValid(schema, node))
                return false;
        }

        if (rules.AnyOf is not null && Matches(rules.AnyOf, node, enough: 1) == 0)
            return false;
        if (rules.OneOf is not null && Matches(rules.OneOf, node, enough: 2) != 1)
            return false;
        if (rules.Not is not null && IsValid(rules.Not, node))
            return false;
        if (rules.If is null)
            return true;

        SchemaNode? branch = IsValid(rules.If, node) ? rules.Then : rules.Else;
        return branch is null || IsValid(branch, node);
    }

    public static int Matches(SchemaNode[] schemas, JsonNode node, int enough)
    {
        int matches = 0;
        foreach (SchemaNode schema in schemas)
        {
            if (IsValid(schema, node) && ++matches == enough)
                break;
        }

        return matches;
    }
}
