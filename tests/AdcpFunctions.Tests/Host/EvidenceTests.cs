using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>One file to send to whoever has to judge: whole, the same each time, and about nobody else.</summary>
public class EvidenceTests
{
    [Fact]
    public async Task Both_parties_download_the_same_bytes_until_something_happens()
    {
        await using Quarrel quarrel = await Quarrel.StartAsync();
        string path = $"/v1/settlements/{quarrel.Settlement}/evidence";
        HttpAnswer first = await quarrel.Host.GetAsync(path, quarrel.Buyer);
        quarrel.Host.Time.Advance(TimeSpan.FromMinutes(7));
        await quarrel.Host.ReportAsync(quarrel.Buyer, 17, final: false);

        Assert.Equal((HttpStatusCode.OK, first.Body), (first.Status, (await quarrel.Host.GetAsync(path, quarrel.Seller)).Body));
        Assert.Equal("adcp.evidence-pack.v1", (string)first.Json["schema"]!);
        Assert.NotNull(first.Json["settlement"]!["dispute_draft"]);

        await quarrel.OpenAsync();
        Assert.NotEqual(first.Body, (await quarrel.Host.GetAsync(path, quarrel.Buyer)).Body);
    }

    [Fact]
    public async Task It_is_a_file_whose_chain_can_be_checked_by_anybody()
    {
        await using Quarrel quarrel = await Quarrel.InvoicedAsync();
        await quarrel.ProposeAsync();
        await quarrel.AnswerAsync("accept");
        using var http = new HttpClient { BaseAddress = quarrel.Host.Address };
        http.DefaultRequestHeaders.Authorization = new("Bearer", quarrel.Buyer);
        using HttpResponseMessage file = await http.GetAsync($"/v1/settlements/{quarrel.Settlement}/evidence");
        JsonNode pack = JsonNode.Parse(await file.Content.ReadAsStringAsync())!;

        Assert.Equal($"attachment; filename=\"evidence-{quarrel.Settlement}.json\"", file.Content.Headers.ContentDisposition!.ToString());
        string previous = "";
        foreach (JsonNode? link in pack["chain"]!.AsArray())
        {
            Assert.Equal(previous, (string)link!["previous"]!);
            previous = Sha256((string)link["body"]!);
            Assert.Equal(previous, (string)link["hash"]!);
            if (link["raw"] is { } raw)
                Assert.Equal(Sha256((string)raw!), (string)link["raw_sha256"]!);
        }

        Assert.Equal((previous, pack["chain"]!.AsArray().Count), ((string)pack["chain_head"]!, (int)pack["sequence"]!));
        JsonNode settlement = pack["settlement"]!;
        Assert.Equal(["credit", "additional_delivery"], settlement["remedy_menu"]!.AsArray().Select(m => (string)m!));
        Assert.Equal("|5,000,000 - 6,000,000| / 6,000,000 = 16.6667 % against an agreed 10 %: too far apart.", (string)settlement["variance"]!["sentence"]!);
        Assert.Equal((2, "10", "49500.00"), (settlement["postings"]!.AsArray().Count, (string)settlement["contract"]!["max_variance_percent"]!, (string)settlement["postings"]![1]!["amount"]!));
    }

    [Fact]
    public async Task Both_finals_stand_in_it_with_the_text_they_were_sent_in_and_how_they_came()
    {
        await using Quarrel quarrel = await Quarrel.StartAsync();

        JsonNode pack = (await quarrel.Host.GetAsync($"/v1/settlements/{quarrel.Settlement}/evidence", quarrel.Seller)).Json;

        JsonNode[] finals = [.. pack["finals"]!.AsArray().Select(f => f!)];
        Assert.Equal(["seller_row 6000000", "usage_push 5000000"], finals.Select(f => $"{f["side"]} {f["statement"]!["quantity"]}").Order(StringComparer.Ordinal));
        foreach (JsonNode final in finals)
        {
            JsonNode link = pack["chain"]!.AsArray().Single(l => (int)l!["sequence"]! == (int)final["sequence"]!)!;
            Assert.Contains($"\"impressions\":{final["statement"]!["quantity"]}", (string)link["raw"]!, StringComparison.Ordinal);
        }

        JsonNode delivery = Assert.Single(pack["deliveries"]!.AsArray())!;
        Assert.Equal((string)finals.Single(f => (string)f["side"]! == "seller_row")["statement"]!["evidence"]!, (string)delivery["place"]!);
        Assert.Matches("^[0-9a-f]{64}$", (string)delivery["body_sha256"]!);
    }

    [Fact]
    public async Task Of_what_came_with_it_nothing_stands_in_it_that_is_about_another_media_buy()
    {
        await using Quarrel quarrel = await Quarrel.StartAsync();
        await quarrel.Host.RegisterBuyAsync("mb-neighbour", Quarrel.Contract());
        quarrel.Host.Time.Advance(TimeSpan.FromHours(1));
        JsonObject changed = Webhook.Package("p1", 6_100_000).With("finalized_at", "2026-05-01T12:30:00Z");
        JsonObject both = Webhook.Envelope(Webhook.Result(Webhook.Row("mb1", changed), Webhook.Row("mb-neighbour", Webhook.Package("p1", 7_654_321))), "delivery-of-two-0001");
        Assert.Equal(HttpStatusCode.OK, (await quarrel.Host.DeliverAsync(quarrel.Endpoint, both)).Status);

        string pack = (await quarrel.Host.GetAsync($"/v1/settlements/{quarrel.Settlement}/evidence", quarrel.Buyer)).Body;

        Assert.Contains("6100000", pack, StringComparison.Ordinal);
        Assert.DoesNotContain("mb-neighbour", pack, StringComparison.Ordinal);
        Assert.DoesNotContain("7654321", pack, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disputes_evidence_has_the_dispute_in_it_and_a_strangers_has_nothing()
    {
        await using Quarrel quarrel = await Quarrel.StartAsync();
        await quarrel.OpenAsync();
        await quarrel.RespondAsync("respond", quarrel.Seller);
        string stranger = await quarrel.Host.KeyAsync("finance", ["globex"]), rival = await quarrel.Host.KeyAsync("rival", "seller", ["acme"], sellerAgent: "https://other.example");

        JsonNode pack = (await quarrel.Host.GetAsync($"{quarrel.Dispute}/evidence", quarrel.Finance)).Json;

        Assert.Equal((await quarrel.Host.GetAsync(quarrel.Dispute, quarrel.Finance)).Body, pack["dispute"]!.ToJsonString());
        Assert.Equal(HttpStatusCode.NotFound, (await quarrel.Host.GetAsync($"/v1/disputes/{quarrel.Settlement}.d2/evidence", quarrel.Finance)).Status);
        foreach (string key in new[] { stranger, rival })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await quarrel.Host.GetAsync($"{quarrel.Dispute}/evidence", key)).Status);
            Assert.Equal(HttpStatusCode.NotFound, (await quarrel.Host.GetAsync($"/v1/settlements/{quarrel.Settlement}/evidence", key)).Status);
        }
    }

    private static string Sha256(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
