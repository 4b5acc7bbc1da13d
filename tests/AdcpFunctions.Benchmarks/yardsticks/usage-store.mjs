const records = new Map();

/** Keeps the latest version of each fact under its natural key; the same fact again changes nothing. */
export function store(request) {
  const { start, end } = request.reporting_period;
  for (const record of request.usage) {
    const { account } = record;
    const owner = account.account_id ?? `${account.brand.domain}|${account.brand.brand_id ?? ''}|${account.operator}|${account.sandbox ?? false}`;
    const subject = record.media_buy_id ?? record.creative_id ?? record.signal_agent_segment_id ?? record.standards_id
      ?? record.rights_id ?? record.build_variant_id ?? record.property_list_id ?? '';
    const key = `${owner}|${subject}|${record.pricing_option_id ?? ''}|${start}|${end}|${record.measurement_window ?? ''}`;
    const known = records.get(key);
    if (known && known.impressions === record.impressions && known.vendor_cost === record.vendor_cost
      && known.final === record.final && known.finalized_at === record.finalized_at) continue;
    records.set(key, record);
  }
  return request.usage.length;
}
