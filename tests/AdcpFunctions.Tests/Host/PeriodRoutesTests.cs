using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>Closing a month, opening it again, looking at it and exporting it, over HTTP.</summary>
public class PeriodRoutesTests
{
    [Fact]
    public async Task A_close_agrees_with_the_totals_the_account_sees_and_stands_in_no_feed_of_records()
    {
        await using TestHost host = await SettledAsync("mb1", "mb2");
        string finance = await host.KeyAsync("finance", ["acme"]);

        HttpAnswer closed = await CloseAsync(host, finance, reason: "month end");

        Assert.Equal(HttpStatusCode.OK, closed.Status);
        JsonNode close = closed.Json, totals = (await host.GetAsync($"/v1/settled-records/totals?period=2026-04&up_to={close["up_to"]}", finance)).Json;
        Assert.Equal(
            ((int)totals["count"]!, (string)totals["hash"]!, totals["totals"]!.ToJsonString()),
            ((int)close["count"]!, (string)close["hash"]!, close["totals"]!.ToJsonString()));
        Assert.Equal((2, "20000.00", "month end", "2026-05", 3), ((int)close["count"]!, (string)close["totals"]![0]!["amount"]!, (string)close["reason"]!, (string)close["books_into"]!, (int)close["seq"]!));
        Assert.Equal(2, (await host.GetAsync("/v1/settled-records?limit=2")).Json["records"]!.AsArray().Count);
        JsonNode feed = (await host.GetAsync("/v1/settled-records")).Json;
        Assert.Equal(2, feed["records"]!.AsArray().Count);
        Assert.Equal((2, 3), ((int)(await host.GetAsync("/v1/settled-records/totals?period=2026-04")).Json["count"]!, (int)(await host.GetAsync("/v1/settled-records/totals?period=2026-04")).Json["up_to"]!));
        Assert.Empty((await host.GetAsync($"/v1/settled-records?after={feed["next"]}")).Json["records"]!.AsArray());
    }

    [Fact]
    public async Task A_closed_month_says_so_and_names_where_it_books()
    {
        await using TestHost host = await SettledAsync("mb1");
        string finance = await host.KeyAsync("finance", ["acme"]);
        await CloseAsync(host, finance);

        HttpAnswer again = await CloseAsync(host, finance), soon = await CloseAsync(host, finance, "2026-05"), open = await ReopenAsync(host, finance, "2026-03");

        Assert.Equal((HttpStatusCode.Conflict, "period_closed"), (again.Status, again.Code));
        Assert.Contains("acme.2026-04.close.1, seq 2; what belongs to it is booked into 2026-05.", (string)again.Json["detail"]!, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.Conflict, "period_not_over"), (soon.Status, soon.Code));
        Assert.Equal((HttpStatusCode.Conflict, "period_not_closed"), (open.Status, open.Code));
    }

    [Fact]
    public async Task An_account_whose_history_is_full_is_told_so()
    {
        await using TestHost host = await SettledAsync("mb1");
        var act = new PeriodAct("1999-12", Closes: false, 1, 1, host.Time.UtcNow, "finance", new string('x', 500_000), null);
        await host.Table.SubmitAsync(new TableBatch(LedgerKeys.Feed("default", sandbox: false)).Upsert(Tables.Row(LedgerKeys.PeriodsOf("acme"), new PeriodActs([act, act]), LedgerJson.Default.PeriodActs)), CancellationToken.None);

        HttpAnswer close = await CloseAsync(host, TestHost.AdminKey);

        Assert.Equal((HttpStatusCode.Conflict, "period_history_full"), (close.Status, close.Code));
    }

    [Fact]
    public async Task Months_are_listed_with_what_was_done_to_them()
    {
        await using TestHost host = await SettledAsync("mb1");
        string finance = await host.KeyAsync("finance", ["acme"]);
        await CloseAsync(host, finance);
        Assert.Equal(HttpStatusCode.OK, (await ReopenAsync(host, finance)).Status);
        await CloseAsync(host, finance);

        JsonArray periods = (await host.GetAsync("/v1/periods", finance)).Json["periods"]!.AsArray();

        Assert.Equal(["2026-05 open False 2026-05", "2026-04 closed True 2026-05"], periods.Select(p => $"{p!["period"]} {p["state"]} {(bool)p["over"]!} {p["books_into"]}"));
        JsonArray closes = periods[1]!["closes"]!.AsArray();
        Assert.Equal(["acme.2026-04.close.1", "acme.2026-04.close.2"], closes.Select(c => (string)c!["message_id"]!));
        Assert.Equal(("forgotten", null), ((string)closes[0]!["reopened"]!["reason"]!, closes[1]!["reopened"]));
    }

    [Fact]
    public async Task A_month_shows_what_is_settled_and_page_by_page_what_is_open_and_why()
    {
        await using TestHost host = await SettledAsync("mb1");
        for (int i = 0; i < 5; i++)
            await host.RegisterBuyAsync($"open-{i}");
        string seller = await host.KeyAsync("seller", ["acme"]), rival = await host.KeyAsync("rival", "seller", ["acme"]);

        JsonNode first = (await host.GetAsync("/v1/periods/2026-04?account_id=acme&limit=2")).Json;
        var open = new List<JsonNode?>(first["open"]!.AsArray());
        for (JsonNode page = first; page["next"] is { } next;)
        {
            page = (await host.GetAsync($"/v1/periods/2026-04?account_id=acme&limit=2&cursor={next}")).Json;
            Assert.Null(page["totals"]);
            open.AddRange(page["open"]!.AsArray());
        }

        Assert.Equal((1, 5, "10000.00"), ((int)first["count"]!, (int)first["open_count"]!, (string)first["totals"]![0]!["amount"]!));
        Assert.Equal(["open 5", "settled 1"], first["settlements"]!.AsArray().Select(s => $"{s!["state"]} {s["count"]}"));
        Assert.Equal(5, open.Select(o => (string)o!["settlement_id"]!).Distinct().Count());
        Assert.All(open, o => Assert.Equal("Nothing final has been received; it settles when the seller's final count arrives.", (string)o!["sentence"]!));
        Assert.Equal(5, (int)(await host.GetAsync("/v1/periods/2026-04", seller)).Json["open_count"]!);
        JsonNode others = (await host.GetAsync("/v1/periods/2026-04", rival)).Json;
        Assert.Equal((0, 0, 0), ((int)others["count"]!, (int)others["open_count"]!, others["open"]!.AsArray().Count));
        Assert.Equal("cursor_invalid", (await host.GetAsync("/v1/periods/2026-04?account_id=acme&cursor=globex.0.a.b.c")).Code);
        Assert.Equal("account_id_missing", (await host.GetAsync("/v1/periods/2026-04")).Code);
    }

    [Theory]
    [InlineData("sandbox", true, "account_sandbox")]
    [InlineData("billing", "out_of_band", "account_out_of_band")]
    public async Task An_account_that_is_not_billed_here_has_no_months_to_close(string member, object value, string code)
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync("acme", TestHost.Account().With(member, value is bool flag ? flag : (string)value));
        string finance = await host.KeyAsync("finance", ["acme"]);

        HttpAnswer close = await CloseAsync(host, finance, "2026-01"), reopen = await ReopenAsync(host, finance, "2026-01");

        Assert.Equal((HttpStatusCode.Conflict, code), (close.Status, close.Code));
        Assert.Equal((HttpStatusCode.Conflict, code), (reopen.Status, reopen.Code));
        Assert.Equal(member == "sandbox" ? HttpStatusCode.Conflict : HttpStatusCode.OK, (await host.GetAsync("/v1/periods", finance)).Status);
        Assert.Equal(member == "sandbox" ? HttpStatusCode.Conflict : HttpStatusCode.OK, (await host.GetAsync("/v1/periods/2026-01/export", finance)).Status);
    }

    [Fact]
    public async Task An_export_adds_up_line_by_line_and_ends_with_what_it_adds_up_to()
    {
        await using TestHost host = await SettledAsync("mb1", "mb2");
        await host.RegisterBuyAsync("mb-open");
        await host.RegisterAccountAsync("globex");
        string finance = await host.KeyAsync("finance", ["*"]);
        JsonNode close = (await CloseAsync(host, finance)).Json;

        HttpAnswer lines = await host.GetAsync("/v1/periods/2026-04/export?account_id=acme", finance, "application/x-ndjson");
        HttpAnswer table = await host.GetAsync("/v1/periods/2026-04/export?account_id=acme", finance, "text/csv");

        string[] bodies = lines.Body.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(bodies, body => TestHost.AssertFits("period-line.v1.json", body));
        JsonNode[] told = [.. bodies.Select(body => JsonNode.Parse(body)!)];
        Assert.Equal(["record", "record", "open", "end"], told.Select(l => (string)l["line"]!));
        Assert.Equal("20000.00", told.Where(l => (string)l["line"]! == "record").Sum(l => decimal.Parse((string)l["delta_amount"]!, CultureInfo.InvariantCulture)).ToString(CultureInfo.InvariantCulture));
        JsonNode end = told[^1];
        Assert.Equal((2, 1, (string)close["hash"]!, close["totals"]!.ToJsonString()), ((int)end["records"]!, (int)end["open"]!, (string)end["hash"]!, end["totals"]!.ToJsonString()));
        Assert.Equal(("open", "Nothing final has been received; it settles when the seller's final count arrives.", null), ((string)told[2]["status"]!, (string)told[2]["sentence"]!, told[2]["delta_amount"]));
        Assert.Equal(("settled", "Books 10000.00 USD on the seller's count: the governing party's final count is invoiced"), ((string)told[0]["status"]!, ((string)told[0]["sentence"]!).Split(';')[0]));
        Assert.Equal(64, ((string)told[0]["chain_head"]!).Length);
        string[] rows = table.Body.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(5, rows.Length);
        Assert.Equal(["line,account_id", "record,acme", "record,acme", "open,acme", "end,acme"], rows.Select(row => string.Join(',', row.Split(',').Take(2))));
        Assert.Contains(",2,1,USD 20000.00,", rows[4], StringComparison.Ordinal);
        Assert.Equal("text/csv", table.MediaType);
        Assert.Equal("not_acceptable", (await host.GetAsync("/v1/periods/2026-04/export?account_id=acme", finance, "application/json")).Code);
        string none = (await host.GetAsync("/v1/periods/2026-04/export?account_id=globex", finance)).Body;
        Assert.Equal("""{"line":"end","account_id":"globex","period":"2026-04","records":0,"open":0,"totals":[],"hash":"","up_to":3}""" + "\n", none);
    }

    [Fact]
    public async Task A_text_that_a_spreadsheet_would_run_is_disarmed_in_an_export()
    {
        await using TestHost host = await SettledAsync("=1+1", "mb2;=1+1;-2;4;\"@x");

        string table = (await host.GetAsync("/v1/periods/2026-04/export?account_id=acme", accept: "text/csv")).Body;

        Assert.Contains(",settled,'=1+1,", table, StringComparison.Ordinal);
        // Where cells end at semicolons, each part of a text begins one.
        Assert.Contains(",settled,\"mb2;'=1+1;'-2;4;'\"\"@x\",", table, StringComparison.Ordinal);
        foreach (char end in ";\t")
            Assert.DoesNotContain(table.Split([end, '\r', '\n']), cell => cell.TrimStart('"') is [var first, ..] && "=+-@".Contains(first, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_export_that_a_fault_breaks_off_has_no_end()
    {
        await using TestHost host = await SettledAsync("mb1");
        await host.GetAsync("/v1/periods/2026-04/export?account_id=acme");
        int before = host.Table.Calls.Count;
        await host.GetAsync("/v1/periods/2026-04/export?account_id=acme");
        int calls = host.Table.Calls.Count - before;

        for (int n = 1; n <= calls; n++)
        {
            host.Table.KillAt(host.Table.Calls.Count + n, afterEffect: false);
            HttpAnswer broken = await host.GetAsync("/v1/periods/2026-04/export?account_id=acme");
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "unavailable"), (broken.Status, broken.Code));
        }
    }

    [Fact]
    public async Task An_export_that_a_fault_breaks_off_after_bytes_were_sent_is_cut_and_not_finished()
    {
        await using TestHost host = await SettledAsync("mb1");
        await RepeatAsync(host, 300);
        host.Table.FaultBefore(call => call.Kind == TableCallKind.Query && call.Partition.StartsWith("default.acme.", StringComparison.Ordinal));
        using var http = new HttpClient { BaseAddress = host.Address };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/periods/2026-04/export?account_id=acme");
        request.Headers.Authorization = new("Bearer", TestHost.AdminKey);
        using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var got = new MemoryStream();

        // The end of a chunked body is missing, so no client takes what came for all of it.
        await Assert.ThrowsAnyAsync<IOException>(async () => await (await response.Content.ReadAsStreamAsync()).CopyToAsync(got));

        string came = Encoding.UTF8.GetString(got.ToArray());
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.StartsWith("{\"line\":\"record\"", came, StringComparison.Ordinal);
        Assert.DoesNotContain("\"line\":\"end\"", came, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_after_the_close_is_booked_into_the_month_the_refusal_names()
    {
        await using TestHost host = await SettledAsync("mb1");
        await host.RegisterBuyAsync("late");
        JsonNode endpoint = await host.EndpointAsync();
        await CloseAsync(host, TestHost.AdminKey);

        host.Time.Advance(TimeSpan.FromHours(1));
        await host.DeliverFinalAsync(endpoint, 500_000, "late");

        JsonNode record = (await host.PublishedAsync())[^1];
        Assert.Equal(("late", "2026-05", 3), ((string)record["media_buy_id"]!, (string)record["booking_period"]!, (int)record["seq"]!));
        Assert.Equal(("2026-04", "closed", 1), ((string)(await MonthAsync("2026-04"))["period"]!, (string)(await MonthAsync("2026-04"))["state"]!, (int)(await MonthAsync("2026-04"))["count"]!));
        Assert.Equal(1, (int)(await MonthAsync("2026-05"))["count"]!);

        async Task<JsonNode> MonthAsync(string month) => (await host.GetAsync($"/v1/periods/{month}?account_id=acme")).Json;
    }

    private static Task<HttpAnswer> CloseAsync(TestHost host, string key, string period = "2026-04", string? reason = null)
    {
        var body = new JsonObject { ["account_id"] = "acme" };
        return host.PostAsync($"/v1/periods/{period}/close", reason is null ? body : body.With("reason", reason), key);
    }

    private static Task<HttpAnswer> ReopenAsync(TestHost host, string key, string period = "2026-04") =>
        host.PostAsync($"/v1/periods/{period}/reopen", new JsonObject { ["account_id"] = "acme", ["reason"] = "forgotten" }, key);

    /// <summary>Puts the feed's only record into it so many times more: enough that an export is sent in several portions.</summary>
    private static async Task RepeatAsync(TestHost host, int times)
    {
        string feed = LedgerKeys.Feed("default", sandbox: false);
        TableRow head = (await host.Table.GetAsync(feed, LedgerKeys.FeedHead, CancellationToken.None))!, first = (await host.Table.GetAsync(feed, LedgerKeys.FeedRecord(1), CancellationToken.None))!;
        SettledRecord record = Tables.Read(first, LedgerJson.Default.SettledRecord);
        foreach (long[] some in Enumerable.Range(2, times).Select(seq => (long)seq).Chunk(50))
        {
            var batch = new TableBatch(feed);
            foreach (long seq in some)
                batch.Insert(Tables.Row(LedgerKeys.FeedRecord(seq), record with { Seq = seq }, LedgerJson.Default.SettledRecord));
            Assert.IsType<BatchResult.Committed>(await host.Table.SubmitAsync(batch, CancellationToken.None));
        }

        var end = new TableBatch(feed);
        end.Replace(Tables.Row(LedgerKeys.FeedHead, new FeedHeadDocument(times + 1), LedgerJson.Default.FeedHeadDocument) with { ETag = head.ETag });
        Assert.IsType<BatchResult.Committed>(await host.Table.SubmitAsync(end, CancellationToken.None));
    }

    /// <summary>April's finals of these media buys are published on the first of May, 10,000.00 each.</summary>
    private static async Task<TestHost> SettledAsync(params string[] mediaBuys)
    {
        TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync("acme", TestHost.Account());
        JsonNode endpoint = await host.EndpointAsync();
        foreach (string id in mediaBuys)
            await host.RegisterBuyAsync(id);
        host.Time.UtcNow = TestHost.AfterApril;
        foreach (string id in mediaBuys)
            await host.DeliverFinalAsync(endpoint, 1_000_000, id);
        await host.PublishAsync();
        return host;
    }
}
