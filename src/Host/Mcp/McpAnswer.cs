using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Host.Mcp;

/// <summary>An error of JSON-RPC, or of the transport beneath it.</summary>
/// <param name="Adcp">What the same is in AdCP, for its clients; null where it is MCP's own affair.</param>
/// <remarks>Spec: JSON-RPC 2.0, 5.1; AdCP 3.1, building/operating/transport-errors (-32027 to -32029).</remarks>
internal sealed record McpError(int Code, string Message, AdcpError? Adcp = null)
{
    public static readonly McpError MethodNotFound = new(-32601, "Method not found");
    public static readonly McpError Unavailable = new(-32027, "Try again.", AdcpError.Unavailable);

    public static McpError InvalidRequest(string message) => new(-32600, message);

    public static McpError InvalidParams(string message) => new(-32602, message);

    public static McpError RateLimited(int seconds) => Of(AdcpError.RateLimited(seconds));

    /// <summary>What an error of AdCP is to JSON-RPC while no task is known yet: told apart by its HTTP status, of which 400 is left to what is no JSON.</summary>
    public static McpError Of(AdcpError error) => new(
        error.Kind.HttpStatus switch { 400 => -32700, 401 => -32028, 429 => -32029, _ => -32600 },
        error.Message,
        error);
}

/// <summary>One JSON-RPC answer, as <c>application/json</c>: no event stream is ever opened here.</summary>
internal sealed class McpAnswer : IResult
{
    /// <summary>JSON inside JSON: with quotes as six characters each it would be twice as long, and no browser reads it as a page.</summary>
    private static readonly JsonWriterOptions InText = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly int _status;
    private readonly ArrayBufferWriter<byte> _body;

    private McpAnswer(int status, ArrayBufferWriter<byte> body)
    {
        _status = status;
        _body = body;
    }

    private string? Challenge { get; init; }

    private int? RetryAfter { get; init; }

    /// <summary>What notifications, and answers to questions nobody asked, are met with.</summary>
    public static McpAnswer Accepted => new(202, new ArrayBufferWriter<byte>(1));

    /// <summary>A request that no task is asked for, refused as its HTTP status says.</summary>
    public static McpAnswer Refused(AdcpError error) => Refused(error, default);

    /// <inheritdoc cref="Refused(AdcpError)"/>
    public static McpAnswer Refused(AdcpError error, ReadOnlySpan<byte> id) => Error(error.Kind.HttpStatus, McpError.Of(error), id);

    /// <summary>The result of a method that is no call of a tool.</summary>
    public static McpAnswer OfMethod(ReadOnlySpan<byte> id, JsonNode result)
    {
        var body = new ArrayBufferWriter<byte>(4096);
        body.Write("{\"jsonrpc\":\"2.0\",\"id\":"u8);
        body.Write(id);
        body.Write(",\"result\":"u8);
        using (var writer = new Utf8JsonWriter(body))
            result.WriteTo(writer);
        body.Write("}"u8);
        return new McpAnswer(200, body);
    }

    /// <summary>The result of a tool: the envelope flat in <c>structuredContent</c>, and as text for clients that read only that.</summary>
    /// <remarks>Spec: AdCP 3.1, building/by-layer/L0/mcp-guide, "MCP Response Format".</remarks>
    /// <param name="id">As sent.</param>
    /// <param name="answer">The task's.</param>
    public static McpAnswer OfTask(ReadOnlySpan<byte> id, AdcpAnswer answer)
    {
        var body = new ArrayBufferWriter<byte>(answer.Body.Length * 2 + 256);
        body.Write("{\"jsonrpc\":\"2.0\",\"id\":"u8);
        body.Write(id);
        body.Write(",\"result\":{\"content\":[{\"type\":\"text\",\"text\":"u8);
        using (var text = new Utf8JsonWriter(body, InText))
            text.WriteStringValue(answer.Body);
        body.Write("}],\"structuredContent\":"u8);
        body.Write(answer.Body);
        body.Write(answer.IsFailure ? ",\"isError\":true}}"u8 : "}}"u8);
        return new McpAnswer(200, body);
    }

    /// <param name="status">The HTTP status.</param>
    /// <param name="error">What went wrong.</param>
    /// <param name="id">As sent; empty where it is not known.</param>
    public static McpAnswer Error(int status, McpError error, ReadOnlySpan<byte> id = default)
    {
        var body = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartObject();
            writer.WriteString("jsonrpc"u8, "2.0"u8);
            writer.WritePropertyName("id"u8);
            writer.WriteRawValue(id.IsEmpty ? "null"u8 : id, skipInputValidation: true);
            writer.WriteStartObject("error"u8);
            writer.WriteNumber("code"u8, error.Code);
            writer.WriteString("message"u8, error.Message);
            if (error.Adcp is { } adcp)
            {
                writer.WriteStartObject("data"u8);
                writer.WritePropertyName("adcp_error"u8);
                AdcpAnswer.Write(writer, adcp);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return new McpAnswer(status, body) { Challenge = error.Adcp is { } told ? AdcpAnswer.Challenges(told) : null, RetryAfter = error.Adcp?.RetryAfter };
    }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        HttpResponse response = httpContext.Response;
        response.StatusCode = _status;
        if (Challenge is { } challenge)
            response.Headers.WWWAuthenticate = challenge;
        if (RetryAfter is { } seconds)
            response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (_body.WrittenCount == 0)
            return;
        response.ContentType = "application/json";
        response.ContentLength = _body.WrittenCount;
        await response.BodyWriter.WriteAsync(_body.WrittenMemory, httpContext.RequestAborted);
    }
}
