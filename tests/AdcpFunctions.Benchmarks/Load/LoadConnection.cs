using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AdcpFunctions.Benchmarks.Load;

/// <summary>One keep-alive connection: writes a request, reads one whole answer.</summary>
/// <remarks>
/// A socket rather than <c>HttpClient</c>, because the load shares the machine with what it measures. Reads answers with
/// Content-Length (Kestrel, <c>node:http</c>) and chunked ones (the SDK's event stream), nothing else.
/// </remarks>
internal sealed class LoadConnection : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private byte[] _received = new byte[64 * 1024];

    public async Task ConnectAsync(int port, CancellationToken cancel) => await _socket.ConnectAsync(IPAddress.Loopback, port, cancel);

    /// <summary>Sends one request and waits for the end of its answer.</summary>
    /// <returns>The answer's bytes, head and framing included; valid until the next exchange.</returns>
    /// <exception cref="BenchmarkException">The server closed the connection or framed its answer in another way.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> ExchangeAsync(ReadOnlyMemory<byte> request, CancellationToken cancel)
    {
        for (int sent = 0; sent < request.Length;)
            sent += await _socket.SendAsync(request[sent..], SocketFlags.None, cancel);

        int length = 0;
        while (!IsComplete(_received.AsSpan(0, length)))
        {
            if (length == _received.Length)
                Array.Resize(ref _received, length * 2);
            int read = await _socket.ReceiveAsync(_received.AsMemory(length), SocketFlags.None, cancel);
            if (read == 0)
                throw new BenchmarkException($"The server closed the connection after {length} bytes: {Encoding.UTF8.GetString(_received, 0, length)}");
            length += read;
        }

        return _received.AsMemory(0, length);
    }

    public void Dispose() => _socket.Dispose();

    private static bool IsComplete(ReadOnlySpan<byte> answer)
    {
        int headEnd = answer.IndexOf("\r\n\r\n"u8);
        if (headEnd < 0)
            return false;

        ReadOnlySpan<byte> head = answer[..headEnd];
        ReadOnlySpan<byte> body = answer[(headEnd + 4)..];
        if (HeaderValue(head, "content-length"u8) is var length and not [])
        {
            return Utf8Parser.TryParse(length, out int bytes, out _) && body.Length >= bytes;
        }

        if (HeaderValue(head, "transfer-encoding"u8) is [])
            throw new BenchmarkException($"An answer without Content-Length and Transfer-Encoding: {Encoding.UTF8.GetString(head)}");

        return EndsWithLastChunk(body);
    }

    private static ReadOnlySpan<byte> HeaderValue(ReadOnlySpan<byte> head, ReadOnlySpan<byte> lowerCaseName)
    {
        foreach (Range line in head.Split("\r\n"u8))
        {
            ReadOnlySpan<byte> header = head[line];
            if (header.Length > lowerCaseName.Length && header[lowerCaseName.Length] == ':' && Ascii.EqualsIgnoreCase(header[..lowerCaseName.Length], lowerCaseName))
                return header[(lowerCaseName.Length + 1)..].Trim((byte)' ');
        }

        return [];
    }

    private static bool EndsWithLastChunk(ReadOnlySpan<byte> body)
    {
        while (true)
        {
            int lineEnd = body.IndexOf("\r\n"u8);
            if (lineEnd < 0 || !Utf8Parser.TryParse(body[..lineEnd], out int size, out _, 'x'))
                return false;
            if (body.Length < lineEnd + 2 + size + 2)
                return false;
            if (size == 0)
                return true;
            body = body[(lineEnd + 2 + size + 2)..];
        }
    }
}
