using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text.Json;
using AdcpFunctions.Adapters;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>An answer of an MCP server, byte for byte, or why there is none.</summary>
internal readonly record struct McpReply(ReadOnlyMemory<byte> Message, Unread? Missing);

/// <summary>One conversation with the MCP server of a seller's agent: a handshake, calls of a tool, a farewell.</summary>
/// <remarks>
/// The protocol's own client library is not used here. It keeps streams open beside the question, takes what a server sends in without
/// a bound and hands out objects; what is asked here is money, so the bytes are kept as they came, read strictly, and bounded in size
/// and time by <see cref="GuardedClient"/>. Spec: MCP 2025-06-18, basic/transports, "Streamable HTTP".
/// </remarks>
internal sealed class McpSession(GuardedClient client, SnapshotSource source, TimeProvider time)
{
    private const string Newest = "2025-06-18";
    private const string SessionHeader = "Mcp-Session-Id";
    private const string RetryHeader = "Retry-After";
    private const int HandshakeBytes = 256 * 1024;
    private const int LongestSession = 256;

    private string? _session;
    private string? _version;
    private int _asked;

    /// <summary>Shakes hands.</summary>
    /// <returns>Null when the server is ready to be called.</returns>
    public async ValueTask<Unread?> OpenAsync(CancellationToken cancel)
    {
        McpReply hello = await AskAsync("initialize", WriteInitialize, HandshakeBytes, computed: false, cancel);
        if (hello.Missing is { } missing)
            return missing;
        using JsonTape tape = JsonTape.Rent();
        // It was read once to find its id.
        if (!tape.TryRead(hello.Message, JsonLimits.Default, out _) || !tape.Root.TryGetMember("result"u8, out JsonNode result)
            || !result.TryGetMember("protocolVersion"u8, out JsonNode version) || version.Kind != JsonKind.String || !IsVersion(version.GetString()))
            return new Unread("handshake_refused");
        _version = version.GetString();
        FetchOutcome told = await SendAsync(Written(static json => json.WriteString("method"u8, "notifications/initialized"u8)), HandshakeBytes, computed: false, cancel);
        return told is FetchOutcome.Fetched { Status: >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices } ? null : Missing(told);
    }

    /// <summary>Calls a tool.</summary>
    /// <param name="tool">Its name.</param>
    /// <param name="writeArguments">Writes the members of the arguments.</param>
    /// <param name="cancel">Stops the wait.</param>
    public Task<McpReply> CallAsync(string tool, Action<Utf8JsonWriter> writeArguments, CancellationToken cancel) =>
        AskAsync(
            "tools/call",
            json =>
            {
                json.WriteString("name"u8, tool);
                json.WriteStartObject("arguments"u8);
                writeArguments(json);
                json.WriteEndObject();
            },
            GuardedClient.MostBytes,
            computed: true,
            cancel);

    /// <summary>Ends the session, where the server keeps one; what it makes of that does not matter.</summary>
    public async ValueTask CloseAsync(CancellationToken cancel)
    {
        if (_session is not null)
            await client.SendAsync(new OutboundRequest(source.Url, HandshakeBytes) { Method = HttpMethod.Delete, AnyStatus = true, Headers = Headers() }, cancel);
    }

    private async Task<McpReply> AskAsync(string method, Action<Utf8JsonWriter> writeParams, int maxBytes, bool computed, CancellationToken cancel)
    {
        int id = ++_asked;
        byte[] question = Written(json =>
        {
            json.WriteNumber("id"u8, id);
            json.WriteString("method"u8, method);
            json.WriteStartObject("params"u8);
            writeParams(json);
            json.WriteEndObject();
        });
        FetchOutcome outcome = await SendAsync(question, maxBytes, computed, cancel);
        if (outcome is not FetchOutcome.Fetched { Status: HttpStatusCode.OK } answer)
            return new(default, Missing(outcome));
        if (method == "initialize" && answer.Headers.TryGetValue(SessionHeader, out string? session))
        {
            // A session id goes back into a header, so it is visible ASCII or none at all (basic/transports, "Session Management").
            if (session.Length > LongestSession || !session.All(c => c is > ' ' and < '\u007f'))
                return new(default, new Unread("handshake_refused"));
            _session = session;
        }

        ReadOnlyMemory<byte>? message = answer.MediaType?.ToLowerInvariant() switch
        {
            "application/json" => IsAnswerTo(answer.Body, id) ? answer.Body : null,
            "text/event-stream" => await AmongAsync(answer.Body, id, cancel),
            _ => null,
        };
        return message is { } found ? new(found, null) : new(default, new Unread("answer_malformed"));
    }

    private static async Task<ReadOnlyMemory<byte>?> AmongAsync(ReadOnlyMemory<byte> events, int id, CancellationToken cancel)
    {
        using var source = new MemoryStream(events.ToArray(), writable: false);
        await foreach (ReadOnlyMemory<byte> data in EventStream.DataAsync(source, cancel))
        {
            if (IsAnswerTo(data, id))
                return data;
        }

        return null;
    }

    private ValueTask<FetchOutcome> SendAsync(byte[] body, int maxBytes, bool computed, CancellationToken cancel) =>
        client.SendAsync(new OutboundRequest(source.Url, maxBytes) { Body = body, AnyStatus = true, Computed = computed, Headers = Headers(), Wanted = [SessionHeader, RetryHeader] }, cancel);

    private List<KeyValuePair<string, string>> Headers()
    {
        var headers = new List<KeyValuePair<string, string>> { new("Content-Type", "application/json"), new("Accept", "application/json, text/event-stream") };
        if (source.BearerToken is { } token)
            headers.Add(new("Authorization", "Bearer " + token));
        if (_session is not null)
            headers.Add(new(SessionHeader, _session));
        if (_version is not null)
            headers.Add(new("MCP-Protocol-Version", _version));
        return headers;
    }

    private Unread Missing(FetchOutcome outcome)
    {
        if (outcome is not FetchOutcome.Fetched answer)
            return new Unread(HostJson.Name(((FetchOutcome.NotFetched)outcome).Failure)) { SellerIsAway = outcome is not FetchOutcome.NotFetched { Failure: FetchFailure.TooLarge or FetchFailure.EncodingRefused } };
        int status = (int)answer.Status;
        bool waits = answer.Headers.TryGetValue(RetryHeader, out string? after) & int.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds);
        return new Unread(string.Create(CultureInfo.InvariantCulture, $"http_{status}"))
        {
            SellerIsAway = status is < 400 or 401 or 403 or 404 or 405 or 429 or >= 500,
            NotBefore = waits ? time.GetUtcNow().AddSeconds(seconds) : null,
        };
    }

    private static void WriteInitialize(Utf8JsonWriter json)
    {
        json.WriteString("protocolVersion"u8, Newest);
        json.WriteStartObject("capabilities"u8);
        json.WriteEndObject();
        json.WriteStartObject("clientInfo"u8);
        json.WriteString("name"u8, "adcp-functions"u8);
        json.WriteString("version"u8, typeof(McpSession).Assembly.GetName().Version!.ToString(3));
        json.WriteEndObject();
    }

    private static byte[] Written(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("jsonrpc"u8, "2.0"u8);
            write(json);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Requests and notifications of the server may stand beside the answer in a stream; none is served.</summary>
    private static bool IsAnswerTo(ReadOnlyMemory<byte> message, int id)
    {
        using JsonTape tape = JsonTape.Rent();
        return tape.TryRead(message, JsonLimits.Default, out _)
            && tape.Root.TryGetMember("id"u8, out JsonNode answered) && answered.TryGetInt64(out long number) && number == id
            && (tape.Root.TryGetMember("result"u8, out _) ^ tape.Root.TryGetMember("error"u8, out _));
    }

    private static bool IsVersion(string text) => text.Length == 10 && DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);
}
