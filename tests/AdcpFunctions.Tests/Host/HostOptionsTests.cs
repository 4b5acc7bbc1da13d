using System.ComponentModel.DataAnnotations;
using AdcpFunctions.Host;
using Microsoft.Extensions.Configuration;

namespace AdcpFunctions.Tests.Host;

public class HostOptionsTests
{
    [Theory]
    [InlineData(null, false)]
    [InlineData("false", false)]
    [InlineData("true", true)]
    public void Creative_usage_is_billed_here_only_where_it_is_set(string? setting, bool bills) => Assert.Equal(bills, Read(setting).BillsThroughAdcp);

    [Fact]
    public void A_setting_that_is_neither_stops_the_start() => Assert.Throws<ValidationException>(() => Read("yes"));

    [Fact]
    public void Under_a_functions_host_the_public_origin_must_be_set()
    {
        var refused = Assert.Throws<ValidationException>(() => Read(("FUNCTIONS_CUSTOMHANDLER_PORT", "7000")));
        Assert.Contains("Public:Origin", refused.Message, StringComparison.Ordinal);

        HostOptions options = Read(("FUNCTIONS_CUSTOMHANDLER_PORT", "7000"), ("Public:Origin", "https://settlement.example/"));
        Assert.Equal((7000, "https://settlement.example", false), (options.FunctionsPort, options.PublicOrigin, options.InProcessTimers));
    }

    [Theory]
    [InlineData("settlement.example")]
    [InlineData("https://settlement.example/path")]
    [InlineData("https://settlement.example?x=1")]
    [InlineData("ftp://settlement.example")]
    [InlineData("https://user@settlement.example:x")]
    public void A_public_origin_is_scheme_host_and_port_and_nothing_else(string origin) =>
        Assert.Throws<ValidationException>(() => Read(("Public:Origin", origin)));

    private static HostOptions Read(string? bills) => Read(("Billing:BillsThroughAdcp", bills));

    private static HostOptions Read(params (string Name, string? Value)[] settings) =>
        HostOptions.From(new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Name, s.Value))).Build());
}
