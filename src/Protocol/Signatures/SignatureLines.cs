using System.Buffers;
using System.Text;

namespace AdcpFunctions.Protocol;

/// <summary>The bytes a signature is made over (RFC 9421, 2.5): a line for every covered component, and one for the parameters.</summary>
/// <remarks>Held in a pooled buffer; dispose it.</remarks>
internal ref struct SignatureLines : IDisposable
{
    private byte[] _bytes;
    private int _length;

    private SignatureLines(int capacity) => _bytes = ArrayPool<byte>.Shared.Rent(capacity);

    public readonly ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    /// <summary>Rule SIG-5: a signature counts for what it covers as this service received it; what cannot be put on a line is not verified.</summary>
    /// <param name="message">As received.</param>
    /// <param name="signed">What it covers.</param>
    /// <param name="target">The canonical address.</param>
    /// <param name="result">The base; dispose it also when there is none.</param>
    /// <returns>False when it covers a field that was not sent, or something of another form than a plain value.</returns>
    public static bool TryBuild(ReceivedMessage message, SignatureFields signed, TargetUri target, out SignatureLines result)
    {
        result = new SignatureLines(1024);
        if (!signed.IsPlain)
            return false;
        foreach (string component in signed.Components)
        {
            bool isWritten = component switch
            {
                SignatureFields.Method => result.TryLine(component, message.Method),
                SignatureFields.TargetUri => result.TryLine(component, target.Text),
                SignatureFields.Authority => result.TryLine(component, target.Authority),
                _ => component[0] != '@' && result.TryField(component, message.Headers(component)),
            };
            if (!isWritten)
                return false;
        }

        return result.TryAppend("\"@signature-params\": ") && result.TryAppend(signed.RawParameters);
    }

    /// <summary>A field name in lower case, or a derived component: anything else would be a second spelling of one of them.</summary>
    public static bool IsComponentName(ReadOnlySpan<char> name)
    {
        if (name.StartsWith('@'))
            name = name[1..];
        foreach (char character in name)
        {
            if (!char.IsAsciiLetterLower(character) && !char.IsAsciiDigit(character) && !"!#$%&'*+-.^_`|~".Contains(character))
                return false;
        }

        return name.Length > 0;
    }

    public readonly void Dispose() => ArrayPool<byte>.Shared.Return(_bytes);

    private bool TryLine(string component, ReadOnlySpan<char> value) =>
        TryAppend("\"") && TryAppend(component) && TryAppend("\": ") && TryAppendValue(value) && TryAppend("\n");

    private bool TryField(string component, IReadOnlyList<string?> lines)
    {
        if (lines.Count == 0 || !TryAppend("\"") || !TryAppend(component) || !TryAppend("\": "))
            return false;
        for (int i = 0; i < lines.Count; i++)
        {
            if (i > 0 && !TryAppend(", ") || !TryAppendValue(lines[i].AsSpan().Trim(" \t")))
                return false;
        }

        return TryAppend("\n");
    }

    /// <summary>A line break inside a value could pass for the next line.</summary>
    private bool TryAppendValue(ReadOnlySpan<char> value) => !value.ContainsAnyInRange('\u0000', '\u001F') && TryAppend(value);

    /// <summary>Every character is one byte, or there is no base: what is replaced would make two messages one.</summary>
    private bool TryAppend(ReadOnlySpan<char> text)
    {
        if (_bytes.Length - _length < text.Length)
            Grow(text.Length);
        bool isAscii = Ascii.FromUtf16(text, _bytes.AsSpan(_length), out int written) == OperationStatus.Done;
        _length += written;
        return isAscii;
    }

    private void Grow(int more)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(_bytes.Length * 2, _length + more));
        Bytes.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}
