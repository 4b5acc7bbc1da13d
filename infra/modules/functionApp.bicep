// The app: one custom handler behind the Functions host, on Flex Consumption.

@description('The region.')
param location string

@description('Unique in the world.')
param appName string

@description('The identity it runs as.')
param identityId string

@description('The same identity, as its clients name it.')
param identityClientId string

@description('The container its zip lies in.')
param packageContainer string

@description('The blobs of the host\'s own storage account.')
param hostBlobEndpoint string

@description('The tables of the ledger\'s storage account.')
param ledgerEndpoint string

@description('The table.')
param ledgerTable string

@description('The Service Bus namespace.')
param serviceBusEndpoint string

@description('The topic.')
param topicName string

@description('The largest batch the namespace\'s tier takes.')
param maxBatchBytes int

@description('The topic\'s duplicate detection window.')
param duplicateDetectionMinutes int

@description('The vault, with a slash at its end.')
param vaultUri string

@description('Where the host sends logs.')
param appInsightsConnectionString string

@description('The origin callers use. Empty: the app\'s own name.')
param publicOrigin string

@description('The operator\'s brand.json. Empty: none.')
param brandJsonUrl string

@description('on_approval or automatic.')
param contractsFallback string

@description('on_final, required or off.')
param contractsSnapshot string

@description('Whether creative usage is billed from what is reported here.')
param billsThroughAdcp bool

@description('Whom this installation invoices, with commas.')
param supportedBilling string

@description('The largest report_usage body.')
param usageBytes int

@description('The largest webhook body.')
param webhookBytes int

@description('For how long a dead request blocks its key.')
param inFlightSeconds int

@description('For how many days attempts to deliver are remembered.')
param deliveryLogDays int

@description('Which key seals what is published.')
param auditKeyId string

@description('For how many years settlements, deliveries and decisions are kept.')
param retentionFinancialYears int

@description('For how many days idempotency keys are remembered.')
param retentionRequestDays int

@description('How many nonces of one signing key are remembered at once.')
param noncesPerKey int

@description('Whether webhooks may be proven by a bearer credential.')
param allowBearer bool

@description('For how long a counterparty\'s keys are taken as read.')
param keyCacheMinutes int

@description('Instances that are always there for HTTP.')
param alwaysReadyHttpInstances int

@description('The most instances.')
param maximumInstanceCount int

@description('Memory of an instance.')
param instanceMemoryMB int

@description('Requests an instance works on at once.')
param httpConcurrency int

@description('Where metrics and traces go. Empty: nowhere.')
param otlpEndpoint string

@description('grpc or http/protobuf.')
param otlpProtocol string

@description('The secret with that endpoint\'s headers. Empty: none.')
param otlpHeadersSecret string

var origin = empty(publicOrigin) ? 'https://${appName}.azurewebsites.net' : publicOrigin

// FUNCTIONS_WORKER_RUNTIME and FUNCTIONS_EXTENSION_VERSION are missing on purpose: on Flex Consumption functionAppConfig.runtime says it, and they are refused.
var settings = {
  Ledger__Kind: 'AzureTables'
  Ledger__Endpoint: ledgerEndpoint
  Ledger__Table: ledgerTable
  Publisher__Kind: 'ServiceBus'
  Publisher__Endpoint: serviceBusEndpoint
  Publisher__Topic: topicName
  Publisher__MaxBatchBytes: string(maxBatchBytes)
  Publisher__DuplicateDetectionMinutes: string(duplicateDetectionMinutes)
  Public__Origin: origin
  Public__BrandJsonUrl: brandJsonUrl
  Contracts__Fallback: contractsFallback
  Contracts__Snapshot: contractsSnapshot
  Billing__BillsThroughAdcp: billsThroughAdcp ? 'true' : 'false'
  Billing__Supported: supportedBilling
  Limits__UsageBytes: string(usageBytes)
  Limits__WebhookBytes: string(webhookBytes)
  Limits__InFlightSeconds: string(inFlightSeconds)
  Limits__NoncesPerKey: string(noncesPerKey)
  Webhooks__AllowBearer: allowBearer ? 'true' : 'false'
  Trust__KeyCacheMinutes: string(keyCacheMinutes)
  // The code's own defaults, spelled out so that they are found here.
  Limits__RequestsPerSecondPerAgent: '100'
  Limits__WritesPerSecondPerAccount: '60'
  Limits__DeliveriesPerSecondPerEndpoint: '60'
  Limits__UnvouchedPerSecondPerAddress: '20'
  Limits__ForwardedHops: '1'
  Limits__DeliveryLogDays: string(deliveryLogDays)
  Retention__FinancialYears: string(retentionFinancialYears)
  Retention__RequestDays: string(retentionRequestDays)
  // The name follows the id, so that a new key leaves the old one where verify-audit finds it.
  Audit__Key: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/audit-key-${auditKeyId})'
  Audit__KeyId: auditKeyId
  // Half of host.json's functionTimeout, which a test holds together with this.
  Timers__StopAfterSeconds: '150'
  ADCP_ADMIN_KEY: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/adcp-admin-key)'
  AZURE_CLIENT_ID: identityClientId
  AzureWebJobsStorage__blobServiceUri: hostBlobEndpoint
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  APPLICATIONINSIGHTS_CONNECTION_STRING: appInsightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  OTEL_SERVICE_NAME: appName
}

// Delta, because the alerts add up what arrived in their window; a running total would be added to itself.
var otlpSettings = {
  OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint
  OTEL_EXPORTER_OTLP_PROTOCOL: otlpProtocol
  OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta'
}

var otlpHeaderSettings = {
  OTEL_EXPORTER_OTLP_HEADERS: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/${otlpHeadersSecret})'
}

var allSettings = union(settings, empty(otlpEndpoint) ? {} : otlpSettings, empty(otlpEndpoint) || empty(otlpHeadersSecret) ? {} : otlpHeaderSettings)

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: '${appName}-plan'
  location: location
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: appName
  location: location
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    // Without it the platform would look for a system-assigned identity, find none, and hand the process the reference instead of the secret.
    keyVaultReferenceIdentity: identityId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainer
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: { name: 'custom', version: '1.0' }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReadyHttpInstances > 0 ? [{ name: 'http', instanceCount: alwaysReadyHttpInstances }] : []
        triggers: { http: { perInstanceConcurrency: httpConcurrency } }
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      appSettings: [for setting in items(allSettings): { name: setting.key, value: setting.value }]
    }
  }
}

// Deployment goes by Entra as well: no publishing password exists.
resource ftp 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
}

resource scm 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
}

@description('What callers see.')
output origin string = origin
