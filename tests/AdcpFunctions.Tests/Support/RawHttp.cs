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
    public static async Task<string> SendAsync(Uri address, string line, byte[] body, params (string Name, string Value)[] headers)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port);
        NetworkStream stream = client.GetStream();
        var head = new StringBuilder($"{line} HTTP/1.1\r\n");
        foreach ((string name, string value) in headers)
            head.Append(name).Append(": ").Append(value).Append("\r\n");
        head.Append(System.Globalization.CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\nConnection: close\r\n\r\n");
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head.ToString()));
        await stream.WriteAsync(body);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        string answer = await reader.ReadToEndAsync();
        return string.Join("\r\n", answer.Split("\r\n").Where(l => !l.StartsWith("Date:", StringComparison.OrdinalIgnoreCase)));
    }
}
