using System.Text.Json;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Tests.Support.Histories;

/// <summary>Looks on while a history is played, and names every invariant it breaks.</summary>
internal sealed class Watch(BuyPlan plan)
{
    public List<(string Property, string What)> Violations { get; } = [];

    /// <summary>Decisions of the straight run that were not open in this one.</summary>
    public int Missed { get; set; }

    public void Broken(string property, string what) => Violations.Add((property, what));

    /// <summary>P8, P11, P13 and P14, whenever something was said.</summary>
    public void AfterFacts(SimulatedLedger ledger, Entry entry)
    {
        foreach (Statement said in entry.Heard.DistinctBy(s => (s.Side, s.Key)))
        {
            string newest = StatementOracle.Newest(entry.Heard, said.Side, said.Key)!.Hash;
            if (!entry.State.On(said.Side).TryGetValue(said.Key, out UnitFinals? unit) || unit.Newest.Hash != newest)
                Broken("P8", $"{entry}: of {said.Side} {said.Key} the newest is {newest[..8]}, kept is {unit?.Newest.Hash[..8] ?? "none"}");
        }

        NothingIsStuck(ledger, entry);
        SaysItIsDisputed(entry);
        OnlyWhatIsInvoicedIsBillable(ledger, entry);
    }

    /// <summary>P2, P3, P6, P10, P12, P13 and P15, when something is published.</summary>
    public void OnPosted(SimulatedLedger ledger, Entry entry, Posting posting)
    {
        Posting? before = entry.Published.Count > 0 ? entry.Published[^1].Posting : null;
        SettlementContext context = ledger.ContextOf(entry)!;
        if (posting.Quantity % 10m is not (null or 0m) || posting.SellerCount % 10m is not (null or 0m) || posting.UsageCount % 10m is not (null or 0m))
            Broken("P2", $"{entry}: a provisional count is in {HistoryText.Of(posting)}");
        if (ledger.Buy.Account.OutOfBand || (ledger.Buy.Account.Sandbox && !posting.Reasons.Contains(Reasons.Sandbox)))
            Broken("P6", $"{entry}: published for an account that bills nothing here: {HistoryText.Of(posting)}");
        AddsUp(entry, posting, before);
        if (entry.MadeGood.Book(posting, before, entry.State.OpenDispute is not null) is { } wrong)
            Broken("P15", $"{entry}: {wrong}: {HistoryText.Of(posting)}");
        // A remedy takes no number from anybody; what it may change was asked by then.
        if (posting.Remedy is not null)
            return;
        StandsUntilDecided(entry, posting);
        if (posting.Agreement is null)
        {
            IsPricedRight(entry, posting, before, context);
            IsConfirmed(entry, posting, before, context);
        }
        else
        {
            IsWhatWasAgreed(ledger, entry, posting, before, context);
        }

        if (context.Group.BillableCap is { } cap && posting.Quantity + ledger.BilledElsewhere(entry) > cap)
            Broken("P10", $"{entry}: {posting.Quantity} and {ledger.BilledElsewhere(entry)} elsewhere are more than the cap of {cap}");
    }

    /// <summary>P4, P5, P7, P9, P11, P13, P14 and P15, once everything has happened.</summary>
    public void AtTheEnd(SimulatedLedger ledger)
    {
        foreach (Entry entry in ledger.Entries)
        {
            if (entry.Events.OfType<SettlementEvent.DeadlineMissed>().Count() > 1)
                Broken("P5", $"{entry}: breached more than once");
            if (!entry.Published.Select(p => p.Text).SequenceEqual(entry.Events.OfType<SettlementEvent.Posted>().Select(e => HistoryText.Of(e.Posting)))
                || (entry.State.Posted is { } last && HistoryText.Of(last) != entry.Published[^1].Text))
                Broken("P7", $"{entry}: a published record is not what it was");
            IsTheFoldOfItsEvents(entry);
            if (entry.MadeGood.AtTheEnd(entry.State) is { } wrong)
                Broken("P15", $"{entry}: {wrong}");
            NothingIsStuck(ledger, entry);
            SaysItIsDisputed(entry);
            OnlyWhatIsInvoicedIsBillable(ledger, entry);
        }

        foreach (IGrouping<(string, string?), Entry> same in ledger.Entries.Where(e => e.Published.Count > 0).GroupBy(e => (e.GroupId, e.Window)))
        {
            Entry[] billed = [.. same.OrderBy(e => e.Period)];
            if (billed.Zip(billed.Skip(1)).Any(pair => pair.First.Period.Overlaps(pair.Second.Period)))
                Broken("P4", $"{same.Key}: {string.Join(", ", billed.Select(e => e.Period))} overlap");
        }
    }

    private void AddsUp(Entry entry, Posting posting, Posting? before)
    {
        bool gapless = posting.Revision == (before?.Revision ?? 0) + 1;
        decimal amount = entry.Published.Sum(p => p.Posting.DeltaAmount) + posting.DeltaAmount;
        decimal quantity = entry.Published.Sum(p => p.Posting.DeltaQuantity ?? 0m) + (posting.DeltaQuantity ?? 0m);
        if (!gapless || amount != posting.Amount || quantity != (posting.Quantity ?? 0m))
            Broken("P3", $"{entry}: the deltas come to {quantity} and {amount}, but it says {HistoryText.Of(posting)}");
    }

    /// <summary>Nothing is published beside a dispute, and what one ended on gives way only to what somebody accepted since.</summary>
    private void StandsUntilDecided(Entry entry, Posting posting)
    {
        if (entry.State.OpenDispute is { } open)
            Broken("P13", $"{entry}: published while dispute {open.Number} is open: {HistoryText.Of(posting)}");
        bool agreed = entry.Published.Any(p => p.Posting.Agreement is not null);
        bool accepted = entry.State.Rulings.Any(r => r is { Topic: RulingTopic.LateFinal or RulingTopic.Restatement, Accepts: true } && r.Mark == posting.Mark);
        if (posting.Amount < 0m && posting.Agreement is null && !accepted)
            Broken("P15", $"{entry}: nobody decided that less than nothing is left: {HistoryText.Of(posting)}");
        if (agreed && posting.Agreement is null && !accepted)
            Broken("P13", $"{entry}: nobody accepted what replaces an agreement: {HistoryText.Of(posting)}");
    }

    /// <summary>The cap cuts the agreed count; the price is the contract's, or what the auction has come to.</summary>
    private void IsWhatWasAgreed(SimulatedLedger ledger, Entry entry, Posting posting, Posting? before, SettlementContext context)
    {
        Dispute ended = entry.State.Disputes![^1];
        SettlementEvent.DisputeMoved last = entry.Events.OfType<SettlementEvent.DisputeMoved>().Last();
        ClaimedNumber agreed = last.Move.Number!;
        decimal? billed = context.Group.BillableCap is { } cap && agreed.Quantity > cap - ledger.BilledElsewhere(entry) ? Math.Max(0m, cap - ledger.BilledElsewhere(entry)) : agreed.Quantity;
        PackageTerms one = (context.Contract.Version == 1 ? plan.Draft : plan.Amended!).Packages.First(p => p.PackageId == context.Group.PackageIds[0]);
        IReadOnlyList<Statement> rows = StatementOracle.Parts(entry.Heard, Side.SellerRow, context.Group, context.Period) ?? [];
        decimal counted = rows.Sum(r => r.Quantity ?? 0m);
        decimal rate = one.Rate ?? (before?.Rate is > 0m and var kept ? kept : counted == 0m ? 0m : rows.Sum(r => r.Quantity * r.Rate ?? 0m) / counted);
        // An agreed amount is what is left once everything that makes good is off.
        decimal owed = agreed.Amount + entry.MadeGood.Waiting ?? -entry.MadeGood.Off + MoneyOracle.Round(billed!.Value * rate / MoneyOracle.Per(one.PricingModel), context.Contract.Currency);
        if (ended.IsOpen || posting.Agreement != ended.Number || last.Move.Action != DisputeAction.Accept || posting.Quantity != billed || posting.Amount != owed)
            Broken("P13", $"{entry}: {agreed} was agreed, which is {billed} for {owed} with what makes good: {HistoryText.Of(posting)}");
    }

    private void SaysItIsDisputed(Entry entry)
    {
        if ((entry.State.OpenDispute is not null) != (entry.State.Status == SettlementStatus.Disputed))
            Broken("P13", $"{entry}: it is {entry.State.Status}, and its dispute {entry.State.OpenDispute?.State.ToString() ?? "none"}");
        if (entry.State.OpenDispute is { State: DisputeState.UnresolvedArbitration } left && (left.Turn is not null || left.Due is not null))
            Broken("P13", $"{entry}: an award waits for {left.Turn} until {left.Due:u}");
    }

    /// <summary>P13: a buyer ends on what was offered to it, finance on what it names, and neither on what it did not look at.</summary>
    /// <param name="before">The dispute as it stood.</param>
    public void AfterEnd(Entry entry, DisputeMove sent, Dispute? before)
    {
        ClaimedNumber? meant = sent.Actor == DisputeActor.Finance ? sent.Number : before?.Offer;
        Dispute ended = entry.State.Disputes![^1];
        if (ended.IsOpen || ended.Agreed != meant || before?.Moves != sent.Moves)
            Broken("P13", $"{entry}: {sent.Actor} accepted {sent.Number} on {before?.Offer}, and it ended on {ended.Agreed}");
    }

    private void IsPricedRight(Entry entry, Posting posting, Posting? before, SettlementContext context)
    {
        BillingTerms terms = context.Group.Terms;
        bool agreed = entry.Published.Any(p => p.Posting.Agreement is not null);
        if ((!agreed && posting.Basis != (posting.IsFallback ? terms.CounterpartSide : terms.AuthoritySide)) || (posting.IsFallback && entry.State.Breach is null))
            Broken("P3", $"{entry}: nobody gave {posting.Basis} the right to be invoiced");
        IReadOnlyList<PackageTerms> packages = (context.Contract.Version == 1 ? plan.Draft : plan.Amended!).Packages;
        IReadOnlyList<Statement>? rows = StatementOracle.Parts(entry.Heard, Side.SellerRow, context.Group, context.Period);
        IReadOnlyList<Statement>? parts = posting.Basis == Side.SellerRow ? rows : StatementOracle.Parts(entry.Heard, Side.UsagePush, context.Group, context.Period);
        if (parts is null)
        {
            Broken("P2", $"{entry}: published without a final: {HistoryText.Of(posting)}");
            return;
        }

        (decimal? billed, decimal amount) = StatementOracle.Invoice(parts, rows, before, context, packages);
        if (billed != posting.Quantity || amount - entry.MadeGood.Off != posting.Amount)
            Broken("P3", $"{entry}: {billed} for {amount} is owed less {entry.MadeGood.Off} to make good, published is {HistoryText.Of(posting)}");
    }

    /// <summary>What takes a number from a seller's row waits until its own records said the same of exactly that row, or finance released it.</summary>
    private void IsConfirmed(Entry entry, Posting posting, Posting? before, SettlementContext context)
    {
        SnapshotPolicy policy = context.Contract.Policies.Snapshot;
        bool auctioned = context.Group.Rate is null && before?.Rate is not > 0m && !BillingMetric.IsCountless(context.Group.PricingModel);
        bool compared = posting.Reasons.Contains(Reasons.WithinTolerance) || posting.Reasons.Contains(Reasons.VarianceAccepted);
        bool asks = policy != SnapshotPolicy.Off && (posting.Basis == Side.SellerRow || auctioned || (policy == SnapshotPolicy.Required && compared));
        if (!asks || StatementOracle.RowsOf(entry.Heard, context) is not { } rows)
            return;
        bool same = entry.Read.GetValueOrDefault(rows);
        bool released = entry.State.Rulings.Any(r => r is { Topic: RulingTopic.Hold, Accepts: true } && r.Mark == Snapshots.MarkOf(entry.State, context));
        if (!same && !released)
            Broken("P12", $"{entry}: nobody looked whether the seller's own records say so: {HistoryText.Of(posting)}");
        if ((posting.Basis == Side.SellerRow || auctioned) && same != posting.Reasons.Contains(Reasons.SnapshotMatched))
            Broken("P12", $"{entry}: it says something else of the seller's own records than they did: {HistoryText.Of(posting)}");
    }

    private void IsTheFoldOfItsEvents(Entry entry)
    {
        SettlementState state = SettlementState.Initial;
        foreach (SettlementEvent happened in entry.Events)
        {
            byte[] stored = JsonSerializer.SerializeToUtf8Bytes(EventEnvelope.Of(happened), LedgerJson.Default.EventEnvelope);
            state = state.Apply(JsonSerializer.Deserialize(stored, LedgerJson.Default.EventEnvelope)!.Event());
        }

        if (JsonSerializer.Serialize(state, LedgerJson.Default.SettlementState) != JsonSerializer.Serialize(entry.State, LedgerJson.Default.SettlementState))
            Broken("P9", $"{entry}: its stored events fold to another state");
    }

    /// <summary>Of all the seller's rows that were heard only the newest of the side that is invoiced are billable, and none by a word that is not "final".</summary>
    private void OnlyWhatIsInvoicedIsBillable(SimulatedLedger ledger, Entry entry)
    {
        Account account = ledger.Buy.Account;
        if (ledger.ContextOf(entry) is not { } context)
            return;
        bool stands = entry.State.Status is SettlementStatus.Settled or SettlementStatus.Adjusted;
        if (BillingGrade.Of(entry.State, "USD", account.Sandbox).Billable != (stands && !account.Sandbox))
            Broken("P14", $"{entry}: {entry.State.Status} and yet graded otherwise");
        foreach (Statement said in entry.Heard.Where(s => s.Side == Side.SellerRow))
        {
            var number = new DeliveredNumber(true, context.Group, entry.Period, IsContracted: true, said);
            bool Billable(bool? final) => DeliveryGrade.Of(number with { IsFinal = final }, entry.State, "USD", account.OutOfBand, account.Sandbox).Billable;
            if (Billable(false) || Billable(null))
                Broken("P14", $"{entry}: {said.Quantity} would be billed though nobody calls it final");
            bool aside = entry.State.Reasons.Contains(Reasons.RestatementHeld);
            if (Billable(true) != (!aside && IsInvoiced(entry, said, context, stands && !account.Sandbox && !account.OutOfBand)))
                Broken("P14", $"{entry}: {said.Quantity} of {said.Key} is told to be {(Billable(true) ? "" : "not ")}billable, invoiced is {(entry.State.Posted is { } posted ? HistoryText.Of(posted) : "nothing")}");
        }
    }

    private bool IsInvoiced(Entry entry, Statement said, SettlementContext context, bool bills)
    {
        if (!bills || entry.State.Posted is not { Basis: Side.SellerRow } posted || StatementOracle.Parts(entry.Heard, Side.SellerRow, context.Group, context.Period) is not { } parts || !parts.Any(part => part.Hash == said.Hash))
            return false;
        // A number that a dispute ended on is the seller's only where it is what its rows add up to.
        if (posted.IsAgreed)
            return parts.All(part => part.Quantity is not null) && parts.Sum(part => part.Quantity!.Value) == entry.State.Agreed?.Number.Quantity;
        // What a cap leaves changes with the other periods, and what was published does not.
        IReadOnlyList<PackageTerms> packages = (context.Contract.Version == 1 ? plan.Draft : plan.Amended!).Packages;
        return context.Group.BillableCap is not null || StatementOracle.Invoice(parts, parts, null, context, packages) == (posted.Quantity, posted.Amount + entry.MadeGood.Off);
    }

    /// <summary>Time, a decision or a statement moves it on: a deadline ahead, something to decide, or a side that has yet to say a number that can be billed.</summary>
    private void NothingIsStuck(SimulatedLedger ledger, Entry entry)
    {
        if (ledger.ContextOf(entry) is not { } context || entry.State.DueAt is not null)
            return;
        SettlementState state = entry.State;
        bool decides = Decisions.Open(state, context).Any(open => open.Topic != RulingTopic.Remedy);
        bool waitsForDeadline = context.Group.Terms.Measurement?.FinalizationDeadlineHours is not null && state.Breach is null && !state.Reasons.Contains(Reasons.DeadlineContested);
        bool waits = state.Status switch
        {
            SettlementStatus.Disputed => state.OpenDispute is { State: DisputeState.UnresolvedArbitration },
            SettlementStatus.Settled or SettlementStatus.Adjusted or SettlementStatus.OutOfBand => true,
            SettlementStatus.Breached => StatementOracle.Parts(entry.Heard, context.Group.Terms.CounterpartSide, context.Group, context.Period) is null,
            SettlementStatus.Open or SettlementStatus.AwaitingFinal => !waitsForDeadline && StatementOracle.Parts(entry.Heard, context.Group.Terms.AuthoritySide, context.Group, context.Period) is null,
            SettlementStatus.Held => decides || state.Reasons.Any(r => r is Reasons.BillingMetricAbsent or Reasons.RateUnknown),
            _ => decides,
        };
        if (!waits)
            Broken("P11", $"{entry}: {state.Status} [{string.Join(' ', state.Reasons)}] waits for nothing");
    }
}
