using System.Buffers;

namespace AdcpFunctions.Protocol;

/// <summary>Equality of JSON values as JSON Schema means it: 1 equals 1.0, order of members does not matter.</summary>
internal sealed class JsonEquality : IEqualityComparer<JsonNode>
{
    public static readonly JsonEquality Instance = new();

    private JsonEquality()
    {
    }

    public bool Equals(JsonNode x, JsonNode y) => x.Kind == y.Kind && x.Kind switch
    {
        JsonKind.String => StringsEqual(x, y),
        JsonKind.Number => NumbersEqual(x, y),
        JsonKind.Array => ArraysEqual(x, y),
        JsonKind.Object => ObjectsEqual(x, y),
        _ => true,
    };

    public int GetHashCode(JsonNode obj)
    {
        var hash = new HashCode();
        hash.Add(obj.Kind);
        switch (obj.Kind)
        {
            case JsonKind.String:
                hash.Add(obj.GetString(), StringComparer.Ordinal);
                break;
            case JsonKind.Number:
                hash.Add(obj.TryGetDecimal(out decimal exact) ? exact.GetHashCode() : JsonNumber.ToDouble(obj.Raw).GetHashCode());
                break;
            case JsonKind.Array:
                foreach (JsonNode item in obj.Items)
                    hash.Add(GetHashCode(item));
                break;
            case JsonKind.Object:
                int members = 0;
                foreach (JsonMember member in obj.Members)
                    members ^= HashCode.Combine(Utf8Names.Equality.GetHashCode(member.Name), GetHashCode(member.Value));
                hash.Add(members);
                break;
            default:
                break;
        }

        return hash.ToHashCode();
    }

    private static bool StringsEqual(JsonNode x, JsonNode y)
    {
        if (x.TryGetUtf8(out ReadOnlySpan<byte> left))
            return y.StringEquals(left);
        return y.TryGetUtf8(out ReadOnlySpan<byte> right) ? x.StringEquals(right) : x.GetString() == y.GetString();
    }

    private static bool NumbersEqual(JsonNode x, JsonNode y)
    {
        bool leftExact = x.TryGetDecimal(out decimal left);
        bool rightExact = y.TryGetDecimal(out decimal right);
        if (leftExact || rightExact)
            return leftExact && rightExact && left == right;
        return x.Raw.SequenceEqual(y.Raw) || JsonNumber.ToDouble(x.Raw) is var rounded && double.IsFinite(rounded) && rounded.Equals(JsonNumber.ToDouble(y.Raw));
    }

    private bool ArraysEqual(JsonNode x, JsonNode y)
    {
        if (x.Count != y.Count)
            return false;

        JsonItems others = y.Items;
        foreach (JsonNode item in x.Items)
        {
            others.MoveNext();
            if (!Equals(item, others.Current))
                return false;
        }

        return true;
    }

    /// <summary>Walks both objects in canonical order, so that large ones cost no search per member.</summary>
    private bool ObjectsEqual(JsonNode x, JsonNode y)
    {
        int count = x.Count;
        if (count != y.Count)
            return false;

        JsonNode[] left = Values(x);
        JsonNode[] right = Values(y);
        int[] leftOrder = x.Shape.Canonical.Order;
        int[] rightOrder = y.Shape.Canonical.Order;
        bool equal = true;
        for (int i = 0; i < count && equal; i++)
        {
            equal = x.Shape.NameArray[leftOrder[i]].AsSpan().SequenceEqual(y.Shape.NameArray[rightOrder[i]])
                && Equals(left[leftOrder[i]], right[rightOrder[i]]);
        }

        ArrayPool<JsonNode>.Shared.Return(left, clearArray: true);
        ArrayPool<JsonNode>.Shared.Return(right, clearArray: true);
        return equal;
    }

    private static JsonNode[] Values(JsonNode node)
    {
        JsonNode[] values = ArrayPool<JsonNode>.Shared.Rent(Math.Max(node.Count, 1));
        foreach (JsonMember member in node.Members)
            values[member.Ordinal] = member.Value;
        return values;
    }
}
