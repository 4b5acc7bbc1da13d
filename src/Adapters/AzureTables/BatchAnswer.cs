using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Azure;

namespace AdcpFunctions.Adapters;

/// <summary>What Table Storage answered to writes.</summary>
internal abstract record WriteAnswer
{
    private WriteAnswer() { }

    /// <summary>All rows were written.</summary>
    /// <param name="ETags">One for each operation; null where the answer has none.</param>
    public sealed record Written(IReadOnlyList<string?> ETags) : WriteAnswer;

    /// <summary>No row was written, because of the operation at <paramref name="Index"/>.</summary>
    /// <param name="Index">Null when the answer does not say which.</param>
    public sealed record Refused(int? Index, int Status, string? Code, string? Said) : WriteAnswer;
}

/// <summary>Reads the answer to an entity group transaction, and takes it only when it has the shape that is promised.</summary>
/// <remarks>
/// A status of 202 says nothing: inside are either a 204 for each operation, or one error for all of them whose text begins with the
/// index of the operation that was refused.
/// </remarks>
internal static class BatchAnswer
{
    /// <summary>More than 100 heads and any error need.</summary>
    private const int MaxBytes = 256 * 1024;

    /// <exception cref="AzureTableException">The answer has another shape; what became of the batch is open.</exception>
    public static WriteAnswer Read(Response response, int operations)
    {
        List<Part> parts = Parts(response);
        if (parts is [{ Status: >= 300 } refused])
        {
            (string? code, string? said) = EntityJson.ReadError(Encoding.UTF8.GetBytes(refused.Body));
            return new WriteAnswer.Refused(IndexOf(said, operations), refused.Status, code, said);
        }

        if (parts.Count != operations || parts.Exists(part => part.Status is not (201 or 204)))
            throw new AzureTableException($"Table Storage answered a batch of {operations} with {parts.Count} parts: {string.Join(' ', parts.Select(part => part.Status).Distinct())}.");
        return new WriteAnswer.Written([.. parts.Select(part => part.ETag)]);
    }

    /// <summary>The first status inside; that of the response when there is none.</summary>
    public static int StatusOf(Response response)
    {
        ReadOnlySpan<byte> body = response.Content.ToMemory().Span;
        int at = body.IndexOf("\r\nHTTP/1.1 "u8);
        return at >= 0 && body.Length >= at + 14 && int.TryParse(body.Slice(at + 11, 3), NumberStyles.None, CultureInfo.InvariantCulture, out int status) ? status : response.Status;
    }

    private static int? IndexOf(string? said, int operations)
    {
        int colon = said?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        return colon is > 0 and <= 2 && int.TryParse(said.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index < operations ? index : null;
    }

    private static List<Part> Parts(Response response)
    {
        ReadOnlyMemory<byte> content = response.Content.ToMemory();
        if (content.Length > MaxBytes)
            throw new AzureTableException($"Table Storage answered a batch with {content.Length} bytes.");
        string outer = "--" + Boundary(response.Headers.ContentType);
        var lines = new Lines(Encoding.UTF8.GetString(content.Span).Split("\r\n"));
        lines.Expect(outer);
        string inner = "--" + Boundary(lines.Heads().GetValueOrDefault("Content-Type"));

        var parts = new List<Part>();
        lines.Expect(inner);
        do
        {
            lines.Heads();
            int status = lines.Status();
            Dictionary<string, string> heads = lines.Heads();
            parts.Add(new Part(status, heads.GetValueOrDefault("ETag"), lines.Until(inner)));
        }
        while (lines.Next() == inner);
        lines.Expect(outer + "--");
        return parts;
    }

    private static string Boundary(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out MediaTypeHeaderValue? type)
        && string.Equals(type.MediaType, "multipart/mixed", StringComparison.OrdinalIgnoreCase)
        && type.Parameters.FirstOrDefault(parameter => string.Equals(parameter.Name, "boundary", StringComparison.OrdinalIgnoreCase))?.Value is { Length: > 0 } boundary
            ? boundary.Trim('"')
            : throw Torn();

    private static AzureTableException Torn() => new("Table Storage answered a batch in a form that cannot be read.");

    private sealed record Part(int Status, string? ETag, string Body);

    /// <summary>The lines of an answer, read forwards; running out of them is a fault.</summary>
    private sealed class Lines(string[] lines)
    {
        private int _at;

        public string Next() => _at < lines.Length ? lines[_at++] : throw Torn();

        /// <summary>Passes empty lines, then this one.</summary>
        public void Expect(string line)
        {
            string next;
            do
                next = Next();
            while (next.Length == 0);
            if (next != line)
                throw Torn();
        }

        public Dictionary<string, string> Heads()
        {
            var heads = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            for (string line = Next(); line.Length > 0; line = Next())
            {
                int colon = line.IndexOf(':', StringComparison.Ordinal);
                if (colon <= 0)
                    throw Torn();
                heads[line[..colon]] = line[(colon + 1)..].Trim();
            }

            return heads;
        }

        public int Status()
        {
            string line = Next();
            return line.Length >= 12 && line.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) && int.TryParse(line.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out int status)
                ? status
                : throw Torn();
        }

        public string Until(string boundary)
        {
            int from = _at;
            while (!Next().StartsWith(boundary, StringComparison.Ordinal))
            {
            }

            _at--;
            return string.Join("\r\n", lines[from.._at]).Trim();
        }
    }
}
