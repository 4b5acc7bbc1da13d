using System.Text.Json;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Architecture;

/// <summary>The templates are whole, and nothing in them opens more than it has to. What they set for the code is <see cref="InfrastructureSettingsTests"/>.</summary>
public class InfrastructureTests
{
    /// <summary>Every role that is given away, what may be opened with it, and at which kind of resource.</summary>
    private static readonly Dictionary<string, (string Role, string At)> Roles = new(StringComparer.Ordinal)
    {
        ["b7e6dc6d-f1e8-4753-8033-0f276bb0955b"] = ("Storage Blob Data Owner", "Microsoft.Storage/storageAccounts"),
        ["0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"] = ("Storage Table Data Contributor", "Microsoft.Storage/storageAccounts"),
        ["69a216fc-b8fb-44d8-bc22-1f3c2cd27a39"] = ("Azure Service Bus Data Sender", "Microsoft.ServiceBus/namespaces/topics"),
        ["4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0"] = ("Azure Service Bus Data Receiver", "Microsoft.ServiceBus/namespaces/queues"),
        ["3913510d-42f4-4e42-8a64-420c390055eb"] = ("Monitoring Metrics Publisher", "Microsoft.Insights/components"),
        ["4633458b-17de-408a-b874-0445c86b69e6"] = ("Key Vault Secrets User", "Microsoft.KeyVault/vaults"),
    };

    [Fact]
    public async Task Every_template_is_free_of_syntax_errors()
    {
        IReadOnlyList<BicepFile> files = await Bicep.DeploymentAsync();

        Assert.Contains(files, f => f.File.EndsWith("main.bicepparam", StringComparison.Ordinal));
        Assert.Empty(files.SelectMany(f => f.Errors.Select(e => $"{f.File}: {e}")));
    }

    [Theory]
    [InlineData("properties: {", "properties {")]
    [InlineData("param location string", "param location")]
    [InlineData("httpsOnly: true", "httpsOnly: {")]
    [InlineData("'@Microsoft.KeyVault", "@Microsoft.KeyVault")]
    public async Task A_broken_copy_is_found(string good, string broken)
    {
        string source = (await Bicep.FileAsync("modules/functionApp.bicep")).Source;
        Assert.Contains(good, source, StringComparison.Ordinal);
        string copy = Path.Combine(Directory.CreateTempSubdirectory("bicep-").FullName, "broken.bicep");
        await File.WriteAllTextAsync(copy, source.Replace(good, broken, StringComparison.Ordinal));

        Assert.NotEmpty((await Bicep.ReadAsync(copy)).Single().Errors);
    }

    [Fact]
    public async Task Every_parameter_and_every_output_says_what_it_is() =>
        Assert.Empty((await Bicep.DeploymentAsync()).SelectMany(f => f.Declarations
            .Where(d => d.Kind is "param" or "output" && !(d.Decorators.TryGetProperty("description", out JsonElement said) && said.GetString() is { Length: > 5 }))
            .Select(d => $"{f.File}: {d.Kind} {d.Name}")));

    [Fact]
    public async Task Every_parameter_of_the_deployment_is_used()
    {
        foreach (BicepFile file in (await Bicep.DeploymentAsync()).Where(f => f.File.EndsWith(".bicep", StringComparison.Ordinal)))
            Assert.Empty(file.Declarations.Where(d => d.Kind is "param" or "var" && SourceTree.Captures(file.Source, $@"(?<it>\b{d.Name}\b)").Count() < 2).Select(d => $"{file.File}: {d.Name}"));
    }

    [Fact]
    public async Task Every_module_is_there_and_is_given_what_it_asks_for()
    {
        IReadOnlyList<BicepFile> files = await Bicep.DeploymentAsync();
        List<string> wrong = [];
        foreach ((BicepFile file, BicepDeclaration module) in files.SelectMany(f => f.Of("module").Select(m => (f, m))))
        {
            string path = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file.File)!, module.Type!));
            BicepFile? target = files.SingleOrDefault(f => f.File == path);
            if (target is null)
                wrong.Add($"{file.File}: there is no {module.Type}");
            else
                wrong.AddRange(Differences(target, [.. module.At("params").EnumerateObject().Select(p => p.Name)]).Select(d => $"{module.Type}: {d}"));
        }

        BicepFile parameters = await Bicep.FileAsync("main.bicepparam");
        wrong.AddRange(Differences(await Bicep.FileAsync("main.bicep"), [.. parameters.Of("var").Select(p => p.Name!)]).Select(d => $"main.bicepparam: {d}"));

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task What_one_module_takes_from_another_is_put_out_by_it()
    {
        BicepFile main = await Bicep.FileAsync("main.bicep");
        List<string> wrong = [];
        foreach (string use in SourceTree.Captures(main.Source, @"(?<it>\w+\.outputs\.\w+)"))
        {
            string[] parts = use.Split('.');
            BicepFile module = await Bicep.FileAsync(main.The("module", parts[0]).Type!);
            if (module.Of("output").All(o => o.Name != parts[2]))
                wrong.Add(use);
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task No_template_holds_asks_for_or_reads_out_a_secret()
    {
        foreach (BicepFile file in await Bicep.DeploymentAsync())
        {
            Assert.Empty(SourceTree.Captures(file.Source, @"(?<it>\blist\w*\(|AccountKey|SharedAccess\w+|authorizationRules|AuthorizationRules|@secure|primaryKey|secondaryKey)"));
            Assert.DoesNotContain(file.Of("param"), p => SourceTree.IsMatch(p.Name!, "(?i)(password|adminKey|sas$|token$)"));
        }
    }

    [Theory]
    [InlineData("Microsoft.Storage/storageAccounts", "properties.allowSharedKeyAccess", "false")]
    [InlineData("Microsoft.Storage/storageAccounts", "properties.allowBlobPublicAccess", "false")]
    [InlineData("Microsoft.Storage/storageAccounts", "properties.minimumTlsVersion", "TLS1_2")]
    [InlineData("Microsoft.ServiceBus/namespaces", "properties.disableLocalAuth", "true")]
    [InlineData("Microsoft.ServiceBus/namespaces", "properties.minimumTlsVersion", "1.2")]
    [InlineData("Microsoft.Insights/components", "properties.DisableLocalAuth", "true")]
    [InlineData("Microsoft.KeyVault/vaults", "properties.enableRbacAuthorization", "true")]
    [InlineData("Microsoft.KeyVault/vaults", "properties.enablePurgeProtection", "true")]
    [InlineData("Microsoft.Web/sites", "properties.httpsOnly", "true")]
    [InlineData("Microsoft.Web/sites/basicPublishingCredentialsPolicies", "properties.allow", "false")]
    [InlineData("Microsoft.ServiceBus/namespaces/topics", "properties.requiresDuplicateDetection", "true")]
    public async Task Every_door_without_a_name_on_it_is_shut(string type, string property, string value)
    {
        BicepDeclaration[] resources = [.. (await Bicep.DeploymentAsync()).SelectMany(f => f.Of("resource")).Where(r => r.ResourceType == type && !r.Existing)];

        Assert.NotEmpty(resources);
        Assert.All(resources, r => Assert.Equal(value, r.Text(property)));
    }

    [Fact]
    public async Task Every_role_is_given_at_one_resource_and_is_the_least_that_opens_it()
    {
        List<string> given = [];
        foreach (BicepFile file in await Bicep.DeploymentAsync())
        {
            foreach (BicepDeclaration assignment in file.Of("resource").Where(r => r.ResourceType == "Microsoft.Authorization/roleAssignments"))
            {
                BicepDeclaration scope = file.The("resource", assignment.Text("scope"));
                string variable = SourceTree.Captures(assignment.Text("properties.roleDefinitionId"), @"^subscriptionResourceId\('Microsoft\.Authorization/roleDefinitions', (?<it>\w+)\)$").Single();
                (string role, string at) = Roles[Bicep.Text(file.The("var", variable).Value)];

                Assert.Equal(at, scope.ResourceType);
                Assert.Equal("ServicePrincipal", assignment.Text("properties.principalType"));
                // The name follows from who, what and where, so that deploying twice gives it once.
                Assert.StartsWith($"guid({scope.Name}.id, {assignment.Text("properties.principalId")}, {variable})", assignment.Text("name"), StringComparison.Ordinal);
                given.Add($"{role} at {Path.GetFileNameWithoutExtension(file.File)}.{scope.Name}");
            }
        }

        Assert.Equal(
            [
                "Azure Service Bus Data Receiver at financeQueue.queue",
                "Azure Service Bus Data Sender at serviceBus.topic",
                "Key Vault Secrets User at keyVault.vault",
                "Monitoring Metrics Publisher at monitoring.appInsights",
                "Storage Blob Data Owner at storage.host",
                "Storage Table Data Contributor at storage.ledger",
            ],
            given.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_finance_queue_fills_itself_and_loses_nothing()
    {
        BicepFile finance = await Bicep.FileAsync("modules/financeQueue.bicep");
        BicepDeclaration queue = finance.The("resource", "queue");
        BicepDeclaration subscription = finance.The("resource", "subscription");

        Assert.Equal("queue.name", subscription.Text("properties.forwardTo"));
        Assert.Equal("deadLetters.name", subscription.Text("properties.forwardDeadLetteredMessagesTo"));
        Assert.Equal("deadLetters.name", queue.Text("properties.forwardDeadLetteredMessagesTo"));
        Assert.Equal("true", queue.Text("properties.deadLetteringOnMessageExpiration"));
        Assert.Equal("", finance.The("resource", "deadLetters").Text("properties.defaultMessageTimeToLive"));
    }

    [Fact]
    public async Task Without_a_word_there_is_one_finance_system_and_nobody_may_receive_from_it_yet()
    {
        JsonElement queues = (await Bicep.FileAsync("main.bicep")).The("param", "financeQueues").Value;

        Assert.Equal("invoicing", queues.EnumerateObject().Single().Name);
        Assert.Equal(0, queues.GetProperty("invoicing").GetArrayLength());
    }

    [Fact]
    public async Task Every_resource_has_only_properties_that_its_type_knows() =>
        Assert.Empty((await Bicep.DeploymentAsync()).SelectMany(f => f.Of("resource").SelectMany(r => ResourceShapes.Unknown(r).Select(u => $"{f.File}: {r.Name}: {u}"))));

    [Theory]
    [InlineData("Microsoft.ServiceBus/namespaces/queues@2024-01-01", """{"properties":{"lockDurations":"PT5M"}}""", "properties.lockDurations")]
    [InlineData("Microsoft.ServiceBus/namespaces/queues@2024-01-01", """{"properties":{"maxDeliveryCount":"10"}}""", "properties.maxDeliveryCount")]
    [InlineData("Microsoft.ServiceBus/namespaces/queues@2014-01-01", "{}", "2014-01-01")]
    [InlineData("Microsoft.Web/sites@2024-04-01", """{"properties":{"functionAppConfig":{"runtime":{"name":"go","version":"1.0"}}}}""", "properties.functionAppConfig.runtime.name")]
    public void A_misspelt_property_is_found(string type, string body, string where)
    {
        using JsonDocument value = JsonDocument.Parse(body);

        Assert.Contains(ResourceShapes.Unknown(new BicepDeclaration("resource", "x", type, value.RootElement, default, false, false)), u => u.Contains(where, StringComparison.Ordinal));
    }

    private static IEnumerable<string> Differences(BicepFile target, HashSet<string> passed) =>
    [
        .. passed.Where(p => target.Of("param").All(d => d.Name != p)).Select(p => $"{p} is not one of its parameters"),
        .. target.Of("param").Where(d => d.Required && !passed.Contains(d.Name!)).Select(d => $"{d.Name} is missing"),
    ];
}
