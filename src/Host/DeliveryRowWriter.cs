using System.Text;
using System.Text.Json;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Protocol;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>Writes a received row as the answer's schema wants it.</summary>
/// <param name="contract">In force for the row's period.</param>
/// <param name="grades">Whether it may be billed.</param>
internal sealed class DeliveryRowWriter(Utf8JsonWriter writer, Contract contract, RowGrades grades)
{
    /// <param name="row">Valid as a webhook's row.</param>
    /// <param name="leftOut">Members that are not passed on.</param>
    public void Write(JsonNode row, IReadOnlySet<string> leftOut)
    {
        row.TryGetMember("by_package"u8, out JsonNode packages);
        writer.WriteStartObject();
        foreach (JsonMember member in row.Members)
        {
            if (Passes(member, leftOut) && !member.Name.SequenceEqual("by_package"u8))
                Copy(member);
        }

        WriteFinality(row, packages);
        writer.WriteStartArray("by_package"u8);
        int index = 0;
        foreach (JsonNode package in packages.Items)
            WritePackage(package, grades.Packages[index++], leftOut);
        writer.WriteEndArray();
        DeliveryGrades.Write(writer, grades.Row);
        writer.WriteEndObject();
    }

    /// <summary>Rule RPT-5: a row is final only where each of its packages is, for its own contracted window; whatever the row says of itself.</summary>
    /// <remarks>Its stamp is then the latest of theirs. Spec: AdCP 3.1, get_media_buy_delivery, "package-level is authoritative".</remarks>
    private void WriteFinality(JsonNode row, JsonNode packages)
    {
        bool isSaid = row.TryGetMember("is_final"u8, out _);
        bool isFinal = packages.Count > 0;
        (DateTimeOffset At, JsonNode Text) latest = default;
        foreach (JsonNode package in packages.Items)
        {
            isSaid |= package.TryGetMember("is_final"u8, out _);
            isFinal &= PackageRow.IsFinal(package) && IsContracted(package);
            if (package.TryGetMember("finalized_at"u8, out JsonNode stamp) && WireTime.TryRead(stamp, out DateTimeOffset at) && at > latest.At)
                latest = (at, stamp);
        }

        if (!isSaid)
            return;
        writer.WriteBoolean("is_final"u8, isFinal);
        if (!isFinal || (!latest.Text.Exists && !row.TryGetMember("finalized_at"u8, out latest.Text)))
            return;
        writer.WritePropertyName("finalized_at"u8);
        writer.WriteRawValue(latest.Text.Raw, skipInputValidation: true);
    }

    /// <summary>A package, completed from the contract; one that neither names nor prices is left to the totals.</summary>
    private void WritePackage(JsonNode package, BillingGrade grade, IReadOnlySet<string> leftOut)
    {
        if (!package.TryGetMember("package_id"u8, out JsonNode id))
            return;
        TermsGroup? group = contract.GroupOfPackage(id.GetString());
        bool isPriced = package.TryGetMember("pricing_model"u8, out _);
        bool isRated = package.TryGetMember("rate"u8, out _);
        if ((!isPriced && group is not { PricingModel: not PricingModel.RevenueShare }) || (!isRated && group?.Rate is null))
            return;
        writer.WriteStartObject();
        foreach (JsonMember member in package.Members)
        {
            if (Passes(member, leftOut) || (member.Name.SequenceEqual("finalized_at"u8) && PackageRow.IsFinal(package)) || member.Name.SequenceEqual("is_final"u8))
                Copy(member);
        }

        if (!isPriced)
            writer.WriteString("pricing_model"u8, HostJson.Name(group!.PricingModel));
        if (!isRated)
            writer.WriteNumber("rate"u8, group!.Rate!.Value);
        if (!package.TryGetMember("currency"u8, out _))
            writer.WriteString("currency"u8, contract.Currency);
        DeliveryGrades.Write(writer, grade);
        writer.WriteEndObject();
    }

    /// <summary>Finality is written apart: of a row it follows from its packages, and a stamp stands only beside a final.</summary>
    private static bool Passes(JsonMember member, IReadOnlySet<string> leftOut) =>
        !member.Name.SequenceEqual("is_final"u8) && !member.Name.SequenceEqual("finalized_at"u8) && !leftOut.Contains(Encoding.UTF8.GetString(member.Name));

    private void Copy(JsonMember member)
    {
        writer.WritePropertyName(member.Name);
        writer.WriteRawValue(member.Value.Raw, skipInputValidation: true);
    }

    private bool IsContracted(JsonNode package)
    {
        string? window = package.TryGetMember("measurement_window"u8, out JsonNode named) ? named.GetString() : null;
        return package.TryGetMember("package_id"u8, out JsonNode id) && contract.GroupOfPackage(id.GetString()) is { } group && MeasurementWindows.Matches(window, group, contract.Windows);
    }
}
