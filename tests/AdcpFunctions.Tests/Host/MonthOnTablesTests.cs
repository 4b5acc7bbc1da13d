using AdcpFunctions.Adapters;
using AdcpFunctions.Host;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>The same month on Table Storage: the commands that check it open the account itself, and find what another hand does to it.</summary>
public class MonthOnTablesTests
{
    [Fact]
    public async Task On_tables_a_clean_month_verifies_and_an_edit_a_cut_tail_and_a_deleted_settlement_are_found()
    {
        string name = Azurite.NewTable();
        using AzureTable table = await Azurite.OpenTableAsync(name);
        await using PlayedMonth month = await PlayedMonth.PlayAsync(
            table, "--Ledger:Kind", "AzureTables", "--Ledger:ConnectionString", (await Azurite.SharedAsync()).ConnectionString, "--Ledger:Table", name);
        using MonthAnchors anchors = await MonthAnchors.OfAsync(month);
        (int code, string said) = await anchors.AuditAsync();
        Assert.True(code == 0 && said.Contains("every link holds", StringComparison.Ordinal), said);
        Assert.Equal(0, await ReplayCommand.RunAsync(month.LedgerArguments, TextWriter.Null, TextWriter.Null));

        IReadOnlyList<(string Partition, TableRow Row)> rows = await month.RowsAsync();
        SettlementAddress address = LedgerKeys.Parse("default", month.SettlementOf("mb3"))!.Value;
        (string Partition, TableRow Row)[] events = [.. rows.Where(r => r.Row.RowKey.StartsWith($"e_{address.Suffix}_", StringComparison.Ordinal))];
        (string Partition, TableRow Row) head = rows.Single(r => r.Row.RowKey == LedgerKeys.Head(address.Suffix));
        foreach (((string partition, TableRow row), string column) in (((string, TableRow), string)[])[
            (events[0], "body"), (head, "body"), (rows.First(r => r.Row.RowKey.StartsWith("r_", StringComparison.Ordinal)), "body"),
            (rows.First(r => r.Partition.StartsWith("hook.", StringComparison.Ordinal)), "raw"), (rows.First(r => r.Partition.StartsWith("hook.", StringComparison.Ordinal)), "body")])
        {
            byte[] edited = row[column].ToArray();
            int at = Array.FindLastIndex(edited, edited.Length * 2 / 3, b => char.IsAsciiLetterOrDigit((char)b));
            edited[at] = edited[at] == (byte)'1' ? (byte)'2' : (byte)'1';
            await month.PutAsync(partition, row with { Columns = [.. row.Columns.Select(c => c.Name == column ? new Column(column, edited) : c)] });
            Assert.True((await anchors.AuditAsync()).Code == 1, $"{partition}/{row.RowKey} {column}");
            await month.PutAsync(partition, row);
        }

        await month.DeleteAsync(address.Partition, events[^1].Row);
        await AssertNamedAsync();
        await month.PutAsync(address.Partition, events[^1].Row);
        foreach ((string partition, TableRow row) in events.Append(head))
            await month.DeleteAsync(partition, row);
        await AssertNamedAsync();
        foreach ((string partition, TableRow row) in events.Append(head))
            await month.PutAsync(partition, row);
        (code, said) = await anchors.AuditAsync();
        Assert.True(code == 0, said);

        async Task AssertNamedAsync()
        {
            (int found, string named) = await anchors.AuditAsync();
            Assert.Equal(1, found);
            Assert.Contains(address.Id, named, StringComparison.Ordinal);
        }
    }
}
