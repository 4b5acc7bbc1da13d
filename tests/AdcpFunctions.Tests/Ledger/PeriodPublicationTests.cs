using System.Text;
using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

/// <summary>A close goes wherever records go.</summary>
public sealed class PeriodPublicationTests() : LedgerSuite(splitsPages: false)
{
    [Fact]
    public async Task A_close_is_sent_to_the_topic_under_its_own_subject_and_its_account_and_once()
    {
        await using BusHarness bus = await BusHarness.StartAsync(Faults, Time);
        await ClosedAsync();
        await Ledger.ReopenAsync("2026-03");

        await bus.SendAllAsync();
        await bus.SendAllAsync();

        await bus.AssertReceivedOnceAsync();
        Assert.Equal(
            ["adcp.period-close.v1 acme.acct acct.2026-03.close.1", "adcp.period-reopen.v1 acme.acct acct.2026-03.reopen.1", "adcp.settled-record.v1 acme.acct …"],
            bus.Bus.Taken.Select(m => $"{m.Label} {m.PartitionKey} {(m.Label == SettledRecord.SchemaName ? "…" : m.MessageId[(m.MessageId.IndexOf('~', StringComparison.Ordinal) + 1)..])}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_close_of_which_nobody_knows_whether_it_was_taken_waits_for_an_operator_and_is_sent_again()
    {
        await using BusHarness bus = await BusHarness.StartAsync(Faults, Time);
        await ClosedAsync();
        Faults.FaultBefore(call => FaultyTable.Submits()(call) && bus.Bus.Taken.Count == 2);
        await Assert.ThrowsAsync<StorageFaultException>(bus.SendAsync);
        Time.Advance(bus.Window);
        await bus.SendAsync();

        IReadOnlyList<PublicationEntry> uncertain = await bus.ListAsync(PublicationState.Uncertain);
        Assert.Equal(2, uncertain.Count);
        PublicationEntry close = Assert.Single(uncertain, entry => entry.Entry.Period is not null);
        var resend = new DecidedPublication(PublicationDecision.Resend, default, close.Publication.Mark, "admin", default, "not there");
        Assert.IsType<PublicationRuling.Decided>(await bus.Desk().DecideAsync(BusHarness.Tenant, close.Entry.Subject, 1, resend, default));
        await bus.SendAsync();

        Assert.Equal(2, bus.Bus.Taken.Count(m => m.Label == PeriodClose.SchemaName));
        Assert.Single(await bus.ListAsync(PublicationState.Uncertain));
    }

    [Fact]
    public async Task A_close_stands_in_the_file_between_the_records()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("adcp-period");
        try
        {
            await ClosedAsync();
            await new Delivery(Faults, Ledger.Feed, new NdjsonPublisher(folder.FullName), Time).RunAsync(LedgerHarness.Tenant, default);

            string[] lines = await File.ReadAllLinesAsync(Path.Combine(folder.FullName, $"settled-records.{LedgerHarness.Tenant}.ndjson"));
            Assert.Equal((await Ledger.PublishedAsync()).Select(e => Encoding.UTF8.GetString(e.Body.Span)), lines);
            TestHost.AssertFits("settled-record.v1.json", lines[0]);
            TestHost.AssertFits("period-close.v1.json", lines[1]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private async Task ClosedAsync()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAlone("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        await Ledger.PushAsync("r1", Ledger.BuyerFinal(buy, 1_000));
        Assert.IsType<PeriodRuling.Closed>(await Ledger.CloseAsync("2026-03"));
    }
}
