using System.Globalization;
using AdcpFunctions.Protocol;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>What <c>get_media_buy_delivery</c> was asked.</summary>
/// <param name="Account">May not exist.</param>
/// <param name="MediaBuyIds">As named, one perhaps twice; null for all of the account.</param>
/// <param name="Statuses">Null for any.</param>
/// <param name="Dates">Null for the newest.</param>
/// <remarks>Spec: AdCP 3.1, media-buy/get-media-buy-delivery-request.</remarks>
internal sealed record DeliveryQuestion(JsonNode Account, IReadOnlyList<string>? MediaBuyIds, IReadOnlySet<string>? Statuses, ReportingPeriod? Dates)
{
    /// <summary>The most media buys one answer is about.</summary>
    public const int MostMediaBuys = 100;

    /// <summary>A contract's month may begin at the midnight of any offset there is.</summary>
    private static readonly TimeSpan LargestOffset = TimeSpan.FromHours(14);

    private static readonly CompiledSchema RequestSchema = SchemaSet.Embedded["adcp/3.1/get-media-buy-delivery-request.json"];

    /// <summary>Rule RPT-4: what cannot be answered as asked is refused by name; what only asks for more detail is passed over, as the protocol allows.</summary>
    /// <remarks>Breakdowns by dimension, attribution windows of the caller's choice and daily numbers are such detail. Windows by granularity are not: a caller rebuilds what it missed from them.</remarks>
    public static (DeliveryQuestion? Question, AdcpError? Refused) Read(JsonNode request)
    {
        var violations = new List<SchemaViolation>();
        if (!RequestSchema.Validate(request, violations))
            return (null, AdcpError.Malformed(violations));
        if (request.TryGetMember("time_granularity"u8, out _))
            return (null, new AdcpError(ProtocolError.UnsupportedGranularity, "Rows are kept by the period they were reported for; none are cut to a granularity here.", "time_granularity"));
        (ReportingPeriod? dates, AdcpError? wrong) = DatesOf(request);
        if (wrong is not null)
            return (null, wrong);
        string[]? ids = request.TryGetMember("media_buy_ids"u8, out JsonNode named) ? [.. Texts(named)] : null;
        if (ids?.Distinct(StringComparer.Ordinal).Count() > MostMediaBuys)
            return (null, TooMany);
        request.TryGetMember("account"u8, out JsonNode account);
        return (new DeliveryQuestion(account, ids, StatusesOf(request, ids), dates), null);
    }

    /// <summary>More media buys than one answer holds.</summary>
    public static AdcpError TooMany => new(ProtocolError.InvalidRequest, $"One answer is about at most {MostMediaBuys} media buys; name fewer.", "media_buy_ids");

    /// <summary>The period the dates mean for a media buy: the billing period they are the days of, whatever its offset, else the days in UTC.</summary>
    public ReportingPeriod? For(Ledger.RegisteredBuy buy)
    {
        if (Dates is not { } days)
            return null;
        foreach (ReportingPeriod period in buy.Versions.SelectMany(version => version.Periods))
        {
            if ((period.Start - days.Start).Duration() <= LargestOffset && period.Start - days.Start == period.End - days.End)
                return period;
        }

        return days;
    }

    /// <summary>Without ids and without a filter, the protocol asks for what is active.</summary>
    private static HashSet<string>? StatusesOf(JsonNode request, string[]? ids) =>
        request.TryGetMember("status_filter"u8, out JsonNode filter) ? [.. filter.Kind == JsonKind.String ? [filter.GetString()] : Texts(filter)] : ids is null ? ["active"] : null;

    private static (ReportingPeriod? Dates, AdcpError? Wrong) DatesOf(JsonNode request)
    {
        bool starts = request.TryGetMember("start_date"u8, out JsonNode start);
        bool ends = request.TryGetMember("end_date"u8, out JsonNode end);
        if (!starts && !ends)
            return (null, null);
        if (starts != ends)
            return (null, new AdcpError(ProtocolError.InvalidRequest, "start_date and end_date are given both or neither.", starts ? "end_date" : "start_date"));
        if (!IsDate(start, out DateTimeOffset from))
            return (null, new AdcpError(ProtocolError.InvalidRequest, "This is no day of the calendar.", "start_date"));
        if (!IsDate(end, out DateTimeOffset to))
            return (null, new AdcpError(ProtocolError.InvalidRequest, "This is no day of the calendar.", "end_date"));
        return to > from ? (new ReportingPeriod(from, to), null) : (null, new AdcpError(ProtocolError.InvalidRequest, "end_date is the first day after the period, so it lies after start_date.", "end_date"));
    }

    private static bool IsDate(JsonNode text, out DateTimeOffset day) =>
        DateTimeOffset.TryParseExact(text.GetString(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out day);

    private static IEnumerable<string> Texts(JsonNode array)
    {
        foreach (JsonNode text in array.Items)
            yield return text.GetString();
    }
}
