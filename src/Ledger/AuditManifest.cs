using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AdcpFunctions.Ledger;

/// <summary>How an account stood when a root was taken of it.</summary>
/// <param name="Revision">1 for the month's first close.</param>
/// <param name="PreviousRoot">The root of the account's close before it; empty for none.</param>
/// <param name="Pages">Which rows hold the lines, in order; each is named by its content.</param>
public sealed record ManifestDocument(string Account, string Period, int Revision, string PreviousRoot, long Settlements, long Events, IReadOnlyList<string> Pages);

/// <summary>Where one settlement stood then.</summary>
/// <param name="Chain">The hash of its event of that number.</param>
public sealed record ManifestLine(string Id, int Sequence, string Chain)
{
    public byte[] ToBytes() => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Id} {Sequence} {Chain}"));

    /// <returns>Null for a line of another form.</returns>
    public static ManifestLine? Of(ReadOnlySpan<byte> line) =>
        Encoding.UTF8.GetString(line).Split(' ') is [var id, var number, var chain] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int sequence)
            ? new ManifestLine(id, sequence, chain)
            : null;
}

/// <summary>The lines a root was taken over, kept so that whoever holds the root can be told which settlement does not fit it.</summary>
/// <remarks>
/// Pages are named by what they say and the list of them by its root: two closes at once write the same or apart, what a close
/// that never was leaves behind is named by nothing, and none of it proves anything without the root outside.
/// </remarks>
internal sealed class AuditManifest(IPartitionedTable table, string tenant, string account, string period)
{
    /// <summary>What is packed into one row: even where lines share nothing, it fits 14 columns.</summary>
    private const int PageBytes = 640 * 1024;

    private readonly string _partition = LedgerKeys.Manifest(tenant, account, period);
    private readonly List<PageLine> _lines = [];
    private readonly List<string> _pages = [];
    private int _bytes;

    /// <summary>The root's first line: a root is of one close alone, and of all the account's closes before it.</summary>
    public static byte[] Heading(string tenant, string account, string period, int revision, string previousRoot) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{tenant} {account} {period} {revision} {previousRoot}\n"));

    /// <summary>The next line; a full page is written at once, so that memory stays flat.</summary>
    public async ValueTask AddAsync(byte[] line, CancellationToken cancel)
    {
        if (_bytes + line.Length > PageBytes)
            await FlushAsync(cancel);
        _lines.Add(new PageLine(default, null, line));
        _bytes += line.Length;
    }

    /// <summary>What makes the pages findable; written when all of them are there.</summary>
    public async ValueTask KeepAsync(int revision, string previousRoot, AuditRoot root, CancellationToken cancel)
    {
        await FlushAsync(cancel);
        var document = new ManifestDocument(account, period, revision, previousRoot, root.Settlements, root.Events, _pages);
        await WriteAsync(Tables.Row(LedgerKeys.ManifestRoot(root.Root), document, LedgerJson.Default.ManifestDocument), cancel);
    }

    /// <summary>What a root was taken over.</summary>
    /// <returns>Null when the ledger keeps nothing of that root.</returns>
    public async ValueTask<ManifestDocument?> FindAsync(string root, CancellationToken cancel) =>
        await table.GetAsync(_partition, LedgerKeys.ManifestRoot(root), cancel) is { } row ? Tables.Read(row, LedgerJson.Default.ManifestDocument) : null;

    /// <summary>What the kept lines hash to now, and how much they cover.</summary>
    /// <returns>What is there; beside it the first page that is gone or is not what it is named by, null for none.</returns>
    public async Task<(AuditRoot Root, string? BrokenPage)> HashAsync(ManifestDocument document, CancellationToken cancel)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Heading(tenant, account, period, document.Revision, document.PreviousRoot));
        long settlements = 0, events = 0;
        foreach (string page in document.Pages)
        {
            if (await table.GetAsync(_partition, page, cancel) is not { } row || NameOf(row.Columns) != page)
                return (new AuditRoot(settlements, events, ""), page);
            foreach (ReadOnlyMemory<byte> line in StatementLedger.LinesOf(row))
            {
                hash.AppendData(line.Span);
                hash.AppendData("\n"u8);
                settlements++;
                events += ManifestLine.Of(line.Span)?.Sequence ?? 0;
            }
        }

        return (new AuditRoot(settlements, events, Convert.ToHexStringLower(hash.GetHashAndReset())), null);
    }

    /// <summary>The lines of one page; to be believed only where <see cref="HashAsync"/> gave the root that was expected.</summary>
    public async ValueTask<IReadOnlyList<ManifestLine>> LinesAsync(string page, CancellationToken cancel) =>
        await table.GetAsync(_partition, page, cancel) is { } row ? [.. StatementLedger.LinesOf(row).Select(line => ManifestLine.Of(line.Span)).OfType<ManifestLine>()] : [];

    private async ValueTask FlushAsync(CancellationToken cancel)
    {
        if (_lines.Count == 0)
            return;
        var columns = new List<Column>();
        for (int at = 0; at < _lines.Count;)
            columns.Add(new Column($"r{columns.Count}", PagePacking.Pack(_lines, ref at)));
        string page = NameOf(columns);
        await WriteAsync(new TableRow(page, columns, null), cancel);
        _pages.Add(page);
        _lines.Clear();
        _bytes = 0;
    }

    private static string NameOf(IEnumerable<Column> columns)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (Column column in columns.OrderBy(c => c.Name.Length).ThenBy(c => c.Name, StringComparer.Ordinal))
            hash.AppendData(column.Value.Span);
        return LedgerKeys.ManifestPage(Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    private async ValueTask WriteAsync(TableRow row, CancellationToken cancel) => await table.SubmitAsync(new TableBatch(_partition).Upsert(row), cancel);
}
