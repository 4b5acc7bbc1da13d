using System.Text.Json;
using System.Threading.Channels;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace AdcpFunctions.Host.Mcp;

/// <summary>Everything of MCP that is no call of a tool: the protocol's own library answers it.</summary>
/// <remarks>
/// A call does not pass through here: the library reads a message into objects (about 125 µs of CPU for the smallest), while the ledger
/// keeps a record's bytes as they were sent, refuses doubled names and answers a thousand records in a few milliseconds.
/// </remarks>
internal static class McpHandshake
{
    private static readonly ListToolsResult List = new() { Tools = [.. McpTools.All.Select(tool => new Tool { Name = tool.Name, Description = tool.Description, InputSchema = tool.InputSchema })] };

    private static readonly McpServerOptions Options = new()
    {
        ServerInfo = new Implementation { Name = "adcp-functions", Version = typeof(McpHandshake).Assembly.GetName().Version!.ToString(3) },
        Capabilities = new ServerCapabilities { Tools = new ToolsCapability() },
        Handlers = new McpServerHandlers { ListToolsHandler = (_, _) => ValueTask.FromResult(List) },
    };

    /// <summary>Answers one request.</summary>
    /// <param name="request">A JSON-RPC request, read strictly before.</param>
    /// <param name="cancel">Stops the wait.</param>
    public static async Task<McpAnswer> AnswerAsync(ReadOnlyMemory<byte> request, CancellationToken cancel)
    {
        JsonRpcMessage message = JsonSerializer.Deserialize(request.Span, (System.Text.Json.Serialization.Metadata.JsonTypeInfo<JsonRpcMessage>)McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(JsonRpcMessage)))!;
        var exchange = new OneExchange(message);
        await using McpServer server = McpServer.Create(exchange, Options);
        Task session = server.RunAsync(cancel);
        JsonRpcMessage answer = await exchange.Answer.WaitAsync(cancel);
        await exchange.DisposeAsync();
        await session;
        return McpAnswer.Message(JsonSerializer.SerializeToUtf8Bytes(answer, McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(JsonRpcMessage))));
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

        public ValueTask DisposeAsync()
        {
            _questions.Writer.TryComplete();
            return ValueTask.CompletedTask;
        }
    }
}
