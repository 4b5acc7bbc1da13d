// One topic that settled records are sent to, and one queue for each finance system that wants them.

@description('The region.')
param location string

@description('Unique in the world.')
@minLength(6)
@maxLength(50)
param namespaceName string

@description('Standard or Premium.')
@allowed(['Standard', 'Premium'])
param tier string

@description('Messaging units of a Premium namespace.')
param premiumMessagingUnits int

@description('The topic the relay sends to.')
param topicName string

@description('How long the topic remembers a message id, in minutes.')
param duplicateDetectionMinutes int

@description('The queue of each finance system, and who may receive from it.')
param financeQueues { *: string[] }

@description('The app\'s identity.')
param appPrincipalId string

var dataSender = '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'

resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' = {
  name: namespaceName
  location: location
  sku: tier == 'Premium' ? { name: 'Premium', tier: 'Premium', capacity: premiumMessagingUnits } : { name: 'Standard', tier: 'Standard' }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
    publicNetworkAccess: 'Enabled'
  }
}

resource topic 'Microsoft.ServiceBus/namespaces/topics@2024-01-01' = {
  parent: namespace
  name: topicName
  properties: {
    // A resend after a lost answer carries the same message id and is dropped here. Whether it is on can be chosen only once, when the topic is made.
    requiresDuplicateDetection: true
    duplicateDetectionHistoryTimeWindow: 'PT${duplicateDetectionMinutes}M'
    // Partitions would each remember ids of their own.
    enablePartitioning: false
    maxSizeInMegabytes: 5120
  }
}

// It may send to this topic: not read it back, and not speak to any queue.
resource topicRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: topic
  name: guid(topic.id, appPrincipalId, dataSender)
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', dataSender)
  }
}

module finance 'financeQueue.bicep' = [for queue in items(financeQueues): {
  name: 'finance-${queue.key}'
  params: {
    namespaceName: namespace.name
    topicName: topic.name
    queueName: queue.key
    receivers: queue.value
  }
}]

@description('For alerts.')
output namespaceId string = namespace.id

@description('Where the relay sends and finance receives.')
output endpoint string = 'https://${namespace.name}.servicebus.windows.net'

@description('Where what finance could not take ends up.')
output deadLetterQueues string[] = [for queue in items(financeQueues): '${queue.key}-dead']
