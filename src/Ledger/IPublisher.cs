namespace AdcpFunctions.Ledger;

/// <summary>The messaging port: takes records that are already published in the feed to where finance listens.</summary>
public interface IPublisher
{
    /// <summary>Which place this is; what was sent is remembered for each place apart.</summary>
    string Destination { get; }

    /// <summary>What the destination can say of what it holds.</summary>
    ValueTask<Holding> HoldingAsync(string tenant, CancellationToken cancel);

    /// <summary>Sends records in feed order. Repeating a record is allowed; leaving one out is not.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="entries">Of one account, where the destination forgets; of any, where it knows what it holds.</param>
    /// <param name="until">No try begins then or later: the destination might no longer recognise what it has.</param>
    /// <param name="cancel">Stops the wait, and leaves open what was taken.</param>
    ValueTask<SendResult> SendAsync(string tenant, IReadOnlyList<FeedEntry> entries, DateTimeOffset until, CancellationToken cancel);
}

/// <summary>What stands at one place of the feed: a settled record, or what was done to a month.</summary>
public sealed record FeedEntry
{
    private readonly SettledRecord? _record;

    public FeedEntry(long sequence, SettledRecord record, ReadOnlyMemory<byte> body) => (Sequence, _record, Body) = (sequence, record, body);

    public FeedEntry(long sequence, IPeriodRecord period, ReadOnlyMemory<byte> body) => (Sequence, Period, Body) = (sequence, period, body);

    public long Sequence { get; }

    /// <summary>It as JSON, exactly as finance receives it everywhere.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>What was done to a month; null for a settled record.</summary>
    public IPeriodRecord? Period { get; }

    /// <summary>The settled record. Whoever reads the whole feed asks for <see cref="Period"/> first.</summary>
    public SettledRecord Record => _record ?? throw new InvalidOperationException($"{MessageId} is no settled record.");

    public string Schema => Period?.Schema ?? SettledRecord.SchemaName;

    public string MessageId => Period?.MessageId ?? Record.MessageId;

    public string AccountId => Period?.AccountId ?? Record.AccountId;

    /// <summary>The message id without its revision: the settlement, or the month and what was done to it.</summary>
    public string Subject => Period?.Subject ?? Record.SettlementId;

    public int Revision => Period?.Revision ?? Record.Revision;

    /// <summary>When it was decided, UTC.</summary>
    public string At => Period?.At ?? Record.SettledAt;

    /// <summary>A row of the feed as it was written.</summary>
    public static FeedEntry Of(TableRow row)
    {
        ReadOnlyMemory<byte> body = Tables.Join(row, "body");
        IPeriodRecord? period = body.Span.StartsWith(Closes) ? Tables.Read(row, LedgerJson.Default.PeriodClose)
            : body.Span.StartsWith(Reopens) ? Tables.Read(row, LedgerJson.Default.PeriodReopening)
            : null;
        if (period is not null)
            return new FeedEntry(period.Seq, period, body);
        SettledRecord record = Tables.Read(row, LedgerJson.Default.SettledRecord);
        return new FeedEntry(record.Seq, record, body);
    }

    /// <summary>Its schema stands first in every entry.</summary>
    private static ReadOnlySpan<byte> Closes => "{\"schema\":\"adcp.period-close.v1\""u8;

    private static ReadOnlySpan<byte> Reopens => "{\"schema\":\"adcp.period-reopen.v1\""u8;
}

/// <summary>What a destination can say of what it holds.</summary>
public abstract record Holding
{
    private Holding() { }

    /// <summary>It knows: everything up to a sequence number.</summary>
    public sealed record UpTo(long Sequence) : Holding;

    /// <summary>It only recognises a message that comes again, and forgets it after this time.</summary>
    public sealed record Recognises(TimeSpan For) : Holding;
}

/// <summary>What became of records that were sent.</summary>
/// <param name="Settled">How many of them, from the first on, were taken or refused.</param>
/// <param name="Refused">Those the destination will never take as they are.</param>
/// <param name="Stop">Why the rest was not taken; null when nothing is left.</param>
public sealed record SendResult(int Settled, IReadOnlyList<RefusedEntry> Refused, SendStop? Stop)
{
    public static SendResult All(int count) => new(count, [], null);
}

/// <summary>A record refused for its content.</summary>
/// <param name="MayHold">True when a try before the refusal ended without an answer that says it was not taken.</param>
public sealed record RefusedEntry(FeedEntry Entry, string Why, bool MayHold);

/// <summary>Why sending stopped.</summary>
/// <param name="Why">A status or the name of a fault; never a body.</param>
/// <param name="Closed">True when the destination lets nobody in until an operator acts; false for what passes by itself.</param>
/// <param name="MayHold">True when a try ended without an answer that says nothing was taken.</param>
/// <param name="RetryAfter">When the destination asked to be called again.</param>
public sealed record SendStop(string Why, bool Closed, bool MayHold, TimeSpan? RetryAfter = null);
