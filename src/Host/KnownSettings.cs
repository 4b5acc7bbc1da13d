using System.ComponentModel.DataAnnotations;

namespace AdcpFunctions.Host;

/// <summary>The settings there are.</summary>
internal static class KnownSettings
{
    /// <summary>Those that stand in a section; a part in braces is whatever name is given.</summary>
    public static readonly IReadOnlyList<string> Names =
    [
        "Audit:Key", "Audit:KeyId", "Audit:PreviousKeys:{id}",
        "Billing:BillsThroughAdcp", "Billing:Supported",
        "Contracts:Fallback", "Contracts:Snapshot",
        "Ledger:ConnectionString", "Ledger:Endpoint", "Ledger:Kind", "Ledger:Path", "Ledger:Table",
        "Limits:DeliveriesPerSecondPerEndpoint", "Limits:DeliveryLogDays", "Limits:ForwardedHops", "Limits:InFlightSeconds", "Limits:NoncesPerKey",
        "Limits:RequestsPerSecondPerAgent", "Limits:UnvouchedPerSecondPerAddress", "Limits:UsageBytes", "Limits:WebhookBytes", "Limits:WritesPerSecondPerAccount",
        "Public:BrandJsonUrl", "Public:Origin",
        "Publisher:ConnectionString", "Publisher:DuplicateDetectionMinutes", "Publisher:Endpoint", "Publisher:Kind", "Publisher:MaxBatchBytes", "Publisher:QueueDir", "Publisher:Topic",
        "Retention:FinancialYears", "Retention:RequestDays",
        "Tenants:{name}:AdminKey",
        "Timers:InProcess", "Timers:StopAfterSeconds",
        "Trust:KeyCacheMinutes",
        "Webhooks:AllowBearer",
    ];

    /// <summary>Rule CONF-1: what stands in a section of ours and is no setting stops the start; what is misspelt would otherwise leave a default in force.</summary>
    /// <remarks>
    /// Anything else in the environment may be somebody else's and is let alone, also a variable that is merely called like a section, as
    /// PUBLIC is on Windows. The value is not told: it may be a secret.
    /// </remarks>
    /// <exception cref="ValidationException">There is such a key.</exception>
    public static void Check(IConfiguration configuration)
    {
        string? unknown = configuration.AsEnumerable().Where(pair => pair.Value is not null).Select(pair => pair.Key)
            .Where(key => IsOurs(key) && !Names.Any(name => AreEqual(As(name, key), key))).Order(StringComparer.OrdinalIgnoreCase).FirstOrDefault();
        if (unknown is not null)
            throw new ValidationException($"Setting {unknown} is not known; the nearest that is known is {Nearest(unknown)}.");
    }

    private static bool IsOurs(string key) =>
        key.IndexOf(':', StringComparison.Ordinal) is > 0 and var end && Names.Any(name => AreEqual(name[..name.IndexOf(':', StringComparison.Ordinal)], key[..end]));

    private static bool AreEqual(string one, string other) => one.Equals(other, StringComparison.OrdinalIgnoreCase);

    /// <summary>A setting's name with what a key says in the place of its braces.</summary>
    private static string As(string name, string key)
    {
        string[] said = key.Split(':');
        return string.Join(':', name.Split(':').Select((part, at) => part[0] == '{' && at < said.Length && said[at].Length > 0 ? said[at] : part));
    }

    /// <summary>What begins with the whole key lacks its end only, and is nearer than anything that is merely alike.</summary>
    private static string? Nearest(string key) =>
        Names.Select(name => As(name, key)).MinBy(name => name.StartsWith(key + ':', StringComparison.OrdinalIgnoreCase) ? 0 : Distance(name, key));

    /// <summary>How many letters have to be put in, taken out or changed to make one of the other.</summary>
    private static int Distance(string one, string other)
    {
        int[] row = [.. Enumerable.Range(0, other.Length + 1)];
        for (int i = 0; i < one.Length; i++)
        {
            int diagonal = row[0]++;
            for (int j = 0; j < other.Length; j++)
            {
                bool alike = char.ToUpperInvariant(one[i]) == char.ToUpperInvariant(other[j]);
                (diagonal, row[j + 1]) = (row[j + 1], Math.Min(alike ? diagonal : diagonal + 1, Math.Min(row[j], row[j + 1]) + 1));
            }
        }

        return row[^1];
    }
}
