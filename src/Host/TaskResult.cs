using System.Globalization;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>The contract that the result of <c>create_media_buy</c> or <c>update_media_buy</c> speaks of.</summary>
/// <remarks>
/// Such a result names packages and their pricing options, and rarely what these cost: the buyer knows that from the products it
/// chose from. What it leaves out is taken from the contract in force, if there is one, and is missing otherwise: nothing about
/// money is guessed. Spec: AdCP 3.1, core/package; media-buy/create-media-buy-response.
/// </remarks>
internal sealed class TaskResult(JsonNode result, RegisteredBuy? known)
{
    private static readonly CompiledSchema TermsSchema = SchemaSet.Embedded["adcp/3.1/measurement-terms.json"];

    private readonly List<string> _missing = [];

    /// <summary>Pointers to what neither the result nor a contract says.</summary>
    public IReadOnlyList<string> Missing => _missing;

    /// <summary>True when the draft rests on a default of ours, which somebody has to look at before it binds.</summary>
    public bool RestsOnDefaults { get; private set; }

    /// <summary>The draft a seller's proposal of the same content would make; null when something is missing.</summary>
    /// <param name="sellerAgent">Who sells.</param>
    /// <param name="fallback">What this installation does after a missed deadline when nothing is agreed.</param>
    /// <param name="snapshot">Whether it reads the seller's own records when nothing is agreed.</param>
    public ContractDraft? Draft(string sellerAgent, FallbackPolicy fallback, SnapshotPolicy snapshot)
    {
        ContractDraft? before = known is null ? null : DraftOf(known.Newest);
        List<PackageTerms> packages = Packages(before?.Packages ?? []);
        string? currency = CurrencyOf(result) ?? EachPackage().Select(p => CurrencyOf(p.Node)).FirstOrDefault(c => c is not null) ?? before?.Currency;
        if (currency is null)
            _missing.Add("/currency");
        ReportingPeriod? flight = Flight(before);
        if (packages.Count == 0)
            _missing.Add("/packages");
        if (_missing.Count > 0)
            return null;

        bool sameFlight = before is not null && before.Flight == flight;
        RestsOnDefaults = !sameFlight;
        return new ContractDraft(
            Text(result, "media_buy_id"u8)!, sellerAgent, currency!, flight!.Value,
            sameFlight ? BillingCadence.Listed : BillingCadence.Monthly, sameFlight ? before!.ListedPeriods : [], before?.BillingUtcOffset ?? TimeSpan.Zero, before?.Windows ?? [], packages, before?.DeliveredBy,
            before?.Policies ?? new ContractPolicies(fallback, LateFinalPolicy.HoldFallback, RestatementPolicy.Manual, snapshot), null, null, before?.SumDaily ?? false);
    }

    /// <summary>What is in force, as it would be handed in to be in force again.</summary>
    private ContractDraft DraftOf(Contract contract)
    {
        if (contract.Groups.Any(g => g is { BillableCap: not null, PackageIds.Count: > 1 }))
            _missing.Add("/packages/billable_cap");
        IEnumerable<PackageTerms> packages = contract.Groups.SelectMany(g => g.PackageIds.Select(id =>
            new PackageTerms(id, g.PricingOptionId, g.PricingModel, g.Rate, g.Terms.Measurement, g.Rate is null, g.BillableCap, g.Time?.Unit)));
        return new ContractDraft(
            contract.MediaBuyId, contract.SellerAgent, contract.Currency, contract.Flight, BillingCadence.Listed, contract.Periods,
            contract.Groups.Select(g => g.Time).FirstOrDefault(t => t is not null)?.UtcOffset ?? TimeSpan.Zero, contract.Windows, [.. packages],
            contract.Groups.Select(g => g.Terms).FirstOrDefault(t => t.Authority == Party.ThirdParty)?.AuthoritySide, contract.Policies, null, null, contract.Groups.Any(g => g.SumDaily));
    }

    /// <summary>An update names what it affected; every other package stays as it is.</summary>
    private List<PackageTerms> Packages(IReadOnlyList<PackageTerms> before)
    {
        var packages = new List<PackageTerms>();
        foreach ((string pointer, JsonNode node) in EachPackage())
        {
            string? id = Text(node, "package_id"u8);
            if (id is null || id.Length > 255 || id.Any(char.IsControl))
                _missing.Add(pointer + "/package_id");
            else
                packages.Add(Package(pointer, node, id, before.FirstOrDefault(p => p.PackageId == id)));
        }

        bool all = result.TryGetMember("packages"u8, out _);
        return all ? packages : [.. before.Where(p => !packages.Exists(q => q.PackageId == p.PackageId)), .. packages];
    }

    private PackageTerms Package(string pointer, JsonNode node, string id, PackageTerms? before)
    {
        JsonNode option = node.TryGetMember("pricing_option"u8, out JsonNode stated) && stated.Kind == JsonKind.Object ? stated : node;
        string? optionId = Text(node, "pricing_option_id"u8) ?? before?.PricingOptionId;
        // The price of another option is not this one's.
        PackageTerms? priced = before is not null && before.PricingOptionId == optionId ? before : null;
        PricingModel? model = option.TryGetMember("pricing_model"u8, out JsonNode named) ? ModelOf(named) : priced?.PricingModel;
        bool says = option.TryGetMember("rate"u8, out JsonNode price) || option.TryGetMember("fixed_price"u8, out price);
        decimal? rate = !says ? priced?.Rate : MetricReader.TryReadRate(price, out decimal read) ? read : null;
        bool auction = !says && (priced?.Auction ?? false);
        if (model is null)
            _missing.Add(pointer + "/pricing_model");
        if (rate is null && !auction)
            _missing.Add(pointer + "/rate");
        if (model == PricingModel.Time && priced?.TimeUnit is null)
            _missing.Add(pointer + "/time_unit");
        BillingMeasurement? terms = node.TryGetMember("measurement_terms"u8, out JsonNode said) ? MeasurementOf(pointer, said) : before?.Measurement;
        return new PackageTerms(id, optionId, model ?? PricingModel.Cpm, rate, terms, auction, before?.BillableCap, model == PricingModel.Time ? priced?.TimeUnit : null);
    }

    /// <summary>Terms that cannot be read whole are missing: half of them would be other terms.</summary>
    private BillingMeasurement? MeasurementOf(string pointer, JsonNode said)
    {
        var violations = new List<SchemaViolation>();
        JsonNode vendor = default;
        if (!TermsSchema.Validate(said, violations) || !said.TryGetMember("billing_measurement"u8, out JsonNode m) || !m.TryGetMember("vendor"u8, out vendor) || Text(vendor, "domain"u8) is not { } domain)
        {
            _missing.Add($"{pointer}/measurement_terms{(violations.Count > 0 ? violations[0].Pointer : "/billing_measurement/vendor")}");
            return null;
        }

        var remedies = new List<string>();
        if (said.TryGetMember("makegood_policy"u8, out JsonNode policy) && policy.TryGetMember("available_remedies"u8, out JsonNode menu))
        {
            foreach (JsonNode remedy in menu.Items)
                remedies.Add(remedy.GetString());
        }

        decimal? variance = m.TryGetMember("max_variance_percent"u8, out JsonNode percent) && percent.TryGetDecimal(out decimal most) ? most : null;
        int? hours = m.TryGetMember("finalization_deadline_hours"u8, out JsonNode stated) && stated.TryGetInt64(out long h) ? (int)Math.Min(h, 100_000) : null;
        return new BillingMeasurement(new BrandKey(domain, Text(vendor, "brand_id"u8)), variance, Text(m, "measurement_window"u8), hours, remedies);
    }

    private ReportingPeriod? Flight(ContractDraft? before)
    {
        (DateTimeOffset? from, DateTimeOffset? to) = (Time("", result, "start_time"), Time("", result, "end_time"));
        foreach ((string pointer, JsonNode package) in EachPackage().TakeWhile(_ => before is null))
        {
            from = Time(pointer, package, "start_time") is { } start && !(from <= start) ? start : from;
            to = Time(pointer, package, "end_time") is { } end && !(to >= end) ? end : to;
        }

        from ??= before?.Flight.Start;
        to ??= before?.Flight.End;
        if (from is null)
            _missing.Add("/start_time");
        if (to is null)
            _missing.Add("/end_time");
        if (from is null || to is null)
            return null;
        ReportingPeriod? flight = ReportingPeriod.Canonical(from.Value, to.Value, []);
        if (flight is null || from.Value.Year < 2000 || to.Value.Year > 2200)
            _missing.Add("/end_time");
        return flight;
    }

    private IEnumerable<(string Pointer, JsonNode Node)> EachPackage()
    {
        string name = result.TryGetMember("packages"u8, out JsonNode packages) ? "packages" : "affected_packages";
        if ((!packages.Exists && !result.TryGetMember("affected_packages"u8, out packages)) || packages.Kind != JsonKind.Array)
            yield break;
        int index = 0;
        foreach (JsonNode package in packages.Items)
            yield return (string.Create(CultureInfo.InvariantCulture, $"/{name}/{index++}"), package);
    }

    private static string? CurrencyOf(JsonNode node) =>
        Text(node, "currency"u8) ?? (node.TryGetMember("pricing_option"u8, out JsonNode option) ? Text(option, "currency"u8) : null);

    /// <summary>A model of the wire; what only this ledger knows is none.</summary>
    private static PricingModel? ModelOf(JsonNode named)
    {
        if (named.Kind != JsonKind.String)
            return null;
        foreach (PricingModel model in Enum.GetValues<PricingModel>())
        {
            if (model != PricingModel.VendorCost && Wire.HostJson.Name(model) == named.GetString())
                return model;
        }

        return null;
    }

    /// <summary>A time that is said and cannot be read is missing, not unsaid.</summary>
    private DateTimeOffset? Time(string pointer, JsonNode node, string name)
    {
        if (!node.TryGetMember(System.Text.Encoding.ASCII.GetBytes(name), out JsonNode value))
            return null;
        if (WireTime.TryRead(value, out DateTimeOffset at))
            return at;
        _missing.Add($"{pointer}/{name}");
        return null;
    }

    private static string? Text(JsonNode node, ReadOnlySpan<byte> name) => node.TryGetMember(name, out JsonNode value) && value.Kind == JsonKind.String ? value.GetString() : null;
}
