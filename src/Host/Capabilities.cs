using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json;
using AdcpFunctions.Host.Mcp;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>The task <c>get_adcp_capabilities</c>: what this service does, read off the things that do it.</summary>
/// <remarks>
/// Nothing here is a claim of its own: releases come from the negotiation, the replay window from the request log, the lease from
/// the setting that sets it, the billing of creatives from setting and accounts, the signed operations from the tools, the digest from the signing profile.
/// Spec: AdCP 3.1, protocol/get_adcp_capabilities.
/// </remarks>
internal sealed class Capabilities(HostOptions options, AccessDirectory directory, TimeProvider time)
{
    /// <summary>How long it is believed that some account bills through AdCP, or that none does.</summary>
    private static readonly TimeSpan Believed = TimeSpan.FromMinutes(1);

    private static readonly CompiledSchema RequestSchema = SchemaSet.Embedded["adcp/3.1/get-adcp-capabilities-request.json"];

    private readonly Dictionary<(string Version, bool Bills), ReadOnlyMemory<byte>> _answers = Write(options, time.GetUtcNow());
    private readonly ConcurrentDictionary<string, BillingLook> _billing = new(StringComparer.Ordinal);

    private sealed record BillingLook(bool Bills, DateTimeOffset Until);

    /// <summary>Rule CAP-2: anybody is told, and what is told is what the code does.</summary>
    /// <param name="request">An object.</param>
    /// <param name="tenant">The caller's; null where nobody is known.</param>
    /// <param name="cancel">Stops the wait.</param>
    public async Task<AdcpAnswer> AnswerAsync(JsonNode request, string? tenant, CancellationToken cancel)
    {
        (string version, AdcpError? unsupported) = AdcpVersions.Negotiate(request);
        var envelope = new Envelope(Envelope.ContextOf(request), version, IsRead: true);
        if (unsupported is not null)
            return AdcpAnswer.Failed(unsupported, envelope);
        var violations = new List<SchemaViolation>();
        return RequestSchema.Validate(request, violations)
            ? AdcpAnswer.Send(_answers[(version, await BillsAsync(tenant, cancel))], replayed: false, envelope.Context)
            : AdcpAnswer.Failed(AdcpError.Malformed(violations), envelope);
    }

    /// <summary>Rule CAP-4: creative usage is said to be billed here only where it is set, and some account then really bills so.</summary>
    /// <remarks>
    /// Who is known is told of its own tenant: another's accounts are out of its reach, and say nothing of what it will be answered.
    /// Accounts come and go, and anybody may ask: they are looked through at most once a minute, and not at all where it is not set.
    /// </remarks>
    private async ValueTask<bool> BillsAsync(string? tenant, CancellationToken cancel)
    {
        if (!options.BillsThroughAdcp)
            return false;
        DateTimeOffset now = time.GetUtcNow();
        if (_billing.TryGetValue(tenant ?? "", out BillingLook? known) && now < known.Until)
            return known.Bills;
        bool bills = false;
        foreach (string one in tenant is null ? await directory.TenantsAsync(cancel) : [tenant])
        {
            IReadOnlyList<Account> accounts = await directory.AccountsAsync(one, cancel);
            bills = accounts.Any(account => account is { OutOfBand: false, TakesUsage: true });
            if (bills)
                break;
        }

        _billing[tenant ?? ""] = new BillingLook(bills, now + Believed);
        return bills;
    }

    private static Dictionary<(string Version, bool Bills), ReadOnlyMemory<byte>> Write(HostOptions options, DateTimeOffset now)
    {
        var answers = new Dictionary<(string Version, bool Bills), ReadOnlyMemory<byte>>();
        foreach (string version in AdcpVersions.Supported)
        {
            foreach (bool bills in (ReadOnlySpan<bool>)[false, true])
                answers[(version, bills)] = Write(options, version, bills, now);
        }

        return answers;
    }

    private static ReadOnlyMemory<byte> Write(HostOptions options, string version, bool bills, DateTimeOffset now)
    {
        var body = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartObject();
            writer.WriteString("status"u8, "completed"u8);
            WriteProtocol(writer, options);
            WriteBilling(writer, options, bills);
            WriteSigning(writer, options);
            writer.WriteString("last_updated"u8, now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture));
            writer.WriteString("adcp_version"u8, version);
            writer.WriteEndObject();
        }

        return body.WrittenMemory;
    }

    private static void WriteProtocol(Utf8JsonWriter writer, HostOptions options)
    {
        writer.WriteStartObject("adcp"u8);
        AdcpVersions.WriteSupported(writer, "major_versions"u8);
        writer.WriteString("build_version"u8, AdcpVersions.Build);
        writer.WriteStartObject("idempotency"u8);
        writer.WriteBoolean("supported"u8, value: true);
        writer.WriteNumber("replay_ttl_seconds"u8, (long)RequestLog.ReplayFor.TotalSeconds);
        writer.WriteNumber("in_flight_max_seconds"u8, options.InFlightSeconds);
        writer.WriteEndObject();
        writer.WriteEndObject();

        // Where the tools belong: delivery is media_buy's, and the block that says how creatives are billed may stand only beside creative.
        // No specialism is claimed: what a seller sells, this service does not know.
        writer.WriteStartArray("supported_protocols"u8);
        writer.WriteStringValue("media_buy"u8);
        writer.WriteStringValue("creative"u8);
        writer.WriteEndArray();
    }

    private static void WriteBilling(Utf8JsonWriter writer, HostOptions options, bool bills)
    {
        writer.WriteStartObject("account"u8);
        writer.WriteStartArray("supported_billing"u8);
        foreach (string party in options.SupportedBilling)
            writer.WriteStringValue(party);
        writer.WriteEndArray();
        writer.WriteBoolean("require_operator_auth"u8, value: true);
        writer.WriteBoolean("sandbox"u8, value: true);
        writer.WriteEndObject();
        writer.WriteStartObject("creative"u8);
        writer.WriteBoolean("bills_through_adcp"u8, bills);
        writer.WriteEndObject();
    }

    /// <summary>Rule CAP-3: operations are named for signing only where a brand.json is: the protocol makes it the root of that trust.</summary>
    /// <remarks>
    /// Without one it still is said that signatures are verified and must cover the digest, for a signature that is sent is never
    /// ignored. No operation is required to be signed of everybody; of single agents it may be.
    /// </remarks>
    private static void WriteSigning(Utf8JsonWriter writer, HostOptions options)
    {
        writer.WriteStartObject("request_signing"u8);
        writer.WriteBoolean("supported"u8, value: true);
        writer.WriteString("covers_content_digest"u8, SigningProfile.Request.Digest switch
        {
            DigestPolicy.Required => "required"u8,
            DigestPolicy.Forbidden => "forbidden"u8,
            _ => "either"u8,
        });
        if (options.BrandJsonUrl is not null)
        {
            writer.WriteStartArray("supported_for"u8);
            foreach (McpTool tool in McpTools.All.Where(t => !t.IsPublic))
                writer.WriteStringValue(tool.Name);
            writer.WriteEndArray();
        }

        writer.WriteStartArray("warn_for"u8);
        writer.WriteEndArray();
        writer.WriteStartArray("required_for"u8);
        writer.WriteEndArray();
        writer.WriteEndObject();
        if (options.BrandJsonUrl is not { } brandJson)
            return;
        writer.WriteStartObject("identity"u8);
        writer.WriteString("brand_json_url"u8, brandJson);
        writer.WriteEndObject();
    }
}
