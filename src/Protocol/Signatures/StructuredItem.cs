namespace AdcpFunctions.Protocol;

internal enum StructuredKind
{
    Text,
    Integer,
    Binary,
    Other,
}

/// <summary>A bare item: what it is, and its own text without quotes or colons.</summary>
internal readonly ref struct StructuredItem(StructuredKind kind, ReadOnlySpan<char> text)
{
    public StructuredKind Kind { get; } = kind;

    public ReadOnlySpan<char> Text { get; } = text;
}
