using System.Security.Cryptography;

namespace AdcpFunctions.Protocol;

/// <summary>Ed25519 public keys and their signatures (RFC 8032).</summary>
internal static class Ed25519
{
    public const int KeyLength = 32;
    public const int SignatureLength = 64;

    /// <summary>The y coordinates of the points of small order: under such a key everybody can sign everything.</summary>
    private static readonly byte[][] WeakCoordinates =
    [
        Convert.FromHexString("0000000000000000000000000000000000000000000000000000000000000000"),
        Convert.FromHexString("0100000000000000000000000000000000000000000000000000000000000000"),
        Convert.FromHexString("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        Convert.FromHexString("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
        Convert.FromHexString("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    ];

    /// <summary>Hands a key to libcrypto.</summary>
    /// <returns>Null for a key that is no key, or one under which a signature proves nothing.</returns>
    public static PublicKeyHandle? Import(ReadOnlySpan<byte> key)
    {
        if (key.Length != KeyLength || IsWeak(key))
            return null;
        PublicKeyHandle handle = Libcrypto.NewPublicKey(Libcrypto.Ed25519, 0, key, (nuint)key.Length);
        if (!handle.IsInvalid)
            return handle;
        handle.Dispose();
        Libcrypto.ClearErrors();
        return null;
    }

    /// <summary>Whether this key made this signature over these bytes. Safe from many threads at once: the key is only read.</summary>
    /// <exception cref="CryptographicException">libcrypto cannot work at all; this says nothing of the signature.</exception>
    public static bool Verify(PublicKeyHandle key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != SignatureLength)
            return false;

        // The context lives and dies in this method, so it needs no handle and leaves nothing to collect.
        nint context = Libcrypto.NewContext();
        if (context == 0)
            throw new CryptographicException("libcrypto has no memory left for a verification.");
        try
        {
            if (Libcrypto.BeginVerify(context, 0, 0, 0, key) != 1)
                throw new CryptographicException("libcrypto does not begin an Ed25519 verification.");
            if (Libcrypto.Verify(context, signature, (nuint)signature.Length, message, (nuint)message.Length) == 1)
                return true;
            Libcrypto.ClearErrors();
            return false;
        }
        finally
        {
            Libcrypto.FreeContext(context);
        }
    }

    private static bool IsWeak(ReadOnlySpan<byte> key)
    {
        Span<byte> y = stackalloc byte[KeyLength];
        key.CopyTo(y);
        y[^1] &= 0x7F;

        // 2^255 - 19 and above: a second spelling of a smaller coordinate.
        if (y[^1] == 0x7F && y[0] >= 0xED && !y[1..^1].ContainsAnyExcept((byte)0xFF))
            return true;
        foreach (byte[] weak in WeakCoordinates)
        {
            if (y.SequenceEqual(weak))
                return true;
        }

        return false;
    }
}
