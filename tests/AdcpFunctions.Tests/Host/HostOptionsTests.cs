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

    private static HostOptions Read(string? bills) =>
        HostOptions.From(new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create("Billing:BillsThroughAdcp", bills)]).Build());
}
