using System.Globalization;

namespace AdcpFunctions.Settlement;

/// <summary>Exact amounts of one ISO 4217 currency.</summary>
public static class Money
{
    /// <summary>Digits after the decimal point that the currency is invoiced in (ISO 4217, list one).</summary>
    public static int MinorDigits(string currency) => currency switch
    {
        "BIF" or "CLP" or "DJF" or "GNF" or "ISK" or "JPY" or "KMF" or "KRW" or "PYG" => 0,
        "RWF" or "UGX" or "UYI" or "VND" or "VUV" or "XAF" or "XOF" or "XPF" => 0,
        "BHD" or "IQD" or "JOD" or "KWD" or "LYD" or "OMR" or "TND" => 3,
        "CLF" or "UYW" => 4,
        _ => 2,
    };

    /// <summary>The smallest amount the currency is invoiced in.</summary>
    public static decimal MinorUnit(string currency) => new(1, 0, 0, isNegative: false, (byte)MinorDigits(currency));

    /// <summary>Rounds to the currency's minor unit, half away from zero.</summary>
    public static decimal Round(decimal amount, string currency) => decimal.Round(amount, MinorDigits(currency), MidpointRounding.AwayFromZero);

    /// <summary>Plain decimal text with exactly the currency's minor digits or, where the value has more, all of them: <c>50400.00</c>.</summary>
    public static string Text(decimal amount, string currency) =>
        (amount + new decimal(0, 0, 0, isNegative: false, (byte)MinorDigits(currency))).ToString(CultureInfo.InvariantCulture);
}
