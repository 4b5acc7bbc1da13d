using System.Buffers;
using System.Net.Http.Headers;
using System.Text.Json;

namespace AdcpFunctions.Host;

/// <summary>An AdCP agent that usage is reported to, over its plain route or as a tool of MCP.</summary>
/// <remarks>One request at a time. Spec: AdCP 3.1, account/report-usage; MCP 2025-11-25, basic/transports, "Streamable HTTP".</remarks>
internal sealed class UsageAgent(Uri to, bool plain, string? key, TimeProvider time) : IDisposable
{
    private const int MaxAnswer = 32 * 1024 * 1024;
    private const string Newest = "2025-11-25";

    /// <summary>How long one request may take, sending and answering.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(100);

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = !to.IsLoopback,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    });

    private string? _protocol;
    private string? _session;
    private int _calls;

    /// <summary>Reports usage once.</summary>
    /// <param name="arguments">The body of <c>report_usage</c>.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<AgentAnswer> ReportAsync(ReadOnlyMemory<byte> arguments, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
        try
        {
            return plain ? await PostAsync(arguments, either.Token) : await CallAsync(arguments, either.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new AgentAnswer.Again($"no answer within {Patience.TotalSeconds} seconds");
        }
        catch (HttpRequestException broken) when (broken.HttpRequestError == HttpRequestError.SecureConnectionError)
        {
            return new AgentAnswer.Stopped($"The agent's TLS is not to be trusted: {Shown.Of(broken.InnerException?.Message ?? broken.Message)}");
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException)
        {
            // The message may quote what was received.
            return new AgentAnswer.Again(Shown.Of(broken.InnerException?.Message ?? broken.Message));
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<AgentAnswer> PostAsync(ReadOnlyMemory<byte> arguments, CancellationToken cancel)
    {
        using HttpResponseMessage response = await SendAsync(arguments, cancel);
        using JsonDocument? body = await ReadAsync(response, null, cancel);
        return AgentAnswer.Of(body?.RootElement, !response.IsSuccessStatusCode, response);
    }

    private async Task<AgentAnswer> CallAsync(ReadOnlyMemory<byte> arguments, CancellationToken cancel)
    {
        if (_protocol is null && await InitializeAsync(cancel) is { } failure)
            return failure;
        int id = ++_calls;
        var call = new ArrayBufferWriter<byte>(arguments.Length + 128);
        call.Write(System.Text.Encoding.ASCII.GetBytes($"{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{{\"name\":\"report_usage\",\"arguments\":"));
        call.Write(arguments.Span);
        call.Write("}}"u8);
        using HttpResponseMessage response = await SendAsync(call.WrittenMemory, cancel);
        if (response.StatusCode == System.Net.HttpStatusCode.NotFound && _session is not null)
        {
            _protocol = _session = null;
            return new AgentAnswer.Again("the agent has forgotten the session", TimeSpan.Zero);
        }

        using JsonDocument? message = await ReadAsync(response, id, cancel);
        if (message?.RootElement is not { } answer || AgentAnswer.Member(answer, "result") is not { } result)
            return Refused(message?.RootElement, response);
        bool isError = AgentAnswer.Member(result, "isError") is { ValueKind: JsonValueKind.True };
        if (AgentAnswer.Member(result, "structuredContent") is { ValueKind: JsonValueKind.Object } structured)
            return AgentAnswer.Of(structured, isError, response);
        using JsonDocument? text = TextOf(result);
        return AgentAnswer.Of(text?.RootElement, isError, response);
    }

    /// <returns>Null once the agent has agreed to a version.</returns>
    private async Task<AgentAnswer?> InitializeAsync(CancellationToken cancel)
    {
        int id = ++_calls;
        byte[] hello = System.Text.Encoding.ASCII.GetBytes($"{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"initialize\",\"params\":{{\"protocolVersion\":\"{Newest}\",\"capabilities\":{{}},\"clientInfo\":{{\"name\":\"adcp-functions-push\",\"version\":\"1\"}}}}}}");
        using HttpResponseMessage response = await SendAsync(hello, cancel);
        using JsonDocument? message = await ReadAsync(response, id, cancel);
        if (message?.RootElement is not { } answer || AgentAnswer.Member(answer, "result") is not { } result || AgentAnswer.Text(result, "protocolVersion") is not { } version)
            return Refused(message?.RootElement, response);
        _session = response.Headers.TryGetValues("Mcp-Session-Id", out IEnumerable<string>? sessions) ? sessions.First() : null;
        _protocol = Shown.Of(version);
        using HttpResponseMessage noted = await SendAsync("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}"u8.ToArray(), cancel);
        return null;
    }

    /// <summary>An error of JSON-RPC, or an answer of whatever stands before the agent.</summary>
    private static AgentAnswer Refused(JsonElement? message, HttpResponseMessage response)
    {
        if (message is not { } answer || AgentAnswer.Member(answer, "error") is not { ValueKind: JsonValueKind.Object } error)
            return AgentAnswer.WithoutEnvelope(response, null);
        if (AgentAnswer.Member(error, "data") is { } data && AgentAnswer.Member(data, "adcp_error") is { ValueKind: JsonValueKind.Object } adcp)
            return AgentAnswer.Failed(adcp, response);
        string said = AgentAnswer.Text(error, "message") ?? "an error without a message";
        return response.IsSuccessStatusCode ? new AgentAnswer.Stopped($"The agent says: {Shown.Of(said)}") : AgentAnswer.WithoutEnvelope(response, said);
    }

    private async Task<HttpResponseMessage> SendAsync(ReadOnlyMemory<byte> body, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, to) { Content = new ReadOnlyMemoryContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.TryAddWithoutValidation("Accept", plain ? "application/json" : "application/json, text/event-stream");
        if (key is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        if (_protocol is not null)
            request.Headers.TryAddWithoutValidation("MCP-Protocol-Version", _protocol);
        if (_session is not null)
            request.Headers.TryAddWithoutValidation("Mcp-Session-Id", _session);
        return await _http.SendAsync(request, cancel);
    }

    /// <param name="response">JSON, or an event stream of which one event is JSON.</param>
    /// <param name="id">Of the JSON-RPC message to wait for; null for a body that is the answer.</param>
    /// <param name="cancel">Stops the wait.</param>
    /// <returns>Null for what is no JSON.</returns>
    private static async Task<JsonDocument?> ReadAsync(HttpResponseMessage response, int? id, CancellationToken cancel)
    {
        await using Stream stream = await response.Content.ReadAsStreamAsync(cancel);
        if (id is { } awaited && response.Content.Headers.ContentType?.MediaType == "text/event-stream")
            return await AmongAsync(stream, awaited, cancel);
        byte[] buffer = new byte[4096];
        var body = new ArrayBufferWriter<byte>(4096);
        for (int read; (read = await stream.ReadAsync(buffer, cancel)) > 0;)
        {
            body.Write(buffer.AsSpan(0, read));
            if (body.WrittenCount > MaxAnswer)
                return null;
        }

        return TryParse(body.WrittenMemory);
    }

    /// <summary>Waits for the message with that id; progress and other events pass by.</summary>
    /// <returns>Null when the stream ends, or outgrows its limit, before it.</returns>
    private static async Task<JsonDocument?> AmongAsync(Stream stream, int id, CancellationToken cancel)
    {
        int read = 0;
        await foreach (ReadOnlyMemory<byte> data in EventStream.DataAsync(stream, cancel))
        {
            if ((read += data.Length) > MaxAnswer)
                return null;
            JsonDocument? message = TryParse(data);
            if (message is not null && AgentAnswer.Member(message.RootElement, "id") is { ValueKind: JsonValueKind.Number } its && its.TryGetInt32(out int number) && number == id)
                return message;
            message?.Dispose();
        }

        return null;
    }

    private static JsonDocument? TextOf(JsonElement result) =>
        AgentAnswer.Member(result, "content") is { ValueKind: JsonValueKind.Array } content && content.GetArrayLength() > 0 && AgentAnswer.Text(content[0], "text") is { } text
            ? TryParse(System.Text.Encoding.UTF8.GetBytes(text))
            : null;

    private static JsonDocument? TryParse(ReadOnlyMemory<byte> json)
    {
        try
        {
            return JsonDocument.Parse(json);
        }
        catch (JsonException)
        {
            // An error page of something in between, for one: what it means is told by its status.
            return null;
        }
    }
}
