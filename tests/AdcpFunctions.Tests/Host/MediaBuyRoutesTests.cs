using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

public class MediaBuyRoutesTests
{
    [Fact]
    public async Task Registering_says_what_will_settle_and_repeating_it_changes_nothing()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        JsonObject contract = TestHost.Contract(vendor: "campaignmanager.example", deadlineHours: 240);

        HttpAnswer first = await host.PutAsync("/v1/media-buys/mb1", contract);
        HttpAnswer second = await host.PutAsync("/v1/media-buys/mb1", contract);
        HttpAnswer read = await host.GetAsync("/v1/media-buys/mb1?account_id=acme");

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK), (first.Status, second.Status));
        Assert.Equal(first.Body, second.Body);
        Assert.Equal(first.Body, read.Body);
        JsonNode group = Assert.Single(first.Json["groups"]!.AsArray())!;
        Assert.Equal(("buyer", "usage_push"), ((string)group["authority"]!, (string)group["authority_side"]!));
        JsonNode period = Assert.Single(group["periods"]!.AsArray())!;
        Assert.Equal("2026-05-01T00:00:00Z", (string)period["end"]!);
        Assert.Equal("2026-05-11T00:00:00Z", (string)period["deadline"]!["due"]!);
        string id = (string)Assert.Single(group["settlement_ids"]!.AsArray())!;
        Assert.Equal("open", (string)(await host.GetAsync($"/v1/settlements/{id}")).Json["state"]!);
    }

    [Theory]
    [InlineData("2026-04-30T23:59:59+02:00")]
    [InlineData("2026-04-30T23:59:00+02:00")]
    [InlineData("2026-05-01T00:00:00+02:00")]
    [InlineData("2026-04-30T22:00:00Z")]
    public async Task However_the_end_of_a_flight_is_written_it_is_the_midnight_of_its_own_offset(string end)
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        JsonObject monthly = TestHost.Contract().With("billing_utc_offset", "+02:00").With("flight/start", "2026-04-01T00:00:00+02:00").With("flight/end", end);
        JsonObject listed = monthly.DeepClone().AsObject().With("billing_cadence", "listed").With("billing_periods", new JsonArray(Usage.Period("2026-04-01T00:00:00+02:00", end)));

        foreach ((string id, JsonObject contract) in new[] { ("monthly", monthly), ("listed", listed) })
        {
            HttpAnswer registered = await host.PutAsync($"/v1/media-buys/{id}", contract);

            Assert.Equal("""[{"start":"2026-03-31T22:00:00Z","end":"2026-04-30T22:00:00Z"}]""", registered.Json["groups"]?[0]!["periods"]!.ToJsonString());
        }
    }

    [Theory]
    [InlineData("off", null, "off")]
    [InlineData("on_final", null, "on_final")]
    [InlineData("required", null, "required")]
    [InlineData("required", "off", "off")]
    [InlineData("off", "required", "required")]
    public async Task Whether_the_sellers_own_records_are_read_is_the_contracts_choice_and_else_this_installations(string installation, string? contract, string holds)
    {
        await using TestHost host = await TestHost.StartAsync(options => options.Snapshot = installation);
        await host.RegisterAccountAsync();
        JsonObject body = TestHost.Contract();
        if (contract is not null)
            body["snapshot"] = contract;

        HttpAnswer registered = await host.PutAsync("/v1/media-buys/mb1", body);

        string id = (string)registered.Json["groups"]![0]!["settlement_ids"]![0]!;
        Assert.Equal(holds, (string)(await host.GetAsync($"/v1/settlements/{id}")).Json["contract"]!["snapshot"]!);
    }

    [Fact]
    public async Task A_changed_contract_is_a_second_version()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        await host.RegisterBuyAsync();
        JsonObject dearer = TestHost.Contract();
        dearer["packages"]![0]!["rate"] = "12.5";

        HttpAnswer answer = await host.PutAsync("/v1/media-buys/mb1", dearer);

        Assert.Equal((HttpStatusCode.OK, 2), (answer.Status, (int)answer.Json["version"]!));
    }

    [Theory]
    [InlineData("billable_cap", "1000")]
    [InlineData("sum_weekly", "true")]
    public async Task A_term_that_would_not_be_enforced_is_refused(string term, string value)
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        JsonObject onContract = TestHost.Contract(), onPackage = TestHost.Contract();
        onContract[term] = JsonNode.Parse(value);
        onPackage["packages"]![0]![term] = JsonNode.Parse(value);

        Assert.Equal("body_invalid", (await host.PutAsync("/v1/media-buys/mb1", onContract)).Code);
        Assert.Equal("body_invalid", (await host.PutAsync("/v1/media-buys/mb1", onPackage)).Code);
    }

    [Fact]
    public async Task Refuses_what_it_cannot_settle_with_the_place_it_lies_in()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();

        await Refused(c => c["packages"]![0]!["pricing_model"] = "cpx", HttpStatusCode.BadRequest, "body_invalid", "/packages/0/pricing_model");
        await Refused(c => c["packages"]![0]!["rate"] = 10, HttpStatusCode.BadRequest, "body_invalid", "/packages/0/rate");
        await Refused(c => c["grace_hours"] = JsonNode.Parse("5e0"), HttpStatusCode.BadRequest, "body_invalid", "/grace_hours");
        await Refused(c => c["snapshot"] = "sometimes", HttpStatusCode.BadRequest, "body_invalid", "/snapshot");
        await Refused(c => c["flight"]!["end"] = "2026-03-01T00:00:00Z", HttpStatusCode.BadRequest, "period_invalid", "/flight/end");
        await Refused(c => c["flight"]!["end"] = "9999-12-31T23:59:59Z", HttpStatusCode.BadRequest, "period_invalid", "/flight");
        await Refused(c => c["billing_cadence"] = "listed", HttpStatusCode.UnprocessableEntity, "contract_refused", "/billing_periods");
        await Refused(c => c["currency"] = "EUR", HttpStatusCode.UnprocessableEntity, "contract_refused", "/currency");
        await Refused(c => c["account_id"] = "none", HttpStatusCode.NotFound, "account_not_found", null);

        async Task Refused(Action<JsonObject> change, HttpStatusCode status, string code, string? pointer)
        {
            JsonObject contract = TestHost.Contract();
            change(contract);
            HttpAnswer answer = await host.PutAsync("/v1/media-buys/mb1", contract);
            Assert.Equal((status, code), (answer.Status, answer.Code));
            if (pointer is not null)
                Assert.Contains(answer.Json["issues"]!.AsArray(), i => (string)i!["pointer"]! == pointer);
        }
    }

    [Fact]
    public async Task A_media_buy_of_one_seller_belongs_to_one_account()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        await host.RegisterAccountAsync("globex");
        await host.RegisterBuyAsync();
        JsonObject otherSeller = TestHost.Contract("globex");
        otherSeller["seller_agent"] = "https://another.example";

        HttpAnswer taken = await host.PutAsync("/v1/media-buys/mb1", TestHost.Contract("globex"));

        Assert.Equal("media_buy_taken", (string)taken.Json["issues"]![0]!["code"]!);
        Assert.Equal(HttpStatusCode.Created, (await host.PutAsync("/v1/media-buys/mb1", otherSeller)).Status);
    }

    [Fact]
    public async Task An_id_with_a_slash_is_the_id_that_was_meant()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();

        HttpAnswer answer = await host.PutAsync("/v1/media-buys/buy%2F7%20a", TestHost.Contract());

        Assert.Equal("buy/7 a", (string)answer.Json["media_buy_id"]!);
        Assert.Equal("media_buy_id_invalid", (await host.PutAsync("/v1/media-buys/a%07", TestHost.Contract())).Code);
    }

    [Fact]
    public async Task What_is_someone_elses_and_what_does_not_exist_are_one_answer()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        await host.RegisterAccountAsync("globex");
        string settlement = await host.RegisterBuyAsync();
        string neighbour = await host.KeyAsync("finance", ["globex"]);
        string otherTenant = TestHost.OtherTenantKey;

        foreach (string key in new[] { neighbour, otherTenant })
        {
            HttpAnswer[] answers =
            [
                await host.GetAsync("/v1/media-buys/mb1?account_id=acme", key),
                await host.GetAsync("/v1/media-buys/none?account_id=none", key),
                await host.GetAsync("/v1/accounts/acme", key),
                await host.GetAsync("/v1/accounts/none", key),
                await host.GetAsync("/v1/settlements?account_id=acme", key),
                await host.GetAsync("/v1/settlements?account_id=none", key),
                await host.GetAsync($"/v1/settlements/{settlement}", key),
                await host.GetAsync("/v1/settlements/acme.0.20260401-20260501.0.none", key),
                await host.GetAsync("/v1/settlements/nonsense", key),
                await host.PostAsync($"/v1/settlements/{settlement}/decisions", new JsonObject { ["decision"] = "approve_fallback", ["reason"] = "x" }, key),
            ];
            Assert.All(answers, a => Assert.Equal(HttpStatusCode.NotFound, a.Status));
            Assert.Single(answers.Select(a => a.Body).Distinct());
            Assert.Single(answers.Select(a => string.Join('|', a.Headers.Where(h => h.Key != "Date").Select(h => $"{h.Key}:{string.Join(',', h.Value)}"))).Distinct());
        }
    }
}
