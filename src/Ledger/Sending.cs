using System.Collections.Concurrent;

namespace AdcpFunctions.Ledger;

/// <summary>What became of a record in one round.</summary>
internal enum Fate
{
    Accepted,
    Refused,
    Failed,
}

/// <param name="MayHold">True when the destination may have taken it all the same.</param>
internal readonly record struct Verdict(Fate Fate, string Why, bool MayHold);

/// <summary>Sends account by account, and knows of one run who could not get rid of what.</summary>
internal sealed class Sending(IPublisher publisher, Pauses pauses, string tenant)
{
    /// <summary>How many accounts are sent at once: one that has to be waited for does not hold up the others.</summary>
    private const int Lanes = 4;

    private readonly ConcurrentDictionary<string, SendStop> _failed = new(StringComparer.Ordinal);
    private long _accepted;

    public long Accepted => Interlocked.Read(ref _accepted);

    public bool HasFailed => !_failed.IsEmpty;

    /// <summary>Why nobody is let in; null when that is not so.</summary>
    public string? Closed => _failed.Values.FirstOrDefault(stop => stop.Closed)?.Why;

    /// <summary>Rule PUB-7: one account that fails is its own trouble; where two fail and none gets through, the destination is in trouble and everything is held.</summary>
    public bool IsOver() => Closed is not null || (Accepted == 0 && _failed.Count > 1);

    /// <summary>True for an account that is not to be tried now.</summary>
    public bool Holds(string account) => _failed.ContainsKey(account) || pauses.IsPaused(Name(account));

    /// <summary>Sends records, each account's in feed order.</summary>
    /// <returns>What became of each, by sequence number.</returns>
    public async Task<IReadOnlyDictionary<long, Verdict>> SendAsync(IReadOnlyList<FeedEntry> entries, DateTimeOffset until, CancellationToken cancel)
    {
        var verdicts = new ConcurrentDictionary<long, Verdict>();
        IEnumerable<FeedEntry[]> accounts = entries.GroupBy(e => e.AccountId, StringComparer.Ordinal).Select(account => account.ToArray());
        await Parallel.ForEachAsync(accounts, new ParallelOptions { MaxDegreeOfParallelism = Lanes, CancellationToken = cancel }, async (account, stop) =>
        {
            SendResult result = IsOver() || Holds(account[0].AccountId)
                ? new SendResult(0, [], new SendStop("not_tried", Closed: false, MayHold: false))
                : await publisher.SendAsync(tenant, account, until, stop);
            Note(account, result, verdicts);
        });
        return verdicts;
    }

    /// <summary>Whoever failed is left alone for a while: the account where others got through, else the destination.</summary>
    public void PauseWhoFailed()
    {
        if (_failed.IsEmpty)
        {
            pauses.End(tenant);
            return;
        }

        if (IsOver())
            pauses.Pause(tenant, _failed.Values.Max(stop => stop.RetryAfter));
        foreach ((string account, SendStop stop) in _failed.Where(_ => !IsOver()))
            pauses.Pause(Name(account), stop.RetryAfter);
    }

    private void Note(FeedEntry[] account, SendResult result, ConcurrentDictionary<long, Verdict> verdicts)
    {
        string id = account[0].AccountId;
        Dictionary<long, RefusedEntry> refused = result.Refused.ToDictionary(r => r.Entry.Sequence);
        for (int i = 0; i < account.Length; i++)
        {
            verdicts[account[i].Sequence] = i >= result.Settled ? new Verdict(Fate.Failed, result.Stop!.Why, result.Stop.MayHold)
                : refused.TryGetValue(account[i].Sequence, out RefusedEntry? no) ? new Verdict(Fate.Refused, no.Why, no.MayHold)
                : new Verdict(Fate.Accepted, "", MayHold: true);
        }

        Interlocked.Add(ref _accepted, result.Settled - refused.Count);
        if (result.Stop is null)
            pauses.End(Name(id));
        else if (result.Stop.Why != "not_tried")
            _failed[id] = result.Stop;
    }

    private string Name(string account) => $"{tenant}.{account}";
}
