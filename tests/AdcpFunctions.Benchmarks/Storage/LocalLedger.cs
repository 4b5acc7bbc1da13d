using AdcpFunctions.Ledger;

namespace AdcpFunctions.Benchmarks.Storage;

/// <summary>The parts of one instance of the service, as <c>Host/Composition.cs</c> joins them, which has just started.</summary>
internal sealed class LocalLedger
{
    public const string Tenant = "default";

    public LocalLedger(IPartitionedTable table, TimeProvider time)
    {
        var due = new DueIndex(table);
        var snapshots = new SnapshotIndex(table);
        var outbox = new Outbox(table);
        var heartbeat = new Heartbeat(table, time);
        var catalog = new ContractCatalog(table);
        var settlements = new SettlementLedger(table, due, snapshots, outbox, time);
        (Heartbeat, Settlements) = (heartbeat, settlements);
        Directory = new AccessDirectory(table);
        Register = new MediaBuyRegister(table, settlements, snapshots, catalog, heartbeat, time);
        Statements = new StatementLedger(table, settlements, heartbeat);
        Sweep = new DeadlineSweep(due, settlements, catalog, Directory, heartbeat, time);
        Relay = new Relay(table, outbox, time);
        Feed = new Feed(table);
    }

    public Heartbeat Heartbeat { get; }

    public SettlementLedger Settlements { get; }

    public AccessDirectory Directory { get; }

    public MediaBuyRegister Register { get; }

    public StatementLedger Statements { get; }

    public DeadlineSweep Sweep { get; }

    public Relay Relay { get; }

    public Feed Feed { get; }
}
