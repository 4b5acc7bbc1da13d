using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>Finds the number a pricing model bills in a usage record or a delivered package: both spell metrics alike.</summary>
internal static class MetricReader
{
    /// <summary>No campaign counts more. A thousand such counts at <see cref="MaxRate"/> still stay inside <c>decimal</c>.</summary>
    private const decimal MaxCount = 10_000_000_000_000m;

    /// <summary>What a contract's rate may come to, which an auction's may not exceed either.</summary>
    private const decimal MaxRate = 1_000_000_000_000m;

    private const decimal MaxAmount = 1_000_000_000_000_000m;

    /// <summary>Reads a metric by its wire name.</summary>
    /// <param name="said">The record or package.</param>
    /// <param name="metric">As <c>delivery-metrics</c> names it; viewable impressions may stand in their <c>viewability</c> object.</param>
    /// <param name="value">Null when it was not said.</param>
    /// <returns>False when it was said and is not a count.</returns>
    public static bool TryRead(JsonNode said, string metric, out decimal? value)
    {
        value = null;
        Span<byte> name = stackalloc byte[64];
        name = name[..System.Text.Encoding.ASCII.GetBytes(metric, name)];
        bool exists = said.TryGetMember(name, out JsonNode node)
            || (metric == "viewable_impressions" && said.TryGetMember("viewability"u8, out JsonNode viewability) && viewability.Kind == JsonKind.Object && viewability.TryGetMember(name, out node));
        if (!exists || node.Kind == JsonKind.Null)
            return true;
        if (node.Kind != JsonKind.Number || !node.TryGetDecimal(out decimal count) || count is < 0m or > MaxCount)
            return false;
        value = count;
        return true;
    }

    /// <summary>Reads an amount.</summary>
    public static bool TryReadAmount(JsonNode node, out decimal amount) =>
        node.TryGetDecimal(out amount) && amount is >= 0m and <= MaxAmount;

    /// <summary>Reads what a unit came to.</summary>
    public static bool TryReadRate(JsonNode node, out decimal rate) =>
        node.TryGetDecimal(out rate) && rate is >= 0m and < MaxRate;

    public const string BadStamp = "finalized_at is not a time that can be computed with.";

    /// <summary>Reads a record's stamp, UTC; null where none was sent.</summary>
    /// <returns>False when one was sent that is no time.</returns>
    public static bool TryReadStamp(JsonNode stamp, out DateTimeOffset? at)
    {
        at = null;
        if (!stamp.Exists)
            return true;
        if (!WireTime.TryRead(stamp, out DateTimeOffset stated))
            return false;
        at = stated.ToUniversalTime();
        return true;
    }
}
