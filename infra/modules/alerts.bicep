// What must wake somebody. Each counts the same thing in two places, because either may be the one that is connected: the metric, which arrives
// when an OTLP collector writes into this workspace, and the log line, which the Functions host takes from the process's output.

@description('The region.')
param location string

@description('What everything is named after.')
param name string

@description('The workspace that is queried.')
param workspaceId string

@description('Whom to tell.')
param actionGroupId string

@description('The namespace with the dead-letter queues.')
param serviceBusId string

@description('Those queues.')
param deadLetterQueues string[]

@description('How many rejected signatures in 15 minutes are too many.')
param rejectedSignatures int

@description('After how many seconds an unsent record is too late.')
param relayLagSeconds int

// `lines` are pieces of a log line: [n] is the event id as the console writes it, anything else is text. docs/operations.md, "Watch", says what each alert asks of whom.
var alerts = [
  {
    name: 'relay-lag'
    severity: 1
    metric: 'adcp.relay.lag'
    value: 'max(Sum / ItemCount)'
    threshold: relayLagSeconds
    lines: []
    description: 'Settled records wait longer for the topic than they should.'
  }
  {
    name: 'publication-uncertain'
    severity: 0
    metric: 'adcp.publications.uncertain'
    value: 'sum(Sum)'
    threshold: 0
    lines: ['publication_uncertain:']
    description: 'Nobody can say whether a record reached the topic, and its duplicate detection window is over. It waits for a decision.'
  }
  {
    name: 'publication-refused'
    severity: 1
    metric: 'adcp.publications.refused'
    value: 'sum(Sum)'
    threshold: 0
    lines: ['publication_refused:']
    description: 'The topic refused a record for what it is.'
  }
  {
    name: 'broker-closed'
    severity: 1
    // Counted nowhere: the log line says it once for each ring that finds the door shut.
    metric: ''
    value: 'sum(Sum)'
    threshold: 0
    lines: ['The broker lets nothing in']
    description: 'The topic is gone, full, or the app may not send to it. Nothing is lost; nothing is sent.'
  }
  {
    name: 'mode-mismatch'
    severity: 1
    metric: 'adcp.webhooks.mode_mismatch'
    value: 'sum(Sum)'
    threshold: 0
    lines: ['[5300]']
    description: 'A webhook came in another mode than its endpoint is registered for. It was refused.'
  }
  {
    name: 'timer-faulted'
    severity: 1
    metric: 'adcp.timers.faulted'
    value: 'sum(Sum)'
    // A ring is tried three times, and the next ring makes up for one that failed; two in a quarter of an hour do not pass by themselves.
    threshold: 5
    lines: [
      '[5040]'
      'Executed \'Functions.EnforceFinalizationDeadlines\' (Failed'
      'Executed \'Functions.RelaySettledRecords\' (Failed'
      'Executed \'Functions.PullSnapshots\' (Failed'
    ]
    description: 'Deadlines are not enforced, records not relayed, or sellers\' records not read.'
  }
  {
    name: 'signatures-rejected'
    severity: 2
    metric: 'adcp.signatures.rejected'
    value: 'sum(Sum)'
    threshold: rejectedSignatures
    lines: ['[5010]']
    description: 'A sender signs with a wrong secret or clock, or somebody tries.'
  }
  {
    name: 'keys-changed'
    severity: 0
    metric: 'adcp.keys.changed'
    value: 'sum(Sum)'
    threshold: 0
    lines: ['[5212]']
    description: 'A counterparty\'s keys are said to be somewhere else than when they were first found. Nothing it signs is accepted until an operator decides.'
  }
  {
    name: 'statements-quarantined'
    severity: 2
    metric: 'adcp.statements.quarantined'
    value: 'sum(Sum)'
    threshold: 0
    lines: ['[5021]']
    description: 'A seller delivered rows that are kept as evidence and count for nothing.'
  }
  {
    name: 'snapshots-unread'
    severity: 2
    // Counted by outcome, and most outcomes are normal: the log line is written for those alone that are not.
    metric: ''
    value: 'sum(Sum)'
    // Written only once an agent was asked in vain for over an hour: one that is away for a moment comes back by itself.
    threshold: 0
    lines: ['[5700]']
    description: 'A seller\'s agent does not answer, lets us in no more, or answers what cannot be used. What waits for its records is not invoiced.'
  }
  {
    name: 'snapshots-differ'
    severity: 2
    metric: ''
    value: 'sum(Sum)'
    threshold: 0
    lines: ['[5701]']
    description: 'A seller\'s own records say something else than the webhook it sent. The settlement is held with both numbers.'
  }
  {
    name: 'pointers-repaired'
    severity: 0
    metric: 'adcp.pointers.repaired'
    value: 'sum(Sum)'
    threshold: 0
    lines: ['[5032]']
    description: 'The slow scan found a settlement that nothing would have come back to. It is repaired; why it happened is not known.'
  }
]

resource logAlerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for alert in alerts: {
  name: '${name}-${alert.name}'
  location: location
  kind: 'LogAlert'
  properties: {
    displayName: '${name}: ${alert.name}'
    description: alert.description
    severity: alert.severity
    enabled: true
    scopes: [workspaceId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    // A workspace that nothing has written to yet does not know the tables.
    skipQueryValidation: true
    autoMitigate: true
    criteria: {
      allOf: [
        {
          query: 'union (AppMetrics | where Name == "${alert.metric}" | summarize Value = toreal(${alert.value})), (AppTraces | where ${empty(alert.lines) ? 'false' : join(map(alert.lines, line => 'Message contains "${line}"'), ' or ')} | summarize Value = toreal(count())) | summarize Value = coalesce(max(Value), 0.0)'
          metricMeasureColumn: 'Value'
          timeAggregation: 'Maximum'
          operator: 'GreaterThan'
          threshold: alert.threshold
          failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
        }
      ]
    }
    actions: { actionGroups: [actionGroupId] }
  }
}]

// A timer that never rings raises no fault. The Functions host writes a line after each ring; without one for so long something stands still.
var timers = [
  { name: 'EnforceFinalizationDeadlines', window: 'PT30M', every: 'PT10M' }
  { name: 'RelaySettledRecords', window: 'PT30M', every: 'PT10M' }
  { name: 'PullSnapshots', window: 'PT30M', every: 'PT10M' }
  { name: 'RepairPointers', window: 'P2D', every: 'P1D' }
]

resource silenceAlerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for timer in timers: {
  name: '${name}-silent-${timer.name}'
  location: location
  kind: 'LogAlert'
  properties: {
    displayName: '${name}: ${timer.name} is silent'
    description: 'The timer ${timer.name} has not ended well once in ${timer.window}.'
    severity: 1
    enabled: true
    scopes: [workspaceId]
    evaluationFrequency: timer.every
    windowSize: timer.window
    skipQueryValidation: true
    autoMitigate: true
    criteria: {
      allOf: [
        {
          query: 'AppTraces | where Message startswith "Executed \'Functions.${timer.name}\' (Succeeded"'
          timeAggregation: 'Count'
          operator: 'LessThan'
          threshold: 1
          failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
        }
      ]
    }
    actions: { actionGroups: [actionGroupId] }
  }
}]

resource deadLetterAlert 'Microsoft.Insights/metricAlerts@2018-03-01' = if (!empty(deadLetterQueues)) {
  name: '${name}-dead-letters'
  location: 'global'
  properties: {
    description: 'A finance system could not take a record. It is in the dead-letter queue and in nobody\'s books.'
    severity: 1
    enabled: true
    scopes: [serviceBusId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT5M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'waiting'
          metricNamespace: 'Microsoft.ServiceBus/namespaces'
          metricName: 'ActiveMessages'
          dimensions: [{ name: 'EntityName', operator: 'Include', values: deadLetterQueues }]
          timeAggregation: 'Maximum'
          operator: 'GreaterThan'
          threshold: 0
        }
      ]
    }
    actions: [{ actionGroupId: actionGroupId }]
  }
}
