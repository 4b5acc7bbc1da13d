using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using AdcpFunctions.Host;
using AdcpFunctions.Tests.Support;
using Microsoft.Extensions.Configuration;

namespace AdcpFunctions.Tests.Architecture;

/// <summary>What the templates set is what the code reads, and what they watch is what the code counts.</summary>
public class InfrastructureSettingsTests
{
    /// <summary>What the code reads and the templates leave alone.</summary>
    private static readonly Dictionary<string, string> NotOnAzure = new(StringComparer.Ordinal)
    {
        ["Ledger__Path"] = "the SQLite file of a local ledger",
        ["Ledger__ConnectionString"] = "would hold a key; the app has an identity",
        ["Publisher__ConnectionString"] = "would hold a key; the app has an identity",
        ["Publisher__QueueDir"] = "files instead of a topic",
        ["queue-dir"] = "the same on the command line",
        ["urls"] = "the Functions host says where to listen",
        ["ASPNETCORE_URLS"] = "the Functions host says where to listen",
        ["FUNCTIONS_CUSTOMHANDLER_PORT"] = "set by the Functions host itself",
        ["Timers__InProcess"] = "false by default where a Functions host rings the timers",
        ["tenant"] = "an argument of the replay command",
        ["settlement"] = "an argument of the replay command",
        ["export"] = "an argument of the verify-audit command",
        ["root"] = "an argument of the verify-audit command",
        ["account"] = "an argument of the verify-audit command",
        ["period"] = "an argument of the verify-audit command",
    };

    /// <summary>What the templates set for somebody else than our code.</summary>
    private static readonly Dictionary<string, string> ForThePlatform = new(StringComparer.Ordinal)
    {
        ["AZURE_CLIENT_ID"] = "DefaultAzureCredential: which of the app's identities to be",
        ["AzureWebJobsStorage__blobServiceUri"] = "the Functions host: its own blobs",
        ["AzureWebJobsStorage__credential"] = "the Functions host: by identity, not by key",
        ["AzureWebJobsStorage__clientId"] = "the Functions host: which identity",
        ["APPLICATIONINSIGHTS_CONNECTION_STRING"] = "the Functions host: where logs go",
        ["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"] = "the Functions host: by identity, not by key",
        ["OTEL_SERVICE_NAME"] = "the OpenTelemetry SDK",
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "the OpenTelemetry SDK",
        ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "the OpenTelemetry SDK",
        ["OTEL_EXPORTER_OTLP_HEADERS"] = "the OpenTelemetry SDK",
        ["OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"] = "the OpenTelemetry SDK",
    };

    private static string Operations => File.ReadAllText(Path.Combine(SharedAssets.RepositoryRoot, "docs", "operations.md"));

    [Fact]
    public async Task Every_setting_the_code_reads_is_set_or_left_alone_for_a_reason()
    {
        Dictionary<string, JsonElement> set = await SettingsAsync();
        HashSet<string> read = Read();

        Assert.Contains("Ledger__Endpoint", read);
        Assert.DoesNotContain(read, s => !set.ContainsKey(s) && !NotOnAzure.ContainsKey(s));
        Assert.DoesNotContain(NotOnAzure.Keys, s => set.ContainsKey(s) || !read.Contains(s));
    }

    [Fact]
    public async Task Every_setting_that_is_set_is_read_by_the_code_or_by_the_platform()
    {
        Dictionary<string, JsonElement> set = await SettingsAsync();
        HashSet<string> read = Read();

        // A further tenant's admin key is found by looking at what is below Tenants, not by its name.
        Assert.DoesNotContain(set.Keys, s => !read.Contains(s) && !ForThePlatform.ContainsKey(s) && !SourceTree.IsMatch(s, "^Tenants__[A-Za-z0-9_-]+__AdminKey$"));
        Assert.DoesNotContain(ForThePlatform.Keys, s => !set.ContainsKey(s));
    }

    [Fact]
    public void The_settings_of_our_sections_are_those_the_code_reads_and_the_readme_tells()
    {
        string readme = File.ReadAllText(Path.Combine(SharedAssets.RepositoryRoot, "README.md"));
        // These two are found by looking at what is below their section, not by name.
        IEnumerable<string> read = Read().Where(s => s.Contains("__", StringComparison.Ordinal)).Append("Audit__PreviousKeys__{id}").Append("Tenants__{name}__AdminKey");

        Assert.Equal(read.Order(StringComparer.Ordinal), KnownSettings.Names.Select(s => s.Replace(":", "__", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(KnownSettings.Names, s => !readme.Contains($"`{s}`", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_setting_reaches_the_app()
    {
        BicepFile template = await Bicep.FileAsync("modules/functionApp.bicep");
        string all = Bicep.Text(template.The("var", "allSettings").Value);

        Assert.All(Groups(template), g => Assert.Contains(g.Name!, all, StringComparison.Ordinal));
        Assert.Equal("[for setting in items(allSettings): { name: setting.key, value: setting.value }]", template.The("resource", "app").Text("properties.siteConfig.appSettings"));
    }

    [Fact]
    public async Task The_service_starts_with_what_is_set_and_bills_nothing_without_approval()
    {
        HostOptions options = HostOptions.From(new ConfigurationBuilder().AddInMemoryCollection(
            (await SettingsAsync()).Select(s => KeyValuePair.Create(s.Key.Replace("__", ":", StringComparison.Ordinal), (string?)Example(s.Key, s.Value)))).Build());

        Assert.Equal("AzureTables", options.LedgerKind);
        Assert.Equal("ServiceBus", options.PublisherKind);
        Assert.Equal("on_approval", options.Fallback);
        Assert.False(options.BillsThroughAdcp);
        Assert.Null(options.LedgerConnectionString);
        Assert.Null(options.PublisherConnectionString);
    }

    [Fact]
    public async Task The_window_of_the_topic_and_the_relays_are_one_parameter()
    {
        BicepFile main = await Bicep.FileAsync("main.bicep");

        Assert.Equal("duplicateDetectionMinutes", main.The("module", "serviceBus").Text("params.duplicateDetectionMinutes"));
        Assert.Equal("duplicateDetectionMinutes", main.The("module", "functionApp").Text("params.duplicateDetectionMinutes"));
        Assert.Equal("'PT${duplicateDetectionMinutes}M'", (await Bicep.FileAsync("modules/serviceBus.bicep")).The("resource", "topic").Text("properties.duplicateDetectionHistoryTimeWindow"));
        Assert.Equal("string(duplicateDetectionMinutes)", Bicep.Text((await SettingsAsync())["Publisher__DuplicateDetectionMinutes"]));
    }

    [Theory]
    [InlineData("duplicateDetectionMinutes", "Publisher:DuplicateDetectionMinutes")]
    [InlineData("usageBytes", "Limits:UsageBytes")]
    [InlineData("webhookBytes", "Limits:WebhookBytes")]
    [InlineData("inFlightSeconds", "Limits:InFlightSeconds")]
    [InlineData("noncesPerKey", "Limits:NoncesPerKey")]
    [InlineData("keyCacheMinutes", "Trust:KeyCacheMinutes")]
    [InlineData("deliveryLogDays", "Limits:DeliveryLogDays")]
    [InlineData("retentionFinancialYears", "Retention:FinancialYears")]
    [InlineData("retentionRequestDays", "Retention:RequestDays")]
    public async Task A_parameter_allows_exactly_what_its_setting_allows_and_defaults_to_the_same(string parameter, string setting)
    {
        BicepDeclaration declared = (await Bicep.FileAsync("main.bicep")).The("param", parameter);
        int least = declared.Decorators.GetProperty("minValue").GetInt32();
        int most = declared.Decorators.GetProperty("maxValue").GetInt32();

        Assert.True(Starts(setting, least));
        Assert.True(Starts(setting, most));
        Assert.False(Starts(setting, least - 1));
        Assert.False(Starts(setting, most + 1));
        var standard = new HostOptions();
        int[] defaults = [standard.PublisherDuplicateDetectionMinutes, standard.UsageBytes, standard.WebhookBytes, standard.InFlightSeconds, standard.NoncesPerKey, standard.KeyCacheMinutes, standard.DeliveryLogDays, standard.Audit.FinancialYears, standard.Audit.RequestDays];
        Assert.Equal(defaults[Array.IndexOf(["duplicateDetectionMinutes", "usageBytes", "webhookBytes", "inFlightSeconds", "noncesPerKey", "keyCacheMinutes", "deliveryLogDays", "retentionFinancialYears", "retentionRequestDays"], parameter)], declared.Value.GetInt32());
    }

    [Fact]
    public async Task Table_topic_and_batch_are_the_codes_own_defaults()
    {
        BicepFile main = await Bicep.FileAsync("main.bicep");
        var standard = new HostOptions();

        Assert.Equal(standard.LedgerTable, Bicep.Text(main.The("var", "ledgerTable").Value));
        Assert.Equal(standard.PublisherTopic, Bicep.Text(main.The("var", "topicName").Value));
        int[] batches = [.. main.The("module", "functionApp").At("params.maxBatchBytes.either").EnumerateArray().Select(b => b.GetInt32())];
        Assert.Equal(standard.PublisherMaxBatchBytes, batches[1]);
        Assert.All(batches, b => Assert.True(Starts("Publisher:MaxBatchBytes", b)));
        Assert.Equal("serviceBusTier == 'Premium' ? 1048576 : 262144", main.The("module", "functionApp").Text("params.maxBatchBytes"));
    }

    [Fact]
    public async Task A_timer_stops_at_half_of_what_the_functions_host_gives_it()
    {
        using JsonDocument host = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(SharedAssets.RepositoryRoot, "host.json")));
        TimeSpan timeout = TimeSpan.Parse(host.RootElement.GetProperty("functionTimeout").GetString()!, CultureInfo.InvariantCulture);

        Assert.Equal(timeout.TotalSeconds / 2, int.Parse(Bicep.Text((await SettingsAsync())["Timers__StopAfterSeconds"]), CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task Every_alert_watches_what_the_code_counts_and_writes()
    {
        string source = string.Concat(SourceTree.Files.Select(f => f.Text));
        HashSet<string> instruments = [.. SourceTree.Captures(source, "\"(?<it>adcp(\\.[a-z_]+){2})\"")];
        HashSet<string> events = [.. SourceTree.Captures(source, @"\[LoggerMessage\((EventId = )?(?<it>\d+)")];
        HashSet<string> timers = [.. Directory.EnumerateFiles(SourceTree.Root, "function.json", SearchOption.AllDirectories).Select(f => Path.GetFileName(Path.GetDirectoryName(f)!))];

        BicepFile template = await Bicep.FileAsync("modules/alerts.bicep");
        foreach (JsonElement alert in template.The("var", "alerts").Value.EnumerateArray())
        {
            string metric = alert.GetProperty("metric").GetString()!;
            string[] lines = [.. alert.GetProperty("lines").EnumerateArray().Select(l => l.GetString()!)];
            Assert.True(metric.Length == 0 ? lines.Length > 0 : instruments.Contains(metric), metric);
            Assert.All(lines, line => Assert.True(
                SourceTree.Captures(line, @"^\[(?<it>\d+)\]$").Any(events.Contains)
                || SourceTree.Captures(line, @"^Executed 'Functions\.(?<it>\w+)' \(Failed$").Any(timers.Contains)
                || SourceTree.IsMatch(source, @"\[LoggerMessage\([^\n]*""" + Regex.Escape(line)),
                line));
        }

        Assert.All(template.The("var", "timers").Value.EnumerateArray(), t => Assert.Contains(t.GetProperty("name").GetString()!, timers));
    }

    [Fact]
    public async Task The_operations_guide_names_every_setting_every_alert_and_every_parameter()
    {
        string guide = Operations;
        BicepFile alerts = await Bicep.FileAsync("modules/alerts.bicep");
        IEnumerable<string> named =
        [
            .. (await SettingsAsync()).Keys,
            .. alerts.The("var", "alerts").Value.EnumerateArray().SelectMany(a => (string[])[a.GetProperty("name").GetString()!, a.GetProperty("metric").GetString()!]).Where(n => n.Length > 0),
            .. (await Bicep.FileAsync("main.bicep")).Of("param").Select(p => p.Name!),
            .. alerts.The("var", "timers").Value.EnumerateArray().Select(t => "silent-" + t.GetProperty("name").GetString()),
            "dead-letters",
        ];

        Assert.DoesNotContain(named, n => !guide.Contains($"`{n}`", StringComparison.Ordinal));
    }

    /// <summary>Every name a source file looks up in its configuration, as an environment variable spells it.</summary>
    private static HashSet<string> Read() =>
    [
        .. SourceTree.Files.SelectMany(f => SourceTree.Captures(f.Text, """(?i)\b(configuration|settings)(\[|, )"(?<it>[\w:-]+)"[\],]"""))
            .Select(s => s.Replace(":", "__", StringComparison.Ordinal)),
    ];

    private static async Task<Dictionary<string, JsonElement>> SettingsAsync() =>
        Groups(await Bicep.FileAsync("modules/functionApp.bicep")).SelectMany(g => g.Value.EnumerateObject()).ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal);

    private static IEnumerable<BicepDeclaration> Groups(BicepFile template) =>
        template.Of("var").Where(v => v.Name!.EndsWith("ettings", StringComparison.Ordinal) && v.Name != "allSettings");

    /// <summary>A setting's value, with the defaults of the parameters in the place of expressions.</summary>
    private static string Example(string setting, JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : setting switch
    {
        "Ledger__Endpoint" => "https://account.table.core.windows.net",
        "Ledger__Table" => "ledger",
        "Publisher__Endpoint" => "https://name.servicebus.windows.net",
        "Publisher__Topic" => "settled-records",
        "Publisher__MaxBatchBytes" => "262144",
        "Publisher__DuplicateDetectionMinutes" => "1440",
        "Contracts__Fallback" => "on_approval",
        "Contracts__Snapshot" => "on_final",
        "Webhooks__AllowBearer" => "false",
        "Billing__BillsThroughAdcp" => "false",
        "Billing__Supported" => "operator",
        "Limits__UsageBytes" => "8388608",
        "Limits__WebhookBytes" => "1048576",
        "Limits__InFlightSeconds" => "60",
        "Limits__NoncesPerKey" => "100000",
        "Trust__KeyCacheMinutes" => "15",
        "Limits__DeliveryLogDays" => "30",
        "Audit__Key" => Convert.ToBase64String(new byte[32]),
        "Audit__KeyId" => "audit1",
        "Retention__FinancialYears" => "7",
        "Retention__RequestDays" => "400",
        _ => "https://example.com",
    };

    private static bool Starts(string setting, int value)
    {
        try
        {
            HostOptions.From(new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create(setting, (string?)value.ToString(CultureInfo.InvariantCulture))]).Build());
            return true;
        }
        catch (ValidationException)
        {
            return false;
        }
    }
}
