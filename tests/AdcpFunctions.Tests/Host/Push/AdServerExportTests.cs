using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Host;

namespace AdcpFunctions.Tests.Host;

/// <summary>Month-end exports as an ad server writes them, and as they arrive broken.</summary>
public class AdServerExportTests
{
    private const string Mapping = """
        {"columns":{"key":"Placement ID","counts":{"impressions":"Impressions","clicks":"Clicks"}},
         "account":{"account_id":"acme"},"currency":"USD","measurement_window":"post_sivt",
         "lines":[
          {"keys":["9001","9002"],"media_buy_id":"mb_1","pricing_option_id":"po_cpm","pricing_model":"cpm","rate":"10.00"},
          {"keys":["9003"],"media_buy_id":"mb_2","pricing_model":"cpc","rate":"0.335"}]}
        """;

    private const string Export = """
        Month end billing
        Account ID,4711
        Date/Time Generated,11/9/2026 4:02 AM
        Report Time Zone,UTC
        Date Range,10/1/2026 - 10/31/2026

        Report Fields
        Advertiser,Campaign,"Placement","Placement ID",Date,Impressions,Clicks,Click Rate
        Acme,"Autumn, video","Home ""big"" hero",9001,10/1/2026,"1,200,345",12,0.00%
        Acme,"Autumn, video",Article,9002,10/31/2026,799655,8,0.00%
        Acme,Autumn,Native,9003,10/15/2026,50000,"1,001",2.00%
        Grand Total:,---,---,---,---,"2,050,000","1,021",0.05%

        """;

    [Fact]
    public void Rows_are_summed_into_one_record_for_each_line_of_the_mapping()
    {
        UsageContent content = Read(Export);

        Assert.Equal(new StatedPeriod("2026-10-01T00:00:00Z", "2026-10-31T23:59:59Z"), content.Period);
        Assert.Equal(
            [
                """{"account":{"account_id":"acme"},"media_buy_id":"mb_1","pricing_option_id":"po_cpm","impressions":2000000,"clicks":20,"vendor_cost":20000.00,"currency":"USD","measurement_window":"post_sivt","final":true,"finalized_at":"2026-11-09T04:02:00Z"}""",
                """{"account":{"account_id":"acme"},"media_buy_id":"mb_2","impressions":50000,"clicks":1001,"vendor_cost":335.34,"currency":"USD","measurement_window":"post_sivt","final":true,"finalized_at":"2026-11-09T04:02:00Z"}""",
            ],
            content.Items.Select(item => Encoding.UTF8.GetString(item.Json.Span)));
        Assert.Equal([[9, 10], [11]], content.Items.Select(item => item.Lines));
        Assert.All(content.Items, item => Assert.Null(new RecordCheck().Problem(item.Json)));
    }

    [Theory]
    [InlineData("with a byte order mark", "Month end", "\uFEFFMonth end")]
    [InlineData("without a preamble", "Report Fields\n", "")]
    [InlineData("with a colon after the mark", "Report Fields\n", "Report Fields:\n")]
    [InlineData("with a mark filled up with commas", "Report Fields\n", "Report Fields,,,,,,,\n")]
    [InlineData("with another line in the preamble", "Account ID,4711\n", "Account ID,4711\nMRC Accredited Metrics,\"Impressions, Clicks\"\n")]
    [InlineData("with empty cells in the total", "Grand Total:,---,---,---,---,", "Grand Total:,,,,,")]
    [InlineData("with a quoted line break", "\"Home \"\"big\"\" hero\"", "\"Home\nhero\"")]
    [InlineData("with days as ISO writes them", "10/1/2026 - 10/31/2026", "2026-10-01 - 2026-10-31")]
    public void An_export_reads_the_same(string shape, string part, string instead)
    {
        string export = Export.Replace(part, instead, StringComparison.Ordinal);

        Assert.True(export != Export && Read(export).Items.Select(Text).SequenceEqual(Read(Export).Items.Select(Text)), shape);
    }

    [Fact]
    public void Windows_line_ends_change_nothing() => Assert.Equal(Read(Export).Items.Select(Text), Read(Export.Replace("\n", "\r\n", StringComparison.Ordinal)).Items.Select(Text));

    [Theory]
    [InlineData("cut off before its total", "Grand Total:", "Acme", "may be cut off")]
    [InlineData("a row is missing", "Acme,\"Autumn, video\",Article,9002,10/31/2026,799655,8,0.00%\n", "", "The export is not whole")]
    [InlineData("a total that says nothing", "\"2,050,000\"", "---", "the total says nothing")]
    [InlineData("one click lost", ",8,0.00%", ",7,0.00%", "The export is not whole")]
    [InlineData("two exports in one file", "0.05%\n", "0.05%\nMonth end billing\n", "something follows")]
    [InlineData("a column that is not there", "Placement ID", "Placement key", "no header")]
    [InlineData("a column twice", "Click Rate\n", "Clicks\n", "twice")]
    [InlineData("a quote that never ends", "0.05%\n", "\"0.05%\n", "never ends")]
    [InlineData("days of a zone this program does not know", "Zone,UTC", "Zone,America/New_York", "utc_offset")]
    [InlineData("no date range", "Date Range", "Dates", "--period")]
    [InlineData("a date range in another order of day and month", "10/1/2026 - 10/31/2026", "1/10/2026 - 31/10/2026", "date_format")]
    public void An_export_that_is_not_whole_is_refused(string reason, string part, string instead, string says)
    {
        string export = Export.Replace(part, instead, StringComparison.Ordinal);

        var refused = Assert.Throws<InvalidDataException>(() => Read(export));

        Assert.True(export != Export && refused.Message.Contains(says, StringComparison.Ordinal), $"{reason}: {refused.Message}");
    }

    [Theory]
    [InlineData("a cell too few", "9003,10/15/2026,", "9003,")]
    [InlineData("thousands in points", "50000", "50.000")]
    [InlineData("thousands in the wrong place", "\"1,200,345\"", "\"12,00,345\"")]
    [InlineData("nothing", "799655", "")]
    [InlineData("a dash", "799655", "-")]
    [InlineData("less than nothing", "799655", "-5")]
    public void A_row_that_cannot_be_counted_is_told_by_its_line(string reason, string part, string instead)
    {
        UsageContent content = Read(Export.Replace(part, instead, StringComparison.Ordinal));

        Assert.True(content.Faults is [{ Status: "invalid", Line: >= 9 and <= 11 }], reason);
    }

    [Fact]
    public void A_day_outside_the_period_is_told_when_the_mapping_names_the_column()
    {
        string mapping = Mapping.Replace("\"key\"", "\"date\":\"Date\",\"key\"", StringComparison.Ordinal);

        Assert.Empty(Read(Export, mapping).Faults);
        Assert.Equal(10, Assert.Single(Read(Export.Replace("9002,10/31", "9002,11/1", StringComparison.Ordinal), mapping).Faults).Line);
    }

    [Fact]
    public void A_row_without_a_line_in_the_mapping_is_told_and_counts_towards_the_total()
    {
        UsageContent content = Read(Export.Replace(",9003,", ",9999,", StringComparison.Ordinal));

        Assert.Equal((11, "unmapped"), content.Faults.Select(fault => (fault.Line, fault.Status)).Single());
        Assert.Single(content.Items);
        Assert.Contains("mb_2", Assert.Single(content.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void Days_begin_where_the_mapping_says()
    {
        UsageContent content = Read(Export.Replace("Zone,UTC", "Zone,America/New_York", StringComparison.Ordinal), Mapping.Replace("\"currency\"", "\"utc_offset\":\"-04:00\",\"currency\"", StringComparison.Ordinal));

        Assert.Equal(new StatedPeriod("2026-10-01T00:00:00-04:00", "2026-10-31T23:59:59-04:00"), content.Period);
    }

    [Theory]
    [InlineData("2026-10-01T00:00:00-04:00/2026-10-31T23:59:59-04:00", true)]
    [InlineData("2026-10-01T00:00:00-04:00/2026-11-01T00:00:00-04:00", true)]
    [InlineData("2026-11-01T00:00:00Z/2026-11-30T23:59:59Z", false)]
    [InlineData("2026-10-01T00:00:00Z/2026-10-30T23:59:59Z", false)]
    public void The_operators_period_and_the_exports_days_agree(string period, bool agree)
    {
        Exception? refused = Record.Exception(() => Read(Export.Replace("Zone,UTC", "Zone,America/New_York", StringComparison.Ordinal), period: StatedPeriod.Read(period)));

        Assert.Equal(agree, refused is null);
        Assert.True(agree || refused is InvalidDataException);
    }

    [Theory]
    [InlineData("2026-10-01T00:00:00-04:00/2026-10-31T23:59:59-04:00")]
    [InlineData("2026-10-01T00:00:00Z/2026-10-31T23:59:59+01:00")]
    public void Days_the_export_calls_UTCs_are_no_days_that_begin_elsewhere(string period) =>
        Assert.Contains("UTC", Assert.Throws<InvalidDataException>(() => Read(Export, period: StatedPeriod.Read(period))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("1.234")]
    [InlineData("12.345")]
    public void A_count_that_reads_as_thousands_elsewhere_is_refused(string count)
    {
        string mapping = Mapping.Replace("clicks", "conversions", StringComparison.Ordinal).Replace("cpc", "cpa", StringComparison.Ordinal);

        Assert.Empty(Read(Export.Replace(",8,0.00%", ",8.25,0.00%", StringComparison.Ordinal).Replace("\"1,021\"", "\"1,021.25\"", StringComparison.Ordinal), mapping).Faults);
        Assert.Equal(10, Assert.Single(Read(Export.Replace(",8,0.00%", $",{count},0.00%", StringComparison.Ordinal), mapping).Faults).Line);
    }

    [Fact]
    public void Provisional_numbers_say_so() => Assert.All(Read(Export, finalizedAt: null).Items, item => Assert.EndsWith("\"final\":false}", Text(item), StringComparison.Ordinal));

    [Theory]
    [InlineData("a key in two lines", "\"9003\"", "\"9001\"", "twice")]
    [InlineData("one record in two lines", "\"mb_2\",\"pricing_model\":\"cpc\"", "\"mb_1\",\"pricing_option_id\":\"po_cpm\",\"pricing_model\":\"cpc\"", "two lines")]
    [InlineData("one record in two lines, its account spelled otherwise", "\"mb_2\",\"pricing_model\":\"cpc\"", "\"mb_1\",\"account\":{ \"account_id\": \"\\u0061cme\"},\"pricing_option_id\":\"po_cpm\",\"pricing_model\":\"cpc\"", "two lines")]
    [InlineData("a price by what is not counted", "\"cpc\"", "\"cpcv\"", "completed_views")]
    [InlineData("a price without a count", "\"cpc\"", "\"flat_rate\"", "/lines/1/pricing_model")]
    [InlineData("no account", "\"account\":{\"account_id\":\"acme\"},", "", "account")]
    [InlineData("no currency", "\"currency\":\"USD\",", "", "currency")]
    [InlineData("a rate that is a number", "\"0.335\"", "0.335", "/lines/1/rate")]
    [InlineData("a member nobody knows", "\"currency\"", "\"curency\":\"USD\",\"currency\"", "curency")]
    [InlineData("one column for two counts", "\"clicks\":\"Clicks\"", "\"clicks\":\"Impressions\"", "twice")]
    public void A_mapping_that_leaves_something_to_guess_is_refused(string reason, string part, string instead, string says)
    {
        string mapping = Mapping.Replace(part, instead, StringComparison.Ordinal);

        var refused = Assert.Throws<InvalidDataException>(() => Read(Export, mapping));

        Assert.True(mapping != Mapping && refused.Message.Contains(says, StringComparison.Ordinal), $"{reason}: {refused.Message}");
    }

    [Fact]
    public void A_spreadsheets_own_encoding_is_refused() =>
        Assert.Contains("UTF-8", Assert.Throws<InvalidDataException>(() => CsvRows.Read(Encoding.Unicode.GetBytes(Export))).Message, StringComparison.Ordinal);

    [Fact]
    public void Half_a_cent_goes_away_from_zero()
    {
        JsonNode record = JsonNode.Parse(Text(Read(Export).Items[1]))!;

        // 1,001 clicks at 0.335 are 335.335.
        Assert.Equal(335.34m, (decimal)record["vendor_cost"]!);
    }

    private static UsageContent Read(string export, string mapping = Mapping, StatedPeriod? period = null, string? finalizedAt = "2026-11-09T04:02:00Z") =>
        AdServerExport.Read(CsvRows.Read(Encoding.UTF8.GetBytes(export)), PushMapping.Read(Encoding.UTF8.GetBytes(mapping)), period, finalizedAt);

    private static string Text(UsageItem item) => Encoding.UTF8.GetString(item.Json.Span);
}
