using System.Runtime.InteropServices;

namespace AdcpFunctions.Protocol;

/// <summary>One place where a value breaks its schema.</summary>
/// <param name="Pointer">RFC 6901, from the root of the value; empty for the root itself.</param>
/// <param name="Keyword">The draft-07 keyword that refused.</param>
/// <param name="Message">One English sentence about the rule, never the refused value.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct SchemaViolation(string Pointer, string Keyword, string Message);
