using System.Globalization;
using System.Text;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using Microsoft.Net.Http.Headers;

namespace AdcpFunctions.Host.Functions;

/// <summary>The feed of settled records in publication order, and the totals that prove it complete.</summary>
internal static class SettledRecords
{
    private const int MaxLimit = 1_000;

    /// <summary>How many records one answer looks at when most are not the caller's.</summary>
    private const int MaxLooks = 10_000;

    internal const string Json = "application/json", Ndjson = "application/x-ndjson", Csv = "text/csv";

    private static readonly AgentRole[] Readers = [AgentRole.Finance, AgentRole.Admin, AgentRole.Seller, AgentRole.Buyer];

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.Guard(HttpMethods.Get, "/v1/settled-records", Readers, ReadAsync);
        routes.Guard(HttpMethods.Get, "/v1/settled-records/totals", Readers, TotalsAsync);
    }

    private static async Task<IResult> ReadAsync(Call call)
    {
        (int limit, Problem? refusal) = call.Limit(MaxLimit);
        if (refusal is not null)
            return refusal;
        if (call.Query("sandbox") is not (null or "true" or "false"))
            return new Problem(400, "sandbox_invalid", "sandbox is true or false.");
        if (FormatOf(call.Http.Request, Json, Ndjson, Csv) is not { } format)
            return new Problem(406, "not_acceptable", $"The feed is given as {Json}, {Ndjson} or {Csv}.");
        bool sandbox = call.Query("sandbox") == "true";
        long after = 0;
        if (call.Query("after") is { } cursor)
        {
            if (FeedCursor.Read(call.Tenant, sandbox, cursor) is not { } seq)
                return new Problem(400, "cursor_invalid", "The cursor is not one this feed gave out.");
            after = seq;
        }

        (List<FeedEntry> entries, long last) = await EntriesAsync(call, sandbox, after, limit);
        string next = FeedCursor.Of(call.Tenant, sandbox, last);
        call.Http.Response.Headers["X-Next-Cursor"] = next;
        return TypedResults.Bytes(Write(entries, next, format), format == Csv ? "text/csv; charset=utf-8" : format);
    }

    /// <summary>Up to so many records the caller may see, and the last one looked at.</summary>
    private static async ValueTask<(List<FeedEntry> Entries, long Last)> EntriesAsync(Call call, bool sandbox, long after, int limit)
    {
        Feed feed = call.Service<Feed>();
        var entries = new List<FeedEntry>();
        long last = after;
        int ahead = call.Caller.Agent.Accounts is ["*"] && !call.Caller.Is(AgentRole.Seller) ? limit : MaxLimit;
        for (int looks = 0; entries.Count < limit && looks < MaxLooks; looks += ahead)
        {
            IReadOnlyList<FeedEntry> page = await feed.ReadAsync(call.Tenant, sandbox, last, ahead, call.Cancel);
            foreach (FeedEntry entry in page)
            {
                last = entry.Sequence;
                if (entry.Period is null && call.Caller.Agent.MaySee(entry.Record.AccountId, entry.Record.SellerAgent))
                    entries.Add(entry);
                if (entries.Count == limit)
                    break;
            }

            if (page.Count < ahead)
                break;
        }

        return (entries, last);
    }

    private static byte[] Write(List<FeedEntry> entries, string next, string format)
    {
        using var body = new MemoryStream();
        if (format == Csv)
        {
            body.Write(Encoding.UTF8.GetBytes(RecordCsv.Header));
            foreach (FeedEntry entry in entries)
                body.Write(Encoding.UTF8.GetBytes(RecordCsv.Line(entry.Record)));
            return body.ToArray();
        }

        // Bodies are the bytes that were published: a consumer may hash them.
        body.Write(format == Json ? "{\"records\":["u8 : ""u8);
        for (int i = 0; i < entries.Count; i++)
        {
            body.Write(format == Json && i > 0 ? ","u8 : ""u8);
            body.Write(entries[i].Body.Span);
            body.Write(format == Ndjson ? "\n"u8 : ""u8);
        }

        if (format == Json)
            body.Write(Encoding.UTF8.GetBytes($"],\"next\":\"{next}\"}}"));
        return body.ToArray();
    }

    private static async Task<IResult> TotalsAsync(Call call)
    {
        if (call.Query("period") is not { } period || !Booking.IsMonth(period))
            return new Problem(400, "period_invalid", "period is a booking month in UTC, such as 2026-04.");
        long? upTo = null;
        if (call.Query("up_to") is { } text)
        {
            if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long seq))
                return new Problem(400, "up_to_invalid", "up_to is the seq of a record.");
            upTo = seq;
        }

        FeedTotals totals = await call.Service<Feed>().TotalsAsync(call.Tenant, period, upTo, record => call.Caller.Agent.MaySee(record.AccountId, record.SellerAgent), call.Cancel);
        var body = new TotalsBody(totals.Period, totals.UpTo, totals.Count, [.. totals.Amounts.Select(a => new CurrencyTotal(a.Key, Money.Text(a.Value, a.Key)))], totals.Hash);
        return HostJson.Answer(200, body, HostJson.Default.TotalsBody);
    }

    /// <summary>The form the caller likes best of those given; the first where it does not mind.</summary>
    /// <returns>Null when it takes none of them.</returns>
    internal static string? FormatOf(HttpRequest request, params ReadOnlySpan<string> formats)
    {
        if (request.Headers.Accept.Count == 0)
            return formats[0];
        if (!MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out IList<MediaTypeHeaderValue>? accepted))
            return null;
        foreach (MediaTypeHeaderValue range in accepted.Where(a => a.Quality != 0).OrderByDescending(a => a.Quality ?? 1))
        {
            foreach (string format in formats)
            {
                if (new MediaTypeHeaderValue(format).IsSubsetOf(new MediaTypeHeaderValue(range.MediaType)))
                    return format;
            }
        }

        return null;
    }
}
