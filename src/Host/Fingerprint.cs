using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>The natural key of a final: the same fact has the same fingerprint, whatever request brought it.</summary>
internal static class Fingerprint
{
    public static string Of(Side side, string unit, decimal? quantity, decimal? cost, DateTimeOffset? finalizedAt, string group) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"{side}\n{unit}\n{quantity:G29}\n{cost:G29}\n{finalizedAt?.UtcTicks}\n{group}"))));
}
