using System.ComponentModel.DataAnnotations;
using System.Net;
using AdcpFunctions.Adapters;
using AdcpFunctions.Host;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>The whole service, and its commands, on a ledger in Table Storage.</summary>
public sealed class AzureLedgerTests
{
    [Fact]
    public async Task A_push_and_a_webhook_are_settled_published_and_replayed()
    {
        string name = Azurite.NewTable();
        await using AzureTable table = await Azurite.OpenTableAsync(name);
        await using TestHost host = await TestHost.StartAsync(store: table);
        await host.RegisterAccountAsync();
        await host.RegisterBuyAsync("mb1");
        string pushed = await host.RegisterBuyAsync("mb2", TestHost.Contract(vendor: "campaignmanager.example"));
        JsonNode endpoint = await host.EndpointAsync();
        string buyer = await host.KeyAsync("buyer", ["acme"]);
        host.Time.UtcNow = TestHost.AfterApril;

        Assert.Equal(HttpStatusCode.OK, (await host.DeliverAsync(endpoint, Webhook.Final("mb1"))).Status);
        HttpAnswer answer = await host.UsageAsync(buyer, Usage.Request(Usage.Record("mb2", 4_000_000)));
        Assert.Equal("completed", (string)answer.Json["status"]!);
        Assert.Equal(answer.Body, (await host.UsageAsync(buyer, Usage.Request(Usage.Record("mb2", 4_000_000)))).Body.Replace(",\"replayed\":true", "", StringComparison.Ordinal));

        IReadOnlyList<JsonNode> published = await host.PublishedAsync();
        Assert.Equal(
            [("mb1", "50000.00"), ("mb2", "40000.00")],
            published.Select(record => ((string)record["media_buy_id"]!, (string)record["cumulative"]!["amount"]!)).Order());
        Assert.Equal("settled", await host.StateAsync(pushed));

        (int code, string output, string errors) = await ReplayAsync("--Ledger:Table", name);
        Assert.True(code == 0 && output.EndsWith("2 records: no difference", StringComparison.Ordinal), output + errors);
        Assert.Equal((2, "", $"There is no table '{name}x'."), await ReplayAsync("--Ledger:Table", name + "x"));
    }

    [Fact]
    public async Task The_demo_plays_on_a_table_of_its_own_deletes_it_and_sends_each_record_once()
    {
        // The demo's clock is simulated, so the broker's stands where the demo begins.
        await using FakeServiceBus bus = await FakeServiceBus.StartAsync(new FakeTime(new DateTimeOffset(2026, 2, 25, 9, 0, 0, TimeSpan.Zero)));
        string[] arguments =
        [
            "--Ledger:Kind=AzureTables", $"--Ledger:ConnectionString={(await Azurite.SharedAsync()).ConnectionString}",
            "--Publisher:Kind=ServiceBus", $"--Publisher:ConnectionString={bus.ConnectionString}",
        ];
        using var output = new StringWriter();

        int code = await Demo.RunAsync(arguments, output);

        Assert.True(code == 0, output.ToString());
        Assert.Contains("4 records: no difference", output.ToString(), StringComparison.Ordinal);
        Assert.Equal(4, bus.Taken.Select(message => message.MessageId).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(4, bus.Taken.Count);
        Assert.Equal([201, 201, 201, 201], bus.Answers.Select(answer => answer.Status));
    }

    [Fact]
    public async Task The_demo_never_sends_to_a_broker_that_finance_may_listen_to() =>
        Assert.Equal(1, await Demo.RunAsync(["--Publisher:Kind=ServiceBus", "--Publisher:ConnectionString=Endpoint=sb://finance.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=a2V5"], TextWriter.Null));

    [Theory]
    [InlineData("AccountName=devstoreaccount1;AccountKey=c2VjcmV0;TableEndpoint=http://127.0.0.1:1/devstoreaccount1", "127.0.0.1:1 did not answer")]
    [InlineData("AccountName=devstoreaccount1;AccountKey=se!cret", "AccountKey is not Base64")]
    public async Task A_ledger_that_cannot_be_opened_is_one_line_without_its_key(string connection, string why)
    {
        var options = new HostOptions { LedgerKind = "AzureTables", LedgerConnectionString = connection };

        ValidationException refused = await Assert.ThrowsAsync<ValidationException>(() => LedgerStore.OpenAsync(options));

        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
        Assert.DoesNotContain("cret", refused.Message, StringComparison.Ordinal);
        Assert.Equal((1, 2), (await Composition.ServeAsync(["--Ledger:Kind=AzureTables", $"--Ledger:ConnectionString={connection}"]), (await ReplayAsync(connection)).Code));
    }

    [Theory]
    [InlineData("now")]
    [InlineData("--tenant=default")]
    [InlineData("--Ledger:Kind")]
    public async Task The_demo_takes_no_argument_but_where_its_ledger_is(string argument)
    {
        using var output = new StringWriter();
        Assert.Equal(2, await Demo.RunAsync([argument], output));
        Assert.Contains("demo takes no arguments but", output.ToString(), StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Errors)> ReplayAsync(params string[] more)
    {
        using StringWriter output = new(), errors = new();
        string connection = more.Length == 1 ? more[0] : (await Azurite.SharedAsync()).ConnectionString;
        int code = await ReplayCommand.RunAsync(["--Ledger:Kind=AzureTables", $"--Ledger:ConnectionString={connection}", .. more.Length == 1 ? [] : more], output, errors);
        return (code, output.ToString().Trim(), errors.ToString().Trim());
    }
}
