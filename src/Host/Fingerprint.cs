using System.Security.Cryptography;
using System.Text;
using AdcpFunctions.Protocol;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

internal static class GroupLookup
{
    /// <summary>The one group sold under a pricing option; null when none or several are.</summary>
    public static TermsGroup? SingleOrNone(this IReadOnlyList<TermsGroup> groups, JsonNode pricingOption)
    {
        TermsGroup? found = null;
        for (int i = 0; i < groups.Count; i++)
        {
            if (!UsageMapping.Matches(pricingOption, groups[i].PricingOptionId))
                continue;
            if (found is not null)
                return null;
            found = groups[i];
        }

        return found;
    }
}

/// <summary>The natural key of a final: the same fact has the same fingerprint, whatever request brought it.</summary>
internal static class Fingerprint
{
    /// <param name="said">All but its hash.</param>
    /// <param name="group">The terms group it was allocated to; empty for none.</param>
    public static string Of(Statement said, string group) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{said.Side}\n{said.Key}\n{said.Quantity:G29}\n{said.Cost:G29}\n{said.Rate:G29}\n{said.FinalizedAt?.UtcTicks}\n{group}"))));

    /// <param name="said">All but its hash, of usage that is for no media buy.</param>
    /// <param name="figures">Every number of it, also those that are neither its count nor its cost.</param>
    public static string Of(Statement said, VendorFigures figures) =>
        Of(said, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{VendorUsage.GroupId}\n{figures.Impressions:G29}\n{figures.MediaSpend:G29}\n{figures.Units:G29}"));
}
