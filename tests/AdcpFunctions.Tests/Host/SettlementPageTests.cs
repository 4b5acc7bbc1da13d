using System.Buffers.Text;
using System.Net;
using System.Text;
using AdcpFunctions.Tests.Support;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>The lists that are read off an account's settlements, page by page.</summary>
public class SettlementPageTests
{
    private const string Rival = "rival";

    [Theory]
    [InlineData("/v1/settlements", "settlements", "id")]
    [InlineData("/v1/disputes", "disputes", "settlement_id")]
    public async Task Each_settlement_is_told_once_over_all_shards_whatever_comes_in_between(string path, string list, string id)
    {
        await using Quarrel quarrel = await Quarrel.StartAsync();
        var before = new List<string>();
        for (int i = 0; i < 12; i++)
            before.Add(await DisputedAsync(quarrel, $"before-{i}"));

        var told = new List<string>();
        string? next = null;
        for (int page = 0; page == 0 || next is not null; page++)
        {
            JsonNode answer = (await quarrel.Host.GetAsync($"{path}?account_id=acme&limit=2{(next is null ? "" : $"&cursor={next}")}", quarrel.Buyer)).Json;
            told.AddRange(answer[list]!.AsArray().Select(item => (string)item![id]!));
            next = (string?)answer["next"];
            if (page < 4)
                await DisputedAsync(quarrel, $"between-{page}");
        }

        Assert.True(before.Select(settlement => settlement.Split('.')[1]).Distinct().Count() > 4, "The settlements lie in too few shards.");
        Assert.Equal(told.Count, told.Distinct().Count());
        Assert.Empty(before.Except(told));
    }

    [Theory]
    [InlineData("/v1/settlements")]
    [InlineData("/v1/missing-reports")]
    [InlineData("/v1/periods/2026-04")]
    public async Task A_cursor_names_nothing_and_shows_each_caller_its_own(string path)
    {
        await using TestHost host = await WithTwoSellersAsync();
        string seller = await host.KeyAsync("seller", ["acme"]), rival = await host.KeyAsync(Rival, "seller", ["acme"]);
        string whole = (await host.GetAsync($"{path}?account_id=acme&limit=1")).Body;

        string cursor = (string)(await host.GetAsync($"{path}?account_id=acme&limit=1", seller)).Json["next"]!;
        string all = (string)JsonNode.Parse(whole)!["next"]!;

        string bytes = Encoding.Latin1.GetString(Base64Url.DecodeFromChars(cursor));
        Assert.DoesNotContain("acme", bytes, StringComparison.Ordinal);
        Assert.DoesNotContain("2026", bytes, StringComparison.Ordinal);
        foreach (string one in new[] { cursor, all })
        {
            Assert.DoesNotContain("theirs", (await host.GetAsync($"{path}?account_id=acme&cursor={one}", seller)).Body, StringComparison.Ordinal);
            Assert.DoesNotContain("ours", (await host.GetAsync($"{path}?account_id=acme&cursor={one}", rival)).Body, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("/v1/settlements")]
    [InlineData("/v1/missing-reports")]
    [InlineData("/v1/periods/2026-04")]
    public async Task A_cursor_of_another_list_or_account_or_that_was_changed_anywhere_is_refused(string path)
    {
        await using TestHost host = await WithTwoSellersAsync();
        await host.RegisterAccountAsync("globex");
        JsonNode page = (await host.GetAsync($"{path}?account_id=acme&limit=1")).Json;
        string cursor = (string)page["next"]!;
        string first = (string)(await host.GetAsync("/v1/settlements?account_id=acme&limit=1")).Json["settlements"]![0]!["id"]!;

        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync($"{path}?account_id=acme&cursor={cursor}")).Status);
        foreach (string other in new[] { "/v1/settlements", "/v1/missing-reports", "/v1/periods/2026-04", "/v1/periods/2026-05", "/v1/disputes" }.Where(other => other != path))
            await AssertInvalidAsync(host, $"{other}?account_id=acme&cursor={cursor}");
        await AssertInvalidAsync(host, $"{path}?account_id=globex&cursor={cursor}");
        // As they were given out before they were sealed.
        await AssertInvalidAsync(host, $"{path}?account_id=acme&cursor={first}");
        await AssertInvalidAsync(host, $"{path}?account_id=acme&cursor={Base64Url.EncodeToString(Encoding.UTF8.GetBytes(first))}");
        for (int at = 0; at < cursor.Length; at++)
            await AssertInvalidAsync(host, $"{path}?account_id=acme&cursor={cursor[..at]}{(cursor[at] == 'A' ? 'B' : 'A')}{cursor[(at + 1)..]}");
    }

    private static async Task AssertInvalidAsync(TestHost host, string path) =>
        Assert.Equal((HttpStatusCode.BadRequest, "cursor_invalid"), Proposing.Told(await host.GetAsync(path)));

    /// <summary>Media buys of two sellers on one account, whose month is over and of which nothing came.</summary>
    private static async Task<TestHost> WithTwoSellersAsync()
    {
        TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        for (int i = 0; i < 4; i++)
        {
            await host.RegisterBuyAsync($"ours-{i}");
            await host.RegisterBuyAsync($"theirs-{i}", TestHost.Contract().With("seller_agent", Rival));
        }

        host.Time.UtcNow = TestHost.AfterApril;
        return host;
    }

    private static async Task<string> DisputedAsync(Quarrel quarrel, string mediaBuy)
    {
        string settlement = await quarrel.Host.RegisterBuyAsync(mediaBuy, Quarrel.Contract());
        await quarrel.CountAsync(mediaBuy);
        HttpAnswer opened = await quarrel.OpenAsync(quarrel.Claim(settlement: settlement));
        Assert.True(opened.Status == HttpStatusCode.Created, opened.Body);
        return settlement;
    }
}
