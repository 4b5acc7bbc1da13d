namespace AdcpFunctions.Protocol;

/// <summary>One record of <c>report_usage</c>, its members found but not yet interpreted.</summary>
/// <remarks>A member that was not sent does not exist. Spec: AdCP 3.1, account/report-usage-request.</remarks>
public struct UsageRecord
{
    public JsonNode Node { readonly get; private set; }
    public JsonNode Account { readonly get; private set; }
    public JsonNode MediaBuyId { readonly get; private set; }
    public JsonNode PricingOptionId { readonly get; private set; }
    public JsonNode VendorCost { readonly get; private set; }
    public JsonNode Currency { readonly get; private set; }
    public JsonNode Impressions { readonly get; private set; }
    public JsonNode Final { readonly get; private set; }
    public JsonNode FinalizedAt { readonly get; private set; }
    public JsonNode MeasurementWindow { readonly get; private set; }

    /// <summary>Set for records of creative agents.</summary>
    public bool IsCreative { readonly get; private set; }

    /// <summary>Set for records of signal, governance, rights and property-list agents.</summary>
    public bool IsOtherVariant { readonly get; private set; }

    private enum Field : byte
    {
        Other,
        Account,
        MediaBuyId,
        PricingOptionId,
        VendorCost,
        Currency,
        Impressions,
        Final,
        FinalizedAt,
        MeasurementWindow,
        Creative,
        Variant,
    }

    private static readonly object FieldsOwner = new();

    /// <summary>Finds the members; from the second record of a shape on, without comparing a name.</summary>
    public static UsageRecord Read(JsonNode node)
    {
        var record = new UsageRecord { Node = node };
        Field[] fields = node.Shape.Attached(FieldsOwner, static (shape, _) => FieldsOf(shape));
        foreach (JsonMember member in node.Members)
        {
            switch (fields[member.Ordinal])
            {
                case Field.Account: record.Account = member.Value; break;
                case Field.MediaBuyId: record.MediaBuyId = member.Value; break;
                case Field.PricingOptionId: record.PricingOptionId = member.Value; break;
                case Field.VendorCost: record.VendorCost = member.Value; break;
                case Field.Currency: record.Currency = member.Value; break;
                case Field.Impressions: record.Impressions = member.Value; break;
                case Field.Final: record.Final = member.Value; break;
                case Field.FinalizedAt: record.FinalizedAt = member.Value; break;
                case Field.MeasurementWindow: record.MeasurementWindow = member.Value; break;
                case Field.Creative: record.IsCreative = true; break;
                case Field.Variant: record.IsOtherVariant = true; break;
                default: break;
            }
        }

        return record;
    }

    private static Field[] FieldsOf(JsonShape shape)
    {
        var fields = new Field[shape.Count];
        for (int i = 0; i < fields.Length; i++)
        {
            fields[i] = System.Text.Encoding.UTF8.GetString(shape.Names[i]) switch
            {
                "account" => Field.Account,
                "media_buy_id" => Field.MediaBuyId,
                "pricing_option_id" => Field.PricingOptionId,
                "vendor_cost" => Field.VendorCost,
                "currency" => Field.Currency,
                "impressions" => Field.Impressions,
                "final" => Field.Final,
                "finalized_at" => Field.FinalizedAt,
                "measurement_window" => Field.MeasurementWindow,
                // The presence of such an id selects the vendor's pricing, whatever else the record names.
                "creative_id" or "build_variant_id" => Field.Creative,
                "signal_agent_segment_id" or "standards_id" or "rights_id" or "property_list_id" => Field.Variant,
                _ => Field.Other,
            };
        }

        return fields;
    }
}
