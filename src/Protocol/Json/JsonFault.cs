using System.Runtime.InteropServices;

namespace AdcpFunctions.Protocol;

/// <summary>Why bytes are not one strict JSON value.</summary>
public enum JsonFaultKind
{
    /// <summary>No fault: the bytes were read.</summary>
    None,

    /// <summary>The bytes are not well-formed UTF-8.</summary>
    InvalidUtf8,

    /// <summary>The text breaks the grammar of RFC 8259, or an escape stands for half a surrogate pair.</summary>
    Malformed,

    /// <summary>An object names a member twice, also when the names are equal only after unescaping.</summary>
    DuplicateKey,

    /// <summary>Arrays and objects nest deeper than the limit.</summary>
    TooDeep,

    /// <summary>The text holds more values than the limit.</summary>
    TooManyNodes,

    /// <summary>There is nothing but white space.</summary>
    Empty,
}

/// <summary>A refusal to read, without any of the text that was refused.</summary>
/// <param name="Offset">Bytes before the fault; for a repeated member the start of the object that holds it.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct JsonFault(JsonFaultKind Kind, int Offset);

/// <summary>How much a reader takes before it refuses.</summary>
/// <param name="MaxDepth">Arrays and objects open at once; never more than 512, since hashing and validating descend by calls.</param>
/// <param name="MaxNodes">Values in the whole text; names of members do not count. At most 16,777,215.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct JsonLimits(int MaxDepth = 64, int MaxNodes = 1_000_000)
{
    /// <summary>64 levels, a million values.</summary>
    public static JsonLimits Default { get; } = new(MaxDepth: 64, MaxNodes: 1_000_000);
}
