using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>The feed's end.</summary>
/// <param name="Sequence">The last place.</param>
/// <param name="Closings">How often a period of any account was closed or reopened: what a relay knows of that is good while this stands still.</param>
/// <param name="Signposts">Where its months begin; null where none are kept, and every month is read from the first place.</param>
public sealed record FeedHeadDocument(long Sequence, long Closings = 0, Signposts? Signposts = null)
{
    /// <summary>Rule CLOSE-6: a month is read from the first signpost that names it or a later month. Nothing of it stands before, in whatever order months came in.</summary>
    /// <returns>The last place that need not be read.</returns>
    public long Before(string month) => Signposts?.Before(month) ?? (Signposts is null ? 0 : Sequence);

    /// <summary>The head with these records behind it.</summary>
    /// <param name="appended">At the places after its end, in their order.</param>
    /// <param name="now">When they are appended.</param>
    public FeedHeadDocument With(IReadOnlyList<SettledRecord> appended, DateTimeOffset now)
    {
        // Records that a version without signposts appended may be of any month up to the one it was by the clock; no clock is a month off.
        Signposts begun = Signposts ?? new Signposts(new Dictionary<string, long>(StringComparer.Ordinal), Sequence > Closings ? Booking.After(Booking.MonthOf(now)) : null);
        return new FeedHeadDocument(Sequence + appended.Count, Closings, begun.With(appended));
    }
}

/// <summary>Where a feed's months begin.</summary>
/// <remarks>
/// They stand in the feed's head, which every append reads and writes anyway: no request more, and no append without them. An older
/// version of this service drops them as it writes; then they are kept anew from there.
/// </remarks>
/// <param name="Places">Of each record that was booked into a later month than all before it: its place, by that month. At most one a calendar month, since nothing is booked ahead.</param>
/// <param name="UnknownTo">Months up to this one may begin anywhere: something was appended before signposts were kept. Null where they were kept from the first record on.</param>
public sealed record Signposts(IReadOnlyDictionary<string, long> Places, string? UnknownTo = null)
{
    /// <returns>Null when nothing of the month, or of a later one, was booked.</returns>
    public long? Before(string month) =>
        string.CompareOrdinal(month, UnknownTo) <= 0 ? 0 : Places.Where(post => string.CompareOrdinal(post.Key, month) >= 0).Min(post => (long?)post.Value - 1);

    public Signposts With(IEnumerable<SettledRecord> appended)
    {
        var places = new Dictionary<string, long>(Places, StringComparer.Ordinal);
        string? latest = places.Keys.Append(UnknownTo).Max(StringComparer.Ordinal);
        foreach (SettledRecord record in appended)
        {
            if (string.CompareOrdinal(record.BookingPeriod, latest) > 0)
                places.Add(latest = record.BookingPeriod, record.Seq);
        }

        return this with { Places = places };
    }
}
