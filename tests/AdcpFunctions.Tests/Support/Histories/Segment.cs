using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Tests.Support.Histories;

/// <summary>Deliveries that no timer, decision or outage divides.</summary>
internal sealed class Segment(int number)
{
    public int Number => number;

    /// <summary>In the order of the straight run.</summary>
    public List<Beat.Told> Told { get; } = [];

    public DateTimeOffset Start => Told[0].At;

    public DateTimeOffset End => Told[^1].At;

    /// <summary>What was said of a settlement here.</summary>
    public IEnumerable<Statement> Heard(RegisteredBuy buy, string suffix) =>
        Told.Where(t => t.Delivery.Copy != Repeat.Answered).SelectMany(t => FactsOf(t, buy)).Where(f => Suffix(f) == suffix).Select(f => f.Statement).OfType<Statement>();

    /// <summary>Any order, in which the deliveries that speak of a kept settlement stand among themselves as they stood.</summary>
    /// <param name="kept">Suffixes; those of settlements that are kept together joined by a bar.</param>
    public IEnumerable<Beat.Told> Shuffled(Random random, IReadOnlyList<string> kept, RegisteredBuy buy)
    {
        Beat.Told[] shuffled = [.. Told];
        random.Shuffle(shuffled);
        foreach (HashSet<Beat.Told> chain in Chains(kept, buy))
        {
            int[] places = [.. shuffled.Index().Where(s => chain.Contains(s.Item)).Select(s => s.Index)];
            foreach ((int place, Beat.Told told) in places.Zip(Told.Where(chain.Contains)))
                shuffled[place] = told;
        }

        return shuffled;
    }

    /// <summary>A delivery that speaks of two kept settlements ties both to one order; so do the periods of one cap.</summary>
    private List<HashSet<Beat.Told>> Chains(IReadOnlyList<string> kept, RegisteredBuy buy)
    {
        var chains = new List<HashSet<Beat.Told>>();
        foreach (string suffixes in kept)
        {
            string[] together = suffixes.Split('|');
            HashSet<Beat.Told> chain = new(Told.Where(t => FactsOf(t, buy).Any(f => together.Contains(Suffix(f)))), ReferenceEqualityComparer.Instance);
            foreach (HashSet<Beat.Told> other in chains.Where(c => c.Overlaps(chain)).ToArray())
            {
                chain.UnionWith(other);
                chains.Remove(other);
            }

            chains.Add(chain);
        }

        return chains;
    }

    private static IEnumerable<Fact> FactsOf(Beat.Told told, RegisteredBuy buy) => HistoryMapping.Facts(told.Delivery, buy);

    private static string Suffix(Fact fact) => fact.Buy.Address(fact.GroupId, fact.Period, fact.Window).Suffix;
}
