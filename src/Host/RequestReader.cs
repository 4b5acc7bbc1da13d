using System.Buffers;
using System.IO.Pipelines;

namespace AdcpFunctions.Host;

/// <summary>A body as received, in a buffer that goes back to the pool.</summary>
internal sealed class RequestBody(byte[] buffer, int length) : IDisposable
{
    public ReadOnlyMemory<byte> Bytes => buffer.AsMemory(0, length);

    public void Dispose() => ArrayPool<byte>.Shared.Return(buffer);
}

/// <summary>Reads raw bytes, and no more than allowed.</summary>
internal static class RequestReader
{
    /// <summary>What is set aside before anything has come; from there it grows with what does.</summary>
    private const int FirstBytes = 64 * 1024;

    /// <summary>True for <c>application/json</c>, with no charset but UTF-8.</summary>
    public static bool IsJson(HttpRequest request)
    {
        ReadOnlySpan<char> type = request.ContentType;
        int end = type.IndexOf(';');
        ReadOnlySpan<char> media = (end < 0 ? type : type[..end]).Trim();
        if (!media.Equals("application/json", StringComparison.OrdinalIgnoreCase))
            return false;
        return end < 0
            || type[(end + 1)..].Trim() is var parameter && (parameter.IsEmpty
            || parameter.Equals("charset=utf-8", StringComparison.OrdinalIgnoreCase)
            || parameter.Equals("charset=\"utf-8\"", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Rule ABUSE-7: memory is for what was sent, not for what was announced.</summary>
    /// <remarks>Anybody may announce megabytes beside a signature of nobody's, and then send a few bytes a second.</remarks>
    /// <returns>Null when the body is larger than <paramref name="limit"/>; nothing of it is looked at then.</returns>
    public static async ValueTask<RequestBody?> ReadAsync(HttpRequest request, int limit, CancellationToken cancel)
    {
        if (request.ContentLength > limit)
            return Refuse(request);

        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(request.ContentLength ?? 16 * 1024, FirstBytes) + 1);
        int length = 0;
        while (true)
        {
            ReadResult read;
            try
            {
                read = await request.BodyReader.ReadAsync(cancel);
            }
            catch (BadHttpRequestException tooLarge) when (tooLarge.StatusCode == StatusCodes.Status413PayloadTooLarge)
            {
                // Without a stated length the server may meet its own limit first: it reads ahead.
                ArrayPool<byte>.Shared.Return(buffer);
                return Refuse(request);
            }

            long total = length + read.Buffer.Length;
            if (total > limit)
            {
                request.BodyReader.AdvanceTo(read.Buffer.End);
                ArrayPool<byte>.Shared.Return(buffer);
                return Refuse(request);
            }

            if (total > buffer.Length)
            {
                byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(limit, Math.Max(total, 2L * buffer.Length)));
                buffer.AsSpan(0, length).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = larger;
            }

            read.Buffer.CopyTo(buffer.AsSpan(length));
            length = (int)total;
            request.BodyReader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                return new RequestBody(buffer, length);
        }
    }

    /// <summary>The rest is not read, so the connection ends with the answer; a client that is not told would send its next request into it.</summary>
    private static RequestBody? Refuse(HttpRequest request)
    {
        request.HttpContext.Response.Headers.Connection = "close";
        return null;
    }
}
