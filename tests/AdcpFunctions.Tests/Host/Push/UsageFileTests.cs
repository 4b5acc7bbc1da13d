using System.Text;
using AdcpFunctions.Host;

namespace AdcpFunctions.Tests.Host;

/// <summary>Files of records as on the wire: one a line, or one a row.</summary>
public class UsageFileTests
{
    private const string Good = """{"account":{"account_id":"acme"},"media_buy_id":"mb1","vendor_cost":1,"currency":"USD"}""";

    private static readonly StatedPeriod April = new("2026-04-01T00:00:00Z", "2026-04-30T23:59:59Z");

    [Fact]
    public void Each_line_is_a_record_byte_for_byte_and_blank_ones_are_passed_over()
    {
        UsageContent content = Lines($"\uFEFF{Good}\r\n\n  {Good}\t\n{Good}");

        Assert.Equal([Good, Good, Good], content.Items.Select(Text));
        Assert.Equal([1, 3, 4], content.Items.Select(item => item.Lines.Single()));
        Assert.Empty(content.Faults);
    }

    [Theory]
    [InlineData("two records", Good + "," + Good, "Malformed")]
    [InlineData("half a record", """{"account":{"account_id":"acme"},"vendor""", "Malformed")]
    [InlineData("a name twice", """{"currency":"USD","currency":"USD"}""", "DuplicateKey")]
    [InlineData("a list", "[" + Good + "]", "object")]
    [InlineData("no currency", """{"account":{"account_id":"acme"},"vendor_cost":1}""", "currency")]
    [InlineData("a cost below nothing", """{"account":{"account_id":"acme"},"vendor_cost":-1,"currency":"USD"}""", "vendor_cost: ")]
    [InlineData("a time without an offset", """{"account":{"account_id":"acme"},"vendor_cost":1,"currency":"USD","finalized_at":"2026-05-01T10:00:00"}""", "finalized_at: ")]
    public void A_line_that_is_no_record_is_told_with_its_number_and_reason(string reason, string line, string says)
    {
        UsageContent content = Lines($"{Good}\n{line}\n{Good}");

        LineFault fault = Assert.Single(content.Faults);
        Assert.True((fault.Line, fault.Status, content.Items.Count) == (2, "invalid", 2) && fault.Reason.Contains(says, StringComparison.Ordinal), $"{reason}: {fault.Reason}");
    }

    [Fact]
    public void A_row_is_a_record_of_what_its_cells_say()
    {
        UsageContent content = Table("""
            account.account_id,account.brand.domain,account.operator,media_buy_id,impressions,vendor_cost,currency,final,finalized_at
            acme,,,mb1,5000000,50000.00,USD,true,2026-05-01T10:00:00Z
            ,acme.example,agency.example,"mb,2",,0.5,EUR,false,
            """);

        Assert.Equal(
            [
                """{"account":{"account_id":"acme"},"media_buy_id":"mb1","impressions":5000000,"vendor_cost":50000.00,"currency":"USD","final":true,"finalized_at":"2026-05-01T10:00:00Z"}""",
                """{"account":{"brand":{"domain":"acme.example"},"operator":"agency.example"},"media_buy_id":"mb,2","vendor_cost":0.5,"currency":"EUR","final":false}""",
            ],
            content.Items.Select(Text));
        Assert.Empty(content.Faults);
    }

    [Theory]
    [InlineData("thousands in commas", "acme,\"5,000\",1,USD,true")]
    [InlineData("half an impression", "acme,5.5,1,USD,true")]
    [InlineData("final is a word", "acme,5,1,USD,yes")]
    [InlineData("no account", ",5,1,USD,true")]
    [InlineData("a cell too many", "acme,5,1,USD,true,")]
    [InlineData("no currency", "acme,5,1,,true")]
    public void A_row_that_is_no_record_is_told_with_its_line(string reason, string row) =>
        Assert.True(Table($"account.account_id,impressions,vendor_cost,currency,final\nacme,1,1,USD,true\n{row}\n") is { Faults: [{ Line: 3, Status: "invalid" }], Items.Count: 1 }, reason);

    [Fact]
    public void A_brand_without_its_domain_is_not_passed_over() =>
        Assert.True(Table("account.account_id,account.brand.brand_id,vendor_cost,currency\nacme,acme_shoes,1,USD\n") is { Faults: [{ Line: 2, Status: "invalid" }], Items.Count: 0 });

    [Theory]
    [InlineData("account.account_id,Impressions,vendor_cost,currency")]
    [InlineData("account.account_id,currency,currency,vendor_cost")]
    [InlineData("")]
    public void A_header_that_is_not_the_wires_is_refused(string header) => Assert.Throws<InvalidDataException>(() => Table(header));

    private static UsageContent Lines(string file) => UsageLines.Read(Encoding.UTF8.GetBytes(file), April);

    private static UsageContent Table(string file) => UsageTable.Read(CsvRows.Read(Encoding.UTF8.GetBytes(file)), April);

    private static string Text(UsageItem item) => Encoding.UTF8.GetString(item.Json.Span);
}
