using 'main.bicep'

// Only what has no default; the rest of the parameters and what they mean stand in main.bicep.
param name = 'adcp-ledger'
param alertEmail = 'operations@seller.example'

// Finance systems, and which identities may receive from their queues (object ids).
param financeQueues = {
  invoicing: []
}
