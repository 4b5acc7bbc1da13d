using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

public sealed class EndpointDirectoryPlainTests() : EndpointDirectoryTests(splitsPages: false);

public sealed class EndpointDirectorySplitTests() : EndpointDirectoryTests(splitsPages: true);

public sealed class EndpointDirectoryAzuriteTests() : EndpointDirectoryTests(splitsPages: false)
{
    protected override bool OverAzurite => true;
}

/// <summary>An endpoint's rights follow its one row, whatever crashes, races or comes late.</summary>
public abstract class EndpointDirectoryTests(bool splitsPages) : LedgerSuite(splitsPages)
{
    private const string Tenant = "acme";
    private const string Secret = "a-secret-that-nobody-may-see-0123456789";

    [Fact]
    public async Task An_id_belongs_to_one_endpoint_of_a_tenant_until_that_is_removed()
    {
        EndpointDirectory directory = New();

        Assert.True(await directory.AddAsync(Endpoint("r1"), default));
        Assert.False(await directory.AddAsync(Endpoint("r2"), default));
        Assert.True(await directory.AddAsync(Endpoint("r3") with { Tenant = "other" }, default));
        Assert.Null(await directory.AtAsync("r2", default));
        Assert.Equal("r1", (await directory.FindAsync(Tenant, "e1", default))!.Route);
        Assert.True(await directory.RemoveAsync(Endpoint("r1"), default));
        Assert.False(await directory.RemoveAsync(Endpoint("r1"), default));
        Assert.True(await directory.AddAsync(Endpoint("r2"), default));

        Assert.Equal("r2", Assert.Single(await directory.ListAsync(Tenant, default)).Route);
        Assert.Equal("r3", Assert.Single(await directory.ListAsync("other", default)).Route);
    }

    [Fact]
    public async Task Of_many_that_ask_for_one_id_at_once_one_gets_it_and_the_others_leave_nothing_open()
    {
        bool[] added = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => New().AddAsync(Endpoint($"r{i}"), default).AsTask()));

        Assert.Single(added, true);
        Assert.Single(await Ledger.RowsAsync(LedgerKeys.Hooks));
        Assert.Equal(Array.IndexOf(added, true), int.Parse((await New().FindAsync(Tenant, "e1", default))!.Route[1..], System.Globalization.CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_registration_that_dies_anywhere_is_there_as_a_whole_or_can_be_made_again(bool afterEffect)
    {
        for (int call = 1; call <= 2; call++)
        {
            string id = $"e-{call}";
            (bool? added, bool struck) = await Faults.StrikeAsync(call, afterEffect, () => TryAsync(() => New().AddAsync(Endpoint("first", id), default).AsTask()));
            Assert.True(struck);
            Assert.Null(added);

            WebhookEndpoint? found = await New().FindAsync(Tenant, id, default);
            Assert.Equal(found is null, await New().AddAsync(Endpoint($"again-{call}", id), default));
            Assert.NotNull(await New().FindAsync(Tenant, id, default));
            await New().RemoveAsync((await New().FindAsync(Tenant, id, default))!, default);
            await New().RemoveAsync(Endpoint("first", id), default);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_removal_that_dies_after_its_first_write_has_ended_the_endpoint_for_good(bool afterEffect)
    {
        int ended = 0;
        for (int call = 1; call <= 4; call++)
        {
            WebhookEndpoint endpoint = Endpoint($"r{call}", $"e{call}");
            await New().AddAsync(endpoint, default);

            (bool? removed, bool struck) = await Faults.StrikeAsync(call, afterEffect, () => TryAsync(() => New().RemoveAsync(endpoint, default).AsTask()));

            Assert.True(struck && removed is null);
            bool gone = await New().AtAsync(endpoint.Route, default) is null;
            ended += gone ? 1 : 0;
            Assert.Equal(gone, await New().FindAsync(Tenant, endpoint.Id, default) is null);
            Assert.Equal(gone, (await New().ListAsync(Tenant, default)).All(e => e.Id != endpoint.Id));
            Assert.Equal(gone, await New().AddAsync(Endpoint($"next-{call}", endpoint.Id), default));
            Assert.Equal(gone, await New().ChangeAsync(endpoint, e => e, default) is null);
        }

        Assert.Equal(afterEffect ? 3 : 2, ended);
    }

    [Fact]
    public async Task A_change_is_made_of_what_is_there_and_never_brings_back_what_another_took_away()
    {
        WebhookEndpoint endpoint = Endpoint("r1");
        await New().AddAsync(endpoint, default);
        Faults.RaceBefore(FaultyTable.Submits(LedgerKeys.Hooks), async table => await new EndpointDirectory(table).ChangeAsync(endpoint, e => e with { Disabled = true }, default));

        WebhookEndpoint? changed = await New().ChangeAsync(endpoint, e => e with { Secret = "next", Previous = new RetiringSecret(e.Secret, Time.UtcNow) }, default);

        Assert.True(changed!.Disabled);
        WebhookEndpoint stored = (await New().AtAsync("r1", default))!;
        Assert.Equal((true, "next", Secret), (stored.Disabled, stored.Secret, stored.Previous!.Secret));
    }

    [Fact]
    public async Task A_change_that_meets_a_removal_restores_nothing()
    {
        WebhookEndpoint endpoint = Endpoint("r1");
        await New().AddAsync(endpoint, default);
        Faults.RaceBefore(FaultyTable.Submits(LedgerKeys.Hooks), async table => await new EndpointDirectory(table).RemoveAsync(endpoint, default));

        Assert.Null(await New().ChangeAsync(endpoint, e => e with { Disabled = false }, default));
        Assert.Null(await New().AtAsync("r1", default));
    }

    [Fact]
    public async Task A_change_that_is_late_by_the_whole_life_of_its_endpoint_does_not_touch_the_next_one_of_that_id()
    {
        WebhookEndpoint old = Endpoint("r1");
        await New().AddAsync(old, default);
        await New().RemoveAsync(old, default);
        await New().AddAsync(Endpoint("r2"), default);

        Assert.Null(await New().ChangeAsync(old, e => e with { Disabled = true }, default));
        Assert.False(await New().RemoveAsync(old, default));

        Assert.False((await New().FindAsync(Tenant, "e1", default))!.Disabled);
    }

    [Fact]
    public void An_endpoint_written_out_shows_no_secret_no_token_and_no_route()
    {
        string text = (Endpoint("the-route") with { Token = "the-token-of-it", Previous = new RetiringSecret("the-old-secret", Time.UtcNow) }).ToString() + new RetiringSecret("the-old-secret", Time.UtcNow);

        Assert.Contains("Id = e1", text, StringComparison.Ordinal);
        Assert.All([Secret, "the-token-of-it", "the-old-secret", "the-route"], hidden => Assert.DoesNotContain(hidden, text, StringComparison.Ordinal));
    }

    private EndpointDirectory New() => new(Faults);

    private WebhookEndpoint Endpoint(string route, string id = "e1") => new(route, Tenant, id, "https://sales.streamhaus.example", Secret, null, SenderProfile.V31, Time.UtcNow);

    private static async Task<bool?> TryAsync(Func<Task<bool>> work)
    {
        try
        {
            return await work();
        }
        catch (StorageFaultException)
        {
            return null;
        }
    }
}
