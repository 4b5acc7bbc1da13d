namespace AdcpFunctions.Protocol;

/// <summary>One member of an object.</summary>
public readonly struct JsonMember
{
    private readonly JsonShape _shape;

    internal JsonMember(JsonShape shape, int ordinal, JsonNode value)
    {
        _shape = shape;
        Ordinal = ordinal;
        Value = value;
    }

    /// <summary>Position among the members, the same for every object of the shape.</summary>
    public int Ordinal { get; }

    /// <summary>The unescaped name as UTF-8.</summary>
    public ReadOnlySpan<byte> Name => _shape.NameArray[Ordinal];

    public JsonNode Value { get; }
}

/// <summary>The members of an object, for <c>foreach</c>.</summary>
public struct JsonMembers
{
    private readonly JsonShape _shape;
    private readonly JsonNode _parent;
    private int _ordinal;
    private int _next;

    internal JsonMembers(JsonNode parent, JsonShape shape)
    {
        _parent = parent;
        _shape = shape;
        _ordinal = -1;
        _next = parent.Index + 1;
        Current = default;
    }

    public JsonMember Current { get; private set; }

    public readonly JsonMembers GetEnumerator() => this;

    public bool MoveNext()
    {
        if (++_ordinal >= _shape.Count)
            return false;
        Current = new JsonMember(_shape, _ordinal, new JsonNode(_parent.Tape, _next));
        _next = _parent.Tape.Tokens[_next].Next;
        return true;
    }
}

/// <summary>The items of an array, for <c>foreach</c>.</summary>
public struct JsonItems
{
    private readonly JsonNode _parent;
    private readonly int _end;
    private int _next;

    internal JsonItems(JsonNode parent)
    {
        _parent = parent;
        _end = parent.Token.Next;
        _next = parent.Index + 1;
        Current = default;
    }

    public JsonNode Current { get; private set; }

    public readonly JsonItems GetEnumerator() => this;

    /// <summary>The item at that position, found by walking there.</summary>
    public readonly JsonNode ElementAt(int position)
    {
        JsonItems items = this;
        for (int i = 0; i <= position; i++)
        {
            if (!items.MoveNext())
                throw new ArgumentOutOfRangeException(nameof(position));
        }

        return items.Current;
    }

    public bool MoveNext()
    {
        if (_next >= _end)
            return false;
        Current = new JsonNode(_parent.Tape, _next);
        _next = _parent.Tape.Tokens[_next].Next;
        return true;
    }
}
