using System.Buffers;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace AdcpFunctions.Protocol;

/// <summary>Gathers canonical bytes in one chunk and passes full chunks on, to a hash or to a writer.</summary>
internal sealed class CanonicalSink
{
    private readonly byte[] _chunk;
    private readonly IBufferWriter<byte>? _output;
    private IncrementalHash? _hash;
    private int _used;

    /// <summary>A sink whose bytes are hashed.</summary>
    public CanonicalSink(byte[] chunk) => _chunk = chunk;

    /// <summary>A sink whose bytes are written out.</summary>
    public CanonicalSink(IBufferWriter<byte> output, byte[] chunk)
    {
        _output = output;
        _chunk = chunk;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _chunk.Length - _used)
        {
            WriteAcross(bytes);
            return;
        }

        bytes.CopyTo(_chunk.AsSpan(_used));
        _used += bytes.Length;
    }

    public void Flush()
    {
        if (_output is not null)
        {
            _output.Write(_chunk.AsSpan(0, _used));
        }
        else
        {
            _hash ??= IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            _hash.AppendData(_chunk, 0, _used);
        }

        _used = 0;
    }

    /// <summary>The SHA-256 of everything written; a text that fits the chunk is hashed in one call.</summary>
    public byte[] TakeHash()
    {
        if (_hash is null)
            return SHA256.HashData(_chunk.AsSpan(0, _used));

        Flush();
        byte[] hash = _hash.GetHashAndReset();
        _hash.Dispose();
        return hash;
    }

    private void WriteAcross(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_used == _chunk.Length)
                Flush();
            int part = Math.Min(bytes.Length, _chunk.Length - _used);
            bytes[..part].CopyTo(_chunk.AsSpan(_used));
            _used += part;
            bytes = bytes[part..];
        }
    }
}
