using System.Reflection;
using System.Runtime.InteropServices;

namespace AdcpFunctions.Protocol;

/// <summary>A public key inside libcrypto; freed with the last reference to it.</summary>
internal sealed class PublicKeyHandle() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        Libcrypto.FreeKey(handle);
        return true;
    }
}

/// <summary>The native functions that Ed25519 needs of OpenSSL 3, and nothing else of it: .NET 10 has no Ed25519 of its own.</summary>
public static partial class Libcrypto
{
    /// <summary>OpenSSL's number for Ed25519 (<c>NID_ED25519</c>).</summary>
    internal const int Ed25519 = 1087;

    private const string Library = "libcrypto";

    private static readonly string[] Candidates = OperatingSystem.IsWindows()
        ? ["libcrypto-3-x64.dll", "libcrypto-3.dll"]
        : OperatingSystem.IsMacOS() ? ["libcrypto.3.dylib", "/opt/homebrew/opt/openssl@3/lib/libcrypto.3.dylib"] : ["libcrypto.so.3"];

    /// <summary>What to install, where OpenSSL is not there; null where it is. Said at the start, rather than to the first sender who signs.</summary>
    public static string? Missing() => Load() == 0 ? Remedy : null;

    private static string Remedy => $"OpenSSL 3 is missing (tried {string.Join(", ", Candidates)}), and Ed25519 signatures cannot be verified without it; install libssl3 (apt-get install libssl3).";

    static Libcrypto() => NativeLibrary.SetDllImportResolver(typeof(Libcrypto).Assembly, Resolve);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_new_raw_public_key")]
    internal static partial PublicKeyHandle NewPublicKey(int type, nint engine, ReadOnlySpan<byte> key, nuint length);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_free")]
    internal static partial void FreeKey(nint key);

    [LibraryImport(Library, EntryPoint = "EVP_MD_CTX_new")]
    internal static partial nint NewContext();

    [LibraryImport(Library, EntryPoint = "EVP_MD_CTX_free")]
    internal static partial void FreeContext(nint context);

    [LibraryImport(Library, EntryPoint = "EVP_DigestVerifyInit")]
    internal static partial int BeginVerify(nint context, nint keyContext, nint digest, nint engine, PublicKeyHandle key);

    [LibraryImport(Library, EntryPoint = "EVP_DigestVerify")]
    internal static partial int Verify(nint context, ReadOnlySpan<byte> signature, nuint signatureLength, ReadOnlySpan<byte> message, nuint messageLength);

    [LibraryImport(Library, EntryPoint = "ERR_clear_error")]
    internal static partial void ClearErrors();

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? paths)
    {
        if (name != Library)
            return 0;
        nint library = Load();
        return library != 0 ? library : throw new DllNotFoundException(Remedy);
    }

    private static nint Load()
    {
        foreach (string candidate in Candidates)
        {
            if (NativeLibrary.TryLoad(candidate, out nint library))
                return library;
        }

        return 0;
    }
}
