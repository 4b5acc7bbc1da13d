using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>Records that are sent in one request.</summary>
/// <param name="Number">From 0.</param>
/// <param name="First">The first record's place among all.</param>
/// <param name="Content">What the key follows from.</param>
internal sealed record PushBatch(int Number, int First, int Count, byte[] Content)
{
    /// <summary>Rule PUSH-5: a key follows from what is sent, to whom and for which period, so that a repetition is known as one.</summary>
    /// <param name="generation">0, and one more each time the agent's answer to the key before had expired.</param>
    public string Key(int generation) =>
        "push-" + Convert.ToHexStringLower(generation == 0 ? Content : SHA256.HashData([.. Content, .. Encoding.ASCII.GetBytes(generation.ToString(CultureInfo.InvariantCulture))]));
}

/// <summary>The requests a file becomes: the same file, target, period and size give the same ones, always.</summary>
internal sealed class PushPlan
{
    /// <summary>A request stays well below what receivers are known to take (the reference SDK's server drops 2 MiB).</summary>
    private const int MaxBytes = 1024 * 1024;

    private PushPlan(StatedPeriod period, IReadOnlyList<UsageItem> items, IReadOnlyList<PushBatch> batches, string fingerprint) =>
        (Period, Items, Batches, Fingerprint) = (period, items, batches, fingerprint);

    public StatedPeriod Period { get; }

    public IReadOnlyList<UsageItem> Items { get; }

    public IReadOnlyList<PushBatch> Batches { get; }

    /// <summary>Of every key and every line.</summary>
    public string Fingerprint { get; }

    public static PushPlan Of(UsageContent content, Uri target, int size)
    {
        var batches = new List<PushBatch>();
        var same = new Dictionary<string, int>(StringComparer.Ordinal);
        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using JsonTape tape = JsonTape.Rent();
        for (int first = 0; first < content.Items.Count;)
        {
            int count = 0;
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            hash.AppendData(Encoding.UTF8.GetBytes($"adcp-push/1\n{target}\n{content.Period.Start}\n{content.Period.End}\n"));
            for (long bytes = 0; count < size && first + count < content.Items.Count; count++)
            {
                UsageItem item = content.Items[first + count];
                bytes += item.Json.Length + 1;
                if (count > 0 && bytes > MaxBytes)
                    break;
                tape.TryRead(item.Json, JsonLimits.Default, out _);
                hash.AppendData(CanonicalJson.Hash(tape.Root, CanonicalExclusions.None));
                whole.AppendData(Encoding.ASCII.GetBytes(string.Join(',', item.Lines) + "\n"));
            }

            // Two batches may say the same; each is sent, and the agent judges whether a fact told twice is one.
            byte[] said = hash.GetHashAndReset();
            int before = same[Convert.ToHexStringLower(said)] = same.GetValueOrDefault(Convert.ToHexStringLower(said), -1) + 1;
            byte[] mark = before == 0 ? said : SHA256.HashData([.. said, .. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"again {before}"))]);
            whole.AppendData(mark);
            batches.Add(new PushBatch(batches.Count, first, count, mark));
            first += count;
        }

        return new PushPlan(content.Period, content.Items, batches, Convert.ToHexStringLower(whole.GetHashAndReset()));
    }

    /// <summary>The arguments of <c>report_usage</c>, byte for byte the same at every try.</summary>
    public ReadOnlyMemory<byte> Body(PushBatch batch, string key)
    {
        var body = new ArrayBufferWriter<byte>(256 * batch.Count + 256);
        body.Write(Encoding.UTF8.GetBytes($"{{\"idempotency_key\":\"{key}\",\"reporting_period\":{{\"start\":\"{Period.Start}\",\"end\":\"{Period.End}\"}},\"usage\":["));
        for (int i = batch.First; i < batch.First + batch.Count; i++)
        {
            if (i > batch.First)
                body.Write(","u8);
            body.Write(Items[i].Json.Span);
        }

        body.Write("]}"u8);
        return body.WrittenMemory;
    }
}
