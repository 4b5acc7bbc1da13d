using System.Buffers;
using System.Text;
using System.Text.Json;
using AdcpFunctions.Host.Functions;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host;

/// <summary>A month of an account, line by line: what is booked in it, what is open, and an end that says how much that was.</summary>
/// <remarks>
/// Written while it is read, so its size does not matter. A fault on the way breaks the answer off, and the end is missing: whoever
/// finds none has not got everything.
/// </remarks>
internal sealed class PeriodExport(Call call, Account account, string period, string format) : IResult
{
    /// <summary>How much is held back before it is sent.</summary>
    private const int Portion = 64 * 1024;

    private static readonly byte[] LineEnd = "\n"u8.ToArray();

    private readonly ArrayBufferWriter<byte> _portion = new(Portion + 8 * 1024);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        HttpResponse response = httpContext.Response;
        Feed feed = call.Service<Feed>();
        // The first read that may fail comes before the status is sent.
        FeedSpan span = await feed.SpanAsync(call.Tenant, account.Id, period, call.Cancel);
        response.ContentType = format == SettledRecords.Csv ? "text/csv; charset=utf-8" : format;
        response.Headers.ContentDisposition = $"attachment; filename=\"{account.Id}-{period}.{(format == SettledRecords.Csv ? "csv" : "ndjson")}\"";
        if (format == SettledRecords.Csv)
            Encoding.UTF8.GetBytes(PeriodCsv.Header, _portion);

        var sum = new FeedSum();
        await foreach (FeedEntry entry in feed.MonthAsync(call.Tenant, account.Id, period, span.After, span.UpTo, call.Cancel))
        {
            sum.Add(entry);
            await WriteAsync(response, PeriodLine.Of(entry.Record));
        }

        long open = 0;
        await foreach (OpenInPeriod one in call.Service<PeriodView>().OpenAsync(call.Caller, account, period, call.Cancel))
        {
            open++;
            await WriteAsync(response, PeriodLine.Of(one, period));
        }

        var end = new PeriodLine("end", account.Id, period) { Records = sum.Count, Open = open, Totals = sum.Totals(), Hash = sum.Hash, UpTo = span.End };
        await WriteAsync(response, end);
        await SendAsync(response);
    }

    private async ValueTask WriteAsync(HttpResponse response, PeriodLine line)
    {
        if (format == SettledRecords.Csv)
        {
            Encoding.UTF8.GetBytes(PeriodCsv.Line(line), _portion);
        }
        else
        {
            _portion.Write(JsonSerializer.SerializeToUtf8Bytes(line, HostJson.Default.PeriodLine));
            _portion.Write(LineEnd);
        }

        if (_portion.WrittenCount >= Portion)
            await SendAsync(response);
    }

    private async ValueTask SendAsync(HttpResponse response)
    {
        await response.Body.WriteAsync(_portion.WrittenMemory, call.Cancel);
        _portion.ResetWrittenCount();
    }
}
