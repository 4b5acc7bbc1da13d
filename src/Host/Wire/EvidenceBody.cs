using System.Security.Cryptography;
using System.Text;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Wire;

/// <summary>Everything a settlement was decided on, in one file. It depends on nothing but what is recorded: of an unchanged settlement it is the same byte for byte.</summary>
/// <param name="AsOf">When the settlement last changed.</param>
/// <param name="ChainHead">SHA-256 of the newest decision.</param>
/// <param name="Settlement">Terms, both counts, deadline, variance and amounts calculated in words, remedies, what stands open, every event in a sentence.</param>
/// <param name="Finals">Both sides' final statements, in the order they were taken in.</param>
/// <param name="Deliveries">How those arrived that came by webhook.</param>
/// <param name="Chain">Every decision as it is stored: the SHA-256 of each is what the next one carries.</param>
internal sealed record EvidencePack(
    string Schema,
    string SettlementId,
    DateTimeOffset AsOf,
    int Sequence,
    string ChainHead,
    DisputeBody? Dispute,
    SettlementBody Settlement,
    IReadOnlyList<FinalEvidence> Finals,
    IReadOnlyList<DeliveryEvidence> Deliveries,
    IReadOnlyList<ChainLink> Chain)
{
    public const string SchemaName = "adcp.evidence-pack.v1";
}

/// <param name="Sequence">The decision it was taken in with; its raw text stands there.</param>
internal sealed record FinalEvidence(int Sequence, Side Side, StatementBody Statement);

/// <summary>A delivery, without its body, in which other media buys may stand.</summary>
/// <param name="Place">As the finals name it.</param>
/// <param name="Verification">What was checked of it.</param>
internal sealed record DeliveryEvidence(string Place, string Endpoint, string Sender, DateTimeOffset ReceivedAt, string BodySha256, string Verification);

/// <param name="Body">The decision as stored; its SHA-256 is <paramref name="Hash"/>.</param>
/// <param name="Raw">What came in with it, as it was sent: one text after the other where several came at once.</param>
internal sealed record ChainLink(int Sequence, string Previous, string Hash, string Body, string? RawSha256, string? Raw)
{
    public static ChainLink Of(EventRow row) => new(
        row.Event.Sequence,
        row.Event.Previous,
        row.Hash,
        Encoding.UTF8.GetString(row.Body.Span),
        row.Raw.IsEmpty ? null : Convert.ToHexStringLower(SHA256.HashData(row.Raw.Span)),
        row.Raw.IsEmpty ? null : Encoding.UTF8.GetString(row.Raw.Span));
}
