using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using AdcpFunctions.Benchmarks.Servers;

namespace AdcpFunctions.Benchmarks.Load;

/// <summary>Delivery webhooks signed before they are needed, by the emitter of <c>@adcp/sdk</c> itself: what is sent is what its senders send.</summary>
internal sealed class SignedWebhooks(SenderKeys sender, string path, int mediaBuys)
{
    /// <summary>Where a proxy would have taken the deliveries in; what is signed, though they go to the loopback address.</summary>
    public const string Origin = "https://hooks.bench.example";

    private readonly string _run = Environment.ProcessId.ToString("D7", CultureInfo.InvariantCulture);
    private long _next;

    /// <summary>New key pairs for a mode; none for <c>hmac</c>.</summary>
    public static async Task<IReadOnlyList<Dictionary<string, JsonElement>>> KeysAsync(string mode, CancellationToken cancel)
    {
        string made = await Child.RunAsync(["node", "emit.mjs", "keys", mode], Repository.NoEnvironment, Yardstick.Directory, null, null, cancel);
        return JsonSerializer.Deserialize(made, LoadJson.Default.ListDictionaryStringJsonElement) ?? throw new BenchmarkException("No keys were made.");
    }

    /// <summary>Signs the next webhooks: each a media buy's report, with a nonce and a key of its own.</summary>
    /// <returns>Whole HTTP requests.</returns>
    public async Task<ReadOnlyMemory<byte>[]> NextAsync(int count, CancellationToken cancel)
    {
        (DateTimeOffset start, DateTimeOffset end) = UsageRequest.Period(UsageRequest.Periods + 2);
        var period = new EmitPeriod(Text(start), Text(end));
        var order = new EmitOrder(sender.Mode, sender.Secret, sender.Keys, Origin, path, count, _next, _run, mediaBuys, UsageRequest.BuyPrefix, period);
        _next += count;
        string file = Path.Combine(Path.GetTempPath(), $"webhooks-{_run}-{sender.Mode}");
        try
        {
            string text = JsonSerializer.Serialize(order, LoadJson.CamelCase.EmitOrder);
            await Child.RunAsync(["node", "emit.mjs", "write", file], Repository.NoEnvironment, Yardstick.Directory, null, text, cancel);
            return Framed(await File.ReadAllBytesAsync(file, cancel));
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static ReadOnlyMemory<byte>[] Framed(byte[] bytes)
    {
        var requests = new List<ReadOnlyMemory<byte>>();
        for (int at = 0; at < bytes.Length;)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at));
            requests.Add(bytes.AsMemory(at + sizeof(int), length));
            at += sizeof(int) + length;
        }

        return [.. requests];
    }

    private static string Text(DateTimeOffset at) => at.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
