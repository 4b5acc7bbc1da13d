using System.Net.Sockets;
using System.Text;

namespace AdcpFunctions.Tests.Support;

/// <summary>Requests and answers as they stand on the wire, for what an HTTP client would tidy up.</summary>
internal static class RawHttp
{
    /// <summary>Sends a request and reads the whole answer, less its <c>Date</c>.</summary>
    /// <param name="address">Where to.</param>
    /// <param name="line">The request line without its version.</param>
    /// <param name="body">The body.</param>
    /// <param name="headers">Every header but <c>Content-Length</c> and <c>Connection</c>.</param>
    public static Task<string> SendAsync(Uri address, string line, byte[] body, params (string Name, string Value)[] headers) => SendAsync(address, line, body, body.Length, headers);

    /// <summary>Announces a body, sends nothing of it, and reads the whole answer, less its <c>Date</c>.</summary>
    public static Task<string> AnnounceAsync(Uri address, string line, int length, params (string Name, string Value)[] headers) => SendAsync(address, line, [], length, headers);

    private static async Task<string> SendAsync(Uri address, string line, byte[] body, int length, (string Name, string Value)[] headers)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port);
        NetworkStream stream = client.GetStream();
        var head = new StringBuilder($"{line} HTTP/1.1\r\n");
        foreach ((string name, string value) in headers)
            head.Append(name).Append(": ").Append(value).Append("\r\n");
        head.Append(System.Globalization.CultureInfo.InvariantCulture, $"Content-Length: {length}\r\nConnection: close\r\n\r\n");
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head.ToString()));
        await stream.WriteAsync(body);
        string answer = await ReadAsync(stream, cutOff: body.Length < length);
        return string.Join("\r\n", answer.Split("\r\n").Where(l => !l.StartsWith("Date:", StringComparison.OrdinalIgnoreCase)));
    }

    /// <summary>Who announces what it does not send is cut off behind its answer.</summary>
    private static async Task<string> ReadAsync(NetworkStream stream, bool cutOff)
    {
        using var answer = new MemoryStream();
        try
        {
            await stream.CopyToAsync(answer);
        }
        catch (IOException) when (cutOff && answer.Length > 0)
        {
            return Encoding.UTF8.GetString(answer.ToArray());
        }

        return Encoding.UTF8.GetString(answer.ToArray());
    }
}
