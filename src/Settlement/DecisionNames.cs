namespace AdcpFunctions.Settlement;

/// <summary>What decisions are called on the wire. Stable: parties' systems send them.</summary>
public static class DecisionNames
{
    private static readonly (string Name, RulingTopic? Topic, bool Accepts)[] Known =
    [
        ("approve_fallback", null, true),
        ("accept_late_final", RulingTopic.LateFinal, true),
        ("hold_late_final", RulingTopic.LateFinal, false),
        ("accept_restatement", RulingTopic.Restatement, true),
        ("hold_restatement", RulingTopic.Restatement, false),
        ("accept_variance", RulingTopic.Variance, true),
        ("release_hold", RulingTopic.Hold, true),
        ("choose_remedy", RulingTopic.Remedy, true),
    ];

    public static IEnumerable<string> All => Known.Select(known => known.Name);

    public static string Of(OpenDecision open) => Array.Find(Known, known => known.Topic == open.Topic && known.Accepts == open.Accepts).Name;

    /// <returns>Null when there is no such decision. A topic of null is the approval of a fallback.</returns>
    public static (RulingTopic? Topic, bool Accepts)? Read(string name)
    {
        foreach ((string known, RulingTopic? topic, bool accepts) in Known)
        {
            if (known == name)
                return (topic, accepts);
        }

        return null;
    }
}
