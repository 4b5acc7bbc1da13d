using System.ComponentModel.DataAnnotations;
using AdcpFunctions.Host;
using Microsoft.Extensions.Configuration;

namespace AdcpFunctions.Tests.Host;

public class HostOptionsTests
{
    [Theory]
    [InlineData(null, false)]
    [InlineData("false", false)]
    [InlineData("true", true)]
    public void Creative_usage_is_billed_here_only_where_it_is_set(string? setting, bool bills) => Assert.Equal(bills, Read(setting).BillsThroughAdcp);

    [Fact]
    public void A_setting_that_is_neither_stops_the_start() => Assert.Throws<ValidationException>(() => Read("yes"));

    [Fact]
    public void Under_a_functions_host_the_public_origin_must_be_set()
    {
        var refused = Assert.Throws<ValidationException>(() => Read(("FUNCTIONS_CUSTOMHANDLER_PORT", "7000")));
        Assert.Contains("Public:Origin", refused.Message, StringComparison.Ordinal);

        HostOptions options = Read(("FUNCTIONS_CUSTOMHANDLER_PORT", "7000"), ("Public:Origin", "https://settlement.example/"));
        Assert.Equal((7000, "https://settlement.example", false), (options.FunctionsPort, options.PublicOrigin, options.InProcessTimers));
    }

    [Theory]
    [InlineData("settlement.example")]
    [InlineData("https://settlement.example/path")]
    [InlineData("https://settlement.example?x=1")]
    [InlineData("ftp://settlement.example")]
    [InlineData("https://user@settlement.example:x")]
    [InlineData("https://user@settlement.example")]
    public void A_public_origin_is_scheme_host_and_port_and_nothing_else(string origin) =>
        Assert.Throws<ValidationException>(() => Read(("Public:Origin", origin)));

    [Theory]
    [InlineData("Ledger:Kind", "sqlite", "Sqlite or AzureTables")]
    [InlineData("Public:BrandJsonUrl", "http://seller.example/brand.json", "an https address")]
    [InlineData("Public:BrandJsonUrl", "brand.json", "an https address")]
    [InlineData("Billing:Supported", "operator,publisher", "operator, agent or advertiser")]
    [InlineData("Billing:Supported", "agent,agent", "each once")]
    [InlineData("Billing:Supported", "", "operator, agent or advertiser")]
    [InlineData("Ledger:Table", "1ledger", "3 to 63 letters and digits, beginning with a letter")]
    [InlineData("Publisher:Kind", "Kafka", "Feed, Files or ServiceBus")]
    [InlineData("Publisher:QueueDir", "", "must name a folder")]
    [InlineData("Publisher:MaxBatchBytes", "many", "from 65,536 to 1,048,576")]
    [InlineData("Limits:UsageBytes", "-1", "from 1,024 to 67,108,864")]
    [InlineData("Limits:NoncesPerKey", "999", "from 1,000 to 10,000,000")]
    [InlineData("Webhooks:AllowBearer", "1", "true or false")]
    [InlineData("Trust:KeyCacheMinutes", "31", "from 1 to 30")]
    [InlineData("Limits:RequestsPerSecondPerAgent", "100001", "from 0 to 100,000")]
    [InlineData("Limits:ForwardedHops", "6", "from 0 to 5")]
    [InlineData("Timers:InProcess", "perhaps", "true or false")]
    [InlineData("Retention:FinancialYears", "0", "from 1 to 100")]
    [InlineData("Retention:RequestDays", "1", "from 2 to 3,650")]
    [InlineData("Contracts:Fallback", "never", "automatic or on_approval")]
    [InlineData("Contracts:Snapshot", "always", "required, on_final or off")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317", "http or https")]
    public void A_bad_setting_is_named_with_what_it_may_be(string setting, string value, string rule)
    {
        var refused = Assert.Throws<ValidationException>(() => Read((setting, value)));

        Assert.StartsWith($"Setting {setting} ", refused.Message, StringComparison.Ordinal);
        Assert.Contains(rule, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Retention:FinancalYears", "Retention:FinancialYears")]
    [InlineData("limits:usagebyte", "Limits:UsageBytes")]
    [InlineData("Limits:KeyCacheMinutes", "Trust:KeyCacheMinutes")]
    [InlineData("Ledger:Kind:Name", "Ledger:Kind")]
    [InlineData("Billing:Supported:0", "Billing:Supported")]
    [InlineData("Audit:PreviousKey:audit1", "Audit:PreviousKeys:audit1")]
    [InlineData("Audit:PreviousKeys", "Audit:PreviousKeys:{id}")]
    [InlineData("Tenants:acme:AdminKy", "Tenants:acme:AdminKey")]
    [InlineData("Tenants:acme", "Tenants:acme:AdminKey")]
    [InlineData("Public:", "Public:Origin")]
    public void A_misspelt_setting_is_refused_with_the_nearest_one_and_without_its_value(string setting, string nearest)
    {
        var refused = Assert.Throws<ValidationException>(() => Read((setting, "a-secret-value")));

        Assert.Equal($"Setting {setting} is not known; the nearest that is known is {nearest}.", refused.Message);
    }

    [Fact]
    public void What_is_no_setting_of_ours_is_let_alone()
    {
        HostOptions options = Read(
            ("PUBLIC", "C:\\Users\\Public"), ("Ledger", "a book"), ("LedgerKind", "Oracle"), ("Ledgers:Kind", "Oracle"), ("PATH", "/bin"), ("Kestrel:Limits:MaxConcurrentConnections", "7"), ("Logging:LogLevel:Default", "Debug"),
            ("AzureWebJobsStorage:blobServiceUri", "https://account.blob.core.windows.net"), ("AzureWebJobs.deadlines.Disabled", "true"), ("FUNCTIONS_WORKER_RUNTIME", "custom"), ("AzureFunctionsJobHost:logging:logLevel:default", "Warning"),
            ("Tenants:acme", null), ("tenants:acme:adminkey", "a-key-of-the-tenant-acme"), ("RETENTION:financialyears", "10"));

        Assert.Equal((10, "Sqlite", "a-key-of-the-tenant-acme"), (options.Audit.FinancialYears, options.LedgerKind, options.AdminKeys["acme"]));
    }

    [Theory]
    [InlineData("Ledger:Endpoint", "https://account.table.core.windows.net", "Ledger:Kind", "AzureTables")]
    [InlineData("Ledger:ConnectionString", "UseDevelopmentStorage=true", "Ledger:Kind", "AzureTables")]
    [InlineData("Publisher:Endpoint", "https://name.servicebus.windows.net", "Publisher:Kind", "ServiceBus")]
    [InlineData("Publisher:ConnectionString", "Endpoint=sb://name/", "Publisher:Kind", "ServiceBus")]
    public void An_address_without_its_kind_is_refused_rather_than_ignored(string setting, string address, string kind, string value)
    {
        Read((setting, address), (kind, value));

        Assert.Throws<ValidationException>(() => Read((setting, address)));
        Assert.Throws<ValidationException>(() => Read((kind, value)));
    }

    [Theory]
    [InlineData("secret of no base64 at all", "audit1")]
    [InlineData("c2hvcnQ=", "audit1")]
    [InlineData("", "audit1")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "a key.")]
    public void An_audit_key_that_is_none_stops_the_start_and_is_not_told(string key, string id)
    {
        var refused = Assert.Throws<ValidationException>(() => Read(("Audit:Key", key), ("Audit:KeyId", id)));
        var before = Assert.Throws<ValidationException>(() => Read(($"Audit:PreviousKeys:{id}", key)));

        Assert.StartsWith("Setting Audit:", refused.Message, StringComparison.Ordinal);
        Assert.All([refused, before], r => Assert.False(key.Length > 0 && r.Message.Contains(key, StringComparison.Ordinal)));
    }

    [Fact]
    public void A_previous_key_is_another_one_than_the_key()
    {
        string key = Convert.ToBase64String(new byte[32]);

        Assert.True(Read(("Audit:Key", key), ("Audit:KeyId", "audit2"), ("Audit:PreviousKeys:audit1", key)).Audit.Seals().Gives);
        Assert.False(Read(("Audit:PreviousKeys:audit1", key)).Audit.Seals().Gives);
        Assert.Throws<ValidationException>(() => Read(("Audit:Key", key), ("Audit:KeyId", "audit1"), ("Audit:PreviousKeys:audit1", key)));
    }

    private static HostOptions Read(string? bills) => Read(("Billing:BillsThroughAdcp", bills));

    private static HostOptions Read(params (string Name, string? Value)[] settings) =>
        HostOptions.From(new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Name, s.Value))).Build());
}
