using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using AdcpFunctions.Benchmarks.Load;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Benchmarks;

/// <summary>Our own verification of signed webhooks, without HTTP and storage, in a process of its own.</summary>
internal static class VerifyOwn
{
    private const int Messages = 1024;
    private const string Secret = "benchmark-secret-0123456789abcdef-and-more";
    private const string HookPath = "/hooks/benchmark";

    /// <summary>Reads a <see cref="VerifyOrder"/> from standard input and prints a <see cref="VerifyResult"/>.</summary>
    public static async Task RunAsync(CancellationToken cancel)
    {
        VerifyOrder order = JsonSerializer.Deserialize(await Console.In.ReadToEndAsync(cancel), VerifyJson.Default.VerifyOrder)
            ?? throw new BenchmarkException("No order on standard input.");
        var sender = new SenderKeys(order.Mode, order.Mode == "hmac" ? Secret : "", await SignedWebhooks.KeysAsync(order.Mode, cancel));
        ReadOnlyMemory<byte>[] requests = await new SignedWebhooks(sender, HookPath, Messages).NextAsync(Messages, cancel);
        ReceivedMessage[] messages = [.. requests.Select(Received)];
        Func<ReceivedMessage, ValueTask<bool>> verify = order.Mode == "hmac" ? VerifyHmacAsync : new SignedCheck(sender.PublicSet).VerifyAsync;
        await WorkAsync(messages, verify, 1);
        Console.WriteLine(JsonSerializer.Serialize(await WorkAsync(messages, verify, order.Seconds), VerifyJson.Default.VerifyResult));
    }

    // Nothing in it waits, so that it stays on one thread and what that thread allocates is all there is.
    private static async Task<VerifyResult> WorkAsync(ReceivedMessage[] messages, Func<ReceivedMessage, ValueTask<bool>> verify, double seconds)
    {
        long bytes = GC.GetAllocatedBytesForCurrentThread();
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        long verified = 0;
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
        {
            foreach (ReceivedMessage message in messages)
            {
                if (!await verify(message))
                    throw new BenchmarkException("A webhook was not verified.");
            }

            verified += messages.Length;
        }

        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        return new VerifyResult(verified, elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds, (double)(GC.GetAllocatedBytesForCurrentThread() - bytes) / verified);
    }

    private static ValueTask<bool> VerifyHmacAsync(ReceivedMessage message) => ValueTask.FromResult(HmacVerdict.Valid
        == LegacyHmac.Verify(message.Headers(LegacyHmac.SignatureHeader)[0], message.Headers(LegacyHmac.TimestampHeader)[0], message.Body.Span, Secret, DateTimeOffset.UtcNow));

    private static ReceivedMessage Received(ReadOnlyMemory<byte> request)
    {
        int end = request.Span.IndexOf("\r\n\r\n"u8);
        string[] lines = Encoding.ASCII.GetString(request.Span[..end]).Split("\r\n");
        var headers = lines.Skip(1).Select(line => line.Split(": ", 2)).ToDictionary(pair => pair[0], pair => (IReadOnlyList<string?>)[pair[1]], StringComparer.OrdinalIgnoreCase);
        return new ReceivedMessage("POST", SignedWebhooks.Origin + HookPath, headers["Host"][0]!, name => headers.GetValueOrDefault(name, []), request[(end + 4)..]);
    }

    /// <summary>The production verifier over pinned keys, with nonces that are always fresh.</summary>
    private sealed class SignedCheck(string keySet) : ISignerKeys, INonceLog
    {
        private readonly SignatureVerifier _verifier = new(SigningProfile.Webhook, TimeProvider.System);
        private readonly Dictionary<string, SignerKey> _keys = JsonWebKey.ReadSet(Encoding.UTF8.GetBytes(keySet))!
            .ToDictionary(key => key.KeyId, SignerKey (key) => new SignerKey.Found(key, "https://sales.acme-outdoor.example", KeyStanding.Good), StringComparer.Ordinal);

        public async ValueTask<bool> VerifyAsync(ReceivedMessage message) => await _verifier.VerifyAsync(message, this, this, CancellationToken.None) is SignatureVerdict.Verified;

        public ValueTask<SignerKey> FindAsync(string keyId, CancellationToken cancel) => ValueTask.FromResult(_keys[keyId]);

        public ValueTask<bool> HasRoomAsync(string keyId, CancellationToken cancel) => ValueTask.FromResult(true);

        public ValueTask<NonceOutcome> AddAsync(string keyId, string nonce, DateTimeOffset until, CancellationToken cancel) => ValueTask.FromResult(NonceOutcome.Fresh);
    }
}

internal sealed record VerifyOrder(string Mode, double Seconds);

/// <param name="Bytes">Allocated a verification.</param>
internal sealed record VerifyResult(long Verified, double Seconds, double CpuMicroseconds, double Bytes);

[JsonSerializable(typeof(VerifyOrder))]
[JsonSerializable(typeof(VerifyResult))]
internal sealed partial class VerifyJson : JsonSerializerContext;
