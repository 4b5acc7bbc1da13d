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

    public static string Kind(bool isCounted) => isCounted ? "a count in units of the billing metric (quantity)" : "an amount in the contract's currency (amount)";

    /// <summary>A number with its unit.</summary>
    public static string Number(ClaimedNumber number, SettlementContext? context, string currency) =>
        number.Quantity is { } count ? $"{Wording.Count(count)} {Wording.Metric(context?.Group.PricingModel)}" : Wording.Cash(number.Amount ?? 0m, currency);
}
