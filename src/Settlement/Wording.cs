using System.Globalization;

namespace AdcpFunctions.Settlement;

/// <summary>Numbers, times and names as explanations write them.</summary>
internal static class Wording
{
    public static string Count(decimal count) => count.ToString("#,0.######", CultureInfo.InvariantCulture);

    /// <summary>At least the currency's minor digits; more where a rate has more.</summary>
    public static string Cash(decimal amount, string currency)
    {
        int digits = Money.MinorDigits(currency);
        return amount.ToString($"#,0.{new string('0', digits)}{new string('#', 8 - digits)}", CultureInfo.InvariantCulture) + " " + currency;
    }

    public static string Percent(decimal percent) => percent.ToString("0.####", CultureInfo.InvariantCulture) + " %";

    public static string At(DateTimeOffset at)
    {
        DateTimeOffset utc = at.ToUniversalTime();
        return utc.ToString(utc.Second == 0 ? "yyyy-MM-dd HH:mm 'UTC'" : "yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
    }

    public static string Units(decimal count, string unit) => count == 1m ? $"1 {unit}" : $"{Count(count)} {unit}s";

    public static string Duration(TimeSpan span)
    {
        string[] parts = [.. new[] { ((int)span.TotalHours, "hour"), (span.Minutes, "minute"), (span.Seconds, "second") }.Where(part => part.Item1 > 0).Select(part => Units(part.Item1, part.Item2))];
        return parts.Length == 0 ? "0 seconds" : string.Join(" ", parts);
    }

    /// <summary>The metric a pricing model bills.</summary>
    public static string Metric(PricingModel? model) => model switch
    {
        null => "units",
        PricingModel.Cpp => "GRPs",
        { } known => BillingMetric.NameOf(known)?.Replace('_', ' ') ?? "units",
    };

    public static string Name(Party party) => party switch
    {
        Party.Seller => "seller",
        Party.Buyer => "buyer",
        _ => "measurement vendor",
    };

    /// <summary>Whose count a side carries: the authority's on its own side, else that of the party that speaks there.</summary>
    public static string Name(Side side, TermsGroup? group)
    {
        if (group is not null && group.Terms.AuthoritySide == side)
            return Name(group.Terms.Authority);
        return side == Side.SellerRow ? "seller" : "buyer";
    }

    /// <summary>Who may take a decision.</summary>
    public static string Deciders(Side? holder) => holder switch
    {
        Side.SellerRow => "the seller or finance",
        Side.UsagePush => "the buyer or finance",
        _ => "finance",
    };

    public static string Words(IEnumerable<string> reasons) => string.Join("; ", reasons.Select(Reasons.Words));

    public static string Sentence(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
