using AdcpFunctions.Settlement;

namespace AdcpFunctions.Tests.Settlement;

public class MoneyTests
{
    [Theory]
    [InlineData("USD", 2, "0.01")]
    [InlineData("EUR", 2, "0.01")]
    [InlineData("JPY", 0, "1")]
    [InlineData("CLP", 0, "1")]
    [InlineData("BHD", 3, "0.001")]
    [InlineData("CLF", 4, "0.0001")]
    public void A_currency_is_invoiced_in_its_minor_unit(string currency, int digits, string unit)
    {
        Assert.Equal(digits, Money.MinorDigits(currency));
        Assert.Equal(unit, Money.MinorUnit(currency).ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData(0.005, 0.01)]
    [InlineData(-0.005, -0.01)]
    [InlineData(0.015, 0.02)]
    [InlineData(0.0149, 0.01)]
    public void Half_rounds_away_from_zero(double amount, double rounded) => Assert.Equal((decimal)rounded, Money.Round((decimal)amount, "USD"));

    [Fact]
    public void Text_carries_the_currencys_digits()
    {
        Assert.Equal("50400.00", Money.Text(50_400m, "USD"));
        Assert.Equal("-800.00", Money.Text(-800m, "USD"));
        Assert.Equal("7", Money.Text(7m, "JPY"));
        Assert.Equal("1.2345", Money.Text(1.2345m, "USD"));
    }

    [Theory]
    [InlineData(0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF")]
    [InlineData(2, "USD EUR GBP CHF CNY INR BRL MXN SEK HUF")]
    [InlineData(3, "BHD IQD JOD KWD LYD OMR TND")]
    [InlineData(4, "CLF UYW")]
    public void A_currency_has_the_minor_digits_of_iso_4217(int digits, string currencies) =>
        Assert.All(currencies.Split(' '), currency => Assert.Equal((digits, decimal.Parse("1e-" + digits, System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture)), (Money.MinorDigits(currency), Money.MinorUnit(currency))));
}
