namespace AdcpFunctions.Host.Wire;

/// <summary>What a booking period adds up to, as far as the feed was looked at.</summary>
internal sealed record TotalsBody(string Period, long UpTo, long Count, IReadOnlyList<CurrencyTotal> Totals, string Hash);

/// <param name="Amount">A decimal string in the currency's minor digits.</param>
internal sealed record CurrencyTotal(string Currency, string Amount);
