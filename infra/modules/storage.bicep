// Two accounts: what the Functions host needs for itself (package, timer leases) never shares a request limit, a role or a fate with the ledger.

@description('The region.')
param location string

@description('A suffix that makes account names unique in the world.')
param unique string

@description('How the ledger is copied.')
param ledgerRedundancy string

@description('The app\'s identity.')
param appPrincipalId string

var blobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
var tableDataContributor = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'

resource host 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: 'st${unique}host'
  location: location
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }
}

resource hostBlobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: host
  name: 'default'
}

resource package 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: hostBlobs
  name: 'app-package'
  properties: { publicAccess: 'None' }
}

// The host keeps timer leases, its own keys and the package in blobs. It is given no queues and no tables: nothing here uses them.
resource hostRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: host
  name: guid(host.id, appPrincipalId, blobDataOwner)
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataOwner)
  }
}

resource ledger 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: 'st${unique}ledger'
  location: location
  kind: 'StorageV2'
  sku: { name: ledgerRedundancy }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }
}

// Scoped to the account and not to the table: the service makes its table, and asks whether it is there, at the account.
resource ledgerRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: ledger
  name: guid(ledger.id, appPrincipalId, tableDataContributor)
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', tableDataContributor)
  }
}

// Tables know no soft delete: a deleted account takes the ledger with it. Role assignments below a lock cannot be removed either, see docs/operations.md, "Rotate".
resource ledgerLock 'Microsoft.Authorization/locks@2020-05-01' = {
  scope: ledger
  name: 'ledger-is-kept'
  properties: {
    level: 'CanNotDelete'
    notes: 'The settlement ledger. Nothing restores a deleted table.'
  }
}

@description('Where the platform finds the app\'s zip.')
output packageContainer string = '${host.properties.primaryEndpoints.blob}${package.name}'

@description('The host\'s blobs.')
output hostBlobEndpoint string = 'https://${host.name}.blob.${environment().suffixes.storage}'

@description('The ledger\'s tables.')
output ledgerEndpoint string = 'https://${ledger.name}.table.${environment().suffixes.storage}'

@description('The account the ledger lies in.')
output ledgerAccount string = ledger.name
