using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>Whatever a seller's agent answers, nothing is invoiced by accident and nothing of ours faults.</summary>
public class HostileSellerTests
{
    public static TheoryData<string> Answers => new(
        "another period", "a day of it", "no period", "another currency", "a currency that is none", "no currency anywhere", "another media buy", "the media buy twice",
        "the package twice", "the package twice, windowed", "another window", "a window that is none", "no package", "a package without an id", "packages that are none", "not final", "final as text", "silent about finality",
        "a negative count", "a count as text", "an absurd count", "no count", "a number no decimal holds", "an error beside", "no structure", "an empty object", "null", "simulated data");

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task An_answer_that_is_none_leaves_a_final_held_and_is_asked_for_again(string answer)
    {
        await using PullWorld world = await PullWorld.StartAsync();
        await world.DeliverAsync();
        world.Seller.Result = _ => Told(answer);

        await world.RingAsync();

        Assert.Equal("held: snapshot_awaited", await world.StandingAsync());
        Assert.Empty(await world.Host.PublishedAsync());
        Assert.Contains((world.Host.Time.UtcNow.AddMinutes(5), 1), await world.QueueAsync());
    }

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task An_answer_that_is_none_says_nothing_where_no_webhook_came(string answer)
    {
        await using PullWorld world = await PullWorld.StartAsync();
        world.Seller.Result = _ => Told(answer);

        await world.RingAsync();

        // Without a count there is nothing to compare, and a final to be held all the same.
        Assert.Equal(answer == "no count" ? 1 : 0, await world.Host.FinalsAsync(world.Settlement));
        Assert.Empty(await world.Host.PublishedAsync());
    }

    private static JsonObject Told(string answer)
    {
        JsonObject package = Webhook.Package();
        JsonObject records = RecordsServer.Records(package);
        JsonArray rows = records["media_buy_deliveries"]!.AsArray();
        JsonArray packages = rows[0]!["by_package"]!.AsArray();
        switch (answer)
        {
            case "another period": records["reporting_period"] = Usage.Period("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"); break;
            case "a day of it": records["reporting_period"] = Usage.Period("2026-04-01T00:00:00Z", "2026-04-02T00:00:00Z"); break;
            case "no period": records.Without("reporting_period"); break;
            case "another currency": package["currency"] = "EUR"; break;
            case "a currency that is none": package["currency"] = 840; break;
            case "no currency anywhere": package.Without("currency"); records.Without("currency"); break;
            case "another media buy": rows[0]!["media_buy_id"] = "mb2"; break;
            case "the media buy twice": rows.Add(rows[0]!.DeepClone()); break;
            case "the package twice": packages.Add(package.DeepClone()); break;
            case "the package twice, windowed": packages.Add(package.DeepClone().AsObject().With("measurement_window", null)); break;
            case "another window": package["measurement_window"] = "c7"; break;
            case "a window that is none": package["measurement_window"] = 7; break;
            case "no package": packages.Clear(); break;
            case "a package without an id": package.Without("package_id"); break;
            case "packages that are none": packages.Clear(); packages.Add(1); packages.Add(null); break;
            case "not final": package["is_final"] = false; break;
            case "final as text": package["is_final"] = "true"; break;
            case "silent about finality": package.Without("is_final"); break;
            case "a negative count": package["impressions"] = -5_000_000; break;
            case "a count as text": package["impressions"] = "5000000"; break;
            case "an absurd count": package["impressions"] = 1e300; break;
            case "no count": package.Without("impressions"); break;
            case "a number no decimal holds": package["spend"] = 1e29; break;
            case "an error beside": records["adcp_error"] = new JsonObject { ["code"] = "INTERNAL_ERROR" }; break;
            case "simulated data": records["sandbox"] = true; break;
            case "no structure": return new JsonObject { ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = "5,000,000 impressions, as you said." }) };
            case "an empty object": return [];
            case "null": return RecordsServer.Told([]).With("structuredContent", null);
            default: throw new ArgumentOutOfRangeException(nameof(answer));
        }

        return RecordsServer.Told(records);
    }
}
