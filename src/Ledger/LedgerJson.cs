using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>How the ledger writes what it remembers. Money is exact: decimals are written digit by digit.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    // What follows from the rest is not kept: it would double the rows of large groups.
    IgnoreReadOnlyProperties = true,
    Converters =
    [
        typeof(UtcJson), typeof(PeriodJson),
        typeof(SnakeCaseNames<Party>), typeof(SnakeCaseNames<Side>), typeof(SnakeCaseNames<PricingModel>), typeof(SnakeCaseNames<BillingCadence>), typeof(SnakeCaseNames<FallbackPolicy>),
        typeof(SnakeCaseNames<LateFinalPolicy>), typeof(SnakeCaseNames<RestatementPolicy>), typeof(SnakeCaseNames<SnapshotPolicy>),
        typeof(SnakeCaseNames<SettlementStatus>), typeof(SnakeCaseNames<TimeUnit>), typeof(SnakeCaseNames<RulingTopic>), typeof(SnakeCaseNames<AccountStatus>), typeof(SnakeCaseNames<AgentRole>), typeof(SnakeCaseNames<SenderProfile>), typeof(SnakeCaseNames<WebhookMode>), typeof(SnakeCaseNames<WebhookChannel>),
        typeof(SnakeCaseNames<DisputeState>), typeof(SnakeCaseNames<DisputeActor>), typeof(SnakeCaseNames<DisputeAction>), typeof(SnakeCaseNames<RemedyKind>), typeof(SnakeCaseNames<RemedyState>), typeof(SnakeCaseNames<RemedyAction>),
        typeof(SnakeCaseNames<VendorKind>), typeof(SnakeCaseNames<VendorModel>), typeof(SnakeCaseNames<FeePeriod>),
        typeof(SnakeCaseNames<PublicationState>), typeof(SnakeCaseNames<PublicationDecision>),
    ])]
[JsonSerializable(typeof(HeadDocument))]
[JsonSerializable(typeof(EventDocument))]
[JsonSerializable(typeof(SettlementEvent.FinalReceived))]
[JsonSerializable(typeof(SettlementEvent.UnknownReceived))]
[JsonSerializable(typeof(SettlementEvent.DeadlineMissed))]
[JsonSerializable(typeof(SettlementEvent.FallbackApproved))]
[JsonSerializable(typeof(SettlementEvent.Ruled))]
[JsonSerializable(typeof(SettlementEvent.Posted))]
[JsonSerializable(typeof(SettlementEvent.StatusChanged))]
[JsonSerializable(typeof(SettlementEvent.SnapshotRead))]
[JsonSerializable(typeof(SettlementEvent.DisputeMoved))]
[JsonSerializable(typeof(SettlementEvent.DisputeLapsed))]
[JsonSerializable(typeof(SettlementEvent.RemedyMoved))]
[JsonSerializable(typeof(TallyDocument))]
[JsonSerializable(typeof(MediaBuyDocument))]
[JsonSerializable(typeof(ProposalDocument))]
[JsonSerializable(typeof(CatalogStamp))]
[JsonSerializable(typeof(Account))]
[JsonSerializable(typeof(Agent))]
[JsonSerializable(typeof(AgentKey))]
[JsonSerializable(typeof(SuccessionDocument))]
[JsonSerializable(typeof(WebhookEndpoint))]
[JsonSerializable(typeof(EndpointPlace))]
[JsonSerializable(typeof(SnapshotSource))]
[JsonSerializable(typeof(AskedDocument))]
[JsonSerializable(typeof(NonceDocument))]
[JsonSerializable(typeof(NonceQuota))]
[JsonSerializable(typeof(RequestDocument))]
[JsonSerializable(typeof(DueDocument))]
[JsonSerializable(typeof(PointerDocument))]
[JsonSerializable(typeof(OutgoingDocument))]
[JsonSerializable(typeof(FeedHeadDocument))]
[JsonSerializable(typeof(Signposts))]
[JsonSerializable(typeof(DispatchDocument))]
[JsonSerializable(typeof(PublicationDocument))]
[JsonSerializable(typeof(SettledRecord))]
[JsonSerializable(typeof(PeriodClose))]
[JsonSerializable(typeof(PeriodReopening))]
[JsonSerializable(typeof(PeriodActs))]
[JsonSerializable(typeof(PageDocument))]
[JsonSerializable(typeof(EvidenceDocument))]
[JsonSerializable(typeof(QuarantineDocument))]
[JsonSerializable(typeof(IReadOnlyList<DeliveryEntry>))]
[JsonSerializable(typeof(DeliveryHour))]
[JsonSerializable(typeof(HeartbeatDocument))]
[JsonSerializable(typeof(LeaseDocument))]
[JsonSerializable(typeof(ScanDocument))]
[JsonSerializable(typeof(RetentionPass))]
[JsonSerializable(typeof(ManifestDocument))]
[JsonSerializable(typeof(TombstoneDocument))]
public sealed partial class LedgerJson : JsonSerializerContext;

/// <summary>An enum by its snake_case name.</summary>
public sealed class SnakeCaseNames<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    where T : struct, Enum;

/// <summary>An instant in UTC, written with Z.</summary>
public sealed class UtcJson : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset().ToUniversalTime();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => writer.WriteStringValue(Text(value));

    public static string Text(DateTimeOffset value) => value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
}

/// <summary>A period as <c>{"start","end"}</c>, end exclusive.</summary>
public sealed class PeriodJson : JsonConverter<ReportingPeriod>
{
    public override ReportingPeriod Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        DateTimeOffset start = default, end = default;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            bool isStart = reader.ValueTextEquals("start"u8);
            reader.Read();
            if (isStart)
                start = reader.GetDateTimeOffset();
            else
                end = reader.GetDateTimeOffset();
        }

        return new ReportingPeriod(start, end);
    }

    public override void Write(Utf8JsonWriter writer, ReportingPeriod value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteString("start"u8, UtcJson.Text(value.Start));
        writer.WriteString("end"u8, UtcJson.Text(value.End));
        writer.WriteEndObject();
    }
}
