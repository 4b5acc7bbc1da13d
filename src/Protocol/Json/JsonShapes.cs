namespace AdcpFunctions.Protocol;

/// <summary>The shapes one tape has met; they outlive a reading so that the next request finds them ready.</summary>
internal sealed class JsonShapes
{
    // Honest senders use a few dozen shapes. A sender who invents names in every request only costs its own request.
    private const int MaxKept = 4096;

    private readonly List<JsonShape> _all = [];

    public JsonShapes() => Reset();

    public JsonShape Root { get; private set; } = null!;

    public JsonShape this[int id] => _all[id];

    public JsonShape Add(JsonShape parent, ReadOnlySpan<byte> name)
    {
        JsonShape shape = parent.Add(name.ToArray(), _all.Count);
        _all.Add(shape);
        return shape;
    }

    /// <summary>Forgets everything when a reading has left more than is worth keeping.</summary>
    public void Trim()
    {
        if (_all.Count > MaxKept)
            Reset();
    }

    private void Reset()
    {
        _all.Clear();
        _all.TrimExcess();
        Root = new JsonShape(null, [], 0);
        _all.Add(Root);
    }
}
