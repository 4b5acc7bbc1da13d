using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace AdcpFunctions.Host;

/// <summary>Everything that can be set: in <c>appsettings.json</c>, by environment variable or on the command line.</summary>
public sealed class HostOptions
{
    /// <summary>The SQLite file of the local ledger (<c>Ledger:Path</c>).</summary>
    /// <value>The default is <c>.data/ledger.db</c> below the working directory.</value>
    public string LedgerPath { get; set; } = Path.Combine(".data", "ledger.db");

    /// <summary>Where settled records are also written as NDJSON (<c>Publisher:QueueDir</c>, <c>--queue-dir</c>).</summary>
    /// <value>The default is null: the feed is the only destination.</value>
    public string? QueueDir { get; set; }

    /// <summary>What callers see as this service's origin (<c>Public:Origin</c>); it stands in the URLs handed to sellers.</summary>
    /// <value>The default is null: the address it listens on.</value>
    public string? PublicOrigin { get; set; }

    /// <summary>The largest <c>report_usage</c> body in bytes (<c>Limits:UsageBytes</c>).</summary>
    /// <value>The default is 8 MiB; 1 KiB to 64 MiB.</value>
    public int UsageBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>The largest webhook body in bytes (<c>Limits:WebhookBytes</c>).</summary>
    /// <value>The default is 1 MiB, the protocol's recommendation; 1 KiB to 8 MiB.</value>
    public int WebhookBytes { get; set; } = 1024 * 1024;

    /// <summary>How long a request whose process died blocks its key (<c>Limits:InFlightSeconds</c>).</summary>
    /// <value>The default is 60 seconds; 1 to 3,600.</value>
    public int InFlightSeconds { get; set; } = 60;

    /// <summary>Whether timers run in this process (<c>Timers:InProcess</c>).</summary>
    /// <value>The default is true.</value>
    public bool InProcessTimers { get; set; } = true;

    /// <summary>How long this service may be silent before the gap counts as an outage and lengthens everyone's grace; only a simulated clock sets it.</summary>
    /// <value>The default is five minutes.</value>
    public TimeSpan OutageAfter { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>What a contract does after a missed deadline when it does not say (<c>Contracts:Fallback</c>): <c>automatic</c> or <c>on_approval</c>.</summary>
    /// <value>The default is <c>automatic</c>.</value>
    public string Fallback { get; set; } = "automatic";

    /// <summary>Whether creative usage is billed from what is reported here (<c>Billing:BillsThroughAdcp</c>): <c>true</c> or <c>false</c>.</summary>
    /// <value>The default is false: every creative record is answered <c>BILLING_OUT_OF_BAND</c>.</value>
    public bool BillsThroughAdcp { get; set; }

    /// <summary>The admin key of each tenant (<c>ADCP_ADMIN_KEY</c> for <c>default</c>, <c>Tenants:{name}:AdminKey</c>).</summary>
    public Dictionary<string, string> AdminKeys { get; } = new(StringComparer.Ordinal);

    /// <summary>Reads the options; the first problem names its setting.</summary>
    /// <exception cref="ValidationException">A setting is out of range.</exception>
    public static HostOptions From(IConfiguration configuration)
    {
        var options = new HostOptions();
        options.LedgerPath = configuration["Ledger:Path"] ?? options.LedgerPath;
        options.QueueDir = configuration["Publisher:QueueDir"] ?? configuration["queue-dir"];
        options.PublicOrigin = configuration["Public:Origin"]?.TrimEnd('/');
        options.UsageBytes = Number(configuration, "Limits:UsageBytes", options.UsageBytes);
        options.WebhookBytes = Number(configuration, "Limits:WebhookBytes", options.WebhookBytes);
        options.InFlightSeconds = Number(configuration, "Limits:InFlightSeconds", options.InFlightSeconds);
        options.InProcessTimers = !bool.TryParse(configuration["Timers:InProcess"], out bool timers) || timers;
        options.Fallback = configuration["Contracts:Fallback"] ?? options.Fallback;
        if (configuration["Billing:BillsThroughAdcp"] is { } bills)
        {
            Check(nameof(BillsThroughAdcp), bool.TryParse(bills, out bool through));
            options.BillsThroughAdcp = through;
        }

        if (configuration["ADCP_ADMIN_KEY"] is { Length: > 0 } key)
            options.AdminKeys["default"] = key;
        foreach (IConfigurationSection tenant in configuration.GetSection("Tenants").GetChildren())
        {
            if (tenant["AdminKey"] is { Length: > 0 } adminKey)
                options.AdminKeys[tenant.Key] = adminKey;
        }

        Check(nameof(LedgerPath), options.LedgerPath.Length > 0);
        Check(nameof(UsageBytes), options.UsageBytes is >= 1024 and <= 64 * 1024 * 1024);
        Check(nameof(WebhookBytes), options.WebhookBytes is >= 1024 and <= 8 * 1024 * 1024);
        Check(nameof(InFlightSeconds), options.InFlightSeconds is >= 1 and <= 3600);
        Check(nameof(Fallback), options.Fallback is "automatic" or "on_approval");
        return options;
    }

    private static int Number(IConfiguration configuration, string setting, int standard) =>
        configuration[setting] is not { } text ? standard : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : -1;

    private static void Check(string setting, bool holds)
    {
        if (!holds)
            throw new ValidationException($"Setting {setting} is out of its range; see HostOptions.");
    }
}
