using System.Net;
using System.Text;
using AdcpFunctions.Host;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>The rules of the wire, each at its plainest, through the real HTTP surface.</summary>
public class HostRuleTests
{
    private const string Final = ""","final":true,"finalized_at":"2026-04-09T14:32:00Z" """;

    [Theory]
    [InlineData("0123456789abcdef", HttpStatusCode.OK, "16 characters")]
    [InlineData("0123456789abcde", HttpStatusCode.BadRequest, "15 characters")]
    [InlineData("0123456789abcdef/", HttpStatusCode.BadRequest, "a character outside the pattern")]
    [InlineData("0123456789abcdé0", HttpStatusCode.BadRequest, "a letter that is not ASCII")]
    public async Task The_key_pattern_of_the_prose_is_enforced(string key, HttpStatusCode status, string reason)
    {
        await using Service service = await Service.StartAsync();
        await service.RegisterAsync();

        (HttpStatusCode actual, string body) = await service.ReportAsync(Usage(Final, key: key));

        Assert.True(actual == status, $"{reason}: {body}");
    }

    [Fact]
    public async Task A_fault_leaves_no_answer_behind_and_the_retry_finds_what_was_stored()
    {
        await using Service service = await Service.StartAsync();
        RegisteredBuy buy = await service.RegisterAsync();
        int faults = 0;
        service.Table.Before = call => call.Kind == TableCallKind.Submit && call.Partition == buy.Partition && ++faults == 1 ? throw new StorageFaultException("gone") : Task.CompletedTask;

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await service.ReportAsync(Usage(Final))).Status);
        (HttpStatusCode status, string body) = await service.ReportAsync(Usage(Final));

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains("\"accepted\":1", body, StringComparison.Ordinal);
        Assert.DoesNotContain("\"replayed\":true", body, StringComparison.Ordinal);
        Assert.Equal(SettlementStatus.AwaitingCounterpart, (await service.SettlementAsync(buy))!.State.Status);
    }

    [Theory]
    [InlineData("other", "an account of somebody else")]
    [InlineData("nowhere", "no account at all")]
    public async Task An_account_that_is_not_the_callers_is_not_there(string account, string reason)
    {
        await using Service service = await Service.StartAsync();

        string body = (await service.ReportAsync(Usage(Final, account: account))).Body;

        Assert.True(body.Contains("ACCOUNT_NOT_FOUND", StringComparison.Ordinal) && body.Contains("\"accepted\":0", StringComparison.Ordinal), $"{reason}: {body}");
    }

    [Theory]
    [InlineData(true, "", "an account out of band")]
    [InlineData(false, ""","creative_id":"cr_1" """, "a creative record")]
    public async Task Out_of_band_is_said_of_the_record_and_is_terminal(bool outOfBand, string more, string reason)
    {
        await using Service service = await Service.StartAsync(Service.Account with { OutOfBand = outOfBand });
        await service.RegisterAsync();

        (HttpStatusCode status, string body) = await service.ReportAsync(Usage(Final + more));

        Assert.True(status == HttpStatusCode.OK && body.Contains("BILLING_OUT_OF_BAND", StringComparison.Ordinal), $"{reason}: {body}");
        Assert.Contains("\"recovery\":\"terminal\"", body, StringComparison.Ordinal);
        Assert.DoesNotContain("\"details\"", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(""","final":true,"finalized_at":"2026-04-09T14:32:00Z" """, SettlementStatus.AwaitingCounterpart, "final: it settles")]
    [InlineData(""","final":false""", SettlementStatus.Open, "provisional: evidence")]
    [InlineData("", SettlementStatus.AwaitingFinal, "absent: unknown, a reason to ask")]
    [InlineData(""","measurement_window":"c7","final":true,"finalized_at":"2026-04-09T14:32:00Z" """, SettlementStatus.Open, "a final for another window is evidence")]
    public async Task Finality_has_three_values_and_only_a_final_for_its_window_settles(string flag, SettlementStatus status, string reason)
    {
        await using Service service = await Service.StartAsync();
        RegisteredBuy buy = await service.RegisterAsync();

        (_, string body) = await service.ReportAsync(Usage(flag));

        Assert.Contains("\"accepted\":1", body, StringComparison.Ordinal);
        Assert.True(((await service.SettlementAsync(buy))?.State.Status ?? SettlementStatus.Open) == status, reason);
    }

    [Theory]
    [InlineData("true", ""","is_final":true""", 1, "package final: final")]
    [InlineData("true", "", 0, "package silent: provisional, whatever the row says")]
    [InlineData("true", ""","is_final":false""", 0, "package provisional: the package wins")]
    [InlineData("false", ""","is_final":true""", 1, "package final: the package wins")]
    public void Finality_is_the_packages_and_never_the_rows(string row, string package, int finals, string reason)
    {
        Contract contract = Sample.Contract();
        var buy = new RegisteredBuy(Service.Tenant, Service.Account, new MediaBuyDocument("mb_1", "acc", [contract]));
        using JsonTape tape = JsonTape.Rent();
        Assert.True(tape.TryRead(Encoding.UTF8.GetBytes(Result(row, package)), JsonLimits.Default, out _));
        Assert.True(tape.Root.TryGetMember("media_buy_deliveries"u8, out JsonNode rows));
        var endpoint = new WebhookEndpoint("hook", Service.Tenant, "ep1", Service.SellerAgent, Service.HookSecret, null, SenderProfile.V31, Sample.Start);
        var mapping = new DeliveryMapping(endpoint, UsagePeriod.Read(tape.Root)!, "token", "evidence", Sample.At("2026-04-09"));
        foreach (JsonNode each in rows.Items)
            mapping.Map(0, each, tape.Root, buy, []);

        Assert.True(mapping.Push.For(buy.Partition).Facts.Count == finals, reason);
        Assert.Equal(row == "true" && finals == 0 ? ["row 0: row_final_without_packages"] : [], mapping.Notes);
    }

    [Theory]
    [InlineData("result", "missing_envelope_fields", "a bare result")]
    [InlineData("\"idempotency_key\":", "missing_idempotency_key", "no key")]
    [InlineData("\"operation_id\":", "missing_envelope_fields", "no operation")]
    [InlineData("\"status\":\"completed\"", "invalid_envelope_status", "the status of a media buy")]
    public async Task A_body_that_is_not_the_whole_envelope_is_refused(string broken, string code, string reason)
    {
        await using Service service = await Service.StartAsync();
        string body = broken switch
        {
            "result" => Result("true", ""),
            "\"status\":\"completed\"" => Envelope().Replace(broken, "\"status\":\"active\"", StringComparison.Ordinal),
            _ => Envelope().Replace(broken, "\"x\":", StringComparison.Ordinal),
        };

        (HttpStatusCode status, string answer) = await service.DeliverAsync(body);

        Assert.True(status == HttpStatusCode.BadRequest && answer.Contains(code, StringComparison.Ordinal), $"{reason}: {answer}");
    }

    [Fact]
    public async Task The_same_event_of_one_sender_is_taken_once()
    {
        await using Service service = await Service.StartAsync();

        Assert.Contains("accepted", (await service.DeliverAsync(Envelope())).Body, StringComparison.Ordinal);
        Assert.Contains("duplicate", (await service.DeliverAsync(Envelope())).Body, StringComparison.Ordinal);
        (HttpStatusCode status, string changed) = await service.DeliverAsync(Envelope().Replace("5120000", "5120001", StringComparison.Ordinal));
        Assert.Equal((HttpStatusCode.OK, true), (status, changed.Contains("duplicate", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_sender_does_not_speak_for_another_sellers_media_buy()
    {
        await using Service service = await Service.StartAsync();
        RegisteredBuy buy = await service.RegisterAsync(Sample.Draft() with { SellerAgent = "https://another.example" });

        Assert.Equal(HttpStatusCode.OK, (await service.DeliverAsync(Envelope())).Status);

        Assert.Null((await service.SettlementAsync(buy))!.State.ContractVersion);
    }

    private static string Usage(string more, string key = "0123456789abcdef", string account = "acc") => $$"""
        {"idempotency_key":"{{key}}","reporting_period":{"start":"2026-03-01T00:00:00Z","end":"2026-03-31T23:59:59Z"},"usage":[
        {"account":{"account_id":"{{account}}"},"media_buy_id":"mb_1","impressions":5040000,"vendor_cost":50400,"currency":"USD"{{(more.Contains("measurement_window", StringComparison.Ordinal) ? "" : ",\"measurement_window\":\"post_sivt\"")}}{{more}}}]}
        """;

    private static string Result(string rowFinal, string package) => $$"""
        {"notification_type":"final","reporting_period":{"start":"2026-03-01T00:00:00Z","end":"2026-03-31T23:59:59Z"},"currency":"USD","media_buy_deliveries":[
        {"media_buy_id":"mb_1","status":"completed","is_final":{{rowFinal}},"totals":{"spend":51200},"by_package":[
        {"package_id":"p1","impressions":5120000,"spend":51200,"measurement_window":"post_sivt","finalized_at":"2026-04-08T18:00:00Z"{{package}}}]}]}
        """;

    private static string Envelope() => $$"""
        {"idempotency_key":"delivery-0123456789","operation_id":"op_1","task_id":"task_1","task_type":"media_buy_delivery","status":"completed","timestamp":"2026-04-09T15:00:00Z","result":{{Result("true", ",\"is_final\":true")}}}
        """;
}
