// What one finance system gets: a queue that fills itself from the topic, and a second one for what it could not take.

@description('The namespace.')
param namespaceName string

@description('The topic settled records are sent to.')
param topicName string

@description('The finance system\'s queue.')
@minLength(1)
@maxLength(50)
param queueName string

@description('Object ids of the managed identities or service principals that may receive.')
param receivers string[]

var dataReceiver = '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'

resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' existing = {
  name: namespaceName
}

resource topic 'Microsoft.ServiceBus/namespaces/topics@2024-01-01' existing = {
  parent: namespace
  name: topicName
}

// No time to live: what lies here is money nobody has booked, and it stays until somebody has looked at it.
resource deadLetters 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = {
  parent: namespace
  name: '${queueName}-dead'
  properties: {
    enablePartitioning: false
    maxSizeInMegabytes: 5120
  }
}

resource queue 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = {
  parent: namespace
  name: queueName
  properties: {
    // Five minutes, the longest there is: booking one record may wait for a slow accounting system, and nothing here depends on order, so a lock
    // that outlives a crashed consumer delays one record and blocks none.
    lockDuration: 'PT5M'
    // Ten attempts, at least fifty minutes of locks that ran out: more than a restart, less than a night.
    maxDeliveryCount: 10
    // Two weeks without a consumer is a broken consumer. The record is moved, never dropped, and the alert on the queue it moves to says so.
    defaultMessageTimeToLive: 'P14D'
    deadLetteringOnMessageExpiration: true
    forwardDeadLetteredMessagesTo: deadLetters.name
    // Its own detection would add nothing: the topic has dropped what was sent twice, and a consumer upserts on (settlement, revision) anyway.
    requiresDuplicateDetection: false
    requiresSession: false
    enablePartitioning: false
    maxSizeInMegabytes: 5120
  }
}

resource subscription 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2024-01-01' = {
  parent: topic
  name: queueName
  properties: {
    forwardTo: queue.name
    // What cannot be forwarded, because the queue is full or switched off, must not wait where nobody looks.
    forwardDeadLetteredMessagesTo: deadLetters.name
    deadLetteringOnFilterEvaluationExceptions: true
    deadLetteringOnMessageExpiration: true
    maxDeliveryCount: 10
  }
}

// This queue and no other: one finance system does not read another's, and nobody reads the topic.
resource receiverRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for receiver in receivers: {
  scope: queue
  name: guid(queue.id, receiver, dataReceiver)
  properties: {
    principalId: receiver
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', dataReceiver)
  }
}]
