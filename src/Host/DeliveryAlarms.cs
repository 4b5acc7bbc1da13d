using System.Collections.Concurrent;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host;

/// <summary>Says aloud what an operator must act on: once when it comes up, and again after a restart.</summary>
internal sealed partial class DeliveryAlarms(Telemetry telemetry, ILogger<DeliveryAlarms> logger)
{
    private readonly ConcurrentDictionary<string, DeliveryReport> _said = new(StringComparer.Ordinal);

    public void Note(string tenant, DeliveryReport report)
    {
        // The counts stand in the ledger: an alarm whose process died before it was raised is raised by the next. As many may wait as
        // before and be others, so what has come to wait in all is compared too; before the first look of this process it says nothing.
        DeliveryReport before = _said.GetValueOrDefault(tenant) ?? DeliveryReport.Nothing with { EverUncertain = report.EverUncertain, EverRefused = report.EverRefused };
        if (Math.Max(report.Uncertain - before.Uncertain, (int)(report.EverUncertain - before.EverUncertain)) is > 0 and var uncertain)
        {
            Log.Uncertain(logger, report.Uncertain, tenant);
            telemetry.PublicationsUncertain(uncertain);
        }

        if (Math.Max(report.Refused - before.Refused, (int)(report.EverRefused - before.EverRefused)) is > 0 and var refused)
        {
            Log.Refused(logger, report.Refused, tenant);
            telemetry.PublicationsRefused(refused);
        }

        _said[tenant] = report;
        if (report.Closed is { } why)
            Log.Closed(logger, tenant, why);
        if (report.Sent > 0)
            Log.Sent(logger, report.Sent, tenant);
    }

    private static partial class Log
    {
        [LoggerMessage(5070, LogLevel.Critical, "publication_uncertain: {Records} records of tenant {Tenant} may or may not have reached the broker and wait for a decision: GET /v1/publications?state=uncertain.")]
        public static partial void Uncertain(ILogger logger, int records, string tenant);

        [LoggerMessage(5071, LogLevel.Critical, "publication_refused: {Records} records of tenant {Tenant} are not taken by the broker as they are and wait for a decision: GET /v1/publications?state=refused.")]
        public static partial void Refused(ILogger logger, int records, string tenant);

        [LoggerMessage(5072, LogLevel.Critical, "The broker lets nothing in for tenant {Tenant} ({Why}): check the topic, its quota and the sender's rights. Nothing is lost; sending goes on by itself.")]
        public static partial void Closed(ILogger logger, string tenant, string why);

        [LoggerMessage(5073, LogLevel.Information, "Sent {Records} records of tenant {Tenant}.")]
        public static partial void Sent(ILogger logger, long records, string tenant);
    }
}
