namespace AdcpFunctions.Tests.Support;

/// <summary>Hand-made valid messages that use what examples seldom show.</summary>
public static class SampleDocuments
{
    public static readonly string[] All =
    [
        """
        {"idempotency_key":"6f7c1f5e-9a51-4a57-8f0a-000000000001","adcp_version":"3.1","adcp_major_version":3,"context":{"trace":[1,2]},"ext":{"vendor":{"x":null}},
         "reporting_period":{"start":"2026-01-01T00:00:00+01:00","end":"2026-01-31T23:59:59.999Z","note":"kept"},
         "usage":[
          {"account":{"brand":{"domain":"acme.example.com","brand_id":"acme_eu","industries":["retail"],"brand_kit_override":{"colors":{"primary":"#00FFaa"},"tagline":"go"}},"operator":"agency.example","sandbox":false},
           "media_buy_id":"mb_1","pricing_option_id":"po_1","vendor_cost":12.5,"currency":"EUR","impressions":1000,"final":true,"finalized_at":"2026-02-03T00:00:00Z","measurement_window":"post_sivt"},
          {"account":{"account_id":"acct_1"},"vendor_cost":0,"currency":"USD","creative_id":"c1","build_variant_id":"b1","media_spend":10.25,"rights_id":"r1","standards_id":"s1","property_list_id":"p1","signal_agent_segment_id":"g1","final":false}]}
        """,
        """
        {"status":"completed","accepted":1,"sandbox":false,"replayed":true,"message":"done","timestamp":"2026-02-01T00:00:00Z","context_id":"c","task_id":"t","governance_context":"token",
         "errors":[{"code":"MEDIA_BUY_NOT_FOUND","message":"Unknown.","field":"usage[1].media_buy_id","recovery":"correctable","source":"producer","retry_after":30,
          "issues":[{"pointer":"/usage/1","message":"m","keyword":"required","schemaPath":"#/x","discriminator":[{"property_name":"a","value":null}]}],"details":{"a":1}}],
         "push_notification_config":{"url":"https://example.com/hook","operation_id":"op","token":"0123456789abcdef","authentication":{"schemes":["Bearer"],"credentials":"0123456789abcdef0123456789abcdef"}}}
        """,
        """
        {"notification_type":"window_update","sequence_number":2,"next_expected_at":"2026-03-01T00:00:00Z","partial_data":true,"unavailable_count":1,"currency":"USD","sandbox":true,
         "reporting_period":{"start":"2026-01-01T00:00:00Z","end":"2026-02-01T00:00:00Z"},"attribution_window":{"post_click":{"interval":7,"unit":"days"},"model":"last_touch"},
         "media_buy_deliveries":[{"media_buy_id":"mb","status":"active","is_final":false,"pricing_model":"cpm","totals":{"spend":10,"impressions":1000,"effective_rate":10,"reach":5,"reach_unit":"households","completion_rate":null,"quartile_data":null,
           "reach_window":{"kind":"rolling","period":{"interval":7,"unit":"days"}},"viewability":{"vendor":{"domain":"mrc.example"},"viewable_rate":0.7,"standard":"mrc"},
           "vendor_metric_values":[{"vendor":{"domain":"v.example"},"metric_id":"attention","value":-1.5,"unit":"s","breakdown":{"a":1}}],"by_event_type":[{"event_type":"purchase","count":3,"value":9.5}]},
          "by_package":[{"package_id":"p","spend":10,"rate":10,"pricing_model":"cpm","currency":"USD","is_final":true,"finalized_at":"2026-02-03T00:00:00Z","measurement_window":"c7","supersedes_window":"c3","delivery_status":"goal_met","pacing_index":1,"paused":false}]}]}
        """,
        """{"billing_measurement":{"vendor":{"domain":"adserver.example.com"},"max_variance_percent":10,"measurement_window":"c7","finalization_deadline_hours":72},"makegood_policy":{"available_remedies":["credit","additional_delivery"]},"note":1}""",
    ];
}
