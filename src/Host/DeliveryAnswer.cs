using System.Buffers;
using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.Json;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>What <c>get_media_buy_delivery</c> is answered: a row a media buy, and what they come to.</summary>
/// <remarks>
/// Members are as the seller sent them, in its own digits. Left out are breakdowns, whose shape nobody has judged here; added is what the
/// answer must carry and a webhook need not, and whether each number may be billed, which no sender says for us. Spec: AdCP 3.1, media-buy/get-media-buy-delivery-response.
/// </remarks>
internal static class DeliveryAnswer
{
    private static readonly string[] Summed = ["impressions", "spend", "clicks", "completed_views", "views", "conversions", "conversion_value"];

    /// <summary>Members that the webhook's schema leaves open and the answer's does not, and one that is not the sender's.</summary>
    private static readonly FrozenSet<string> LeftOut = FrozenSet.Create(
        StringComparer.Ordinal,
        "windows", "daily_breakdown", "missing_metrics", "by_catalog_item", "by_creative", "by_keyword", "by_geo", "by_geo_truncated", "by_device_type", "by_device_type_truncated",
        "by_device_platform", "by_device_platform_truncated", "by_audience", "by_audience_truncated", "by_placement", "by_placement_truncated",
        // Ours alone: a sender may not say that its numbers are billable.
        "billing_grade");

    /// <param name="Errors">What is told beside the rows; grows with what they lack.</param>
    public sealed record Told(Account Account, ReportingPeriod Period, IReadOnlyList<DeliveredBuy> Found, List<AdcpError> Errors, DateTimeOffset Now);

    public static AdcpAnswer Write(Told told, Envelope envelope)
    {
        var body = new ArrayBufferWriter<byte>(4096);
        using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartObject();
            writer.WriteString("status"u8, "completed"u8);
            writer.WriteStartObject("reporting_period"u8);
            writer.WriteString("start"u8, Text(told.Period.Start));
            writer.WriteString("end"u8, Text(told.Period.End));
            writer.WriteEndObject();
            writer.WriteString("currency"u8, told.Account.Currency);
            WriteRows(writer, told);
            if (told.Errors.Count > 0)
            {
                writer.WriteStartArray("errors"u8);
                foreach (AdcpError error in told.Errors)
                    AdcpAnswer.Write(writer, error);
                writer.WriteEndArray();
            }

            if (told.Account.Sandbox)
                writer.WriteBoolean("sandbox"u8, value: true);
            writer.WriteString("adcp_version"u8, envelope.Version ?? AdcpVersions.Default);
            writer.WriteEndObject();
        }

        return AdcpAnswer.Send(body.WrittenMemory, replayed: false, envelope.Context);
    }

    private static void WriteRows(Utf8JsonWriter writer, Told told)
    {
        int rows = 0;
        var totals = new Dictionary<string, decimal>(StringComparer.Ordinal) { ["impressions"] = 0m, ["spend"] = 0m };
        bool isExact = true;
        writer.WriteStartArray("media_buy_deliveries"u8);
        foreach (DeliveredBuy found in told.Found)
        {
            using JsonTape tape = JsonTape.Rent();
            bool isShown = found.Row is { Raw.IsEmpty: false } received && received.Period == told.Period && tape.TryRead(received.Raw, JsonLimits.Default, out _);
            JsonNode row = isShown ? tape.Root : default;
            rows++;
            if (isShown)
            {
                new DeliveryRowWriter(writer, found.Buy.InForce(told.Period), DeliveryGrades.Of(found, row)).Write(row, LeftOut);
                isExact &= IsIn(told.Account.Currency, row) && Add(totals, row);
            }
            else
            {
                WriteNothing(writer, told, found);
                Explain(told, found);
            }
        }

        writer.WriteEndArray();
        if (isExact)
            WriteTotals(writer, totals, rows);
    }

    /// <summary>A media buy without numbers is told with none of them, and never left out.</summary>
    private static void WriteNothing(Utf8JsonWriter writer, Told told, DeliveredBuy found)
    {
        writer.WriteStartObject();
        writer.WriteString("media_buy_id"u8, found.Buy.MediaBuyId);
        writer.WriteString("status"u8, StatusOf(found, told.Now));
        writer.WriteBoolean("is_final"u8, value: false);
        writer.WriteStartObject("totals"u8);
        writer.WriteNumber("impressions"u8, 0);
        writer.WriteNumber("spend"u8, 0);
        writer.WriteEndObject();
        writer.WriteStartArray("by_package"u8);
        writer.WriteEndArray();
        DeliveryGrades.Write(writer, DeliveryGrade.OfNothing(isKept: found.Row?.Period == told.Period, told.Account.OutOfBand, told.Account.Sandbox));
        writer.WriteEndObject();
    }

    /// <summary>Why a row shows nothing, where nothing is not what was received.</summary>
    private static void Explain(Told told, DeliveredBuy found)
    {
        string id = found.Buy.MediaBuyId;
        if (found.Row is not { } row)
            return;
        string why = row.Period == told.Period
            ? $"Media buy {id} has a row for this period that cannot be shown: it is larger than what is kept for reading, or in another currency than its contract."
            : $"Media buy {id} has no row for this period; its newest is for {Text(row.Period.Start)} to {Text(row.Period.End)}. Ask for it by those dates.";
        told.Errors.Add(new AdcpError(ProtocolError.UnsupportedFeature, why));
    }

    /// <summary>Where a media buy stands: as the row that was found says, else by its flight.</summary>
    public static string StatusOf(DeliveredBuy found, DateTimeOffset now)
    {
        using JsonTape tape = JsonTape.Rent();
        if (found.Row is { Raw.IsEmpty: false } row && tape.TryRead(row.Raw, JsonLimits.Default, out _) && tape.Root.TryGetMember("status"u8, out JsonNode said))
            return said.GetString();
        ReportingPeriod flight = found.Buy.Newest.Flight;
        return now < flight.Start ? "pending_start" : now < flight.End ? "active" : "completed";
    }

    private static bool IsIn(string currency, JsonNode row)
    {
        row.TryGetMember("by_package"u8, out JsonNode packages);
        foreach (JsonNode package in packages.Items)
        {
            if (package.TryGetMember("currency"u8, out JsonNode own) && !UsageMapping.Matches(own, currency))
                return false;
        }

        return true;
    }

    /// <returns>False for a number that cannot be summed exactly.</returns>
    private static bool Add(Dictionary<string, decimal> totals, JsonNode row)
    {
        row.TryGetMember("totals"u8, out JsonNode said);
        foreach (string metric in Summed)
        {
            if (!said.TryGetMember(Encoding.ASCII.GetBytes(metric), out JsonNode number))
                continue;
            if (!MetricReader.TryReadAmount(number, out decimal value))
                return false;
            totals[metric] = totals.GetValueOrDefault(metric) + value;
        }

        return true;
    }

    private static void WriteTotals(Utf8JsonWriter writer, Dictionary<string, decimal> totals, int rows)
    {
        writer.WriteStartObject("aggregated_totals"u8);
        foreach (string metric in Summed)
        {
            if (totals.TryGetValue(metric, out decimal sum))
                writer.WriteNumber(metric, sum);
        }

        writer.WriteNumber("media_buy_count"u8, rows);
        writer.WriteEndObject();
    }

    private static string Text(DateTimeOffset at) => at.ToString(at.Ticks % TimeSpan.TicksPerSecond == 0 ? "yyyy-MM-dd'T'HH:mm:ss'Z'" : "yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);
}
