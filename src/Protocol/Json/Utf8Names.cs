using System.Diagnostics.CodeAnalysis;

namespace AdcpFunctions.Protocol;

/// <summary>Equality of member names as UTF-8 bytes, so that a span can be looked up among arrays.</summary>
internal sealed class Utf8Names : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    public static readonly Utf8Names Equality = new();

    private Utf8Names()
    {
    }

    public bool Equals(byte[]? x, byte[]? y) => x is null ? y is null : y is not null && x.AsSpan().SequenceEqual(y);

    public int GetHashCode([DisallowNull] byte[] obj) => GetHashCode(obj.AsSpan());

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

    /// <summary>Seeded per process by the framework, so that a sender cannot choose names that collide.</summary>
    public int GetHashCode(ReadOnlySpan<byte> alternate)
    {
        var hash = new HashCode();
        hash.AddBytes(alternate);
        return hash.ToHashCode();
    }

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

    /// <summary>The order of RFC 8785: by UTF-16 code units.</summary>
    /// <remarks>
    /// Bytes of UTF-8 order alike except that characters beyond U+FFFF (lead bytes F0 and up) are surrogates in UTF-16 and so
    /// come before U+E000 to U+FFFF (lead bytes EE and EF).
    /// </remarks>
    public static int CompareUtf16(byte[] left, byte[] right)
    {
        int common = left.AsSpan().CommonPrefixLength(right);
        if (common == left.Length || common == right.Length)
            return left.Length.CompareTo(right.Length);
        return Rank(left[common]) - Rank(right[common]);
    }

    private static int Rank(byte lead) => lead is 0xEE or 0xEF ? lead + 0x10 : lead;
}
