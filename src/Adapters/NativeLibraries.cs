using System.Reflection;
using System.Runtime.InteropServices;

namespace AdcpFunctions.Adapters;

/// <summary>A library of the operating system that this service calls, and what to install when it is not there.</summary>
/// <param name="Name">The name our imports use.</param>
/// <param name="Remedy">The package that holds it and the command that installs it.</param>
/// <param name="Candidates">File names to try, in order.</param>
public sealed record NativeLibraryNeed(string Name, string Remedy, IReadOnlyList<string> Candidates);

/// <summary>Finds the operating system's libraries, at start rather than in the middle of the first request.</summary>
public static class NativeLibraries
{
    /// <summary>SQLite as the operating system ships and patches it.</summary>
    public static NativeLibraryNeed Sqlite { get; } = OperatingSystem.IsWindows()
        ? new("sqlite3", "winsqlite3.dll, part of Windows 10 and later", ["winsqlite3.dll", "sqlite3.dll"])
        : OperatingSystem.IsMacOS()
            ? new("sqlite3", "libsqlite3.dylib, part of macOS", ["libsqlite3.dylib", "/usr/lib/libsqlite3.dylib"])
            : new("sqlite3", "libsqlite3-0 (apt-get install libsqlite3-0)", ["libsqlite3.so.0", "libsqlite3.so"]);

    /// <summary>Tries to load each library.</summary>
    /// <returns>Null when all are there; otherwise one sentence per missing library that names what to install.</returns>
    public static string? FindMissing(params IReadOnlyList<NativeLibraryNeed> needs)
    {
        ArgumentNullException.ThrowIfNull(needs);
        string[] missing = [.. needs.Where(need => Load(need) == 0).Select(Explain)];
        return missing.Length == 0 ? null : string.Join(' ', missing);
    }

    /// <summary>Serves <c>LibraryImport("sqlite3")</c> of this assembly, whose file has another name on every system.</summary>
    internal static nint Resolve(string name, Assembly assembly, DllImportSearchPath? paths)
    {
        if (name != Sqlite.Name)
            return 0;

        nint library = Load(Sqlite);
        return library != 0 ? library : throw new DllNotFoundException(Explain(Sqlite));
    }

    private static nint Load(NativeLibraryNeed need)
    {
        foreach (string candidate in need.Candidates)
        {
            if (NativeLibrary.TryLoad(candidate, out nint library))
                return library;
        }

        return 0;
    }

    private static string Explain(NativeLibraryNeed need) =>
        $"The library '{need.Name}' is missing (tried {string.Join(", ", need.Candidates)}); install {need.Remedy}.";
}
