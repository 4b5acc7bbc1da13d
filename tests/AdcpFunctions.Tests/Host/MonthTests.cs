using System.Globalization;
using AdcpFunctions.Host;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>A whole month, as its readers have it afterwards: to the cent the same, and nothing of it can be changed unseen.</summary>
public class MonthTests
{
    private const string Records = "adcp.settled-record.v1", Closes = "adcp.period-close.v1";

    [Fact]
    public async Task Export_topic_feed_totals_and_close_agree_to_the_cent()
    {
        await using PlayedMonth month = await PlayedMonth.PlayAsync();

        JsonNode[] topic = [.. month.Bus.Taken.Select(message => JsonNode.Parse(message.Body)!)];
        JsonNode close = Assert.Single(topic, message => (string)message["schema"]! == Closes);
        JsonNode[] april = [.. topic.Where(message => (string)message["schema"]! == Records && (string)message["booking_period"]! == "2026-04")];
        JsonNode[] lines = [.. (await month.ExportAsync("application/x-ndjson")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
        JsonNode[] booked = [.. lines.Where(line => (string)line["line"]! == "record")];
        JsonNode totals = await month.GetAsync("/v1/settled-records/totals?period=2026-04");
        JsonNode feed = await month.GetAsync("/v1/settled-records");

        // 50,400.00 within tolerance; 30,000.00 as a fallback less a credit of 500.00; 47,000.00 by a dispute; 20,000.00 restated to 19,000.00.
        const decimal invoiced = 50_400m + 30_000m - 500m + 47_000m + 20_000m - 1_000m;
        Assert.Equal([invoiced, invoiced, invoiced], new[] { Sum(april), SumOfLines(booked), Sum(feed["records"]!.AsArray().Where(r => (string)r!["booking_period"]! == "2026-04")) });
        Assert.Equal(invoiced, Cash(totals["totals"]![0]!["amount"]));
        Assert.Equal(invoiced, Cash(close["totals"]![0]!["amount"]));
        Assert.Equal(invoiced, Cash(lines[^1]["totals"]![0]!["amount"]));
        Assert.Equal(["end"], lines.Select(line => (string)line["line"]!).Skip(lines.Length - 1));
        Assert.Equal((6, 6, 6), ((int)close["count"]!, (int)totals["count"]!, april.Length));
        Assert.Equal((string)close["hash"]!, (string)totals["hash"]!);
        Assert.Equal((string)close["hash"]!, (string)lines[^1]["hash"]!);
        Assert.Equal(april.Select(IdOf), booked.Select(IdOf));
        Assert.Equal([month.SettlementOf("mb5")], lines.Where(line => (string)line["line"]! == "open").Select(line => (string)line["settlement_id"]!));
        Assert.Equal([month.SettlementOf("mb5")], close["open"]!.AsArray().Select(open => (string)open!["settlement_id"]!));

        // What came after the close is booked where it said.
        JsonNode late = Assert.Single(topic, message => (string)message["schema"]! == Records && (string)message["booking_period"]! != "2026-04");
        Assert.Equal(((string)close["books_into"]!, "500.00", 3), ((string)late["booking_period"]!, (string)late["delta"]!["amount"]!, (int)late["revision"]!));
        Assert.Equal("2026-05", (string)close["books_into"]!);
        Assert.Equal(invoiced, CsvSum(await month.ExportAsync("text/csv")));
    }

    [Fact]
    public async Task Each_settlement_tells_what_became_of_it()
    {
        await using PlayedMonth month = await PlayedMonth.PlayAsync();

        (string State, string Amount)[] stand = [];
        foreach (string mediaBuy in new[] { "mb1", "mb2", "mb3", "mb4" })
        {
            JsonNode settlement = await month.GetAsync($"/v1/settlements/{month.SettlementOf(mediaBuy)}");
            stand = [.. stand, ((string)settlement["state"]!, (string)settlement["postings"]!.AsArray()[^1]!["amount"]!)];
            Assert.True((bool)settlement["billing_grade"]!["billable"]!);
        }

        Assert.Equal([("settled", "50400.00"), ("adjusted", "29500.00"), ("settled", "47000.00"), ("adjusted", "19500.00")], stand);
        JsonNode open = await month.GetAsync($"/v1/settlements/{month.SettlementOf("mb5")}");
        Assert.Equal(("open", false), ((string)open["state"]!, (bool)open["billing_grade"]!["billable"]!));
    }

    [Fact]
    public async Task The_ledger_stands_up_to_replay_and_to_an_audit_against_export_and_root()
    {
        await using PlayedMonth month = await PlayedMonth.PlayAsync();
        using MonthAnchors anchors = await MonthAnchors.OfAsync(month);

        Assert.Equal(0, await ReplayCommand.RunAsync([.. month.LedgerArguments], TextWriter.Null, TextWriter.Null));
        (int code, string said) = await anchors.AuditAsync();
        Assert.True(code == 0, said);
        Assert.Contains("every link holds", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_edit_of_any_event_final_evidence_or_published_row_is_found()
    {
        await using PlayedMonth month = await PlayedMonth.PlayAsync();
        using MonthAnchors anchors = await MonthAnchors.OfAsync(month);
        List<string> unseen = [];
        int edits = 0;
        foreach ((string partition, TableRow row) in await month.RowsAsync())
        {
            foreach (Column column in row.Columns)
            {
                byte[] edited = column.Value.ToArray();
                // Somewhere inside, so that it still may be JSON: one digit or letter becomes another.
                int at = Array.FindLastIndex(edited, edited.Length * 2 / 3, b => char.IsAsciiLetterOrDigit((char)b));
                if (at < 0)
                    continue;
                edited[at] = edited[at] == (byte)'1' ? (byte)'2' : (byte)'1';
                edits++;
                await month.PutAsync(partition, row with { Columns = [.. row.Columns.Select(c => c.Name == column.Name ? new Column(c.Name, edited) : c)] });
                if ((await anchors.AuditAsync()).Code != 1)
                    unseen.Add($"{partition}/{row.RowKey} {column.Name}");
                await month.PutAsync(partition, row);
            }
        }

        Assert.Empty(unseen);
        Assert.True(edits > 40, $"only {edits} edits");
        Assert.Equal(0, (await anchors.AuditAsync()).Code);
    }

    [Theory]
    [InlineData("mb1")]
    [InlineData("mb2")]
    [InlineData("mb3")]
    [InlineData("mb4")]
    [InlineData("mb5")]
    public async Task A_tail_that_is_cut_off_and_a_settlement_that_is_deleted_are_found_and_named(string mediaBuy)
    {
        await using PlayedMonth month = await PlayedMonth.PlayAsync();
        using MonthAnchors anchors = await MonthAnchors.OfAsync(month);
        SettlementAddress address = LedgerKeys.Parse("default", month.SettlementOf(mediaBuy))!.Value;
        TableRow[] events = [.. (await month.RowsAsync()).Where(r => r.Partition == address.Partition && r.Row.RowKey.StartsWith($"e_{address.Suffix}_", StringComparison.Ordinal)).Select(r => r.Row)];
        TableRow head = (await month.Host.Table.GetAsync(address.Partition, LedgerKeys.Head(address.Suffix), default))!;

        await month.DeleteAsync(address.Partition, events[^1]);
        await AssertNamedAsync();
        await month.PutAsync(address.Partition, events[^1]);
        foreach (TableRow row in events.Append(head))
            await month.DeleteAsync(address.Partition, row);
        await AssertNamedAsync();

        async Task AssertNamedAsync()
        {
            (int code, string said) = await anchors.AuditAsync();
            Assert.Equal(1, code);
            Assert.Contains(address.Id, said, StringComparison.Ordinal);
        }
    }

    private static string IdOf(JsonNode of) => (string)of["message_id"]!;

    private static decimal Sum(IEnumerable<JsonNode?> records) => records.Sum(record => Cash(record!["delta"]!["amount"]));

    private static decimal SumOfLines(IEnumerable<JsonNode> lines) => lines.Sum(line => Cash(line["delta_amount"]));

    private static decimal Cash(JsonNode? text) => decimal.Parse((string)text!, CultureInfo.InvariantCulture);

    private static decimal CsvSum(string table)
    {
        string[] rows = table.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        int line = Array.IndexOf(rows[0].Split(','), "line"), amount = Array.IndexOf(rows[0].Split(','), "delta_amount");
        // No cell before the amount holds a comma, so a plain split finds it.
        return rows.Skip(1).Select(row => row.Split(',')).Where(cells => cells[line] == "record").Sum(cells => decimal.Parse(cells[amount], CultureInfo.InvariantCulture));
    }
}
