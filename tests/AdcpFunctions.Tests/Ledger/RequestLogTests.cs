using System.Security.Cryptography;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

public sealed class RequestLogPlainTests() : RequestLogTests(splitsPages: false);

public sealed class RequestLogSplitTests() : RequestLogTests(splitsPages: true);

public abstract class RequestLogTests(bool splitsPages) : LedgerSuite(splitsPages)
{
    private const string Scope = "report_usage\nbuyer";
    private static readonly byte[] Answer = "{\"accepted\":1}"u8.ToArray();

    [Fact]
    public async Task A_completed_request_replays_its_answer()
    {
        Reservation.Reserved reserved = await ReservedAsync();
        Assert.True(await Ledger.Requests.CompleteAsync(reserved, Answer, Time.UtcNow, [], default));

        Assert.Equal(Answer, Assert.IsType<Reservation.Replay>(await ReserveAsync()).Answer.ToArray());
        Assert.Equal(Answer, Assert.IsType<Reservation.Replay>(await ReserveAsync(by: Other())).Answer.ToArray());
    }

    [Fact]
    public async Task Another_payload_conflicts_also_while_the_first_is_in_flight()
    {
        Reservation.Reserved reserved = await ReservedAsync();
        Assert.IsType<Reservation.Conflict>(await ReserveAsync(hash: "other"));

        await Ledger.Requests.CompleteAsync(reserved, Answer, Time.UtcNow, [], default);
        Assert.IsType<Reservation.Conflict>(await ReserveAsync(hash: "other"));
    }

    [Fact]
    public async Task The_same_payload_in_flight_is_told_when_to_ask_again()
    {
        await ReservedAsync();
        Time.Advance(TimeSpan.FromSeconds(59));

        Assert.InRange(Assert.IsType<Reservation.InFlight>(await ReserveAsync()).RetryAfter, 1, 3_600);
    }

    [Fact]
    public async Task An_answer_is_replayed_for_24_hours_and_a_minute_and_then_expired()
    {
        Reservation.Reserved reserved = await ReservedAsync();
        await Ledger.Requests.CompleteAsync(reserved, Answer, Time.UtcNow, [], default);

        Time.Advance(TimeSpan.FromHours(24) + TimeSpan.FromSeconds(60));
        Assert.IsType<Reservation.Replay>(await ReserveAsync());
        Time.Advance(TimeSpan.FromTicks(1));
        Assert.IsType<Reservation.Expired>(await ReserveAsync());
    }

    [Fact]
    public async Task A_lease_that_ran_out_is_taken_over_and_its_loser_cannot_complete()
    {
        Reservation.Reserved dead = await ReservedAsync();
        Time.Advance(TimeSpan.FromSeconds(60));

        Reservation.Reserved heir = await ReservedAsync(Other());

        Assert.False(await Ledger.Requests.CompleteAsync(dead, "late"u8.ToArray(), Time.UtcNow, [], default));
        Assert.True(await Ledger.Requests.CompleteAsync(heir, Answer, Time.UtcNow, [], default));
        Assert.False(await Ledger.Requests.CompleteAsync(dead, "later"u8.ToArray(), Time.UtcNow, [], default));
        Assert.Equal(Answer, Assert.IsType<Reservation.Replay>(await ReserveAsync()).Answer.ToArray());
    }

    [Fact]
    public async Task A_lease_is_taken_over_by_one_of_many()
    {
        await ReservedAsync();
        Time.Advance(TimeSpan.FromSeconds(60));

        Reservation[] all = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => ReserveAsync(by: Other()))));

        Assert.Single(all.OfType<Reservation.Reserved>());
        Assert.Equal(19, all.OfType<Reservation.InFlight>().Count());
    }

    [Fact]
    public async Task A_released_key_is_free_for_any_payload()
    {
        Reservation.Reserved reserved = await ReservedAsync();

        await Ledger.Requests.ReleaseAsync(reserved, default);

        Assert.IsType<Reservation.Reserved>(await ReserveAsync(hash: "other"));
    }

    [Fact]
    public async Task A_loser_releases_nothing_that_is_not_its_own()
    {
        Reservation.Reserved dead = await ReservedAsync();
        Time.Advance(TimeSpan.FromSeconds(60));
        Reservation.Reserved heir = await ReservedAsync(Other());

        await Ledger.Requests.ReleaseAsync(dead, default);
        Assert.IsType<Reservation.InFlight>(await ReserveAsync());
        await Ledger.Requests.CompleteAsync(heir, Answer, Time.UtcNow, [], default);
        await Ledger.Requests.ReleaseAsync(heir, default);

        Assert.IsType<Reservation.Replay>(await ReserveAsync());
    }

    [Fact]
    public async Task Keys_of_different_scopes_and_tenants_never_meet()
    {
        await ReservedAsync();

        Assert.IsType<Reservation.Reserved>(await Ledger.Requests.ReserveAsync(LedgerHarness.Tenant, "report_usage\nother", "key", "hash", Time.UtcNow, default));
        Assert.IsType<Reservation.Reserved>(await Ledger.Requests.ReserveAsync(LedgerHarness.Tenant, "create\nbuyer", "key", "hash", Time.UtcNow, default));
        Assert.IsType<Reservation.Reserved>(await Ledger.Requests.ReserveAsync("other", Scope, "key", "hash", Time.UtcNow, default));
        Assert.IsType<Reservation.Reserved>(await Ledger.Requests.ReserveAsync(LedgerHarness.Tenant, Scope, "key2", "hash", Time.UtcNow, default));
    }

    [Fact]
    public async Task Of_fifty_reservations_at_once_one_is_worked_on()
    {
        Reservation[] all = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(() => ReserveAsync(by: i % 2 == 0 ? Ledger : Other()))));

        Assert.Single(all.OfType<Reservation.Reserved>());
        Assert.Equal(49, all.OfType<Reservation.InFlight>().Count());
    }

    [Theory]
    [InlineData(0, "nothing")]
    [InlineData(4_096, "kept as it is")]
    [InlineData(4_097, "packed")]
    [InlineData(700_000, "packed into several columns")]
    public async Task An_answer_of_any_size_reads_back_byte_for_byte(int bytes, string reason)
    {
        Assert.NotEmpty(reason);
        byte[] answer = RandomNumberGenerator.GetBytes(bytes);
        await Ledger.Requests.CompleteAsync(await ReservedAsync(), answer, Time.UtcNow, [], default);

        Assert.True(Assert.IsType<Reservation.Replay>(await ReserveAsync()).Answer.Span.SequenceEqual(answer));
    }

    [Fact]
    public async Task An_answer_of_ten_megabytes_of_refusals_reads_back()
    {
        byte[] answer = [.. Enumerable.Repeat("{\"code\":\"MEDIA_BUY_NOT_FOUND\",\"message\":\"No such media buy on this account.\"},"u8.ToArray(), 130_000).SelectMany(b => b)];
        Assert.True(await Ledger.Requests.CompleteAsync(await ReservedAsync(), answer, Time.UtcNow, [], default));

        Assert.True(Assert.IsType<Reservation.Replay>(await ReserveAsync()).Answer.Span.SequenceEqual(answer));
    }

    [Fact]
    public async Task A_reserve_whose_answer_was_lost_is_worked_on_after_the_lease()
    {
        Faults.LoseAnswer(FaultyTable.Submits());
        await Assert.ThrowsAsync<StorageFaultException>(() => ReserveAsync());

        Assert.IsType<Reservation.InFlight>(await ReserveAsync());
        Time.Advance(TimeSpan.FromSeconds(60));
        Reservation.Reserved reserved = await ReservedAsync();

        Assert.True(await Ledger.Requests.CompleteAsync(reserved, Answer, Time.UtcNow, [], default));
        Assert.IsType<Reservation.Replay>(await ReserveAsync());
    }

    [Fact]
    public async Task A_completion_whose_answer_was_lost_is_not_undone_by_the_release_that_follows()
    {
        Reservation.Reserved reserved = await ReservedAsync();
        Faults.LoseAnswer(FaultyTable.Submits());
        await Assert.ThrowsAsync<StorageFaultException>(async () => await Ledger.Requests.CompleteAsync(reserved, Answer, Time.UtcNow, [], default));

        await Ledger.Requests.ReleaseAsync(reserved, default);

        Assert.IsType<Reservation.Replay>(await ReserveAsync());
    }

    private async Task<Reservation> ReserveAsync(string hash = "hash", LedgerHarness? by = null) =>
        await (by ?? Ledger).Requests.ReserveAsync(LedgerHarness.Tenant, Scope, "key", hash, Time.UtcNow, default);

    private async Task<Reservation.Reserved> ReservedAsync(LedgerHarness? by = null) => Assert.IsType<Reservation.Reserved>(await ReserveAsync(by: by));
}
