namespace AdcpFunctions.Tests.Adapters;

/// <summary>A database file in a directory of its own, gone with it.</summary>
public sealed class TemporaryFile : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("adcp-table-");

    public string Path => System.IO.Path.Combine(_directory.FullName, "ledger.db");

    public void Dispose() => _directory.Delete(recursive: true);
}
