using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class ContractTests
{
    [Theory]
    [InlineData("2026-03-01", "2026-04-01", true, "exactly the billing period")]
    [InlineData("2026-03-01", "2026-03-02", false, "one day of it")]
    [InlineData("2026-03-01", "2026-06-01", false, "the flight")]
    [InlineData("2026-03-02", "2026-04-01", false, "a later start")]
    [InlineData("2026-04-01", "2026-05-01", true, "the next period")]
    public void Only_a_billing_period_can_settle(string start, string end, bool billable, string reason)
    {
        Contract contract = Sample.Contract(Sample.Draft() with { Cadence = BillingCadence.Monthly, Flight = Sample.Period("2026-03-01", "2026-06-01") });

        Assert.True(contract.Groups[0].IsBillable(Sample.Period(start, end)) == billable, reason);
    }

    [Fact]
    public void Billing_boundaries_are_every_start_and_end_once()
    {
        Contract contract = Sample.Contract(Sample.Draft() with { Cadence = BillingCadence.Monthly, Flight = Sample.Period("2026-03-01", "2026-05-01") });

        Assert.Equal([Sample.At("2026-03-01"), Sample.At("2026-04-01"), Sample.At("2026-05-01")], contract.BillingBoundaries().ToArray());
    }

    [Fact]
    public void Groups_are_found_by_package_and_by_id()
    {
        Contract contract = Sample.Contract();

        Assert.Same(contract.Groups[0], contract.GroupOfPackage("p1"));
        Assert.Same(contract.Groups[0], contract.GroupById(contract.Groups[0].Id));
        Assert.Null(contract.GroupOfPackage("p9"));
        Assert.Null(contract.GroupById("g9"));
    }
}
