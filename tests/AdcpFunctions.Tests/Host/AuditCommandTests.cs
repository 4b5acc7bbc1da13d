using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AdcpFunctions.Adapters;
using AdcpFunctions.Host;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Adapters;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>The subcommand: what it prints, what it answers, what it takes as an anchor, and that it leaves the ledger alone.</summary>
public sealed class AuditCommandTests : IAsyncLifetime, IDisposable
{
    private const string NoAnchor = "nothing from outside was given (--root or --export): a tail that was cut off since the newest close, and a ledger built anew as a whole, would not be seen";

    private static readonly string Key = Convert.ToBase64String(SHA256.HashData("k1"u8));

    private readonly TemporaryFile _file = new();
    private readonly TemporaryFile _export = new();
    private readonly SqliteTable _table;
    private readonly LedgerHarness _ledger;
    private SettlementAddress _address;
    private PeriodClose _close = null!;

    public AuditCommandTests()
    {
        _table = SqliteTable.Open(_file.Path);
        _ledger = new LedgerHarness(_table, new FakeTime(LedgerSample.BeforeFlight), AuditPlay.Keys);
    }

    public async ValueTask InitializeAsync()
    {
        await _ledger.AddAccountAsync(LedgerSample.Account());
        RegisteredBuy buy = await _ledger.RegisterAsync(LedgerSample.BuyerAlone("mb_1"));
        await _ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        await _ledger.PushAsync("one", _ledger.BuyerFinal(buy, 1_000));
        await _ledger.RelayAsync();
        _close = Assert.IsType<PeriodRuling.Closed>(await _ledger.CloseAsync("2026-03")).Close;
        _address = LedgerHarness.Address(buy);
    }

    [Fact]
    public async Task A_ledger_is_audited_while_its_service_has_it_open_and_what_is_not_known_is_said()
    {
        (int code, string output, string errors) = await RunAsync();

        Assert.Equal((0, ""), (code, errors));
        Assert.Equal(
            ["2 seals were not checked: no audit key is given (Audit:Key)", NoAnchor, "audited 3 settlements, 4 events, 2 published records, 3 settlements under roots, 0 lines from outside, 0 forgotten: every link holds"],
            output.Split(Environment.NewLine));
    }

    [Fact]
    public async Task With_the_key_and_the_root_nothing_is_left_unsaid() =>
        Assert.Equal(
            (0, "audited 3 settlements, 4 events, 2 published records, 6 settlements under roots, 0 lines from outside, 0 forgotten: every link holds", ""),
            await RunAsync("--root", _close.Audit.Root, "--account", "acct", "--period", "2026-03", "--tenant", LedgerHarness.Tenant, "--Audit:Key", Key, "--Audit:KeyId", "k1"));

    [Fact]
    public async Task Another_key_of_that_name_is_a_finding_and_an_earlier_one_is_none()
    {
        Assert.Equal(0, (await RunAsync("--Audit:Key", Convert.ToBase64String(new byte[32]), "--Audit:KeyId", "k2", "--Audit:PreviousKeys:k1", Key)).Code);
        (int code, string output, _) = await RunAsync("--Audit:Key", Convert.ToBase64String(new byte[32]), "--Audit:KeyId", "k1");
        Assert.Equal(1, code);
        Assert.DoesNotContain(Key, output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("queue")]
    [InlineData("ndjson")]
    [InlineData("csv")]
    public async Task What_finance_received_is_held_against_the_ledger(string kind)
    {
        await File.WriteAllTextAsync(_export.Path, await ExportAsync(kind));
        string[] asked = ["--export", _export.Path, "--tenant", LedgerHarness.Tenant];
        Assert.Equal(0, (await RunAsync(asked)).Code);

        // The whole settlement goes, with its record and the close that knew of it.
        foreach ((string partition, string key) in (IEnumerable<(string, string)>)[
            (_address.Partition, LedgerKeys.Head(_address.Suffix)), (_address.Partition, LedgerKeys.Event(_address.Suffix, 1)), (_address.Partition, LedgerKeys.Event(_address.Suffix, 2)),
            .. (await _ledger.RowsAsync(AuditPlay.Feed)).Select(r => (AuditPlay.Feed, r.RowKey))])
            await _table.SubmitAsync(new TableBatch(partition).Delete((await _table.GetAsync(partition, key, default))!), default);
        Assert.Equal(0, (await RunAsync()).Code);

        (int code, string output, _) = await RunAsync(asked);
        Assert.Equal(1, code);
        Assert.StartsWith($"{_address.Id} event 0, row id_{_address.Id}.0001, line ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_finding_is_a_line_with_settlement_event_and_row_and_exit_code_1()
    {
        TableRow happened = (await _table.GetAsync(_address.Partition, LedgerKeys.Event(_address.Suffix, 2), default))!;
        byte[] raw = happened["raw"].ToArray();
        raw[^2] ^= 1;
        await _table.SubmitAsync(new TableBatch(_address.Partition).Upsert(happened with { Columns = [.. happened.Columns.Select(c => c.Name == "raw" ? c with { Value = raw } : c)] }), default);

        (int code, string output, _) = await RunAsync("--Audit:Key", Key, "--Audit:KeyId", "k1");

        string[] lines = output.Split(Environment.NewLine);
        Assert.Equal((1, 3), (code, lines.Length));
        Assert.StartsWith($"{_address.Id} event 2, row {LedgerKeys.Event(_address.Suffix, 2)}, bytes beside the event: expected ", lines[0], StringComparison.Ordinal);
        Assert.EndsWith(": 1 finding", lines[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("there is no such tenant", "--tenant", "nobody")]
    [InlineData("a root without its month", "--root", "0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("a root that is none", "--root", "abc", "--account", "acct", "--period", "2026-03")]
    [InlineData("a month that is none", "--root", "0000000000000000000000000000000000000000000000000000000000000000", "--account", "acct", "--period", "2026-13")]
    [InlineData("a file that is not there", "--export", "/nowhere/export.ndjson")]
    [InlineData("a key that is none", "--Audit:Key", "c2hvcnQ=")]
    [InlineData("an option without its value", "--root")]
    [InlineData("an option that is none", "--fix", "all")]
    [InlineData("what is no option", "everything")]
    public async Task What_cannot_be_audited_is_exit_code_2(string reason, params string[] arguments)
    {
        (int code, string output, string errors) = await RunAsync(arguments);

        Assert.True((code, output) == (2, "") && errors.Length > 0, reason);
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello\n")]
    [InlineData("{\"schema\":\"adcp.settled-record.v1\"}\n")]
    [InlineData("{\"line\":\"sum\",\"account_id\":\"acct\",\"period\":\"2026-03\"}\n")]
    [InlineData("{\"line\":\"open\",\"account_id\":\"acct\",\"period\":\"2026-03\",\"settlement_id\":\"x\",\"sequence\":1,\"chain_head\":\"y\"}\n")]
    public async Task A_file_that_proves_nothing_is_refused_and_not_taken_for_a_proof(string content)
    {
        await File.WriteAllTextAsync(_export.Path, content);

        Assert.Equal(2, (await RunAsync("--export", _export.Path)).Code);
    }

    [Fact]
    public async Task An_audit_of_a_closed_ledger_leaves_every_byte_of_it()
    {
        await _table.DisposeAsync();
        byte[] before = SHA256.HashData(await File.ReadAllBytesAsync(_file.Path));

        Assert.Equal(0, (await RunAsync()).Code);

        Assert.Equal(before, SHA256.HashData(await File.ReadAllBytesAsync(_file.Path)));
    }

    [Fact]
    public async Task A_ledger_of_no_tenant_is_not_one_in_which_every_link_holds()
    {
        await _table.SubmitAsync(new TableBatch("tenants").Delete((await _table.GetAsync("tenants", LedgerHarness.Tenant, default))!), default);

        (int code, string output, string errors) = await RunAsync();

        Assert.True((code, output) == (2, "") && errors.Length > 0);
    }

    [Fact]
    public async Task The_program_knows_the_subcommand()
    {
        var start = new ProcessStartInfo("dotnet", [typeof(HostOptions).Assembly.Location, "verify-audit"]) { RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment["Ledger__Path"] = _file.Path;
        (start.Environment["Audit__Key"], start.Environment["Audit__KeyId"]) = (Key, "k1");
        using Process program = Process.Start(start)!;

        string output = await program.StandardOutput.ReadToEndAsync();
        await program.WaitForExitAsync();

        Assert.Equal(0, program.ExitCode);
        Assert.StartsWith(NoAnchor, output, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync() => await _table.DisposeAsync();

    public void Dispose()
    {
        _file.Dispose();
        _export.Dispose();
    }

    private async Task<string> ExportAsync(string kind)
    {
        IReadOnlyList<FeedEntry> published = await _ledger.PublishedAsync();
        if (kind == "queue")
            return string.Concat(published.Select(e => Encoding.UTF8.GetString(e.Body.Span) + "\n"));
        var sum = new FeedSum();
        sum.Add(published[0]);
        PeriodLine[] lines = [PeriodLine.Of(published[0].Record), new PeriodLine("end", "acct", "2026-03") { Records = sum.Count, Open = 0, Totals = sum.Totals(), Hash = sum.Hash, UpTo = 2 }];
        return kind == "csv" ? PeriodCsv.Header + string.Concat(lines.Select(PeriodCsv.Line)) : string.Concat(lines.Select(l => JsonSerializer.Serialize(l, HostJson.Default.PeriodLine) + "\n"));
    }

    private async Task<(int Code, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        using StringWriter output = new(), errors = new();
        int code = await AuditCommand.RunAsync([.. arguments, "--Ledger:Path", _file.Path], output, errors);
        return (code, output.ToString().Trim(), errors.ToString().Trim());
    }
}
