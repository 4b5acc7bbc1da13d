namespace AdcpFunctions.Ledger;

/// <summary>How far a destination has been served.</summary>
/// <param name="SentUpto">Every record up to here was taken, or has a row that says what became of it.</param>
/// <param name="Attempt">The range that is being sent; it begins after <paramref name="SentUpto"/>.</param>
/// <param name="Round">Counts rounds of sending, so that each of them changes the row and no round ends on another's account.</param>
/// <param name="Waiting">How many rows are tried again.</param>
/// <param name="Uncertain">How many wait for an operator because nobody knows.</param>
/// <param name="Refused">How many wait for an operator because they were refused.</param>
public sealed record DispatchDocument(long SentUpto, AttemptDocument? Attempt, long Round, int Waiting, int Uncertain, int Refused)
{
    /// <summary>How many have become uncertain so far; never less than before, so that one that comes in place of another is seen.</summary>
    public long EverUncertain { get; init; }

    /// <inheritdoc cref="EverUncertain"/>
    public long EverRefused { get; init; }

    public static readonly DispatchDocument Empty = new(0, null, 0, 0, 0, 0);

    /// <summary>With so many more, or fewer, records in a state.</summary>
    public DispatchDocument Plus(PublicationState state, int more) => state switch
    {
        PublicationState.Waiting => this with { Waiting = Waiting + more },
        PublicationState.Uncertain => this with { Uncertain = Uncertain + more, EverUncertain = EverUncertain + Math.Max(0, more) },
        PublicationState.Refused => this with { Refused = Refused + more, EverRefused = EverRefused + Math.Max(0, more) },
        _ => this,
    };
}

/// <param name="To">The last record of the range.</param>
/// <param name="FirstAttemptAt">When it was first sent, written before it was; the destination forgets no earlier than its window after it.</param>
public sealed record AttemptDocument(long To, DateTimeOffset FirstAttemptAt);

/// <summary>What a record that was not simply taken waits for.</summary>
public enum PublicationState
{
    /// <summary>To be tried again, or sent again by decision.</summary>
    Waiting,

    /// <summary><c>publication_uncertain</c>: it may have been taken, and the destination may have forgotten it.</summary>
    Uncertain,

    /// <summary><c>publication_refused</c>: the destination does not take it as it is.</summary>
    Refused,

    /// <summary>An operator ended it, or it was taken after one decided so.</summary>
    Decided,
}

/// <summary>What an operator does with a record that waits.</summary>
public enum PublicationDecision
{
    /// <summary>It is sent again, under the same message id.</summary>
    Resend,

    /// <summary>It is known to have arrived, by whatever way.</summary>
    ConfirmReceived,
}

/// <param name="Was">What the record waited as.</param>
/// <param name="Mark">What was looked at, as the record's <see cref="PublicationDocument.Mark"/> named it then.</param>
public sealed record DecidedPublication(PublicationDecision Decision, PublicationState Was, string Mark, string By, DateTimeOffset At, string Reason);

/// <summary>An entry of the feed that was not simply taken.</summary>
/// <param name="SettlementId">The settlement; of what was done to a month, the message id without its revision.</param>
/// <param name="Since">When it came into this state.</param>
/// <param name="FirstAttemptAt">When it was first sent; null when it is known not to have been taken by any try so far.</param>
/// <param name="Why">A status or the name of a fault.</param>
public sealed record PublicationDocument(
    long Seq,
    string SettlementId,
    int Revision,
    PublicationState State,
    DateTimeOffset Since,
    DateTimeOffset? FirstAttemptAt,
    string Why,
    IReadOnlyList<DecidedPublication> Decisions)
{
    public string MessageId => $"{SettlementId}.{Revision}";

    /// <summary>Names what a decision would be taken on: a record that comes to wait a second time is another question.</summary>
    public string Mark => UtcJson.Text(Since);
}
