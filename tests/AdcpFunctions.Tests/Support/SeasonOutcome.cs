using System.Text.Json;

namespace AdcpFunctions.Tests.Support;

/// <summary>What a season ended in, without the times at which it happened: equal outcomes are equal ledgers and equal publications.</summary>
/// <param name="Settlements">One line each: state, reasons, amounts, breaches, and everything provisional that was said.</param>
/// <param name="Published">One line for each published record.</param>
internal sealed record SeasonOutcome(IReadOnlyList<string> Settlements, IReadOnlyList<string> Published)
{
    /// <summary>Waits until everything expected has happened, then reads everything.</summary>
    public static async Task<SeasonOutcome> OfAsync(Fleet fleet)
    {
        IReadOnlyList<JsonElement> feed = await FeedAsync(fleet);
        IReadOnlyList<JsonElement> settlements = await SettlementsAsync(fleet);
        for (int wait = 0; wait < 600 && (feed.Count < Season.Published || settlements.Sum(Breaches) < Season.Silent + Season.Buys / 6); wait++)
        {
            await Task.Delay(100);
            (feed, settlements) = (await FeedAsync(fleet), await SettlementsAsync(fleet));
        }

        Assert.Equal(Enumerable.Range(1, feed.Count).Select(seq => (long)seq), feed.Select(record => record.GetProperty("seq").GetInt64()));
        return new SeasonOutcome([.. settlements.Select(Line).Order(StringComparer.Ordinal)], [.. feed.Select(Record).Order(StringComparer.Ordinal)]);
    }

    public void AssertIs(SeasonOutcome expected)
    {
        Assert.Equal(expected.Published, Published);
        Assert.Equal(expected.Settlements, Settlements);
    }

    public static async Task<IReadOnlyList<JsonElement>> FeedAsync(Fleet fleet)
    {
        using JsonDocument page = await fleet.ReadAsync(HttpMethod.Get, "/v1/settled-records?limit=1000");
        return [.. page.RootElement.GetProperty("records").EnumerateArray().Select(record => record.Clone())];
    }

    private static async Task<IReadOnlyList<JsonElement>> SettlementsAsync(Fleet fleet)
    {
        var ids = new List<string>();
        string? next = "/v1/settlements?account_id=acct&limit=100";
        while (next is not null)
        {
            using JsonDocument page = await fleet.ReadAsync(HttpMethod.Get, next);
            ids.AddRange(page.RootElement.GetProperty("settlements").EnumerateArray().Select(one => one.GetProperty("id").GetString()!));
            next = page.RootElement.TryGetProperty("next", out JsonElement more) && more.ValueKind == JsonValueKind.String
                ? $"/v1/settlements?account_id=acct&limit=100&after={Uri.EscapeDataString(more.GetString()!)}"
                : null;
        }

        var settlements = new List<JsonElement>();
        foreach (string id in ids)
        {
            using JsonDocument one = await fleet.ReadAsync(HttpMethod.Get, $"/v1/settlements/{id}");
            settlements.Add(one.RootElement.Clone());
        }

        return settlements;
    }

    private static int Breaches(JsonElement settlement) =>
        settlement.GetProperty("history").EnumerateArray().Sum(decision => decision.GetProperty("events").EnumerateArray().Count(e => e.GetProperty("kind").GetString() == "deadline_missed"));

    private static string Line(JsonElement settlement)
    {
        IEnumerable<string> provisional = settlement.GetProperty("provisional").EnumerateArray()
            .Select(p => p.GetProperty("statement").TryGetProperty("impressions", out JsonElement count) ? count.GetRawText() : p.GetProperty("statement").GetRawText()).Order(StringComparer.Ordinal);
        IEnumerable<string> postings = settlement.GetProperty("postings").EnumerateArray().Select(p => $"{p.GetProperty("basis")} {p.GetProperty("amount")} {p.GetProperty("delta_amount")}");
        return $"{settlement.GetProperty("id")} {settlement.GetProperty("media_buy_id")} {settlement.GetProperty("state")} {settlement.GetProperty("reason_codes").GetRawText()} "
            + $"breaches {Breaches(settlement)} posted [{string.Join("; ", postings)}] provisional [{string.Join(' ', provisional)}]";
    }

    private static string Record(JsonElement record) =>
        $"{record.GetProperty("message_id")} {record.GetProperty("basis")} {record.GetProperty("delta").GetRawText()} {record.GetProperty("cumulative").GetRawText()} {record.GetProperty("reasons").GetRawText()}";
}
