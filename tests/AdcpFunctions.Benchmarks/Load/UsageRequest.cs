using System.Globalization;
using System.Text;

namespace AdcpFunctions.Benchmarks.Load;

/// <summary>One <c>report_usage</c> HTTP request as bytes, built once and then only patched in place.</summary>
/// <remarks>
/// What varies has a fixed width: the idempotency key, the media buy, the count, the cost and, when final, the month.
/// So every request states facts that the server has not seen, under a key that it has not seen, and the load process
/// formats no JSON while it measures. Key, count and cost follow from the request's number alone.
/// </remarks>
internal sealed class UsageRequest
{
    /// <summary>Months a final load can settle for each media buy: 2010-01 to 2026-08.</summary>
    public const int Periods = 200;

    public const string AccountId = "acct_bench_acme_outdoor";

    public const string PricingOptionId = "po_cpm_standard_display";

    public const string MeasurementWindow = "post_sivt";

    private const int KeyDigits = 12;
    private const int BuyDigits = 6;
    private const int CountDigits = 7;
    public const string BuyPrefix = "mb_bench_autumn_campaign_";

    private static readonly DateTimeOffset FirstPeriod = new(2010, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly LoadPlan _plan;
    private readonly byte[] _bytes;
    private readonly int _key;
    private readonly int _periodStart;
    private readonly int _periodEnd;
    private readonly int[] _buys;
    private readonly int[] _counts;
    private readonly int[] _costs;

    public UsageRequest(LoadPlan plan, string runId)
    {
        _plan = plan;
        _buys = new int[plan.RecordsPerRequest];
        _counts = new int[plan.RecordsPerRequest];
        _costs = new int[plan.RecordsPerRequest];

        var body = new StringBuilder();
        if (plan.IsMcp)
            body.Append("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"report_usage","arguments":""");
        _key = Patchable(body, $$"""{"idempotency_key":"bench-{{runId}}-""", new string('0', KeyDigits));
        (string start, string end) = PeriodText(plan.Final ? 0 : Periods + 2);
        _periodStart = Patchable(body, "\",\"reporting_period\":{\"start\":\"", start);
        _periodEnd = Patchable(body, "\",\"end\":\"", end);
        body.Append("\"},\"usage\":[");
        string finality = plan.Final ? "true,\"finalized_at\":\"2026-11-10T12:00:00Z\"" : "false";
        for (int i = 0; i < plan.RecordsPerRequest; i++)
        {
            body.Append(i == 0 ? "" : ",");
            _buys[i] = Patchable(body, $$"""{"account":{"account_id":"{{AccountId}}"},"media_buy_id":"{{BuyPrefix}}""", new string('0', BuyDigits));
            _counts[i] = Patchable(body, $"\",\"pricing_option_id\":\"{PricingOptionId}\",\"impressions\":", new string('1', CountDigits));
            _costs[i] = Patchable(body, ",\"vendor_cost\":", "11111.11");
            body.Append($$""","currency":"USD","final":{{finality}},"measurement_window":"{{MeasurementWindow}}"}""");
        }

        body.Append(plan.IsMcp ? "]}}}" : "]}");
        string head = Head(plan, body.Length);
        _bytes = Encoding.ASCII.GetBytes(head + body);
        BodyStart = head.Length;
    }

    /// <summary>Head and body, as <see cref="Patch"/> left them.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    public int BodyStart { get; }

    public static string MediaBuyId(long number) => BuyPrefix + number.ToString("D6", CultureInfo.InvariantCulture);

    /// <summary>The reporting period with this index; both ends inclusive, as AdCP states them.</summary>
    public static (DateTimeOffset Start, DateTimeOffset End) Period(int index) =>
        (FirstPeriod.AddMonths(index), FirstPeriod.AddMonths(index + 1).AddSeconds(-1));

    /// <summary>The head of a POST of <paramref name="length"/> body bytes, for this plan's server and caller.</summary>
    public static string Head(LoadPlan plan, int length) =>
        $"POST {plan.Path} HTTP/1.1\r\nHost: 127.0.0.1:{plan.Port}\r\nAuthorization: Bearer {plan.BearerKey}\r\n"
        + "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
        + (plan.IsMcp ? "MCP-Protocol-Version: 2025-06-18\r\n" : "")
        + $"Content-Length: {length}\r\n\r\n";

    /// <summary>Makes this the request with the given number.</summary>
    public void Patch(long number)
    {
        WriteDigits(_key, KeyDigits, number);
        long first = number * _plan.RecordsPerRequest;
        if (_plan.Final)
        {
            (string start, string end) = PeriodText(_plan.FirstPeriod + (int)(first / _plan.MediaBuys));
            Encoding.ASCII.GetBytes(start, _bytes.AsSpan(BodyStart + _periodStart));
            Encoding.ASCII.GetBytes(end, _bytes.AsSpan(BodyStart + _periodEnd));
        }

        for (int i = 0; i < _buys.Length; i++)
        {
            long record = first + i;
            // A cost per mille of 10.00: the cost is the count with its decimal point two places to the left.
            long count = 1_000_000 + (record * 7_919 % 8_999_999);
            WriteDigits(_buys[i], BuyDigits, record % _plan.MediaBuys);
            WriteDigits(_counts[i], CountDigits, count);
            WriteDigits(_costs[i], CountDigits - 2, count / 100);
            WriteDigits(_costs[i] + CountDigits - 1, 2, count % 100);
        }
    }

    private static (string Start, string End) PeriodText(int index)
    {
        (DateTimeOffset start, DateTimeOffset end) = Period(index);
        return (start.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture), end.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
    }

    private static int Patchable(StringBuilder body, string before, string value)
    {
        int offset = body.Append(before).Length;
        body.Append(value);
        return offset;
    }

    private void WriteDigits(int offset, int digits, long value)
    {
        for (int i = digits - 1; i >= 0; i--, value /= 10)
            _bytes[BodyStart + offset + i] = (byte)('0' + (value % 10));
    }
}
