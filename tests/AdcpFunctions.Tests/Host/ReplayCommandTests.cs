using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using AdcpFunctions.Adapters;
using AdcpFunctions.Host;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Adapters;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>The subcommand: what it prints, what it answers, and that it leaves the ledger alone.</summary>
public sealed partial class ReplayCommandTests : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFile _file = new();
    private readonly SqliteTable _table;
    private readonly LedgerHarness _ledger;
    private string _settlement = "";
    private SettlementAddress _address;

    public ReplayCommandTests()
    {
        _table = SqliteTable.Open(_file.Path);
        _ledger = new LedgerHarness(_table, new FakeTime(LedgerSample.BeforeFlight));
    }

    public async ValueTask InitializeAsync()
    {
        await _ledger.AddAccountAsync(LedgerSample.Account());
        RegisteredBuy buy = await _ledger.RegisterAsync(LedgerSample.BuyerAlone("mb_1"));
        await _ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        await _ledger.PushAsync("one", _ledger.BuyerFinal(buy, 1_000));
        await _ledger.RelayAsync();
        _address = LedgerHarness.Address(buy);
        _settlement = _address.Id;
    }

    [Fact]
    public async Task A_ledger_replays_while_its_service_has_it_open() =>
        Assert.Equal((0, "replayed 3 settlements, 4 events, 1 records: no difference", ""), await RunAsync());

    [Fact]
    public async Task One_settlement_is_replayed_alone() =>
        Assert.Equal((0, "replayed 1 settlements, 2 events, 1 records: no difference", ""), await RunAsync("--settlement", _settlement, "--tenant", LedgerHarness.Tenant));

    [Fact]
    public async Task A_difference_is_a_line_with_its_settlement_and_exit_code_1()
    {
        TableRow head = (await _table.GetAsync(_address.Partition, LedgerKeys.Head(_address.Suffix), default))!;
        string body = System.Text.Encoding.UTF8.GetString(head.Body.Span).Replace("\"settled\"", "\"held\"", StringComparison.Ordinal);
        await _table.SubmitAsync(new TableBatch(_address.Partition).Upsert(TableRow.Of(head.RowKey, System.Text.Encoding.UTF8.GetBytes(body))), default);

        (int code, string output, _) = await RunAsync();

        string[] lines = output.Split(Environment.NewLine);
        Assert.Equal((1, 2), (code, lines.Length));
        Assert.StartsWith($"{_settlement} event 2, head: expected ", lines[0], StringComparison.Ordinal);
        Assert.Equal("replayed 3 settlements, 4 events, 1 records: 1 difference", lines[1]);
    }

    [Theory]
    [InlineData("there is no such settlement", "--settlement", "acct.0.20260301-20260401.0.aaaaaaaaaaaaaaaaaaaa")]
    [InlineData("that is no id", "--settlement", "nonsense")]
    [InlineData("there is no such tenant", "--tenant", "nobody")]
    [InlineData("an option without its value", "--settlement")]
    [InlineData("an option that is none", "--fix", "all")]
    [InlineData("what is no option", "everything")]
    public async Task What_cannot_be_replayed_is_exit_code_2(string reason, params string[] arguments)
    {
        (int code, string output, string errors) = await RunAsync(arguments);

        Assert.True((code, output) == (2, "") && errors.Length > 0, reason);
    }

    [Fact]
    public async Task A_ledger_that_is_not_there_is_not_made()
    {
        string path = _file.Path + ".other";
        using StringWriter output = new(), errors = new();

        Assert.Equal(2, await ReplayCommand.RunAsync(["--Ledger:Path", path], output, errors));

        Assert.False(File.Exists(path));
        Assert.Contains("There is no ledger", errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_replay_of_a_closed_ledger_leaves_every_byte_of_it()
    {
        await _table.DisposeAsync();
        byte[] before = SHA256.HashData(await File.ReadAllBytesAsync(_file.Path));

        Assert.Equal(0, (await RunAsync()).Code);

        Assert.Equal(before, SHA256.HashData(await File.ReadAllBytesAsync(_file.Path)));
    }

    [Fact]
    public async Task A_table_opened_for_reading_takes_no_batch()
    {
        await using SqliteTable reading = SqliteTable.OpenForReading(_file.Path);

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await reading.SubmitAsync(new TableBatch("p").Upsert(TableRow.Of("r", default)), default));
        Assert.NotNull(await reading.GetAsync(_address.Partition, LedgerKeys.Head(_address.Suffix), default));
    }

    [Fact]
    public async Task The_program_knows_the_subcommand()
    {
        var start = new ProcessStartInfo("dotnet", [typeof(HostOptions).Assembly.Location, "replay"]) { RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment["Ledger__Path"] = _file.Path;
        using Process program = Process.Start(start)!;

        string output = await program.StandardOutput.ReadToEndAsync();
        await program.WaitForExitAsync();

        Assert.Equal((0, "replayed 3 settlements, 4 events, 1 records: no difference"), (program.ExitCode, output.Trim()));
    }

    [Fact]
    public async Task The_demos_ledger_replays_clean()
    {
        using var output = new StringWriter();

        Assert.Equal(0, await Demo.RunAsync([], output));

        Assert.Matches(Clean(), output.ToString());
    }

    public async ValueTask DisposeAsync() => await _table.DisposeAsync();

    public void Dispose() => _file.Dispose();

    private async Task<(int Code, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        using StringWriter output = new(), errors = new();
        int code = await ReplayCommand.RunAsync([.. arguments, "--Ledger:Path", _file.Path], output, errors);
        return (code, output.ToString().Trim(), errors.ToString().Trim());
    }

    [GeneratedRegex(@"replayed 3 settlements, \d+ events, 4 records: no difference")]
    private static partial Regex Clean();
}
