using System.Globalization;
using System.Text;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Tests.Support.Histories;

/// <summary>A history in lines a person can follow.</summary>
internal static class HistoryText
{
    public static string Of(Posting p) => string.Create(CultureInfo.InvariantCulture,
        $"r{p.Revision} {p.Basis}{(p.IsFallback ? " fallback" : "")} {p.Quantity} {p.Amount} delta {p.DeltaQuantity} {p.DeltaAmount} counts {p.SellerCount}/{p.UsageCount} v{p.ContractVersion}{(p.Agreement is null ? "" : $" dispute {p.Agreement}")}{(p.Remedy is null ? "" : $" remedy {p.Remedy}")} off {p.Remedied} [{string.Join(' ', p.Reasons)}] {p.Mark}");

    /// <summary>What two runs must agree on for a settlement: breaches, basis, net count and amount.</summary>
    public static string Essence(Entry? entry) => entry is null
        ? "nothing"
        : string.Create(CultureInfo.InvariantCulture, $"breached {entry.State.Breach is not null}, {entry.State.Posted?.Basis.ToString() ?? "unpublished"} {entry.State.Posted?.IsFallback} {entry.State.Posted?.Quantity:G29} {entry.State.Posted?.Amount:G29}");

    public static string Of(HistoryPlan plan)
    {
        var text = new StringBuilder();
        BuyPlan buy = plan.Buy;
        ContractDraft draft = buy.Draft;
        text.AppendLine(CultureInfo.InvariantCulture, $"account {draft.Currency}{(buy.Account.Sandbox ? " sandbox" : "")}{(buy.Account.OutOfBand ? " out of band" : "")}; registered {buy.RegisteredAt:u}; flight {draft.Flight} {draft.Cadence}; delivered by {draft.DeliveredBy}; sum_daily {draft.SumDaily}; {draft.Policies}");
        foreach (PackageTerms p in draft.Packages)
            text.AppendLine(CultureInfo.InvariantCulture, $"package {p.PackageId} {p.PricingOptionId} {p.PricingModel} {p.TimeUnit} {p.Rate?.ToString(CultureInfo.InvariantCulture) ?? "auction"} cap {p.BillableCap?.ToString(CultureInfo.InvariantCulture) ?? "-"}; {(p.Measurement is { } m ? $"{m.Vendor.Domain} {m.MaxVariancePercent}% {m.MeasurementWindow} {m.FinalizationDeadlineHours}h" : "no terms")}");
        if (buy.Amended is { } amended)
            text.AppendLine(CultureInfo.InvariantCulture, $"amended from {amended.EffectiveFrom:u}: {amended.Packages[0].Measurement?.MaxVariancePercent}%");
        foreach (Step step in plan.Steps.OrderBy(s => s.At))
            text.AppendLine(Of(step));
        return text.ToString();
    }

    public static string Of(Beat beat) => beat switch
    {
        Beat.Told told => Of(told.Delivery),
        Beat.Ruled ruled => $"{ruled.At:u} ruled {ruled.Suffix} {ruled.Taken.Open.Topic?.ToString() ?? "fallback"} {ruled.Taken.Open.Accepts}",
        Beat.Read read => $"{read.At:u} read {read.Suffix} {(read.Reading.Matches ? "same" : "other")}",
        Beat.Disputed disputed => $"{disputed.At:u} disputed {disputed.Suffix} {disputed.Move.Actor} {disputed.Move.Action} {disputed.Move.Number}",
        Beat.Remedied { Move: var move } remedied => string.Create(CultureInfo.InvariantCulture, $"{remedied.At:u} remedied {remedied.Suffix} {move.Actor} {move.Action} {move.Remedy} {move.Kind} {move.Amount} {move.Units}"),
        Beat.Away away => $"{away.At:u} away {away.Outage}",
        _ => $"{beat.At:u} {beat.GetType().Name}",
    };

    private static string Of(Step step) => step switch
    {
        Step.Delivery d => $"{d.At:u} {d.Side}{(d.Copy == Repeat.None ? "" : $" copy {d.Copy}")}{(d.ReceivedAt == d.At ? "" : $" received {d.ReceivedAt:u}")}: {string.Join("; ", d.Lines.Select(Of))}",
        Step.Decision d => $"{d.At:u} decision {d.Which}",
        Step.Dispute d => $"{d.At:u} dispute {d.Which}",
        Step.Remedy r => $"{r.At:u} remedy {r.Which}",
        Step.Reading r => $"{r.At:u} reading {r.Which}",
        Step.Outage o => $"{o.At:u} back after an outage since {o.Start:u}",
        _ => $"{step.At:u} {step.GetType().Name}",
    };

    private static string Of(Line l) => string.Create(CultureInfo.InvariantCulture,
        $"{l.Package ?? l.Option ?? "no option"} {l.Finality} {l.Quantity?.ToString(CultureInfo.InvariantCulture) ?? "no metric"}{(l.Cost is null ? "" : $" cost {l.Cost}")}{(l.Rate is null ? "" : $" rate {l.Rate}")} stamped {l.FinalizedAt?.ToString("u", CultureInfo.InvariantCulture) ?? "-"} for {l.Start:yyyyMMdd}..{l.End:yyyyMMdd'T'HHmmss} {l.Window ?? "-"}");
}
