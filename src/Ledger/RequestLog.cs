using System.IO.Compression;

namespace AdcpFunctions.Ledger;

/// <summary>A request key as remembered.</summary>
/// <param name="PayloadHash">SHA-256 of the canonical payload, lower-case hex.</param>
/// <param name="CompletedAt">Null while the request is in flight.</param>
/// <param name="LeaseUntil">When an unfinished request may be taken over.</param>
/// <param name="SignedBy">Whose signature it was taken in under; null where a bearer key was all.</param>
public sealed record RequestDocument(string PayloadHash, DateTimeOffset StartedAt, DateTimeOffset LeaseUntil, DateTimeOffset? CompletedAt, VerifiedSigner? SignedBy = null);

/// <summary>Who signed a request, as verified: of its key's registration, never of its body.</summary>
/// <remarks>Spec: AdCP 3.1, building/by-layer/L1/security, "Request verifier", <c>verified_signer</c>.</remarks>
public sealed record VerifiedSigner(string KeyId, string AgentUrl, DateTimeOffset VerifiedAt);

/// <summary>What an idempotency key turned out to be.</summary>
public abstract record Reservation
{
    private Reservation() { }

    /// <summary>The key is ours until it is completed or released.</summary>
    public sealed record Reserved(string Partition, TableRow Row, RequestDocument Document) : Reservation;

    /// <summary>The same request was completed before: its answer.</summary>
    public sealed record Replay(ReadOnlyMemory<byte> Answer) : Reservation;

    /// <summary>The key belongs to another payload.</summary>
    /// <param name="IsInFlight">True while that one is not completed.</param>
    public sealed record Conflict(bool IsInFlight) : Reservation;

    /// <summary>The same request is being worked on.</summary>
    /// <param name="RetryAfter">1 to 3,600 seconds.</param>
    public sealed record InFlight(int RetryAfter) : Reservation;

    /// <summary>The key was completed longer ago than answers are kept.</summary>
    public sealed record Expired : Reservation;
}

/// <summary>Keeps idempotency keys: of two requests with one key, one is worked on.</summary>
/// <remarks>
/// The key is inserted with its payload hash before any effect, so that a second payload conflicts even while the first is in
/// flight. A holder that dies leaves a lease that runs out. Only completed answers are kept; every refusal releases the key.
/// Spec: AdCP 3.1, security, "Idempotency", rules 2 to 9.
/// </remarks>
public sealed class RequestLog(IPartitionedTable table)
{
    /// <summary>How long an answer is replayed.</summary>
    public static readonly TimeSpan ReplayFor = TimeSpan.FromHours(24);

    /// <summary>How long a request may be in flight before another may take it over.</summary>
    /// <value>The default is 60 seconds. Taking over too early is harmless to the money: a fact that is stored already is a no-op.</value>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Clocks of instances differ; an answer this much over its time is still replayed.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(60);

    /// <summary>Rule IDEM-2: the first insert wins; what a later one finds decides its answer.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="scope">Who sends and what is asked for: keys of different scopes never meet.</param>
    /// <param name="key">The sender's key.</param>
    /// <param name="payloadHash">SHA-256 of the canonical payload, lower-case hex.</param>
    /// <param name="now">UTC.</param>
    /// <param name="cancel">Stops the wait.</param>
    public ValueTask<Reservation> ReserveAsync(string tenant, string scope, string key, string payloadHash, DateTimeOffset now, CancellationToken cancel) =>
        ReserveAsync(tenant, scope, key, payloadHash, now, false, cancel);

    /// <inheritdoc cref="ReserveAsync(string, string, string, string, DateTimeOffset, CancellationToken)"/>
    /// <param name="restamps">True for a sender whose attempts differ: another payload too takes the key over from a holder that died.</param>
    public async ValueTask<Reservation> ReserveAsync(string tenant, string scope, string key, string payloadHash, DateTimeOffset now, bool restamps, CancellationToken cancel)
    {
        string token = LedgerKeys.Token($"{scope}\n{key}");
        string partition = LedgerKeys.Requests(tenant, token);
        var document = new RequestDocument(payloadHash, now, now + Lease, null);
        TableRow fresh = Tables.Row(token, document, LedgerJson.Default.RequestDocument);
        while (true)
        {
            if (await table.SubmitAsync(new TableBatch(partition).Insert(fresh), cancel) is BatchResult.Committed(var etags))
                return new Reservation.Reserved(partition, fresh with { ETag = etags[0] }, document);
            if (await table.GetAsync(partition, token, cancel) is not { } row)
                continue;

            RequestDocument found = Tables.Read(row, LedgerJson.Default.RequestDocument);
            if (found.PayloadHash != payloadHash && !(restamps && found.CompletedAt is null && now >= found.LeaseUntil))
                return new Reservation.Conflict(found.CompletedAt is null);
            if (found.CompletedAt is { } completed)
                return now > completed + ReplayFor + Skew ? new Reservation.Expired() : new Reservation.Replay(Unpack(row));
            if (now < found.LeaseUntil)
                return new Reservation.InFlight(Math.Clamp((int)Math.Ceiling((found.LeaseUntil - now).TotalSeconds), 1, 5));
            if (await table.SubmitAsync(new TableBatch(partition).Replace(fresh with { ETag = row.ETag }), cancel) is BatchResult.Committed(var taken))
                return new Reservation.Reserved(partition, fresh with { ETag = taken[0] }, document);
        }
    }

    /// <summary>Keeps the answer of a request whose effects are durable, or are about to be.</summary>
    /// <param name="reserved">The request.</param>
    /// <param name="answer">What it is told.</param>
    /// <param name="now">UTC.</param>
    /// <param name="before">Effects that are still to be written: the answer is not there before they are.</param>
    /// <param name="cancel">Stops the wait.</param>
    /// <returns>False when the lease ran out and another took the request over: its answer stands.</returns>
    public async ValueTask<bool> CompleteAsync(Reservation.Reserved reserved, ReadOnlyMemory<byte> answer, DateTimeOffset now, IReadOnlyList<TableBatch> before, CancellationToken cancel)
    {
        RequestDocument done = reserved.Document with { CompletedAt = now };
        TableRow row = Tables.Row(reserved.Row.RowKey, done, LedgerJson.Default.RequestDocument, [.. Pack(answer)]) with { ETag = reserved.Row.ETag };
        return await table.SubmitAfterAsync(before, new TableBatch(reserved.Partition).Replace(row), cancel) is BatchResult.Committed;
    }

    /// <summary>Rule IDEM-3: a request that was not completed frees its key.</summary>
    public async ValueTask ReleaseAsync(Reservation.Reserved reserved, CancellationToken cancel) =>
        await table.DeleteIfUnchangedAsync(reserved.Partition, reserved.Row, cancel);

    /// <summary>Small answers are kept as they are; those of a thousand refusals shrink to a fraction.</summary>
    private static IReadOnlyList<Column> Pack(ReadOnlyMemory<byte> answer)
    {
        if (answer.Length <= 4096)
            return Tables.Split("answer", answer);
        using var packed = new MemoryStream();
        using (var brotli = new BrotliStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            brotli.Write(answer.Span);
        return Tables.Split("packed", packed.ToArray());
    }

    private static ReadOnlyMemory<byte> Unpack(TableRow row)
    {
        if (row["packed"].IsEmpty)
            return row["answer"];
        using var brotli = new BrotliStream(new MemoryStream(Tables.Join(row, "packed").ToArray()), CompressionMode.Decompress);
        using var plain = new MemoryStream();
        brotli.CopyTo(plain);
        return plain.ToArray();
    }
}
