using System.Globalization;

namespace AdcpFunctions.Settlement;

/// <summary>How disputes are spoken of.</summary>
internal static class DisputeWords
{
    /// <summary>A state as programs read it.</summary>
    public static string Name(DisputeState state) => state switch
    {
        DisputeState.UnderReview => "under_review",
        DisputeState.SellerAdjusted => "seller_adjusted",
        DisputeState.BuyerAccepted => "buyer_accepted",
        _ => "unresolved_arbitration",
    };

    /// <summary>An action as programs read it.</summary>
    public static string Name(DisputeAction action) => action switch
    {
        DisputeAction.Open => "open",
        DisputeAction.Respond => "respond",
        DisputeAction.Adjust => "adjust",
        DisputeAction.Accept => "accept",
        DisputeAction.Escalate => "escalate",
        _ => "lapse",
    };

    public static string Name(DisputeActor actor) => actor switch
    {
        DisputeActor.Buyer => "the buyer",
        DisputeActor.Seller => "the seller",
        DisputeActor.Finance => "finance",
        _ => "the clock",
    };

    /// <summary>Where a dispute stands and whose turn it is.</summary>
    public static string Stands(Dispute? dispute) => dispute is null ? "No dispute is open"
        : dispute is { Turn: { } turn, Due: { } due } ? $"The dispute is {Name(dispute.State)} and it is the turn of {Name(turn)}, until {Wording.At(due)}"
        : $"The dispute is {Name(dispute.State)}";

    public static string May(DisputeActor actor, IReadOnlyList<DisputeAction> allowed) =>
        $"{Name(actor)} may {(allowed.Count == 0 ? "do nothing about it now" : string.Join(" or ", allowed.Select(Name)))}";

    /// <summary>What is claimed and offered, and who is to answer by when.</summary>
    public static string Sentence(Dispute dispute, SettlementContext context)
    {
        string currency = context.Contract.Currency;
        string claim = $"Dispute {Id(dispute.Number)} is open: the buyer claims {Number(dispute.Claim, context, currency)}";
        string offer = dispute.Offer is { } offered ? $", {Name(DisputeActor.Seller, context)} offers {Number(offered, context, currency)}"
            : dispute is { State: DisputeState.UnderReview, Turn: DisputeActor.Buyer } ? $", {Name(DisputeActor.Seller, context)} stays with its number" : "";
        return dispute is { Turn: { } whose, Due: { } due }
            ? $"{claim}{offer}, and {Name(whose, context)} is to answer by {Wording.At(due)}"
            : $"{claim} and the parties did not agree, so it is left to arbitration{(offer.Length == 0 ? "" : $", where{offer[1..]}")}";
    }

    /// <summary>What each party may do now, by when, and what happens when it does nothing.</summary>
    public static IEnumerable<string> Outlook(Dispute dispute, SettlementContext context)
    {
        foreach (DisputeActor actor in new[] { DisputeActor.Seller, DisputeActor.Buyer, DisputeActor.Finance })
        {
            string[] may = [.. Disputes.AllowedTo(dispute, actor).Select(action => Doing(action, actor, dispute, context))];
            if (may.Length > 0)
                yield return $"{Wording.Sentence(Name(actor, context))} may {string.Join(", or ", may)}{(actor == dispute.Turn && dispute.Due is { } due ? $", until {Wording.At(due)}" : "")}.";
        }

        if (dispute is { Turn: { } late, Due: { } end })
            yield return $"After {Wording.At(end)} without an answer of {Name(late, context)} the dispute is left to arbitration, and no number changes by that.";
        yield return "A dispute that ends on another number has that number invoiced at once; one that ends without leaves everything as if it had not been opened.";
    }

    /// <summary>A move as it is told afterwards.</summary>
    public static string Told(DisputeMove move, SettlementContext? context, string currency)
    {
        string dispute = $"dispute {Id(move.Dispute)}";
        string number = move.Number is { } said ? Number(said, context, currency) : "";
        string what = (move.Action, move.Actor, move.Number is null) switch
        {
            (DisputeAction.Open, _, _) => $"opened {dispute} and claimed {number} (source: {move.Source})",
            (DisputeAction.Respond, _, _) => $"answered {dispute} and stays with its number",
            (DisputeAction.Adjust, _, _) => $"offered {number} to end {dispute}",
            (DisputeAction.Escalate, _, _) => $"left {dispute} to arbitration",
            (DisputeAction.Accept, DisputeActor.Finance, true) => $"ended {dispute} by recording that the number stands",
            (DisputeAction.Accept, DisputeActor.Finance, false) => $"ended {dispute} by recording an award of {number}",
            (DisputeAction.Accept, _, true) => $"ended {dispute} by accepting the number as it stands",
            (DisputeAction.Accept, _, false) => $"ended {dispute} by accepting the offer of {number}",
            _ => throw new System.Diagnostics.UnreachableException(move.Action.ToString()),
        };
        string next = move.Due is { } due ? $" {Wording.Sentence(Name(move.Action == DisputeAction.Open ? DisputeActor.Seller : DisputeActor.Buyer, context))} is to answer by {Wording.At(due)}." : "";
        return $"{move.By} {what}, {Wording.At(move.At)}: \"{move.Reason}\"{next}";
    }

    public static string Told(SettlementEvent.DisputeLapsed lapsed, SettlementContext? context) =>
        $"{Wording.Sentence(Name(lapsed.Late, context))} let the time to answer dispute {Id(lapsed.Dispute)} go by, which ended {Wording.At(lapsed.Due)}; the dispute is left to arbitration.";

    public static string Id(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Of a vendor's usage the vendor is who is paid.</summary>
    private static string Name(DisputeActor actor, SettlementContext? context) =>
        actor == DisputeActor.Seller && context?.Group.PricingModel == PricingModel.VendorCost ? "the vendor" : Name(actor);

    private static string Doing(DisputeAction action, DisputeActor actor, Dispute dispute, SettlementContext context) => (action, actor) switch
    {
        (DisputeAction.Respond, _) => "stay with its number (respond)",
        (DisputeAction.Adjust, _) => "offer another number (adjust)",
        (DisputeAction.Escalate, _) => "leave it to arbitration (escalate)",
        (DisputeAction.Accept, DisputeActor.Finance) => $"record what the arbitration came to: another number, or{(dispute.Offer is null ? "" : " by naming none")} that the number stands (accept)",
        _ => dispute.Offer is { } offer ? $"accept the offer of {Number(offer, context, context.Contract.Currency)} (accept)" : "accept the number as it stands (accept)",
    };

    public static string Kind(bool isCounted) => isCounted ? "a count in units of the billing metric (quantity)" : "an amount in the contract's currency (amount)";

    /// <summary>A number with its unit.</summary>
    public static string Number(ClaimedNumber number, SettlementContext? context, string currency) =>
        number.Quantity is { } count ? $"{Wording.Count(count)} {Wording.Metric(context?.Group.PricingModel)}" : Wording.Cash(number.Amount ?? 0m, currency);
}
