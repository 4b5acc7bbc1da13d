using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

/// <summary>What a hand may write that the checks did not think of: each is told, and none of it ends the audit.</summary>
public sealed class AuditAttackTests() : LedgerSuite(splitsPages: false)
{
    [Fact]
    public async Task Whatever_a_row_leaves_out_is_told_and_ends_no_audit()
    {
        var ledger = new LedgerHarness(Faults, Time, AuditPlay.Keys);
        RegisteredBuy buy = await ledger.RegisterAsync(LedgerSample.SellerAttested("mb_1"));
        await ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        await ledger.PushAsync("one", ledger.SellerFinals(buy, 1_000));
        await ledger.RelayAsync();
        Assert.IsType<PeriodRuling.Closed>(await ledger.CloseAsync("2026-03"));
        Assert.IsType<PeriodRuling.Reopened>(await ledger.ReopenAsync("2026-03"));
        string directory = LedgerKeys.Directory(LedgerHarness.Tenant);
        (string Partition, TableRow Row)[] rows =
        [
            (directory, (await ledger.RowsAsync(directory, "acct_acct"))[0]),
            (buy.Partition, (await ledger.RowsAsync(buy.Partition, LedgerKeys.MediaBuys))[0]),
            .. (await ledger.RowsAsync(AuditPlay.Feed, "r_")).GroupBy(SchemaOf).Select(kind => (AuditPlay.Feed, kind.Last())),
            (AuditPlay.Feed, (await ledger.RowsAsync(AuditPlay.Feed, LedgerKeys.PeriodsOf("")))[0]),
        ];
        Assert.Equal(6, rows.Length);

        List<string> faults = [];
        foreach ((string partition, TableRow row) in rows)
        {
            foreach (string text in Without(JsonNode.Parse(row.Body.Span)!))
            {
                await PutAsync(partition, TableRow.Of(row.RowKey, Encoding.UTF8.GetBytes(text)));
                try
                {
                    if ((await AuditPlay.FindingsAsync(ledger, Seals.None)).Count == 0 && row.RowKey.StartsWith("r_", StringComparison.Ordinal) && (await AuditPlay.FindingsAsync(ledger)).Count == 0)
                        faults.Add($"{row.RowKey} untold: {text}");
                }
                catch (Exception fault) when (fault is not Xunit.Sdk.IAssertionException)
                {
                    faults.Add($"{row.RowKey} {fault.GetType().Name} {fault.StackTrace!.Split('\n')[0].Trim()}: {text}");
                }
            }

            await PutAsync(partition, row);
        }

        Assert.True(faults.Count == 0, $"{faults.Count}: {string.Join("\n", faults.Take(6))}");
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{}")]
    public async Task Who_holds_an_export_is_told_of_a_record_that_cannot_be_read(string body)
    {
        LedgerHarness ledger = await PlayAsync();
        FeedEntry first = (await ledger.PublishedAsync())[0];
        AnchoredLine[] lines =
        [
            new AnchoredLine.Worded(1, first.Record.SettlementId, first.Record.Revision, first.Record.Basis.Authority, record => record.Basis.Authority),
            new AnchoredLine.Month(2, "acct", "2026-03", 1, "", 100),
        ];
        await PutAsync(AuditPlay.Feed, TableRow.Of(LedgerKeys.FeedRecord(1), Encoding.UTF8.GetBytes(body)));

        IReadOnlyList<AuditFinding> found = await AuditPlay.FindingsAsync(ledger, anchor: new AuditAnchor([], () => LinesAsync(lines)));

        Assert.Contains(found, f => f.What == "line 2" || f.Settlement == "acct 2026-03");
    }

    [Fact]
    public async Task Amounts_that_no_number_holds_are_told()
    {
        LedgerHarness ledger = await PlayAsync();
        TableRow row = (await ledger.Table.GetAsync(AuditPlay.Feed, LedgerKeys.FeedRecord(1), default))!;
        JsonNode record = JsonNode.Parse(row.Body.Span)!;
        foreach (long place in (long[])[1, 2])
        {
            JsonNode said = JsonNode.Parse((await ledger.Table.GetAsync(AuditPlay.Feed, LedgerKeys.FeedRecord(place), default))!.Body.Span)!;
            (said["delta"]!["amount"], said["account_id"], said["booking_period"]) = ("79228162514264337593543950335", "acct", "2026-03");
            await PutAsync(AuditPlay.Feed, TableRow.Of(LedgerKeys.FeedRecord(place), Encoding.UTF8.GetBytes(said.ToJsonString())));
        }

        Assert.Contains(await AuditPlay.FindingsAsync(ledger), f => f.Settlement == (string)record["settlement_id"]!);
    }

    [Fact]
    public async Task A_close_that_was_taken_out_of_the_feed_is_found_by_who_holds_its_root()
    {
        LedgerHarness ledger = await PlayAsync();
        (PeriodClose close, _) = await AuditPlay.CloseAsync(ledger);
        string months = LedgerKeys.PeriodsOf("acct");
        PeriodActs acts = Tables.Read((await ledger.Table.GetAsync(AuditPlay.Feed, months, default))!, LedgerJson.Default.PeriodActs);
        FeedHeadDocument head = Tables.Read((await ledger.Table.GetAsync(AuditPlay.Feed, LedgerKeys.FeedHead, default))!, LedgerJson.Default.FeedHeadDocument);
        Assert.Equal(close.Seq, head.Sequence);
        await RemoveAsync(AuditPlay.Feed, LedgerKeys.FeedRecord(close.Seq));
        await RemoveAsync(AuditPlay.Feed, LedgerKeys.FeedId(close.Subject, close.Revision));
        await PutAsync(AuditPlay.Feed, Tables.Row(months, new PeriodActs([.. acts.Acts.SkipLast(1)]), LedgerJson.Default.PeriodActs));
        await PutAsync(AuditPlay.Feed, Tables.Row(LedgerKeys.FeedHead, new FeedHeadDocument(head.Sequence - 1, head.Closings - 1), LedgerJson.Default.FeedHeadDocument));

        // Inside, the month is as if it had never been closed.
        Assert.Empty(await AuditPlay.FindingsAsync(ledger));
        AuditFinding found = Assert.Single(await AuditPlay.FindingsAsync(ledger, anchor: AuditPlay.RootOf(close)));

        Assert.Equal((close.Subject, LedgerKeys.FeedId(close.Subject, close.Revision)), (found.Settlement, found.RowKey));
    }

    [Fact]
    public async Task A_remedy_its_own_seller_accepted_is_a_difference()
    {
        LedgerHarness ledger = await PlayAsync();
        (string partition, TableRow row) = (await AuditPlay.RowsAsync(ledger)).Single(r => r.Row.RowKey.StartsWith("e_", StringComparison.Ordinal) && Encoding.UTF8.GetString(r.Row.Body.Span) is var text
            && text.Contains("remedy_moved", StringComparison.Ordinal) && text.Contains("\"action\":\"accept\"", StringComparison.Ordinal));
        byte[] forged = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(row.Body.Span).Replace("\"actor\":\"buyer\"", "\"actor\":\"seller\"", StringComparison.Ordinal));
        Assert.NotEqual(row.Body.ToArray(), forged);
        await PutAsync(partition, row with { Columns = [.. row.Columns.Select(c => c.Name == "body" ? c with { Value = forged } : c)] });

        List<Difference> differences = [];
        await new Replay(ledger.Table, ledger.Directory).RunAsync(LedgerHarness.Tenant, differences.Add, default);

        Assert.Contains(differences, d => d.What == "remedy move");
    }

    [Fact]
    public async Task Bytes_that_are_put_beside_a_decision_that_was_taken_on_none_are_found()
    {
        LedgerHarness ledger = await PlayAsync();
        (string partition, TableRow row) = (await AuditPlay.RowsAsync(ledger)).First(r => r.Row.RowKey.StartsWith("e_", StringComparison.Ordinal) && r.Row["raw"].IsEmpty);

        await PutAsync(partition, row with { Columns = [.. row.Columns, new Column("raw", "{\"impressions\":1}"u8.ToArray())] });

        Assert.Equal((row.RowKey, "bytes beside the event"), (await AuditPlay.FindingsAsync(ledger)).Select(f => (f.RowKey, f.What)).Single());
    }

    [Theory]
    [InlineData("sender")]
    [InlineData("header")]
    [InlineData("unsigned")]
    public async Task How_a_delivery_arrived_cannot_be_told_otherwise(string what)
    {
        LedgerHarness ledger = await PlayAsync();
        string partition = LedgerKeys.Evidence(LedgerHarness.Tenant, "ep1");
        TableRow row = Assert.Single(await ledger.RowsAsync(partition));
        EvidenceDocument kept = Tables.Read(row, LedgerJson.Default.EvidenceDocument);
        EvidenceDocument told = what switch
        {
            "sender" => kept with { Sender = "another.example" },
            "header" => kept with { Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["signature"] = "sig1=:xyz:", ["date"] = "today" } },
            _ => kept with { Unsigned = true },
        };
        await PutAsync(partition, Tables.Row(row.RowKey, told, LedgerJson.Default.EvidenceDocument, [.. row.Columns.Where(c => c.Name == "raw")]));

        Assert.StartsWith("evidence ", Assert.Single(await AuditPlay.FindingsAsync(ledger)).What, StringComparison.Ordinal);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await new EvidenceLog(Faults).ReadAsync(LedgerHarness.Tenant, "ep1", row.RowKey[..^3], default));
    }

    [Fact]
    public async Task A_delivery_of_before_its_key_vouched_for_more_than_its_body_is_still_its_evidence()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.SellerAttested("mb_1"));
        string hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(AuditPlay.Body));
        var evidence = new EvidenceDocument("ep1", "seller.example", Time.GetUtcNow(), "an-old-delivery", hash, "hmac", new Dictionary<string, string>(StringComparer.Ordinal), []);
        string key = $"{evidence.ReceivedAt.UtcTicks:d19}_{LedgerKeys.Token($"an-old-delivery\n{hash}")}";
        await Ledger.ImportAsync([(LedgerKeys.Evidence(LedgerHarness.Tenant, "ep1"), Tables.Row($"{key}_00", evidence, LedgerJson.Default.EvidenceDocument, new Column("raw", AuditPlay.Body)))]);
        Fact final = Ledger.SellerFinals(buy, 7_000).Single();
        await Ledger.PushAsync("old", final with { Statement = final.Statement! with { Evidence = EvidenceLog.PlaceOf(LedgerHarness.Tenant, "ep1", key) } });
        await Ledger.RelayAsync();

        Assert.Empty(await AuditPlay.FindingsAsync(Ledger));
        Assert.NotNull(await new EvidenceLog(Faults).ReadAsync(LedgerHarness.Tenant, "ep1", key, default));
    }

    private async Task<LedgerHarness> PlayAsync()
    {
        var ledger = new LedgerHarness(Faults, Time, AuditPlay.Keys);
        await AuditPlay.PlayAsync(ledger);
        return ledger;
    }

    private static string SchemaOf(TableRow row) => (string)JsonNode.Parse(row.Body.Span)!["schema"]!;

    /// <summary>A text without one of its members, and with nothing as one of its elements, each in turn; and without any.</summary>
    private static IEnumerable<string> Without(JsonNode whole)
    {
        foreach (JsonNode? place in Places(whole).ToList())
        {
            if (place is JsonObject members)
            {
                foreach ((string name, JsonNode? value) in members.ToList())
                {
                    members[name] = null;
                    yield return whole.ToJsonString();
                    members[name] = value;
                }
            }
            else if (place is JsonArray { Count: > 0 } elements)
            {
                JsonNode? first = elements[0];
                elements[0] = null;
                yield return whole.ToJsonString();
                elements[0] = first;
            }
        }

        yield return "{";
        yield return "null";
    }

    private static IEnumerable<JsonNode> Places(JsonNode? node)
    {
        IEnumerable<JsonNode?> below = node switch
        {
            JsonObject members => members.Select(m => m.Value),
            JsonArray elements => elements.Take(1),
            _ => [],
        };
        return node is JsonObject or JsonArray ? below.SelectMany(Places).Prepend(node) : [];
    }

    private static async IAsyncEnumerable<AnchoredLine> LinesAsync(params AnchoredLine[] lines)
    {
        foreach (AnchoredLine line in lines)
            yield return await Task.FromResult(line);
    }

    private async Task PutAsync(string partition, TableRow row) => Assert.IsType<BatchResult.Committed>(await Faults.SubmitAsync(new TableBatch(partition).Upsert(row), default));

    private async Task RemoveAsync(string partition, string key) =>
        Assert.IsType<BatchResult.Committed>(await Faults.SubmitAsync(new TableBatch(partition).Delete((await Faults.GetAsync(partition, key, default))!), default));
}
