// The whole deployment: one Functions app, one ledger, one topic. docs/operations.md says how it is put up, watched and recovered.

@description('What everything is named after: 3 to 16 lower-case letters, digits and hyphens, beginning with a letter. Some names get a suffix, because they have to be unique in the world.')
@minLength(3)
@maxLength(16)
param name string

@description('The region. Flex Consumption is not in every one of them: az functionapp list-flexconsumption-locations.')
param location string = resourceGroup().location

@description('Who is written to when something must be looked at.')
@minLength(6)
param alertEmail string

@description('How the ledger is copied. Standard_ZRS survives the loss of a zone; the geo variants also keep a copy elsewhere, which lags behind by minutes.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GZRS', 'Standard_RAGZRS'])
param ledgerRedundancy string = 'Standard_ZRS'

@description('Standard takes about 1,000 messages a second and batches of 256 KB; Premium takes more, and batches of 1 MB.')
@allowed(['Standard', 'Premium'])
param serviceBusTier string = 'Standard'

@description('Messaging units of a Premium namespace; a Standard one has none.')
@allowed([1, 2, 4, 8, 16])
param premiumMessagingUnits int = 1

@description('How long the topic remembers a message id, in minutes. The relay is told the same number: it never sends a record again after it.')
@minValue(20)
@maxValue(10080)
param duplicateDetectionMinutes int = 1440

@description('The queue of each finance system, and the object ids of the managed identities or service principals that may receive from it.')
param financeQueues { *: string[] } = {
  invoicing: []
}

@description('The origin that stands in the URLs handed to sellers and that signatures are checked against, such as https://ledger.seller.example. Empty: the name Azure gives the app.')
param publicOrigin string = ''

@description('The operator\'s brand.json, an https address. Empty: the capabilities name no operation for signing.')
param brandJsonUrl string = ''

@description('What a contract does after a missed deadline when it does not say. On Azure somebody approves, unless decided otherwise.')
@allowed(['on_approval', 'automatic'])
param contractsFallback string = 'on_approval'

@description('Whether a seller row waits until the records of the seller itself say the same when its contract does not say. On Azure an invoice does, unless decided otherwise.')
@allowed(['on_final', 'required', 'off'])
param contractsSnapshot string = 'on_final'

@description('Whether creative usage is billed from what is reported here. While false, every creative record is answered BILLING_OUT_OF_BAND.')
param billsThroughAdcp bool = false

@description('Whom this installation invoices, as the capabilities say it: operator, agent, advertiser, with commas between them.')
param supportedBilling string = 'operator'

@description('The largest report_usage body in bytes.')
@minValue(1024)
@maxValue(67108864)
param usageBytes int = 8388608

@description('The largest webhook body in bytes.')
@minValue(1024)
@maxValue(8388608)
param webhookBytes int = 1048576

@description('For how many seconds a request whose process died blocks its idempotency key.')
@minValue(1)
@maxValue(3600)
param inFlightSeconds int = 60

@description('How many nonces of one signing key are remembered at once, against replay.')
@minValue(1000)
@maxValue(10000000)
param noncesPerKey int = 100000

@description('Whether webhooks may be proven by a bearer credential. Nothing protects the body of such a webhook.')
param allowBearer bool = false

@description('For how many minutes a counterparty\'s public keys, and where they are, are taken as read.')
@minValue(1)
@maxValue(30)
param keyCacheMinutes int = 15

@description('How many days attempts to deliver are remembered.')
@minValue(1)
@maxValue(365)
param deliveryLogDays int = 30

@description('Which key seals what is published: the vault holds it as audit-key-<id>.')
param auditKeyId string = 'audit1'

@description('How many years settlements, deliveries and decisions are kept after their period was closed.')
@minValue(1)
@maxValue(100)
param retentionFinancialYears int = 7

@description('How many days idempotency keys are remembered.')
@minValue(2)
@maxValue(3650)
param retentionRequestDays int = 400

@description('Instances that are always there for HTTP. With none, the first caller after a quiet spell waits for a start.')
@minValue(0)
@maxValue(100)
param alwaysReadyHttpInstances int = 1

@description('The most instances the app may grow to.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Memory of an instance in MB; a core comes with 2,048.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Requests an instance works on at once before another instance is started.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 16

@description('Where metrics and traces are sent, an OTLP endpoint such as https://collector.example:4318. Empty: they stay in the process, and only logs reach Application Insights.')
param otlpEndpoint string = ''

@description('How that endpoint is spoken to.')
@allowed(['http/protobuf', 'grpc'])
param otlpProtocol string = 'http/protobuf'

@description('The name of the Key Vault secret with the headers that endpoint asks for (key=value,key=value). Empty: none.')
param otlpHeadersSecret string = ''

@description('For how many days logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 90

@description('How many rejected webhook signatures in 15 minutes are more than a sender with a wrong clock.')
@minValue(0)
param rejectedSignatures int = 20

@description('After how many seconds a settled record that has not reached the topic is an alert.')
@minValue(60)
param relayLagSeconds int = 900

// The same names as HostOptions has by default, so that a local run and a deployment differ in nothing that need not differ.
var ledgerTable = 'ledger'
var topicName = 'settled-records'

var unique = uniqueString(resourceGroup().id, name)
var appName = '${name}-${unique}'

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${name}-app'
  location: location
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  params: {
    location: location
    unique: unique
    ledgerRedundancy: ledgerRedundancy
    appPrincipalId: identity.properties.principalId
  }
}

module serviceBus 'modules/serviceBus.bicep' = {
  name: 'serviceBus'
  params: {
    location: location
    namespaceName: appName
    tier: serviceBusTier
    premiumMessagingUnits: premiumMessagingUnits
    topicName: topicName
    duplicateDetectionMinutes: duplicateDetectionMinutes
    financeQueues: financeQueues
    appPrincipalId: identity.properties.principalId
  }
}

module keyVault 'modules/keyVault.bicep' = {
  name: 'keyVault'
  params: {
    location: location
    unique: unique
    appPrincipalId: identity.properties.principalId
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: {
    location: location
    name: name
    retentionDays: logRetentionDays
    alertEmail: alertEmail
    appPrincipalId: identity.properties.principalId
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: {
    location: location
    name: name
    workspaceId: monitoring.outputs.workspaceId
    actionGroupId: monitoring.outputs.actionGroupId
    serviceBusId: serviceBus.outputs.namespaceId
    deadLetterQueues: serviceBus.outputs.deadLetterQueues
    rejectedSignatures: rejectedSignatures
    relayLagSeconds: relayLagSeconds
  }
}

module functionApp 'modules/functionApp.bicep' = {
  name: 'functionApp'
  params: {
    location: location
    appName: appName
    identityId: identity.id
    identityClientId: identity.properties.clientId
    packageContainer: storage.outputs.packageContainer
    hostBlobEndpoint: storage.outputs.hostBlobEndpoint
    ledgerEndpoint: storage.outputs.ledgerEndpoint
    ledgerTable: ledgerTable
    serviceBusEndpoint: serviceBus.outputs.endpoint
    topicName: topicName
    // A batch may fill a message of the tier, 256 KB or 1 MB, and no more: https://learn.microsoft.com/azure/service-bus-messaging/service-bus-quotas
    maxBatchBytes: serviceBusTier == 'Premium' ? 1048576 : 262144
    duplicateDetectionMinutes: duplicateDetectionMinutes
    vaultUri: keyVault.outputs.uri
    appInsightsConnectionString: monitoring.outputs.appInsightsConnectionString
    publicOrigin: publicOrigin
    brandJsonUrl: brandJsonUrl
    contractsFallback: contractsFallback
    contractsSnapshot: contractsSnapshot
    billsThroughAdcp: billsThroughAdcp
    supportedBilling: supportedBilling
    usageBytes: usageBytes
    webhookBytes: webhookBytes
    inFlightSeconds: inFlightSeconds
    noncesPerKey: noncesPerKey
    allowBearer: allowBearer
    keyCacheMinutes: keyCacheMinutes
    deliveryLogDays: deliveryLogDays
    auditKeyId: auditKeyId
    retentionFinancialYears: retentionFinancialYears
    retentionRequestDays: retentionRequestDays
    alwaysReadyHttpInstances: alwaysReadyHttpInstances
    maximumInstanceCount: maximumInstanceCount
    instanceMemoryMB: instanceMemoryMB
    httpConcurrency: httpConcurrency
    otlpEndpoint: otlpEndpoint
    otlpProtocol: otlpProtocol
    otlpHeadersSecret: otlpHeadersSecret
  }
}

@description('The app that the zip is deployed to.')
output appName string = appName

@description('Where it answers.')
output origin string = functionApp.outputs.origin

@description('The vault that the admin key belongs into.')
output vaultName string = keyVault.outputs.name

@description('The namespace that finance receives from.')
output serviceBusEndpoint string = serviceBus.outputs.endpoint

@description('The account with the ledger in it.')
output ledgerAccount string = storage.outputs.ledgerAccount
