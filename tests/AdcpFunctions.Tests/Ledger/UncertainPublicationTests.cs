using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

public sealed class UncertainPublicationPlainTests() : UncertainPublicationTests(splitsPages: false);

public sealed class UncertainPublicationSplitTests() : UncertainPublicationTests(splitsPages: true);

/// <summary>Past the broker's memory nothing is sent again unless a person says so.</summary>
public abstract class UncertainPublicationTests(bool splitsPages) : BusSuite(splitsPages)
{
    /// <summary>The moment from which a repetition might be taken for something new, less the margin.</summary>
    private TimeSpan Safe => Bus.Window - TimeSpan.FromMinutes(10);

    [Fact]
    public async Task After_the_window_what_was_taken_and_not_marked_is_uncertain_and_not_sent_again()
    {
        SettledRecord record = await TakenButNotMarkedAsync();
        Time.Advance(Safe);

        DeliveryReport report = await Bus.SendAsync();

        Assert.Equal(new DeliveryReport(0, 0, 1, 0, null) { EverUncertain = 1 }, report);
        Assert.Single(Bus.Bus.Answers);
        PublicationEntry uncertain = Assert.Single(await Bus.ListAsync(PublicationState.Uncertain));
        Assert.Equal(record.MessageId, uncertain.Entry.MessageId);
        Assert.Equal(Time.UtcNow - Safe, uncertain.Publication.FirstAttemptAt);
        Time.Advance(2 * Bus.Window);
        await Bus.AppendAsync("acct", 1);
        Assert.Equal(new DeliveryReport(1, 0, 1, 0, null) { EverUncertain = 1 }, await Bus.SendAsync());
        await Bus.AssertReceivedOnceAsync();
    }

    [Fact]
    public async Task One_second_earlier_it_is_sent_again_and_the_broker_recognises_it()
    {
        await TakenButNotMarkedAsync();
        Time.Advance(Safe - TimeSpan.FromSeconds(1));

        Assert.Equal(new DeliveryReport(1, 0, 0, 0, null), await Bus.SendAsync());

        await Bus.AssertReceivedOnceAsync();
    }

    [Fact]
    public async Task A_try_never_begins_after_the_window_however_long_the_broker_made_it_wait()
    {
        await Bus.AppendAsync("acct", 1);
        Bus.Bus.Inject = _ => new BusFault(500, Takes: true);
        await Bus.SendAsync();
        int asked = Bus.Bus.Answers.Count;
        Time.Advance(Safe - TimeSpan.FromSeconds(9));

        await Bus.SendAsync();

        Assert.InRange(Bus.Bus.Answers.Count - asked, 1, 3);
        Assert.True(Bus.Bus.Taken[0].At + Bus.Window > Time.UtcNow);
        Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(1, (await Bus.SendAsync()).Uncertain);
    }

    [Fact]
    public async Task An_account_that_fails_for_longer_than_the_window_becomes_uncertain_alone()
    {
        await Bus.AppendAsync("busy", "acct", "busy");
        Bus.Bus.Inject = batch => batch.PartitionKey == "acme.busy" ? BusFault.Unreachable : null;
        await Bus.SendAsync();
        Time.Advance(Safe);

        Assert.Equal(new DeliveryReport(0, 0, 2, 0, null) { EverUncertain = 2 }, await Bus.SendAsync());

        Assert.Single(Bus.Bus.Taken);
    }

    [Fact]
    public async Task An_account_that_was_only_throttled_never_becomes_uncertain()
    {
        await Bus.AppendAsync("busy", "acct");
        Bus.Bus.Inject = batch => batch.PartitionKey == "acme.busy" ? new BusFault(429) : null;
        for (int day = 0; day < 3; day++)
        {
            Assert.Equal((1, 0), ((await Bus.SendAsync()).Waiting, (await Bus.StandingAsync()).Uncertain));
            Time.Advance(Bus.Window);
        }

        Bus.Bus.Inject = null;
        await Bus.SendAllAsync();
        await Bus.AssertReceivedOnceAsync();
    }

    [Fact]
    public async Task An_answer_that_was_lost_is_not_forgotten_when_the_next_one_is_a_refusal()
    {
        await Bus.AppendAsync("acct", 2);
        Bus.Bus.Inject = batch => batch.Number switch { 1 => BusFault.LostReply, 2 => new BusFault(400), _ => new BusFault(429) };
        await Bus.SendAsync();
        Bus.Bus.Inject = null;
        Time.Advance(Bus.Window);

        Assert.Equal(2, (await Bus.SendAsync()).Uncertain);

        Assert.Equal(2, Bus.Bus.Taken.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_refused_says_whether_it_may_have_been_taken_before(bool answerWasLost)
    {
        await Bus.AppendAsync("acct", 1);
        Bus.Bus.Inject = batch => batch.Number == 1 && answerWasLost ? BusFault.LostReply : new BusFault(400);
        await Bus.SendAsync();

        Assert.Equal(answerWasLost, Assert.Single(await Bus.ListAsync(PublicationState.Refused)).Publication.FirstAttemptAt is not null);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_refused_when_tried_again_says_so_too(bool answerWasLost)
    {
        await Bus.AppendAsync("busy", "acct");
        Bus.Bus.Inject = batch => batch.PartitionKey == "acme.busy" ? new BusFault(429) : null;
        await Bus.SendAsync();
        int since = Bus.Bus.Answers.Count;
        Bus.Bus.Inject = _ => Bus.Bus.Answers.Count == since && answerWasLost ? BusFault.LostReply : new BusFault(400);
        await Bus.SendAsync();

        Assert.Equal(answerWasLost, Assert.Single(await Bus.ListAsync(PublicationState.Refused)).Publication.FirstAttemptAt is not null);
    }

    [Fact]
    public async Task More_uncertain_records_than_a_batch_holds_each_get_their_row_though_the_process_dies_between()
    {
        await Bus.AppendAsync("acct", 120);
        Bus.Bus.Inject = _ => BusFault.LostReply;
        await Bus.SendAsync();
        Time.Advance(Safe);
        int commits = 0;
        Faults.FaultBefore(call => FaultyTable.Submits()(call) && ++commits == 3);
        await Assert.ThrowsAsync<StorageFaultException>(Bus.SendAsync);

        Assert.Equal(120, (await Bus.SendAsync()).Uncertain);

        Assert.Equal(Enumerable.Range(1, 120).Select(i => (long)i), (await Bus.ListAsync(PublicationState.Uncertain)).Select(e => e.Publication.Seq));
        Assert.Equal(0, (await Bus.StandingAsync()).Behind);
    }

    [Fact]
    public async Task Confirming_ends_it_and_says_who_and_why()
    {
        SettledRecord record = await UncertainAsync();
        int asked = Bus.Bus.Answers.Count;

        PublicationDocument decided = Decided(await DecideAsync(record, PublicationDecision.ConfirmReceived));

        Assert.Equal(PublicationState.Decided, decided.State);
        DecidedPublication last = Assert.Single(decided.Decisions);
        Assert.Equal((PublicationState.Uncertain, "admin", Time.UtcNow, "Found at the consumer"), (last.Was, last.By, last.At, last.Reason));
        Assert.Equal(new DeliveryReport(0, 0, 0, 0, null) { EverUncertain = 1 }, await Bus.SendAsync());
        Assert.Equal(asked, Bus.Bus.Answers.Count);
        Assert.Equal(decided, Decided(await DecideAsync(record, PublicationDecision.ConfirmReceived)) with { Decisions = decided.Decisions });
        Assert.IsType<PublicationRuling.NotWaiting>(await DecideAsync(record, PublicationDecision.Resend));
    }

    [Fact]
    public async Task Resending_sends_the_same_message_once_more()
    {
        SettledRecord record = await UncertainAsync();

        Assert.Equal(PublicationState.Waiting, Decided(await DecideAsync(record, PublicationDecision.Resend)).State);
        Assert.Equal(PublicationState.Waiting, Decided(await DecideAsync(record, PublicationDecision.Resend)).State);
        Assert.Equal(new DeliveryReport(1, 0, 0, 0, null) { EverUncertain = 1 }, await Bus.SendAsync());
        await Bus.SendAsync();

        // The broker has forgotten the first: that is why a person had to say so. Consumers upsert on settlement and revision.
        Assert.Equal(2, Bus.Bus.Taken.Count);
        Assert.All(Bus.Bus.Taken, m => Assert.EndsWith(record.MessageId, m.MessageId, StringComparison.Ordinal));
        PublicationDocument ended = Assert.Single(await Bus.ListAsync(PublicationState.Decided)).Publication;
        Assert.Equal(("accepted", PublicationDecision.Resend), (ended.Why, Assert.Single(ended.Decisions).Decision));
    }

    [Fact]
    public async Task What_was_sent_again_and_is_uncertain_again_is_another_decision()
    {
        SettledRecord record = await UncertainAsync();
        string mark = (await Bus.ListAsync(PublicationState.Uncertain))[0].Publication.Mark;
        await DecideAsync(record, PublicationDecision.Resend, mark);
        Bus.Bus.Inject = _ => BusFault.LostReply;
        await Bus.SendAsync();
        Time.Advance(Safe);
        Assert.Equal(1, (await Bus.SendAsync()).Uncertain);

        // The first request comes again late: it was taken, and takes nothing new.
        Assert.Equal(PublicationState.Uncertain, Decided(await DecideAsync(record, PublicationDecision.Resend, mark)).State);
        Assert.IsType<PublicationRuling.Outrun>(await DecideAsync(record, PublicationDecision.ConfirmReceived, mark));
        Assert.Equal(2, Decided(await DecideAsync(record, PublicationDecision.ConfirmReceived)).Decisions.Count);
        Assert.Equal(0, (await Bus.StandingAsync()).Uncertain);
    }

    [Fact]
    public async Task What_was_simply_sent_or_never_published_waits_for_no_decision()
    {
        SettledRecord record = (await Bus.AppendAsync("acct", 1))[0];
        await Bus.SendAsync();

        Assert.IsType<PublicationRuling.NotWaiting>(await DecideAsync(record, PublicationDecision.Resend));
        Assert.IsType<PublicationRuling.NotFound>(await DecideAsync(record with { Revision = 2 }, PublicationDecision.Resend));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_decision_whose_answer_was_lost_is_taken_once(bool afterEffect)
    {
        SettledRecord record = await UncertainAsync();
        if (afterEffect)
            Faults.LoseAnswer(FaultyTable.Submits());
        else
            Faults.FaultBefore(FaultyTable.Submits());
        await Assert.ThrowsAsync<StorageFaultException>(() => DecideAsync(record, PublicationDecision.Resend));

        Assert.Single(Decided(await DecideAsync(record, PublicationDecision.Resend)).Decisions);

        Assert.Equal(1, (await Bus.StandingAsync()).Waiting);
    }

    [Fact]
    public async Task A_decision_made_while_sending_is_not_lost()
    {
        SettledRecord record = await UncertainAsync();
        await Bus.AppendAsync("acct", 3);
        int submits = 0;
        Faults.RaceBefore(call => FaultyTable.Submits()(call) && ++submits == 2, _ => DecideAsync(record, PublicationDecision.ConfirmReceived));

        await Bus.SendAsync();
        await Bus.SendAllAsync();

        Assert.Equal(PublicationState.Decided, Assert.Single(await Bus.ListAsync(PublicationState.Decided)).Publication.State);
        await Bus.AssertReceivedOnceAsync();
    }

    /// <summary>The broker answered 201 and the process was killed before it could mark that.</summary>
    private async Task<SettledRecord> TakenButNotMarkedAsync()
    {
        SettledRecord record = (await Bus.AppendAsync("acct", 1))[0];
        Faults.FaultBefore(call => FaultyTable.Submits()(call) && Bus.Bus.Taken.Count == 1);
        await Assert.ThrowsAsync<StorageFaultException>(Bus.SendAsync);
        Assert.Single(Bus.Bus.Taken);
        return record;
    }

    private async Task<SettledRecord> UncertainAsync()
    {
        SettledRecord record = await TakenButNotMarkedAsync();
        Time.Advance(Bus.Window);
        Assert.Equal(1, (await Bus.SendAsync()).Uncertain);
        return record;
    }

    private Task<PublicationRuling> DecideAsync(SettledRecord record, PublicationDecision decision, string mark = "") =>
        Bus.Desk().DecideAsync(BusHarness.Tenant, record.SettlementId, record.Revision, new DecidedPublication(decision, default, mark, "admin", default, "Found at the consumer"), default).AsTask();

    private static PublicationDocument Decided(PublicationRuling ruling) => Assert.IsType<PublicationRuling.Decided>(ruling).Entry.Publication;
}
