namespace AdcpFunctions.Tests;

public class SmokeTests
{
    [Fact]
    public void Scaffold() => Assert.NotNull(typeof(SmokeTests));
}
