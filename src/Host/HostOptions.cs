using System.ComponentModel.DataAnnotations;
using System.Globalization;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>Everything that can be set: in <c>appsettings.json</c>, by environment variable or on the command line.</summary>
public sealed class HostOptions
{
    /// <summary>Where the ledger is kept (<c>Ledger:Kind</c>): <c>Sqlite</c> or <c>AzureTables</c>.</summary>
    /// <value>The default is <c>Sqlite</c>.</value>
    public string LedgerKind { get; set; } = "Sqlite";

    /// <summary>The storage account's connection string, with its key or a shared access signature, or <c>UseDevelopmentStorage=true</c> (<c>Ledger:ConnectionString</c>).</summary>
    /// <value>The default is null: the endpoint with the process's own identity.</value>
    public string? LedgerConnectionString { get; set; }

    /// <summary>The table endpoint, such as <c>https://account.table.core.windows.net</c>, for an Entra identity (<c>Ledger:Endpoint</c>).</summary>
    public string? LedgerEndpoint { get; set; }

    /// <summary>The table the ledger lies in; it is created when it is not there (<c>Ledger:Table</c>).</summary>
    /// <value>The default is <c>ledger</c>; 3 to 63 letters and digits, beginning with a letter.</value>
    public string LedgerTable { get; set; } = "ledger";

    /// <summary>Where settled records are sent (<c>Publisher:Kind</c>): <c>Feed</c> (nowhere else), <c>Files</c> or <c>ServiceBus</c>.</summary>
    /// <value>The default is <c>Files</c> when a folder is given, else <c>Feed</c>.</value>
    public string PublisherKind { get; set; } = "Feed";

    /// <summary>The namespace's connection string with a key that may send (<c>Publisher:ConnectionString</c>).</summary>
    /// <value>The default is null: the endpoint with the process's own identity.</value>
    public string? PublisherConnectionString { get; set; }

    /// <summary>The Service Bus namespace, such as <c>https://name.servicebus.windows.net</c>, for an Entra identity (<c>Publisher:Endpoint</c>).</summary>
    public string? PublisherEndpoint { get; set; }

    /// <summary>The topic or queue settled records are sent to (<c>Publisher:Topic</c>).</summary>
    /// <value>The default is <c>settled-records</c>.</value>
    public string PublisherTopic { get; set; } = "settled-records";

    /// <summary>The largest batch in bytes (<c>Publisher:MaxBatchBytes</c>).</summary>
    /// <value>The default is 262,144, the limit of the Standard tier; Premium takes 1,048,576. 65,536 to 1,048,576.</value>
    public int PublisherMaxBatchBytes { get; set; } = 256 * 1024;

    /// <summary>The topic's duplicate detection window in minutes (<c>Publisher:DuplicateDetectionMinutes</c>); nothing is sent again after it.</summary>
    /// <value>The default is 1,440, a day; 20 to 10,080.</value>
    public int PublisherDuplicateDetectionMinutes { get; set; } = 1440;

    /// <summary>The SQLite file of the local ledger (<c>Ledger:Path</c>).</summary>
    /// <value>The default is <c>.data/ledger.db</c> below the working directory.</value>
    public string LedgerPath { get; set; } = Path.Combine(".data", "ledger.db");

    /// <summary>Where settled records are also written as NDJSON (<c>Publisher:QueueDir</c>, <c>--queue-dir</c>).</summary>
    /// <value>The default is null: the feed is the only destination.</value>
    public string? QueueDir { get; set; }

    /// <summary>What callers see as this service's origin (<c>Public:Origin</c>); it stands in the URLs handed to sellers.</summary>
    /// <value>The default is null: the address of the request; under a Functions host it must be set.</value>
    public string? PublicOrigin { get; set; }

    /// <summary>Where the operator's brand.json is (<c>Public:BrandJsonUrl</c>); the capabilities name it as the root of trust in signatures.</summary>
    /// <value>The default is null: the capabilities then name no operation for signing.</value>
    public string? BrandJsonUrl { get; set; }

    /// <summary>The largest <c>report_usage</c> body in bytes (<c>Limits:UsageBytes</c>).</summary>
    /// <value>The default is 8 MiB; 1 KiB to 64 MiB.</value>
    public int UsageBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>The largest webhook body in bytes (<c>Limits:WebhookBytes</c>).</summary>
    /// <value>The default is 1 MiB, the protocol's recommendation; 1 KiB to 8 MiB.</value>
    public int WebhookBytes { get; set; } = 1024 * 1024;

    /// <summary>How many nonces of one signer's key are remembered at once, on all instances together (<c>Limits:NoncesPerKey</c>).</summary>
    /// <value>The default is 100,000, the protocol's recommendation for webhooks; 1,000 to 10,000,000.</value>
    public int NoncesPerKey { get; set; } = 100_000;

    /// <summary>Whether an endpoint may be registered for, and deliver by, a bearer credential (<c>Webhooks:AllowBearer</c>).</summary>
    /// <value>The default is false: nothing protects such a body, and its rows are never settled.</value>
    public bool AllowBearer { get; set; }

    /// <summary>How long attempts to deliver are remembered, in days (<c>Limits:DeliveryLogDays</c>); what was accepted is evidence besides, for its years.</summary>
    /// <value>The default is 30; 1 to 365.</value>
    public int DeliveryLogDays { get; set; } = 30;

    /// <summary>How long a request whose process died blocks its key (<c>Limits:InFlightSeconds</c>).</summary>
    /// <value>The default is 60 seconds; 1 to 3,600.</value>
    public int InFlightSeconds { get; set; } = 60;

    /// <summary>How long a counterparty's keys, and where they are, are taken as read (<c>Trust:KeyCacheMinutes</c>).</summary>
    /// <value>The default is 15 minutes; 1 to 30, as long as a revocation may take to be seen.</value>
    public int KeyCacheMinutes { get; set; } = 15;

    /// <summary>How often whom is served.</summary>
    public AbuseLimits Abuse { get; } = new();

    /// <summary>What is sealed, and how long what is kept is kept.</summary>
    public AuditOptions Audit { get; } = new();

    /// <summary>Whether timers run in this process (<c>Timers:InProcess</c>).</summary>
    /// <value>The default is true where no Functions host rings them, and false where one does.</value>
    public bool InProcessTimers { get; set; } = true;

    /// <summary>The port a Functions host calls this process on (<c>FUNCTIONS_CUSTOMHANDLER_PORT</c>).</summary>
    /// <value>The default is null: no Functions host.</value>
    public int? FunctionsPort { get; set; }

    /// <summary>How long one ring of a timer function works before it leaves the rest to the next (<c>Timers:StopAfterSeconds</c>).</summary>
    /// <value>The default is 150 seconds, half of host.json's <c>functionTimeout</c>; 1 to 150.</value>
    public int TimersStopAfterSeconds { get; set; } = 150;

    /// <summary>How long this service may be silent before the gap counts as an outage and lengthens everyone's grace. Not a setting: it is for clocks that leap.</summary>
    /// <value>The default is five minutes.</value>
    public TimeSpan OutageAfter { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>What a contract does after a missed deadline when it does not say (<c>Contracts:Fallback</c>): <c>automatic</c> or <c>on_approval</c>.</summary>
    /// <value>The default is <c>automatic</c>.</value>
    public string Fallback { get; set; } = "automatic";

    internal FallbackPolicy FallbackPolicy => Fallback == "automatic" ? FallbackPolicy.Automatic : FallbackPolicy.OnApproval;

    /// <summary>Whether a seller's row waits until the seller's own records say the same when its contract does not say (<c>Contracts:Snapshot</c>): <c>required</c>, <c>on_final</c> or <c>off</c>.</summary>
    /// <value>The default is <c>off</c>.</value>
    public string Snapshot { get; set; } = "off";

    internal SnapshotPolicy SnapshotPolicy => Snapshot switch
    {
        "required" => SnapshotPolicy.Required,
        "on_final" => SnapshotPolicy.OnFinal,
        _ => SnapshotPolicy.Off,
    };

    /// <summary>Whether creative usage is billed from what is reported here (<c>Billing:BillsThroughAdcp</c>): <c>true</c> or <c>false</c>.</summary>
    /// <value>The default is false: every creative record is answered <c>BILLING_OUT_OF_BAND</c>.</value>
    public bool BillsThroughAdcp { get; set; }

    /// <summary>Whom this installation invoices (<c>Billing:Supported</c>): <c>operator</c>, <c>agent</c> and <c>advertiser</c>, by commas; the capabilities say so.</summary>
    /// <value>The default is <c>operator</c>.</value>
    public IReadOnlyList<string> SupportedBilling { get; set; } = ["operator"];

    /// <summary>Whether traces, metrics and logs leave over OTLP: when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set. The SDK reads it and every other <c>OTEL_*</c> setting.</summary>
    /// <value>The default is false: logs go to the console, the rest nowhere.</value>
    public bool ExportsTelemetry { get; set; }

    /// <summary>The admin key of each tenant (<c>ADCP_ADMIN_KEY</c> for <c>default</c>, <c>Tenants:{name}:AdminKey</c>).</summary>
    public Dictionary<string, string> AdminKeys { get; } = new(StringComparer.Ordinal);

    /// <summary>Reads the options; the first problem names its setting.</summary>
    /// <exception cref="ValidationException">A setting is out of range, or is none.</exception>
    public static HostOptions From(IConfiguration configuration)
    {
        KnownSettings.Check(configuration);
        var options = new HostOptions();
        options.LedgerKind = configuration["Ledger:Kind"] ?? options.LedgerKind;
        options.LedgerPath = configuration["Ledger:Path"] ?? options.LedgerPath;
        options.LedgerConnectionString = configuration["Ledger:ConnectionString"];
        options.LedgerEndpoint = configuration["Ledger:Endpoint"];
        options.LedgerTable = configuration["Ledger:Table"] ?? options.LedgerTable;
        options.QueueDir = configuration["Publisher:QueueDir"] ?? configuration["queue-dir"];
        options.PublisherKind = configuration["Publisher:Kind"] ?? (options.QueueDir is null ? "Feed" : "Files");
        options.PublisherConnectionString = configuration["Publisher:ConnectionString"];
        options.PublisherEndpoint = configuration["Publisher:Endpoint"];
        options.PublisherTopic = configuration["Publisher:Topic"] ?? options.PublisherTopic;
        options.PublisherMaxBatchBytes = Number(configuration, "Publisher:MaxBatchBytes", options.PublisherMaxBatchBytes);
        options.PublisherDuplicateDetectionMinutes = Number(configuration, "Publisher:DuplicateDetectionMinutes", options.PublisherDuplicateDetectionMinutes);
        options.PublicOrigin = configuration["Public:Origin"]?.TrimEnd('/');
        options.BrandJsonUrl = configuration["Public:BrandJsonUrl"] is { Length: > 0 } brandJson ? brandJson : null;
        options.UsageBytes = Number(configuration, "Limits:UsageBytes", options.UsageBytes);
        options.WebhookBytes = Number(configuration, "Limits:WebhookBytes", options.WebhookBytes);
        options.NoncesPerKey = Number(configuration, "Limits:NoncesPerKey", options.NoncesPerKey);
        options.AllowBearer = Flag("Webhooks:AllowBearer", configuration["Webhooks:AllowBearer"], false);
        options.DeliveryLogDays = Number(configuration, "Limits:DeliveryLogDays", options.DeliveryLogDays);
        options.InFlightSeconds = Number(configuration, "Limits:InFlightSeconds", options.InFlightSeconds);
        options.KeyCacheMinutes = Number(configuration, "Trust:KeyCacheMinutes", options.KeyCacheMinutes);
        options.FunctionsPort = configuration["FUNCTIONS_CUSTOMHANDLER_PORT"] is null ? null : Number(configuration, "FUNCTIONS_CUSTOMHANDLER_PORT", 0);
        options.InProcessTimers = Flag("Timers:InProcess", configuration["Timers:InProcess"], options.FunctionsPort is null);
        options.TimersStopAfterSeconds = Number(configuration, "Timers:StopAfterSeconds", options.TimersStopAfterSeconds);
        options.Fallback = configuration["Contracts:Fallback"] ?? options.Fallback;
        options.Snapshot = configuration["Contracts:Snapshot"] ?? options.Snapshot;
        options.BillsThroughAdcp = Flag("Billing:BillsThroughAdcp", configuration["Billing:BillsThroughAdcp"], false);
        options.SupportedBilling = configuration["Billing:Supported"]?.Split(',', StringSplitOptions.TrimEntries) ?? options.SupportedBilling;
        options.ExportsTelemetry = configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 };
        // The SDK would take another default instead, and send nothing where somebody looks.
        Check("OTEL_EXPORTER_OTLP_ENDPOINT", !options.ExportsTelemetry || IsHttp(configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]), "must be an http or https address");
        if (configuration["ADCP_ADMIN_KEY"] is { Length: > 0 } key)
            options.AdminKeys["default"] = key;
        foreach (IConfigurationSection tenant in configuration.GetSection("Tenants").GetChildren())
        {
            if (tenant["AdminKey"] is { Length: > 0 } adminKey)
                options.AdminKeys[tenant.Key] = adminKey;
        }

        options.Abuse.Read(configuration, options.FunctionsPort is not null);
        options.Audit.Read(configuration);
        options.Validate();
        return options;
    }

    private void Validate()
    {
        CheckLedger();
        CheckPublisher();
        Check("Public:Origin", PublicOrigin is null || IsOrigin(PublicOrigin), "must be scheme, host and port, such as https://settlement.example");
        // Behind the Functions host the Host header is 127.0.0.1 and what is forwarded is the caller's word: neither may stand in a seller's URL.
        Check("Public:Origin", FunctionsPort is null || PublicOrigin is not null, "is missing: under a Functions host nothing else says under which address this service is reached, such as https://settlement.example");
        Check("Public:BrandJsonUrl", BrandJsonUrl is null || (IsHttp(BrandJsonUrl) && BrandJsonUrl.StartsWith("https://", StringComparison.Ordinal)), "must be an https address, such as https://seller.example/.well-known/brand.json");
        Check("Billing:Supported", SupportedBilling.All(p => p is "operator" or "agent" or "advertiser") && SupportedBilling.Distinct(StringComparer.Ordinal).Count() == SupportedBilling.Count, "must name operator, agent or advertiser, each once, with commas between them");
        CheckRange("FUNCTIONS_CUSTOMHANDLER_PORT", FunctionsPort ?? 1, 1, 65_535);
        CheckRange("Timers:StopAfterSeconds", TimersStopAfterSeconds, 1, 150);
        CheckRange("Limits:UsageBytes", UsageBytes, 1024, 64 * 1024 * 1024);
        CheckRange("Limits:WebhookBytes", WebhookBytes, 1024, 8 * 1024 * 1024);
        CheckRange("Limits:NoncesPerKey", NoncesPerKey, 1_000, 10_000_000);
        CheckRange("Limits:DeliveryLogDays", DeliveryLogDays, 1, 365);
        CheckRange("Limits:InFlightSeconds", InFlightSeconds, 1, 3600);
        CheckRange("Trust:KeyCacheMinutes", KeyCacheMinutes, 1, 30);
        Check("Contracts:Fallback", Fallback is "automatic" or "on_approval", "must be automatic or on_approval");
        Check("Contracts:Snapshot", Snapshot is "required" or "on_final" or "off", "must be required, on_final or off");
    }

    /// <remarks>An address without its kind would be money in a local file that somebody believes to be in Azure, so it is refused, not ignored.</remarks>
    private void CheckLedger()
    {
        Check("Ledger:Kind", LedgerKind is "Sqlite" or "AzureTables", "must be Sqlite or AzureTables");
        int addresses = (LedgerConnectionString is null ? 0 : 1) + (LedgerEndpoint is null ? 0 : 1);
        Check("Ledger:ConnectionString or Ledger:Endpoint", addresses == (LedgerKind == "AzureTables" ? 1 : 0), "must be given, one of the two, with Ledger:Kind AzureTables, and neither without it");
        Check("Ledger:Table", LedgerTable.Length is >= 3 and <= 63 && char.IsAsciiLetter(LedgerTable[0]) && LedgerTable.All(char.IsAsciiLetterOrDigit), "must be 3 to 63 letters and digits, beginning with a letter");
        Check("Ledger:Path", LedgerPath.Length > 0, "must name a file");
    }

    private void CheckPublisher()
    {
        Check("Publisher:Kind", PublisherKind is "Feed" or "Files" or "ServiceBus", "must be Feed, Files or ServiceBus");
        Check("Publisher:QueueDir", PublisherKind == "Files" ? QueueDir is { Length: > 0 } : QueueDir is null, "must name a folder with Publisher:Kind Files, and nothing without it");
        int addresses = (PublisherConnectionString is null ? 0 : 1) + (PublisherEndpoint is null ? 0 : 1);
        Check("Publisher:ConnectionString or Publisher:Endpoint", addresses == (PublisherKind == "ServiceBus" ? 1 : 0), "must be given, one of the two, with Publisher:Kind ServiceBus, and neither without it");
        Check("Publisher:Topic", PublisherTopic.Length is >= 1 and <= 260, "must have 1 to 260 characters");
        CheckRange("Publisher:MaxBatchBytes", PublisherMaxBatchBytes, 65_536, 1_048_576);
        CheckRange("Publisher:DuplicateDetectionMinutes", PublisherDuplicateDetectionMinutes, 20, 10_080);
    }

    private static bool IsOrigin(string text) =>
        IsHttp(text) && new Uri(text) is { UserInfo.Length: 0 } origin && origin.GetLeftPart(UriPartial.Authority) == text;

    private static bool IsHttp(string? text) => Uri.TryCreate(text, UriKind.Absolute, out Uri? address) && address.Scheme is "https" or "http";

    internal static int Number(IConfiguration configuration, string setting, int standard) =>
        configuration[setting] is not { } text ? standard : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : -1;

    private static bool Flag(string setting, string? text, bool standard)
    {
        bool flag = standard;
        Check(setting, text is null || bool.TryParse(text, out flag), "must be true or false");
        return flag;
    }

    internal static void CheckRange(string setting, int value, int least, int most) =>
        Check(setting, value >= least && value <= most, string.Create(CultureInfo.InvariantCulture, $"must be a number from {least:N0} to {most:N0}"));

    internal static void Check(string setting, bool holds, string rule)
    {
        if (!holds)
            throw new ValidationException($"Setting {setting} {rule}.");
    }
}
