using System.Diagnostics;
using System.Text.Json.Nodes;
using AdcpFunctions.Host;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>The subcommand against this service: what it sends, tells, keeps and refuses.</summary>
public sealed class PushCommandTests : IDisposable
{
    private readonly PushFolder _folder = new();

    [Theory]
    [InlineData("/mcp")]
    [InlineData("/")]
    [InlineData("/adcp/report_usage")]
    [InlineData("/", "--plain")]
    public async Task A_file_is_taken_in_over_mcp_and_over_the_plain_route(string path, params string[] more)
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost service = host;
        string file = _folder.Write("usage.ndjson", [Usage.Record(impressions: 4_000_000).With("final", false).Without("finalized_at"), Usage.Record()]);

        (int code, string output, string errors) = await _folder.PushAsync(file, new Uri(host.Address, path).ToString(), buyer, [.. more, "--batch", "1"]);

        Assert.Equal((0, ""), (code, errors));
        Assert.Contains("batch 2/2: 1 of 1 accepted; 2 of 2 records", output, StringComparison.Ordinal);
        Assert.Contains("2 accepted, 0 refused, 0 unclear, 0 open, 0 skipped", output, StringComparison.Ordinal);
        Assert.Equal("settled", await host.StateAsync(settlement));
        Assert.Equal([(1, "accepted"), (2, "accepted")], PushFolder.Results(file).Select(row => (row.Line, row.Status)));
    }

    [Fact]
    public async Task What_is_refused_is_told_by_its_line_and_never_sent_again()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost service = host;
        string file = _folder.Write("usage.ndjson", [Usage.Record(), Usage.Record("nobodys"), Usage.Record().With("currency", "EUR")]);
        string to = new Uri(host.Address, "/mcp").ToString();

        (int first, _, _) = await _folder.PushAsync(file, to, buyer);
        string told = await File.ReadAllTextAsync(file + ".push/results.csv");
        (int again, string output, _) = await _folder.PushAsync(file, to, buyer);

        Assert.Equal((1, 1), (first, again));
        Assert.DoesNotContain("batch", output, StringComparison.Ordinal);
        Assert.Equal(told, await File.ReadAllTextAsync(file + ".push/results.csv"));
        Assert.Equal(
            [(1, "accepted", "", ""), (2, "refused", "MEDIA_BUY_NOT_FOUND", "usage[1].media_buy_id"), (3, "refused", "INVALID_USAGE_DATA", "usage[2].currency")],
            PushFolder.Results(file).Select(row => (row.Line, row.Status, row.Code, row.Field)));
    }

    [Fact]
    public async Task A_journal_that_is_lost_costs_nothing_for_the_keys_are_the_same()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost service = host;
        string file = _folder.Write("usage.ndjson", [Usage.Record(), Usage.Record("nobodys")]), to = new Uri(host.Address, "/mcp").ToString();
        await _folder.PushAsync(file, to, buyer);
        string key = PushFolder.Results(file)[0].Key;
        Directory.Delete(file + ".push", recursive: true);

        (int code, string output, _) = await _folder.PushAsync(file, to, buyer);

        Assert.Equal(1, code);
        Assert.Contains("1 accepted (1 of them replayed), 1 refused", output, StringComparison.Ordinal);
        Assert.Equal([("replayed", key), ("refused", key)], PushFolder.Results(file).Select(row => (row.Status, row.Key)));
    }

    [Fact]
    public async Task A_bad_line_keeps_everything_back_until_it_is_skipped()
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost service = host;
        string file = _folder.Write("usage.ndjson", Usage.Record().ToJsonString() + "\n" + Usage.Record().Without("currency").ToJsonString() + "\n"), to = new Uri(host.Address, "/mcp").ToString();

        (int code, string output, string errors) = await _folder.PushAsync(file, to, buyer);

        Assert.Equal((2, ""), (code, output));
        Assert.Contains("line 2: invalid: ", errors, StringComparison.Ordinal);
        Assert.Equal("open", await host.StateAsync(settlement));
        Assert.Equal(0, (await _folder.PushAsync(file, to, buyer, "--skip-invalid")).Code);
        Assert.Equal([(1, "accepted"), (2, "invalid")], PushFolder.Results(file).Select(row => (row.Line, row.Status)));
        Assert.Equal("settled", await host.StateAsync(settlement));
    }

    [Fact]
    public async Task A_key_that_is_refused_stops_the_push_and_the_right_one_goes_on()
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost service = host;
        string file = _folder.Write("usage.ndjson", [Usage.Record()]), to = new Uri(host.Address, "/mcp").ToString();

        (int code, _, string errors) = await _folder.PushAsync(file, to, "not-the-key-0123456789");

        Assert.Equal(3, code);
        Assert.Contains("AUTH_INVALID", errors, StringComparison.Ordinal);
        Assert.Equal("in_doubt", Assert.Single(PushFolder.Results(file)).Status);
        Assert.Equal(0, (await _folder.PushAsync(file, to, buyer)).Code);
        Assert.Equal("settled", await host.StateAsync(settlement));
    }

    [Fact]
    public async Task The_key_is_nowhere_but_in_the_request()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost service = host;
        string file = _folder.Write("usage.ndjson", [Usage.Record()]);

        (_, string output, string errors) = await _folder.PushAsync(file, new Uri(host.Address, "/mcp").ToString(), buyer);

        Assert.DoesNotContain(buyer, output + errors + string.Concat(Directory.EnumerateFiles(file + ".push").Select(File.ReadAllText)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_journal_of_another_push_is_not_gone_on_with()
    {
        await using ScriptedAgent agent = await ScriptedAgent.StartAsync(call => call.AcceptAsync());
        string file = _folder.Write("usage.ndjson", [Usage.Record()]);
        await _folder.PushAsync(file, agent.Plain, "key");
        _folder.Write("usage.ndjson", [Usage.Record(impressions: 1_000)]);

        (int changed, _, string errors) = await _folder.PushAsync(file, agent.Plain, "key");
        (int other, _, string otherBatch) = await _folder.PushAsync(_folder.Write("usage.ndjson", [Usage.Record()]), agent.Plain, "key", "--batch", "7");

        Assert.Equal((2, 2, 1), (changed, other, agent.Bodies.Count));
        Assert.Contains("the file has changed since", errors, StringComparison.Ordinal);
        Assert.Contains("its --batch was 500", otherBatch, StringComparison.Ordinal);
        Assert.Equal(0, (await _folder.PushAsync(file, agent.Plain, "key", "--batch", "7", "--new")).Code);
        Assert.Equal(2, agent.Bodies.Count);
        Assert.True(File.Exists(file + ".push/journal.1.ndjson"));
    }

    [Fact]
    public async Task Two_pushes_of_one_file_do_not_run_at_once()
    {
        await using ScriptedAgent agent = await ScriptedAgent.StartAsync(call => call.AcceptAsync());
        string file = _folder.Write("usage.ndjson", [Usage.Record()]);
        var header = new JournalHeader("", null, "", "", null, 1, 1, "");
        using (PushJournal.Open(_folder.Path + "/state", header, startNew: false))
        {
            (int code, _, string errors) = await _folder.PushAsync(file, agent.Plain, "key", "--state", _folder.Path + "/state", "--new");
            Assert.Equal(2, code);
            Assert.Contains("Another push", errors, StringComparison.Ordinal);
        }

        Assert.Empty(agent.Bodies);
        Assert.Equal(0, (await _folder.PushAsync(file, agent.Plain, "key", "--state", _folder.Path + "/state", "--new")).Code);
    }

    [Fact]
    public async Task An_export_is_pushed_by_its_mapping()
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost service = host;
        string mapping = _folder.Write("mapping.json", """
            {"columns":{"key":"Placement ID","counts":{"impressions":"Impressions"}},"account":{"account_id":"acme"},"currency":"USD",
             "lines":[{"keys":["1"],"media_buy_id":"mb1","pricing_option_id":"po_cpm","pricing_model":"cpm","rate":"10.00"}]}
            """);
        string file = _folder.Write("month.csv", "Report Time Zone,UTC\nDate Range,4/1/2026 - 4/30/2026\n\nReport Fields\nPlacement ID,Impressions\n1,\"2,000,000\"\n1,3000000\n2,7\nGrand Total:,\"5,000,007\"\n"), to = new Uri(host.Address, "/mcp").ToString();
        string[] how = ["--mapping", mapping, "--finalized-at", "2026-05-01T10:00:00Z"];

        (int refused, _, string errors) = await _folder.PushAsync(file, to, buyer, how);
        (int code, _, _) = await _folder.PushAsync(file, to, buyer, [.. how, "--skip-unmapped"]);

        Assert.Equal((2, 0), (refused, code));
        Assert.Contains("line 8: unmapped", errors, StringComparison.Ordinal);
        Assert.Equal([(6, "1", "accepted"), (7, "1", "accepted"), (8, "", "unmapped")], PushFolder.Results(file).Select(row => (row.Line, row.Record, row.Status)));
        await host.PublishAsync();
        JsonNode record = Assert.Single(await host.PublishedAsync());
        Assert.Equal(("settled", "50000.00"), (await host.StateAsync(settlement), (string?)record["cumulative"]!["amount"]));
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("no address", "f.ndjson")]
    [InlineData("no value", "f.ndjson", "--to")]
    [InlineData("a key as an argument", "f.ndjson", "--to", "https://agent.example/mcp", "--key", "secret")]
    [InlineData("an option twice", "f.ndjson", "--to", "https://agent.example/mcp", "--to", "https://agent.example/mcp")]
    [InlineData("an address without TLS", "f.ndjson", "--to", "http://agent.example/mcp")]
    [InlineData("a key in the address", "f.ndjson", "--to", "https://key@agent.example/mcp")]
    [InlineData("a query", "f.ndjson", "--to", "https://agent.example/mcp?key=1")]
    [InlineData("no batch", "f.ndjson", "--to", "https://agent.example/mcp", "--batch", "0")]
    [InlineData("a period backwards", "f.ndjson", "--to", "https://agent.example/mcp", "--period", "2026-05-01T00:00:00Z/2026-04-01T00:00:00Z")]
    [InlineData("no period", "f.ndjson", "--to", "https://agent.example/mcp")]
    [InlineData("no such file", "g.ndjson", "--to", "https://agent.example/mcp", "--period", PushFolder.April)]
    [InlineData("a finality the records state themselves", "f.ndjson", "--to", "https://agent.example/mcp", "--period", PushFolder.April, "--provisional")]
    [InlineData("an export that does not say whether it is final", "f.csv", "--to", "https://agent.example/mcp", "--mapping", "m.json")]
    [InlineData("both", "f.csv", "--to", "https://agent.example/mcp", "--mapping", "m.json", "--provisional", "--finalized-at", "2026-05-01T10:00:00Z")]
    [InlineData("skipping rows of an export", "f.csv", "--to", "https://agent.example/mcp", "--mapping", "m.json", "--provisional", "--skip-invalid")]
    [InlineData("no such key file", "f.ndjson", "--to", "https://agent.example/mcp", "--period", PushFolder.April, "--key-file", "nowhere")]
    public async Task What_cannot_be_pushed_is_exit_code_2(string reason, params string[] arguments)
    {
        _folder.Write("f.ndjson", [Usage.Record()]);
        string[] absolute = [.. arguments.Select(argument => argument is "f.ndjson" or "g.ndjson" or "f.csv" or "m.json" ? Path.Combine(_folder.Path, argument) : argument)];

        (int code, string output, string errors) = await PushFolder.RunAsync(absolute);

        Assert.True((code, output) == (2, "") && errors.Length > 0 && !errors.Contains("secret", StringComparison.Ordinal), reason);
    }

    [Fact]
    public async Task The_program_knows_the_subcommand_and_takes_the_key_from_its_environment()
    {
        await using ScriptedAgent agent = await ScriptedAgent.StartAsync(call => call.Http.Request.Headers.Authorization == "Bearer the-key-of-the-environment" ? call.AcceptAsync() : call.FailAsync(401, "AUTH_INVALID", "terminal"));
        var start = new ProcessStartInfo("dotnet", [typeof(HostOptions).Assembly.Location, "push", _folder.Write("usage.ndjson", [Usage.Record()]), "--to", agent.Plain, "--period", PushFolder.April]) { RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment["ADCP_PUSH_KEY"] = "the-key-of-the-environment";
        using Process program = Process.Start(start)!;

        string output = await program.StandardOutput.ReadToEndAsync();
        await program.WaitForExitAsync();

        Assert.Equal(0, program.ExitCode);
        Assert.StartsWith("batch 1/1: 1 of 1 accepted; 1 of 1 records", output, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
