// Holds the admin key, the keys that seal what is published, and the headers of an OTLP endpoint where it has any. The operator puts them in: no template ever sees a secret.

@description('The region.')
param location string

@description('A suffix that makes the vault\'s name unique in the world.')
param unique string

@description('The app\'s identity.')
param appPrincipalId string

var secretsUser = '4633458b-17de-408a-b874-0445c86b69e6'

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: 'kv-${unique}'
  location: location
  properties: {
    tenantId: subscription().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    publicNetworkAccess: 'Enabled'
  }
}

// It may read secrets, and nothing else.
resource vaultRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault
  name: guid(vault.id, appPrincipalId, secretsUser)
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsUser)
  }
}

@description('Ends in a slash.')
output uri string = vault.properties.vaultUri

@description('For the operator.')
output name string = vault.name
