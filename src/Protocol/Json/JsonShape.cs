namespace AdcpFunctions.Protocol;

/// <summary>The ordered names of an object's members, shared by every object of one tape that has the same.</summary>
/// <remarks>
/// A node of a trie: each name leads from one shape to a longer one. Whatever depends on names alone (uniqueness, canonical
/// order, which rule belongs to which member) is found once per shape and kept here. Compare shapes by reference; a shape
/// belongs to its tape and must not outlive it, nor be used by two threads while the tape reads.
/// </remarks>
public sealed class JsonShape
{
    private const int LinearChildren = 8;
    private const int LinearNames = 12;

    private readonly JsonShape? _parent;
    private readonly byte[] _name;
    private JsonShape[] _children = [];
    private int _childCount;
    private Dictionary<byte[], JsonShape>? _index;
    private byte[][]? _names;
    private Dictionary<byte[], int>? _ordinals;
    private CanonicalShape? _canonical;
    private (object Owner, object Value)[] _attached = [];

    internal JsonShape(JsonShape? parent, byte[] name, int id)
    {
        _parent = parent;
        _name = name;
        Id = id;
        Count = parent is null ? 0 : parent.Count + 1;
        Quoted = IsPlain(name) ? [(byte)'"', .. name, (byte)'"'] : [];
    }

    /// <summary>How many members an object of this shape has.</summary>
    public int Count { get; }

    /// <summary>The names in the order they were sent, unescaped, as UTF-8.</summary>
    public IReadOnlyList<byte[]> Names => NameArray;

    internal int Id { get; }

    /// <summary>The last name as it usually stands in the text, quotes included; empty when it needs an escape.</summary>
    internal byte[] Quoted { get; }

    /// <summary>The child taken last: in an array of like objects it is the right guess every time.</summary>
    internal JsonShape? Last { get; private set; }

    internal byte[][] NameArray => _names ??= CollectNames();

    internal CanonicalShape Canonical => _canonical ??= new CanonicalShape(NameArray);

    /// <summary>The position of the member called <paramref name="utf8Name"/>, or -1.</summary>
    public int IndexOf(ReadOnlySpan<byte> utf8Name)
    {
        byte[][] names = NameArray;
        if (names.Length > LinearNames)
            return Ordinals().TryGetValue(utf8Name, out int found) ? found : -1;

        for (int i = 0; i < names.Length; i++)
        {
            if (utf8Name.SequenceEqual(names[i]))
                return i;
        }

        return -1;
    }

    /// <summary>What <paramref name="owner"/> once derived from this shape, made on the first call.</summary>
    /// <remarks>For mappers and validators: the ordinals of the members they read cost nothing from the second object on.</remarks>
    public T Attached<T>(object owner, Func<JsonShape, object, T> make)
        where T : class
    {
        (object Owner, object Value)[] attached = _attached;
        for (int i = 0; i < attached.Length; i++)
        {
            if (ReferenceEquals(attached[i].Owner, owner))
                return (T)attached[i].Value;
        }

        T made = make(this, owner);
        _attached = [.. _attached, (owner, made)];
        return made;
    }

    /// <summary>Follows a name to the next shape; null when no object of this tape went there yet.</summary>
    internal JsonShape? Find(ReadOnlySpan<byte> name)
    {
        JsonShape? found = null;
        if (_index is not null)
        {
            _index.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out found);
        }
        else
        {
            for (int i = 0; i < _childCount && found is null; i++)
            {
                if (name.SequenceEqual(_children[i]._name))
                    found = _children[i];
            }
        }

        Last = found ?? Last;
        return found;
    }

    internal JsonShape Add(byte[] name, int id)
    {
        var child = new JsonShape(this, name, id);
        if (_childCount == LinearChildren)
        {
            _index ??= _children.ToDictionary(shape => shape._name, Utf8Names.Equality);
            _index.Add(name, child);
        }
        else
        {
            if (_childCount == _children.Length)
                Array.Resize(ref _children, _childCount == 0 ? 1 : LinearChildren);
            _children[_childCount++] = child;
        }

        Last = child;
        return child;
    }

    private byte[][] CollectNames()
    {
        byte[][] names = new byte[Count][];
        for (JsonShape shape = this; shape._parent is not null; shape = shape._parent)
            names[shape.Count - 1] = shape._name;
        return names;
    }

    private Dictionary<byte[], int>.AlternateLookup<ReadOnlySpan<byte>> Ordinals()
    {
        if (_ordinals is null)
        {
            var ordinals = new Dictionary<byte[], int>(Count, Utf8Names.Equality);
            for (int i = 0; i < Count; i++)
                ordinals[NameArray[i]] = i;
            _ordinals = ordinals;
        }

        return _ordinals.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    private static bool IsPlain(ReadOnlySpan<byte> name) =>
        !name.ContainsAny((byte)'"', (byte)'\\') && !name.ContainsAnyInRange((byte)0, (byte)0x1F);
}
