using System.Buffers.Text;
using System.Text;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host;

/// <summary>What is sealed, and how long what is kept is kept.</summary>
public sealed class AuditOptions
{
    private readonly Dictionary<string, byte[]> _keys = new(StringComparer.Ordinal);
    private bool _seals;

    /// <summary>Names the key that seals (<c>Audit:KeyId</c>); the key itself is <c>Audit:Key</c>, base64, and older ones <c>Audit:PreviousKeys:{id}</c>.</summary>
    /// <value>The default is <c>audit1</c>; up to 40 letters, digits, hyphens and underscores. Without a key nothing is sealed.</value>
    public string KeyId { get; set; } = "audit1";

    /// <summary>How many years settlements, deliveries and decisions are kept after their period was closed (<c>Retention:FinancialYears</c>).</summary>
    /// <value>The default is 7; 1 to 100.</value>
    public int FinancialYears { get; set; } = 7;

    /// <summary>How many days an idempotency key is remembered (<c>Retention:RequestDays</c>).</summary>
    /// <value>The default is 400; 2 to 3,650: an answer is replayed for a day, and told as expired until its key is forgotten.</value>
    public int RequestDays { get; set; } = 400;

    /// <summary>The keys, ready to seal and to check.</summary>
    internal Seals Seals() => new(_seals ? KeyId : null, _keys);

    internal void Read(IConfiguration configuration)
    {
        KeyId = configuration["Audit:KeyId"] ?? KeyId;
        FinancialYears = HostOptions.Number(configuration, "Retention:FinancialYears", FinancialYears);
        RequestDays = HostOptions.Number(configuration, "Retention:RequestDays", RequestDays);
        HostOptions.CheckRange("Retention:FinancialYears", FinancialYears, 1, 100);
        HostOptions.CheckRange("Retention:RequestDays", RequestDays, 2, 3_650);
        HostOptions.Check("Audit:KeyId", LedgerKeys.IsName(KeyId), "must have 1 to 40 letters, digits, hyphens and underscores");
        if (configuration["Audit:Key"] is { } key)
        {
            _seals = true;
            _keys[KeyId] = Bytes("Audit:Key", key);
        }

        foreach (IConfigurationSection previous in configuration.GetSection("Audit:PreviousKeys").GetChildren())
        {
            string setting = $"Audit:PreviousKeys:{previous.Key}";
            HostOptions.Check(setting, LedgerKeys.IsName(previous.Key) && !_keys.ContainsKey(previous.Key), "must be named by the id of another key than Audit:Key");
            _keys[previous.Key] = Bytes(setting, previous.Value ?? "");
        }
    }

    /// <remarks>What is wrong with a key is said without the key.</remarks>
    private static byte[] Bytes(string setting, string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        HostOptions.Check(setting, Base64.IsValid(utf8, out int length) && length >= Ledger.Seals.LeastKeyBytes, "must be at least 32 bytes in base64, such as openssl rand -base64 32 makes");
        return Convert.FromBase64String(text);
    }
}
