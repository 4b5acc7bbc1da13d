using System.ComponentModel.DataAnnotations;
using System.Globalization;
using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host;

/// <summary>Recomputes a ledger, or one settlement, and says what differs from what it says and sent.</summary>
internal static class ReplayCommand
{
    private const string Usage = "replay [--settlement <id>] [--tenant <name>] [--Ledger:Path <file> | --Ledger:Kind AzureTables --Ledger:ConnectionString <string> | --Ledger:Endpoint <url>] [--Ledger:Table <name>]";

    private static readonly string[] Known = ["settlement", "tenant", "Ledger:Kind", "Ledger:Path", "Ledger:ConnectionString", "Ledger:Endpoint", "Ledger:Table"];

    /// <returns>0 when nothing differs, 1 when something does, 2 when it was asked wrongly or for what is not there.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter errors)
    {
        if (!CommandArguments.AreKnown(args, name => Known.Contains(name, StringComparer.OrdinalIgnoreCase)))
            return await CommandArguments.RefuseAsync(errors, Usage);

        // The settings of the service, from where the service has them.
        IConfiguration settings = new ConfigurationBuilder()
            .SetBasePath(AppContext.BaseDirectory).AddJsonFile("appsettings.json", optional: true)
            .AddEnvironmentVariables().AddCommandLine(args).Build();
        try
        {
            HostOptions options = HostOptions.From(settings);
            await using LedgerStore ledger = await LedgerStore.OpenForReadingAsync(options);
            return await RunAsync(ledger.Table, settings["tenant"], settings["settlement"], output, errors);
        }
        catch (Exception unusable) when (unusable is ValidationException or SqliteException or IOException or InvalidDataException)
        {
            return await CommandArguments.RefuseAsync(errors, unusable.Message);
        }
    }

    /// <summary>The last line: what was replayed, and whether anything differed.</summary>
    public static string Summary(IReadOnlyCollection<ReplayCount> counts)
    {
        long differences = counts.Sum(c => c.Differences);
        string found = differences switch
        {
            0 => "no difference",
            1 => "1 difference",
            _ => string.Create(CultureInfo.InvariantCulture, $"{differences:N0} differences"),
        };
        return string.Create(
            CultureInfo.InvariantCulture,
            $"replayed {counts.Sum(c => c.Settlements):N0} settlements, {counts.Sum(c => c.Events):N0} events, {counts.Sum(c => c.Records):N0} records: {found}");
    }

    private static async Task<int> RunAsync(IPartitionedTable table, string? tenant, string? settlement, TextWriter output, TextWriter errors)
    {
        var directory = new AccessDirectory(table);
        IReadOnlyList<string> tenants = await directory.TenantsAsync(CancellationToken.None);
        if (tenant is not null && !tenants.Contains(tenant))
            return await CommandArguments.RefuseAsync(errors, $"There is no tenant '{tenant}'.");

        var counts = new List<ReplayCount>();
        foreach (string one in tenant is null ? tenants : [tenant])
        {
            var replay = new Replay(table, directory);
            ReplayCount? count = settlement is null
                ? await replay.RunAsync(one, output.WriteLine, CancellationToken.None)
                : await replay.RunAsync(one, settlement, output.WriteLine, CancellationToken.None);
            if (count is not null)
                counts.Add(count);
        }

        if (settlement is not null && counts.Count == 0)
            return await CommandArguments.RefuseAsync(errors, $"There is no settlement '{settlement}'.");
        await output.WriteLineAsync(Summary(counts));
        return counts.Exists(c => c.Differences > 0) ? 1 : 0;
    }
}
