using System.Text.Json;
using System.Text.Json.Serialization;

namespace AdcpFunctions.Benchmarks.Load;

/// <summary>What the webhook load sends, to whom and for how long; handed over on its standard input.</summary>
internal sealed record WebhookPlan
{
    public const int Connections = 64;

    /// <value>Webhooks signed at once, and then sent; far less than a signature's five minutes.</value>
    public const int Slice = 16_384;

    public required int Port { get; init; }

    /// <value><c>/hooks/…</c> of the endpoint.</value>
    public required string Path { get; init; }

    public required SenderKeys Sender { get; init; }

    /// <value>The process whose CPU time and memory are read; it serves nothing but this load.</value>
    public required int ServerPid { get; init; }

    public required int MediaBuys { get; init; }

    public required double WarmupSeconds { get; init; }

    public required double Seconds { get; init; }
}

/// <summary>How a sender proves itself.</summary>
/// <param name="Mode"><c>hmac</c>, <c>ed25519</c> or <c>es256</c>.</param>
/// <param name="Secret">The HMAC secret; empty with keys.</param>
/// <param name="Keys">Private keys, JWKs; none with a secret.</param>
internal sealed record SenderKeys(string Mode, string Secret, IReadOnlyList<Dictionary<string, JsonElement>> Keys)
{
    public static readonly IReadOnlyList<string> Modes = ["hmac", "ed25519", "es256"];

    /// <summary>The public halves as a key set; empty with a secret.</summary>
    [JsonIgnore]
    public string PublicSet
    {
        get
        {
            if (Keys.Count == 0)
                return "";
            var halves = Keys.Select(key => key.Where(member => member.Key != "d").ToDictionary()).ToList();
            return $$"""{"keys":{{JsonSerializer.Serialize(halves, LoadJson.Default.ListDictionaryStringJsonElement)}}}""";
        }
    }
}

/// <summary>What <c>yardsticks/emit.mjs</c> is asked for.</summary>
internal sealed record EmitOrder(
    string Mode, string Secret, IReadOnlyList<Dictionary<string, JsonElement>> Keys, string Origin, string Path, int Count, long First, string Run, int MediaBuys, string BuyPrefix, EmitPeriod Period);

internal sealed record EmitPeriod(string Start, string End);
