using System.Text.Json.Nodes;
using System.Threading.Channels;
using AdcpFunctions.Protocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using JsonNode = AdcpFunctions.Protocol.JsonNode;

namespace AdcpFunctions.Host.Mcp;

/// <summary>Everything of MCP that is no call of a tool: the protocol's own library answers it.</summary>
/// <remarks>
/// A call does not pass through here: the library reads a message into objects (about 125 µs of CPU for the smallest), while the ledger
/// keeps a record's bytes as they were sent, refuses doubled names and answers a thousand records in a few milliseconds.
/// </remarks>
internal static class McpHandshake
{
    private const string Initialize = "initialize";

    /// <summary>The revisions of MCP that are served, ascending.</summary>
    public static readonly IReadOnlyList<string> Protocols = ["2025-03-26", "2025-06-18", "2025-11-25"];

    private static readonly string[] Methods = [Initialize, "ping", "tools/list"];

    private static readonly ListToolsResult List = new() { Tools = [.. McpTools.All.Select(tool => new Tool { Name = tool.Name, Description = tool.Description, InputSchema = tool.InputSchema })] };

    private static readonly McpServerOptions Options = new()
    {
        ServerInfo = new Implementation { Name = "adcp-functions", Version = typeof(McpHandshake).Assembly.GetName().Version!.ToString(3) },
        Capabilities = new ServerCapabilities { Tools = new ToolsCapability() },
        Handlers = new McpServerHandlers { ListToolsHandler = (_, _) => ValueTask.FromResult(List) },
    };

    /// <summary>Answers one request.</summary>
    /// <param name="id">Given back as sent.</param>
    /// <param name="method">One that is not served, such as a later revision's <c>server/discover</c>, is met with "method not found".</param>
    /// <param name="parameters">An object, or nothing.</param>
    /// <param name="cancel">Stops the wait.</param>
    public static async Task<McpAnswer> AnswerAsync(JsonNode id, string method, JsonNode parameters, CancellationToken cancel)
    {
        if (!Methods.Contains(method))
            return McpAnswer.Error(200, McpError.MethodNotFound, id.Raw);
        if (Misfit(method, parameters) is { } misfit)
            return McpAnswer.Error(200, McpError.InvalidParams(misfit), id.Raw);
        var question = new JsonRpcRequest { Id = new RequestId(1), Method = method, Params = parameters.Exists ? Served(System.Text.Json.Nodes.JsonNode.Parse(parameters.Raw)!.AsObject()) : null };
        if (await AskAsync(question, cancel) is not JsonRpcResponse { Result: { } result })
            return McpAnswer.Error(200, McpError.InvalidParams($"These params are not what {method} takes."), id.Raw);
        // The library declares logging whatever is served; nobody is sent a log here, and logging/setLevel is no method of ours.
        if (method == Initialize)
            result["capabilities"]!.AsObject().Remove("logging");
        return McpAnswer.OfMethod(id.Raw, result);
    }

    /// <summary>What the library lets pass, and must not.</summary>
    private static string? Misfit(string method, JsonNode parameters) => method switch
    {
        Initialize when !parameters.Exists || !parameters.TryGetMember("protocolVersion"u8, out JsonNode asked) || asked.Kind != JsonKind.String => "protocolVersion says which revision is asked for.",
        // All tools stand on the first page, so no cursor was ever given out.
        "tools/list" when parameters.Exists && parameters.TryGetMember("cursor"u8, out _) => "This cursor is not one of ours.",
        _ => null,
    };

    /// <summary>Rule MCP-4: a client that asks for a revision we do not know is offered the newest that we do.</summary>
    /// <remarks>
    /// Spec: MCP 2025-11-25, basic/lifecycle, "Version Negotiation". The library would refuse a revision that is newer than itself, and
    /// heeds what a later one says of itself in <c>_meta</c>; we serve none of those, so neither reaches it.
    /// </remarks>
    private static JsonObject Served(JsonObject parameters)
    {
        parameters.Remove("_meta");
        if (parameters["protocolVersion"] is JsonValue asked && asked.TryGetValue(out string? version) && !Protocols.Contains(version))
            parameters["protocolVersion"] = Protocols[^1];
        return parameters;
    }

    private static async Task<JsonRpcMessage> AskAsync(JsonRpcRequest question, CancellationToken cancel)
    {
        var exchange = new OneExchange(question);
        await using McpServer server = McpServer.Create(exchange, Options);
        Task session = server.RunAsync(cancel);
        await Task.WhenAny(exchange.Answer, session);
        exchange.Close();
        await session;
        return exchange.Answer.IsCompletedSuccessfully ? await exchange.Answer : throw new InvalidOperationException($"The library left {question.Method} without an answer.");
    }

    /// <summary>A session of one question and its answer.</summary>
    private sealed class OneExchange : ITransport
    {
        private readonly Channel<JsonRpcMessage> _questions = Channel.CreateUnbounded<JsonRpcMessage>();
        private readonly TaskCompletionSource<JsonRpcMessage> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public OneExchange(JsonRpcMessage question) => _questions.Writer.TryWrite(question);

        public string? SessionId => null;

        public ChannelReader<JsonRpcMessage> MessageReader => _questions.Reader;

        public Task<JsonRpcMessage> Answer => _answer.Task;

        public Task SendMessageAsync(JsonRpcMessage message, CancellationToken cancellationToken = default)
        {
            _answer.TrySetResult(message);
            return Task.CompletedTask;
        }

        /// <summary>No further question comes.</summary>
        public void Close() => _questions.Writer.TryComplete();

        public ValueTask DisposeAsync()
        {
            Close();
            return ValueTask.CompletedTask;
        }
    }
}
