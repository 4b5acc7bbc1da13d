using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Host;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AdcpFunctions.Tests.Host;

public class AgentKeyRoutesTests
{
    [Fact]
    public async Task Keys_are_listed_with_their_label_and_use_and_without_what_they_are()
    {
        await using TestHost host = await TestHost.StartAsync();
        string used = await host.KeyAsync("books", "finance", ["*"]);
        host.Time.Advance(TimeSpan.FromHours(1));
        HttpAnswer issued = await host.PostAsync("/v1/agents/books/keys", new JsonObject { ["label"] = "export", ["expires_at"] = "2026-04-01T00:00:00Z" });
        await host.GetAsync("/v1/settled-records", used);

        HttpAnswer listed = await host.GetAsync("/v1/agents/books/keys");

        JsonNode first = listed.Json["keys"]![0]!, second = listed.Json["keys"]![1]!;
        Assert.Equal(2, listed.Json["keys"]!.AsArray().Count);
        Assert.Equal(used[..12], (string)first["prefix"]!);
        Assert.Equal("2026-03-01T10:00:00Z", (string)first["last_used_at"]!);
        Assert.Equal(((string)issued.Json["id"]!, "export", "2026-04-01T00:00:00Z"), ((string)second["id"]!, (string)second["label"]!, (string)second["expires_at"]!));
        Assert.Null(second["last_used_at"]);
        Assert.DoesNotContain(used, listed.Body, StringComparison.Ordinal);
        Assert.DoesNotContain((string)issued.Json["key"]!, listed.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_revoked_key_is_refused_from_the_next_request_on_and_its_sisters_are_not()
    {
        await using TestHost host = await TestHost.StartAsync();
        string kept = await host.KeyAsync("books", "finance", ["*"]);
        JsonNode issued = (await host.PostAsync("/v1/agents/books/keys", null)).Json;
        string lost = (string)issued["key"]!;
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/v1/settled-records", lost)).Status);

        HttpAnswer revoked = await host.DeleteAsync($"/v1/agents/books/keys/{issued["id"]}");
        HttpAnswer again = await host.DeleteAsync($"/v1/agents/books/keys/{issued["id"]}");

        Assert.Equal(HttpStatusCode.OK, revoked.Status);
        Assert.Equal(revoked.Body, again.Body);
        Assert.Single(revoked.Json["keys"]!.AsArray(), k => k!["revoked_at"] is not null);
        Assert.Equal((HttpStatusCode.Unauthorized, "credential_invalid"), await host.GetAsync("/v1/settled-records", lost) is var a ? (a.Status, a.Code) : default);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/v1/settled-records", kept)).Status);
    }

    [Fact]
    public async Task A_use_that_is_written_late_does_not_bring_a_revoked_key_back()
    {
        await using TestHost host = await TestHost.StartAsync();
        string key = await host.KeyAsync("books", "finance", ["*"]);
        KeyRing ring = host.Services.GetRequiredService<KeyRing>();
        AgentKey stored = Assert.Single(await ring.OfAsync("default", "books", default)).Key;
        await host.GetAsync("/v1/settled-records", key);
        Assert.Equal(HttpStatusCode.OK, (await host.DeleteAsync($"/v1/agents/books/keys/{stored.Id}")).Status);

        await ring.UsedAsync(stored, host.Time.UtcNow, default);
        await ring.AddAsync(KeyRing.HashOf(key), stored, default);

        Assert.Equal(HttpStatusCode.Unauthorized, (await host.GetAsync("/v1/settled-records", key)).Status);
    }

    [Fact]
    public async Task A_right_that_was_taken_away_is_not_restored_by_a_change_that_was_decided_before()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.KeyAsync("books", "finance", ["acme"]);
        AccessDirectory directory = host.Services.GetRequiredService<AccessDirectory>();
        host.Table.RaceBefore(
            FaultyTable.Submits(LedgerKeys.Directory("default")),
            async other => await new AccessDirectory(other).ChangeAgentAsync("default", "books", a => a! with { Suspended = true }, default));

        (Agent? before, Agent? after) = await directory.ChangeAgentAsync("default", "books", a => a! with { Accounts = ["acme", "beta"] }, default);

        Assert.True(before!.Suspended);
        Assert.Equal((true, 2), (after!.Suspended, after.Accounts.Count));
    }

    [Fact]
    public async Task A_key_is_no_other_agents_and_no_other_tenants_to_revoke()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.KeyAsync("books", "finance", ["*"]);
        await host.KeyAsync("holdco", "buyer", ["acme"]);
        await host.KeyAsync("books", "finance", ["*"], admin: TestHost.OtherTenantKey);
        string id = (string)(await host.GetAsync("/v1/agents/books/keys")).Json["keys"]![0]!["id"]!;

        HttpAnswer[] answers =
        [
            await host.DeleteAsync($"/v1/agents/holdco/keys/{id}"), await host.DeleteAsync($"/v1/agents/books/keys/{id}", TestHost.OtherTenantKey),
            await host.DeleteAsync("/v1/agents/books/keys/key-0000000000000000"), await host.DeleteAsync("/v1/agents/nobody/keys/key-0000000000000000"), await host.DeleteAsync("/v1/agents/books/keys/a.b%20c"),
        ];

        Assert.All(answers, a => Assert.Equal((HttpStatusCode.NotFound, "not_found"), (a.Status, a.Code)));
        Assert.Single(answers.Select(a => a.Body).Distinct());
        Assert.Null((await host.GetAsync("/v1/agents/books/keys")).Json["keys"]![0]!["revoked_at"]);
    }

    [Fact]
    public async Task Agents_are_listed_and_read_as_they_were_put()
    {
        await using TestHost host = await TestHost.StartAsync();
        var agent = new JsonObject { ["role"] = "seller", ["accounts"] = new JsonArray("acme"), ["seller_agent"] = TestHost.Seller };
        HttpAnswer put = await host.PutAsync("/v1/agents/streamhaus", agent);

        HttpAnswer read = await host.GetAsync("/v1/agents/streamhaus");
        HttpAnswer listed = await host.GetAsync("/v1/agents");

        Assert.Equal(put.Body, read.Body);
        Assert.Equal(["admin", "streamhaus"], listed.Json["agents"]!.AsArray().Select(a => (string)a!["id"]!));
        Assert.Equal(HttpStatusCode.OK, (await host.PutAsync("/v1/agents/streamhaus", read.Json)).Status);
        Assert.Equal((HttpStatusCode.NotFound, "not_found"), await host.GetAsync("/v1/agents/nobody") is var a ? (a.Status, a.Code) : default);
    }

    [Fact]
    public async Task The_last_admin_cannot_be_demoted_suspended_or_left_without_a_key()
    {
        await using TestHost host = await TestHost.StartAsync();
        string own = (string)(await host.GetAsync("/v1/agents/admin/keys")).Json["keys"]![0]!["id"]!;
        JsonNode Admin(bool suspended) => new JsonObject { ["role"] = "admin", ["accounts"] = new JsonArray("*"), ["suspended"] = suspended };
        HttpAnswer[] refused =
        [
            await host.DeleteAsync($"/v1/agents/admin/keys/{own}"),
            await host.PutAsync("/v1/agents/admin", Admin(suspended: true)),
            await host.PutAsync("/v1/agents/admin", new JsonObject { ["role"] = "finance", ["accounts"] = new JsonArray("*") }),
        ];
        Assert.All(refused, a => Assert.Equal((HttpStatusCode.Conflict, "last_admin"), (a.Status, a.Code)));

        // An admin without a key is none: nobody could call as it.
        await host.PutAsync("/v1/agents/second", Admin(suspended: false));
        Assert.Equal("last_admin", (await host.DeleteAsync($"/v1/agents/admin/keys/{own}")).Code);
        string second = (string)(await host.PostAsync("/v1/agents/second/keys", null)).Json["key"]!;

        Assert.Equal(HttpStatusCode.OK, (await host.DeleteAsync($"/v1/agents/admin/keys/{own}")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.GetAsync("/v1/agents")).Status);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/v1/agents", second)).Status);
    }

    [Fact]
    public async Task A_new_admin_key_from_settings_ends_the_earlier_ones_and_no_issued_one()
    {
        await using TestHost host = await TestHost.StartAsync();
        string issued = (string)(await host.PostAsync("/v1/agents/admin/keys", null)).Json["key"]!;
        const string Next = "the-next-admin-key-of-the-tenant";

        await RestartAsync(host, Next);

        Assert.Equal(HttpStatusCode.Unauthorized, (await host.GetAsync("/v1/agents")).Status);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/v1/agents", Next)).Status);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/v1/agents", issued)).Status);
        string told = Assert.Single(host.Log.Lines, line => line.Contains("takes effect", StringComparison.Ordinal) && line.StartsWith("Warning", StringComparison.Ordinal));
        Assert.Contains("test-a", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Instances_that_roll_over_do_not_end_each_others_key_in_turn()
    {
        await using TestHost host = await TestHost.StartAsync();
        const string Next = "the-next-admin-key-of-the-tenant";

        foreach (string configured in new[] { Next, TestHost.AdminKey, Next, TestHost.AdminKey })
            await RestartAsync(host, configured);

        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/v1/agents", Next)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.GetAsync("/v1/agents")).Status);
    }

    [Fact]
    public async Task Of_two_new_keys_that_start_at_once_the_later_in_line_stays_and_nobody_is_locked_out()
    {
        await using TestHost host = await TestHost.StartAsync();
        string[] fresh = ["one-new-admin-key-of-the-tenant", "two-new-admin-key-of-the-tenant"];
        bool raced = false;
        host.Table.Before = async call =>
        {
            // The second starts when the first has taken its place and not yet written its key.
            if (raced || call.Batch is null || !call.Partition.StartsWith("keys.", StringComparison.Ordinal))
                return;
            raced = true;
            await RestartAsync(host, fresh[1]);
        };

        await RestartAsync(host, fresh[0]);

        Assert.True(raced);
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.GetAsync("/v1/agents", fresh[0])).Status);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/v1/agents", fresh[1])).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.GetAsync("/v1/agents")).Status);
    }

    [Fact]
    public async Task A_restart_with_the_same_key_undoes_no_revocation_and_a_new_key_lets_the_operator_in_again()
    {
        await using TestHost host = await TestHost.StartAsync();
        string second = await host.KeyAsync("second", "admin", ["*"]);
        await host.PutAsync("/v1/agents/admin", new JsonObject { ["role"] = "admin", ["accounts"] = new JsonArray("*"), ["suspended"] = true }, second);

        await RestartAsync(host, TestHost.AdminKey);
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.GetAsync("/v1/agents")).Status);
        await RestartAsync(host, "the-next-admin-key-of-the-tenant");

        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/v1/agents", "the-next-admin-key-of-the-tenant")).Status);
    }

    [Fact]
    public async Task An_issued_key_that_was_revoked_is_not_let_in_again_by_settings_and_ends_no_other()
    {
        await using TestHost host = await TestHost.StartAsync();
        JsonNode issued = (await host.PostAsync("/v1/agents/admin/keys", null)).Json;
        Assert.Equal(HttpStatusCode.OK, (await host.DeleteAsync($"/v1/agents/admin/keys/{issued["id"]}")).Status);

        await RestartAsync(host, (string)issued["key"]!);

        Assert.Equal(HttpStatusCode.Unauthorized, (await host.GetAsync("/v1/agents", (string)issued["key"]!)).Status);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/v1/agents")).Status);
    }

    private static Task RestartAsync(TestHost host, string adminKey)
    {
        HostOptions options = host.Services.GetRequiredService<HostOptions>();
        options.AdminKeys["default"] = adminKey;
        host.Log.Keep(adminKey, "an admin key");
        return Bootstrap.AdminKeysAsync(host.Services, TextWriter.Null);
    }
}
