namespace AdcpFunctions.Tests.Ledger;

// The ledger over Table Storage. Left out: WholeFlowTests, TallyTests and ProposalLedgerTests, which die at every storage call of long flows and show
// what lies above the port, and what only reads. The suites below die at three calls each instead of at all of them.

public sealed class StatementLedgerAzuriteTests() : StatementLedgerTests(splitsPages: false)
{
    protected override bool OverAzurite => true;
}

public sealed class RelayAzuriteTests() : RelayTests(splitsPages: false)
{
    protected override bool OverAzurite => true;
}

public sealed class DeadlineSweepAzuriteTests() : DeadlineSweepTests(splitsPages: false)
{
    protected override bool OverAzurite => true;
}

public sealed class MediaBuyRegisterAzuriteTests() : MediaBuyRegisterTests(splitsPages: false)
{
    protected override bool OverAzurite => true;
}

public sealed class RequestLogAzuriteTests() : RequestLogTests(splitsPages: false)
{
    protected override bool OverAzurite => true;
}

public sealed class SettlementLedgerAzuriteTests() : SettlementLedgerTests(splitsPages: false)
{
    protected override bool OverAzurite => true;
}

public sealed class DisputeLedgerAzuriteTests() : DisputeLedgerTests(splitsPages: false)
{
    protected override bool OverAzurite => true;
}

public sealed class RemedyLedgerAzuriteTests() : RemedyLedgerTests(splitsPages: false)
{
    protected override bool OverAzurite => true;
}

public sealed class SlowScanAzuriteTests() : SlowScanTests(splitsPages: false)
{
    protected override bool OverAzurite => true;
}

public sealed class PeriodAzuriteTests() : PeriodTests(splitsPages: false)
{
    protected override bool OverAzurite => true;
}

public sealed class SignpostAzuriteTests() : SignpostTests(splitsPages: false)
{
    protected override bool OverAzurite => true;
}
