using AdcpFunctions.Benchmarks.Load;

namespace AdcpFunctions.Benchmarks.Servers;

/// <summary>Our host with a webhook endpoint: replay, dedup, evidence and statements are durable before it answers.</summary>
internal sealed class WebhookLedger(BenchmarkOptions options, SenderKeys sender) : LedgerServer(options)
{
    private string _path = "";

    public override string Title => "AdcpFunctions, durable (SQLite, synchronous=FULL)";

    /// <summary>Known once it has been started.</summary>
    public override string Path => _path;

    protected override IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string> { ["Public__Origin"] = SignedWebhooks.Origin };

    protected override async Task<string> SetUpAsync(HttpClient http, BenchmarkOptions options, CancellationToken cancel)
    {
        var setup = new LedgerSetup(http, AdminKey, options);
        await setup.RunAsync(cancel);
        (_path, string secret) = await setup.EndpointAsync(sender, cancel);
        return secret;
    }
}

/// <summary>The verifiers of the reference SDK behind <c>node:http</c>.</summary>
internal sealed class WebhookSdk(SenderKeys sender) : Yardstick("webhooks.mjs")
{
    public override string Name => "sdk";

    public override string Title => "@adcp/sdk 6.11.0's verifier, in memory";

    public override string Path => "/hooks/benchmark";

    protected override string ReadyPath => "/health/ready";

    protected override string KeySet => sender.PublicSet;
}
