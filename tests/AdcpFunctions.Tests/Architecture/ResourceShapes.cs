using System.Text.Json;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Architecture;

/// <summary>What the resource types that are deployed know of, written down from Azure's published types; a misspelt name there is ignored or refused only when it is too late.</summary>
/// <remarks>
/// A line is a path and its kind: <c>string</c>, <c>int</c>, <c>bool</c>, <c>any</c>, or the literals that are allowed. <c>[]</c> is any element of an array.
/// Only what is writable, and of large types only the parts that are used. Types: https://github.com/Azure/bicep-types-az, checked November 2026.
/// </remarks>
internal static class ResourceShapes
{
    private const string QueueLike = """
        properties.deadLetteringOnMessageExpiration bool
        properties.defaultMessageTimeToLive string
        properties.duplicateDetectionHistoryTimeWindow string
        properties.enableBatchedOperations bool
        properties.forwardDeadLetteredMessagesTo string
        properties.forwardTo string
        properties.lockDuration string
        properties.maxDeliveryCount int
        properties.requiresSession bool
        properties.autoDeleteOnIdle string
        """;

    private const string Alert = """
        properties.description string
        properties.severity int
        properties.enabled bool
        properties.scopes[] string
        properties.evaluationFrequency PT1M|PT5M|PT10M|PT15M|PT30M|PT1H|P1D
        properties.windowSize PT5M|PT10M|PT15M|PT30M|PT1H|P1D|P2D
        properties.autoMitigate bool
        properties.criteria.allOf[].dimensions[].name string
        properties.criteria.allOf[].dimensions[].operator Include|Exclude
        properties.criteria.allOf[].dimensions[].values string
        properties.criteria.allOf[].operator GreaterThan|GreaterThanOrEqual|LessThan|LessThanOrEqual
        properties.criteria.allOf[].threshold int
        """;

    private static readonly Dictionary<string, string> Types = new(StringComparer.Ordinal)
    {
        ["Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31"] = "",
        ["Microsoft.Authorization/roleAssignments@2022-04-01"] = """
            properties.principalId string
            properties.principalType ServicePrincipal|User|Group
            properties.roleDefinitionId string
            """,
        ["Microsoft.Authorization/locks@2020-05-01"] = """
            properties.level CanNotDelete|ReadOnly
            properties.notes string
            """,
        ["Microsoft.Storage/storageAccounts@2023-05-01"] = """
            kind StorageV2
            sku.name Standard_LRS|Standard_ZRS|Standard_GZRS|Standard_RAGZRS
            properties.accessTier Hot|Cool
            properties.allowBlobPublicAccess bool
            properties.allowCrossTenantReplication bool
            properties.allowSharedKeyAccess bool
            properties.defaultToOAuthAuthentication bool
            properties.minimumTlsVersion TLS1_2|TLS1_3
            properties.supportsHttpsTrafficOnly bool
            properties.publicNetworkAccess Enabled|Disabled
            """,
        ["Microsoft.Storage/storageAccounts/blobServices@2023-05-01"] = "",
        ["Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01"] = "properties.publicAccess None",
        ["Microsoft.ServiceBus/namespaces@2024-01-01"] = """
            sku.name Standard|Premium
            sku.tier Standard|Premium
            sku.capacity int
            properties.disableLocalAuth bool
            properties.minimumTlsVersion 1.2
            properties.publicNetworkAccess Enabled|Disabled
            properties.zoneRedundant bool
            properties.premiumMessagingPartitions int
            """,
        ["Microsoft.ServiceBus/namespaces/topics@2024-01-01"] = """
            properties.requiresDuplicateDetection bool
            properties.duplicateDetectionHistoryTimeWindow string
            properties.defaultMessageTimeToLive string
            properties.enablePartitioning bool
            properties.enableBatchedOperations bool
            properties.supportOrdering bool
            properties.maxSizeInMegabytes int
            properties.maxMessageSizeInKilobytes int
            """,
        ["Microsoft.ServiceBus/namespaces/queues@2024-01-01"] = QueueLike + """

            properties.requiresDuplicateDetection bool
            properties.enablePartitioning bool
            properties.maxSizeInMegabytes int
            properties.maxMessageSizeInKilobytes int
            """,
        ["Microsoft.ServiceBus/namespaces/topics/subscriptions@2024-01-01"] = QueueLike + """

            properties.deadLetteringOnFilterEvaluationExceptions bool
            """,
        ["Microsoft.KeyVault/vaults@2023-07-01"] = """
            properties.tenantId string
            properties.sku.family A
            properties.sku.name standard|premium
            properties.enableRbacAuthorization bool
            properties.enableSoftDelete bool
            properties.softDeleteRetentionInDays int
            properties.enablePurgeProtection bool
            properties.publicNetworkAccess Enabled|Disabled
            """,
        ["Microsoft.OperationalInsights/workspaces@2023-09-01"] = """
            properties.sku.name PerGB2018
            properties.retentionInDays int
            """,
        ["Microsoft.Insights/components@2020-02-02"] = """
            kind web
            properties.Application_Type web
            properties.WorkspaceResourceId string
            properties.DisableLocalAuth bool
            """,
        ["Microsoft.Insights/actionGroups@2023-01-01"] = """
            properties.groupShortName string
            properties.enabled bool
            properties.emailReceivers[].name string
            properties.emailReceivers[].emailAddress string
            properties.emailReceivers[].useCommonAlertSchema bool
            """,
        ["Microsoft.Insights/scheduledQueryRules@2023-12-01"] = Alert + """

            kind LogAlert
            properties.displayName string
            properties.skipQueryValidation bool
            properties.criteria.allOf[].query string
            properties.criteria.allOf[].metricMeasureColumn string
            properties.criteria.allOf[].timeAggregation Average|Count|Maximum|Minimum|Total
            properties.criteria.allOf[].failingPeriods.numberOfEvaluationPeriods int
            properties.criteria.allOf[].failingPeriods.minFailingPeriodsToAlert int
            properties.actions.actionGroups[] string
            """,
        ["Microsoft.Insights/metricAlerts@2018-03-01"] = Alert + """

            properties.criteria.odata.type Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria
            properties.criteria.allOf[].criterionType StaticThresholdCriterion
            properties.criteria.allOf[].name string
            properties.criteria.allOf[].metricNamespace string
            properties.criteria.allOf[].metricName string
            properties.criteria.allOf[].timeAggregation Average|Count|Maximum|Minimum|Total
            properties.actions[].actionGroupId string
            """,
        ["Microsoft.Web/serverfarms@2024-04-01"] = """
            kind functionapp
            sku.name FC1
            sku.tier FlexConsumption
            properties.reserved bool
            """,
        ["Microsoft.Web/sites@2024-04-01"] = """
            kind functionapp,linux
            identity.type UserAssigned|SystemAssigned
            identity.userAssignedIdentities any
            properties.serverFarmId string
            properties.httpsOnly bool
            properties.keyVaultReferenceIdentity string
            properties.functionAppConfig.deployment.storage.type blobContainer
            properties.functionAppConfig.deployment.storage.value string
            properties.functionAppConfig.deployment.storage.authentication.type UserAssignedIdentity|SystemAssignedIdentity
            properties.functionAppConfig.deployment.storage.authentication.userAssignedIdentityResourceId string
            properties.functionAppConfig.runtime.name custom
            properties.functionAppConfig.runtime.version 1.0
            properties.functionAppConfig.scaleAndConcurrency.instanceMemoryMB int
            properties.functionAppConfig.scaleAndConcurrency.maximumInstanceCount int
            properties.functionAppConfig.scaleAndConcurrency.alwaysReady[].name http
            properties.functionAppConfig.scaleAndConcurrency.alwaysReady[].instanceCount int
            properties.functionAppConfig.scaleAndConcurrency.triggers.http.perInstanceConcurrency int
            properties.siteConfig.minTlsVersion 1.2|1.3
            properties.siteConfig.appSettings[].name string
            properties.siteConfig.appSettings[].value string
            """,
        ["Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01"] = "properties.allow bool",
    };

    /// <summary>What a resource says that its type does not know, or says in the wrong kind.</summary>
    public static IEnumerable<string> Unknown(BicepDeclaration resource)
    {
        if (!Types.TryGetValue(resource.Type!, out string? shape))
            return [$"{resource.Type} is not a type and version that is known here"];
        Dictionary<string, string> allowed = shape.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => line.Split(' ', 2)).ToDictionary(l => l[0], l => l[1], StringComparer.Ordinal);
        foreach (string common in (string[])["name", "location", "parent", "scope", "if"])
            allowed.TryAdd(common, "string");
        return Walk("", resource.Body, allowed);
    }

    private static IEnumerable<string> Walk(string path, JsonElement value, Dictionary<string, string> allowed)
    {
        if (allowed.TryGetValue(path, out string? kind))
            return Fits(value, kind) ? [] : [$"{path} is {value.GetRawText()}, not {kind}"];
        return value.ValueKind switch
        {
            JsonValueKind.Array => value.EnumerateArray().SelectMany(v => Walk(path + "[]", v, allowed)),
            JsonValueKind.Object when value.TryGetProperty("each", out JsonElement each) => Walk(path + "[]", each, allowed),
            JsonValueKind.Object when value.TryGetProperty("either", out JsonElement either) => either.EnumerateArray().SelectMany(v => Walk(path, v, allowed)),
            JsonValueKind.Object when !value.TryGetProperty("expression", out _) => value.EnumerateObject().SelectMany(p => Walk(path.Length == 0 ? p.Name : $"{path}.{p.Name}", p.Value, allowed)),
            _ => [$"{path} is not known"],
        };
    }

    /// <summary>An expression may come to anything; a literal is what it is.</summary>
    private static bool Fits(JsonElement value, string kind) => value.ValueKind switch
    {
        JsonValueKind.Object => kind == "any" || value.TryGetProperty("expression", out _),
        JsonValueKind.Number => kind == "int",
        JsonValueKind.True or JsonValueKind.False => kind == "bool",
        JsonValueKind.String => kind == "string" || kind.Split('|').Contains(value.GetString(), StringComparer.Ordinal),
        _ => false,
    };
}
