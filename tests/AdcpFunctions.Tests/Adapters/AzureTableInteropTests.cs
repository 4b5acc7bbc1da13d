using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Adapters;

/// <summary>Microsoft's client reads what we write and writes what we read, so a <c>TableClient</c> could stand in this adapter's place.</summary>
public sealed class AzureTableInteropTests
{
    [Fact]
    public async Task Microsofts_client_and_ours_share_a_table()
    {
        const string partition = "acme's \"ledger\" é✓";
        string name = Azurite.NewTable();
        await using AzureTable table = await Azurite.OpenTableAsync(name);
        byte[] large = [.. Enumerable.Range(0, TableBatch.MaxColumnBytes).Select(i => (byte)(i % 251))];
        TableRow[] rows = [new("a 'row' + 日本", [new Column("body", large), new Column("n1", new byte[] { 0, 255 })], null), TableRow.Of("b", "text"u8.ToArray())];
        var written = Assert.IsType<BatchResult.Committed>(await table.SubmitAsync(new TableBatch(partition).Insert(rows[0]).Upsert(rows[1]), default));

        string connection = (await Azurite.SharedAsync()).ConnectionString;
        (int code, string output) = await NodeModules.RunAsync("node", "tables.mjs", connection[(connection.IndexOf("http", StringComparison.Ordinal))..], Azurite.Key, name, partition);

        Assert.True(code == 0, output);
        JsonArray read = JsonNode.Parse(output)!.AsArray();
        for (int i = 0; i < rows.Length; i++)
        {
            Assert.Equal(rows[i].RowKey, (string)read[i]!["rowKey"]!);
            Assert.Equal((written.ETags[i], written.ETags[i]), ((string)read[i]!["etag"]!, (string)read[i]!["etagAlone"]!));
            Assert.Equal(rows[i].Columns.ToDictionary(c => c.Name, c => Convert.ToBase64String(c.Value.Span)), read[i]!["columns"]!.AsObject().ToDictionary(c => c.Key, c => (string)c.Value!));
            Assert.Contains("_mark", read[i]!["texts"]!.AsArray().Select(text => (string)text!));
        }

        RowPage page = await table.QueryAsync(partition, "!", "~", 10, null, default);
        Assert.Equal([rows[0].RowKey, "b", "theirs 2", "theirs it's ✓"], page.Rows.Select(row => row.RowKey));
        Assert.Equal("text", Encoding.UTF8.GetString(page.Rows[1].Body.Span));
        // What is no column is not shown: a text, a number, the mark.
        foreach (int theirs in new[] { 0, 2, 3 })
            Assert.Equal(new byte[] { 0, 1, 2, 255 }, page.Rows[theirs].Body.ToArray());
        Assert.Equal(["body"], page.Rows[0].Columns.Select(column => column.Name));
        Assert.Equal(["body"], page.Rows[3].Columns.Select(column => column.Name));
        Assert.Equal(["body", "empty"], page.Rows[2].Columns.Select(column => column.Name).Order(StringComparer.Ordinal));
        Assert.IsType<BatchResult.Committed>(await table.SubmitAsync(new TableBatch(partition).Replace(page.Rows[3]).Delete(page.Rows[2]).Replace(page.Rows[0]), default));
    }
}
