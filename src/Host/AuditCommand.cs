using System.ComponentModel.DataAnnotations;
using System.Globalization;
using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>Checks a ledger link by link, in itself and against what is held outside, and names the first broken link of each thing.</summary>
internal static class AuditCommand
{
    private const string Usage = "verify-audit [--export <file>] [--root <hex> --account <id> --period <yyyy-mm>] [--tenant <name>] [--Audit:Key <base64> --Audit:KeyId <id>] [--Audit:PreviousKeys:<id> <base64>] [--Retention:FinancialYears <n>] [--Ledger:Path <file> | --Ledger:Kind AzureTables --Ledger:ConnectionString <string> | --Ledger:Endpoint <url>] [--Ledger:Table <name>]";

    private static readonly string[] Known =
    [
        "export", "root", "account", "period", "tenant", "Audit:Key", "Audit:KeyId", "Retention:FinancialYears",
        "Ledger:Kind", "Ledger:Path", "Ledger:ConnectionString", "Ledger:Endpoint", "Ledger:Table",
    ];

    /// <returns>0 when every link holds, 1 when one does not, 2 when it was asked wrongly or for what is not there.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter errors)
    {
        if (!CommandArguments.AreKnown(args, IsKnown))
            return await CommandArguments.RefuseAsync(errors, Usage);

        // The settings of the service, from where the service has them.
        IConfiguration settings = new ConfigurationBuilder()
            .SetBasePath(AppContext.BaseDirectory).AddJsonFile("appsettings.json", optional: true)
            .AddEnvironmentVariables().AddCommandLine(args).Build();
        try
        {
            HostOptions options = HostOptions.From(settings);
            AuditAnchor anchor = AnchorOf(settings);
            await using LedgerStore ledger = await LedgerStore.OpenForReadingAsync(options);
            return await RunAsync(ledger.Table, options.Audit, settings["tenant"], anchor, output, errors);
        }
        catch (Exception unusable) when (unusable is ValidationException or SqliteException or IOException or InvalidDataException or UnauthorizedAccessException)
        {
            return await CommandArguments.RefuseAsync(errors, unusable.Message);
        }
    }

    /// <summary>The last lines: what was gone through, what could not be told, and whether every link holds.</summary>
    public static IEnumerable<string> Summary(IReadOnlyCollection<AuditCount> counts, bool isAnchored)
    {
        long untold = counts.Sum(c => c.Unchecked), unsealed = counts.Sum(c => c.Unsealed), findings = counts.Sum(c => c.Findings);
        if (untold > 0)
            yield return string.Create(CultureInfo.InvariantCulture, $"{untold:N0} seals were not checked: no audit key is given (Audit:Key)");
        if (unsealed > 0)
            yield return string.Create(CultureInfo.InvariantCulture, $"{unsealed:N0} published records carry no seal: no audit key was set when they were published, or it was taken off; a root or what was received tells which");
        if (!isAnchored)
            yield return "nothing from outside was given (--root or --export): a tail that was cut off since the newest close, and a ledger built anew as a whole, would not be seen";
        string found = findings switch
        {
            0 => "every link holds",
            1 => "1 finding",
            _ => string.Create(CultureInfo.InvariantCulture, $"{findings:N0} findings"),
        };
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"audited {counts.Sum(c => c.Settlements):N0} settlements, {counts.Sum(c => c.Events):N0} events, {counts.Sum(c => c.Published):N0} published records, {counts.Sum(c => c.Rooted):N0} settlements under roots, {counts.Sum(c => c.Lines):N0} lines from outside, {counts.Sum(c => c.Forgotten):N0} forgotten: {found}");
    }

    private static async Task<int> RunAsync(IPartitionedTable table, AuditOptions options, string? tenant, AuditAnchor anchor, TextWriter output, TextWriter errors)
    {
        var directory = new AccessDirectory(table);
        IReadOnlyList<string> tenants = await directory.TenantsAsync(CancellationToken.None);
        if (tenant is not null && !tenants.Contains(tenant))
            return await CommandArguments.RefuseAsync(errors, $"There is no tenant '{tenant}'.");
        string[] asked = tenant is null ? [.. tenants] : [tenant];
        if (asked.Length == 0)
            return await CommandArguments.RefuseAsync(errors, "There is no tenant in this ledger.");
        // A root says whose it is only to who knows: it is hashed into it.
        if (anchor.Roots.Count > 0 && asked.Length != 1)
            return await CommandArguments.RefuseAsync(errors, "A root is of one tenant: name it with --tenant.");
        if (anchor.Lines is { } lines)
            await RequireTenantsAsync(lines(), asked);

        var counts = new List<AuditCount>();
        foreach (string one in asked)
        {
            var audit = new Audit(table, directory, options.Seals(), TimeProvider.System.GetUtcNow().AddYears(-options.FinancialYears));
            counts.Add(await audit.RunAsync(one, anchor, output.WriteLine, CancellationToken.None));
        }

        foreach (string line in Summary(counts, anchor.Roots.Count > 0 || anchor.Lines is not null))
            await output.WriteLineAsync(line);
        return counts.Exists(c => c.Findings > 0) ? 1 : 0;
    }

    /// <summary>Lines that nobody would look at must not read as lines that hold.</summary>
    private static async Task RequireTenantsAsync(IAsyncEnumerable<AnchoredLine> lines, string[] asked)
    {
        long count = 0;
        await foreach (AnchoredLine line in lines)
        {
            count++;
            if (line is not AnchoredLine.Published published)
            {
                if (asked.Length != 1)
                    throw new InvalidDataException("A month's export is of one tenant: name it with --tenant.");
            }
            else if (AnchoredLine.Published.TenantOf(published.Entry()) is not { } of || !asked.Contains(of))
            {
                throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"Line {line.Number} is of a tenant that is not audited."));
            }
        }

        if (count == 0)
            throw new InvalidDataException("The export holds no line.");
    }

    private static AuditAnchor AnchorOf(IConfiguration settings)
    {
        (string? root, string? account, string? period, string? export) = (settings["root"], settings["account"], settings["period"], settings["export"]);
        if ((root is null) != (account is null) || (root is null) != (period is null))
            throw new ValidationException("--root, --account and --period belong together.");
        if (root is not null && !(root.Length == 64 && root.All(char.IsAsciiHexDigitLower)))
            throw new ValidationException("--root must be 64 lower-case hexadecimal digits.");
        if (account is not null && !LedgerKeys.IsName(account))
            throw new ValidationException("--account must be an account's id.");
        if (period is not null && !Booking.IsMonth(period))
            throw new ValidationException("--period must be a month, such as 2026-04.");
        return new AuditAnchor(root is null ? [] : [new AnchoredRoot(account!, period!, root)], export is null ? null : () => AuditExport.ReadAsync(export));
    }

    private static bool IsKnown(string name) =>
        Known.Contains(name, StringComparer.OrdinalIgnoreCase) || (name.StartsWith("Audit:PreviousKeys:", StringComparison.OrdinalIgnoreCase) && name.Length > "Audit:PreviousKeys:".Length);
}
