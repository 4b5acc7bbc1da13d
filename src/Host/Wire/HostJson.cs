using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Wire;

/// <summary>How our own bodies are read and written. Amounts are strings already, so nothing here rounds.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters =
    [
        typeof(UtcJson), typeof(PeriodJson),
        typeof(SnakeCaseNames<AgentRole>), typeof(SnakeCaseNames<WebhookMode>), typeof(SnakeCaseNames<WebhookChannel>), typeof(SnakeCaseNames<AccountStatus>), typeof(SnakeCaseNames<Party>), typeof(SnakeCaseNames<Side>),
        typeof(SnakeCaseNames<PricingModel>), typeof(SnakeCaseNames<BillingCadence>), typeof(SnakeCaseNames<FallbackPolicy>),
        typeof(SnakeCaseNames<LateFinalPolicy>), typeof(SnakeCaseNames<RestatementPolicy>), typeof(SnakeCaseNames<SnapshotPolicy>), typeof(SnakeCaseNames<SettlementStatus>), typeof(SnakeCaseNames<TimeUnit>), typeof(SnakeCaseNames<RulingTopic>),
        typeof(SnakeCaseNames<DisputeState>), typeof(SnakeCaseNames<DisputeActor>), typeof(SnakeCaseNames<DisputeAction>), typeof(SnakeCaseNames<RemedyKind>), typeof(SnakeCaseNames<RemedyState>), typeof(SnakeCaseNames<RemedyAction>),
        typeof(SnakeCaseNames<VendorKind>), typeof(SnakeCaseNames<VendorModel>), typeof(SnakeCaseNames<FeePeriod>),
        typeof(SnakeCaseNames<ProposalDecision>), typeof(SnakeCaseNames<ReportStanding>),
        typeof(SnakeCaseNames<PublicationState>), typeof(SnakeCaseNames<PublicationDecision>),
    ])]
[JsonSerializable(typeof(AgentBody))]
[JsonSerializable(typeof(AgentList))]
[JsonSerializable(typeof(KeyRequest))]
[JsonSerializable(typeof(KeyList))]
[JsonSerializable(typeof(SignerBody))]
[JsonSerializable(typeof(KeyBody))]
[JsonSerializable(typeof(SnapshotSourceRequest))]
[JsonSerializable(typeof(SnapshotSourceBody))]
[JsonSerializable(typeof(AccountBody))]
[JsonSerializable(typeof(ContractBody))]
[JsonSerializable(typeof(MediaBuyBody))]
[JsonSerializable(typeof(EndpointRequest))]
[JsonSerializable(typeof(IssuedEndpoint))]
[JsonSerializable(typeof(EndpointList))]
[JsonSerializable(typeof(EndpointItem))]
[JsonSerializable(typeof(RotationRequest))]
[JsonSerializable(typeof(DeliveryList))]
[JsonSerializable(typeof(SenderHealthBody))]
[JsonSerializable(typeof(QuarantineList))]
[JsonSerializable(typeof(RedrivenBody))]
[JsonSerializable(typeof(DismissalRequest))]
[JsonSerializable(typeof(DismissedBody))]
[JsonSerializable(typeof(SettlementList))]
[JsonSerializable(typeof(SettlementBody))]
[JsonSerializable(typeof(DecisionRequest))]
[JsonSerializable(typeof(DisputeOpeningRequest))]
[JsonSerializable(typeof(DisputeResponseRequest))]
[JsonSerializable(typeof(DisputeBody))]
[JsonSerializable(typeof(DisputeList))]
[JsonSerializable(typeof(EvidencePack))]
[JsonSerializable(typeof(RemedyProposalRequest))]
[JsonSerializable(typeof(RemedyAnswerRequest))]
[JsonSerializable(typeof(ProposalDecisionRequest))]
[JsonSerializable(typeof(TotalsBody))]
[JsonSerializable(typeof(PeriodRequest))]
[JsonSerializable(typeof(PeriodList))]
[JsonSerializable(typeof(PeriodBody))]
[JsonSerializable(typeof(PeriodLine))]
[JsonSerializable(typeof(MissingReportList))]
[JsonSerializable(typeof(DiscrepancyList))]
[JsonSerializable(typeof(PublicationList))]
[JsonSerializable(typeof(PublicationBody))]
[JsonSerializable(typeof(PublicationDecisionRequest))]
internal sealed partial class HostJson : JsonSerializerContext
{
    /// <summary>An answer in JSON.</summary>
    public static IResult Answer<T>(int status, T body, JsonTypeInfo<T> type) => TypedResults.Json(body, type, "application/json", status);

    /// <summary>The wire name of an enum value.</summary>
    public static string Name<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    /// <summary>The value a wire name means; null for none.</summary>
    public static T? Read<T>(string? name)
        where T : struct, Enum
    {
        foreach (T value in Enum.GetValues<T>())
        {
            if (Name(value) == name)
                return value;
        }

        return null;
    }
}
