using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using AdcpFunctions.Adapters;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>Asks a seller's agent for its own records of one media buy and period.</summary>
internal sealed class RecordsReader(GuardedClient client, TimeProvider time)
{
    private const string Tool = "get_media_buy_delivery";

    /// <summary>What sellers answer that cannot report on a range of dates; all of the flight may still be the period.</summary>
    private static readonly HashSet<string> NoRange = new(StringComparer.Ordinal) { "UNSUPPORTED_FEATURE", "DATE_RANGE_NOT_SUPPORTED", "INVALID_DATE_RANGE", "VALIDATION_ERROR", "INVALID_REQUEST" };

    /// <summary>How long one conversation may take, from its first word to its last.</summary>
    /// <value>The default is 80 seconds: begun at the end of a seller's turn (rule SNAP-14), it still ends before a ring is stopped.</value>
    public TimeSpan Longest { get; init; } = TimeSpan.FromSeconds(80);

    /// <summary>Asks; once more without dates where the seller refuses them.</summary>
    /// <param name="source">Where.</param>
    /// <param name="buy">About which media buy.</param>
    /// <param name="period">For which time.</param>
    /// <param name="cancel">Stops the wait.</param>
    /// <remarks>Each answer in its own time, all of them together could outlast a ring: then nothing would be put off, and the same seller be asked in each.</remarks>
    public async Task<(SellerRecords? Records, Unread? Why)> ReadAsync(SnapshotSource source, RegisteredBuy buy, ReportingPeriod period, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Longest);
        try
        {
            return await TalkAsync(source, buy, period, limit.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return (null, new Unread(HostJson.Name(FetchFailure.TimedOut)) { SellerIsAway = true });
        }
    }

    private async Task<(SellerRecords? Records, Unread? Why)> TalkAsync(SnapshotSource source, RegisteredBuy buy, ReportingPeriod period, CancellationToken cancel)
    {
        var session = new McpSession(client, source, time);
        if (await session.OpenAsync(cancel) is { } closed)
            return (null, closed);
        (SellerRecords? records, Unread? why) = await AskAsync(session, buy, period, cancel);
        if (why is not null && NoRange.Contains(why.Code))
            (records, why) = await AskAsync(session, buy, null, cancel);
        await session.CloseAsync(cancel);
        return (records, why);
    }

    private static async Task<(SellerRecords? Records, Unread? Why)> AskAsync(McpSession session, RegisteredBuy buy, ReportingPeriod? period, CancellationToken cancel)
    {
        McpReply reply = await session.CallAsync(Tool, json => Write(json, buy, period), cancel);
        return reply.Missing is { } missing ? (null, missing) : SellerRecords.Read(reply.Message, buy.MediaBuyId);
    }

    /// <summary>The account by its natural key, for our id of it is ours alone; every state, since a completed buy is left out by default.</summary>
    /// <remarks>A key of its own each time: a seller that answers a repeated key from memory would confirm a number with a copy of it.</remarks>
    private static void Write(Utf8JsonWriter json, RegisteredBuy buy, ReportingPeriod? period)
    {
        json.WriteString("adcp_version"u8, AdcpVersions.Default);
        json.WriteString("idempotency_key"u8, "records-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));
        json.WriteStartObject("account"u8);
        json.WriteStartObject("brand"u8);
        json.WriteString("domain"u8, buy.Account.Brand.Domain);
        if (buy.Account.Brand.BrandId is { } brandId)
            json.WriteString("brand_id"u8, brandId);
        json.WriteEndObject();
        json.WriteString("operator"u8, buy.Account.Operator);
        if (buy.Account.Sandbox)
            json.WriteBoolean("sandbox"u8, true);
        json.WriteEndObject();
        json.WriteStartArray("media_buy_ids"u8);
        json.WriteStringValue(buy.MediaBuyId);
        json.WriteEndArray();
        json.WriteStartArray("status_filter"u8);
        foreach (string status in (ReadOnlySpan<string>)["pending_creatives", "pending_start", "active", "paused", "completed", "rejected", "canceled"])
            json.WriteStringValue(status);
        json.WriteEndArray();
        if (period is not { } asked)
            return;
        json.WriteString("start_date"u8, Day(asked.Start));
        // The end is exclusive, so a period that ends within a day needs the next one.
        json.WriteString("end_date"u8, Day(asked.End.TimeOfDay == TimeSpan.Zero ? asked.End : asked.End.AddDays(1)));
    }

    private static string Day(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
