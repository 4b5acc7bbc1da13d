using System.Globalization;
using System.Text;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>What a push was asked for.</summary>
/// <param name="File">NDJSON or CSV.</param>
/// <param name="To">The agent.</param>
/// <param name="Plain">True for the plain route, false for MCP.</param>
/// <param name="Key">The bearer key; null where the agent asks for none.</param>
internal sealed record PushOptions(string File, Uri To, bool Plain, string? Key)
{
    public const string Usage = """
        push <usage.ndjson|usage.csv> --to <url> [--plain] [--key-file <file>] [--period <start>/<end>]
             [--mapping <file> (--finalized-at <time> | --provisional)] [--batch 500] [--state <folder>]
             [--skip-invalid] [--skip-unmapped] [--new] [--resend-expired]
        The key comes from ADCP_PUSH_KEY or from --key-file, never from an argument.
        """;

    private const int MaxBatch = 10_000;

    private static readonly string[] Valued = ["to", "key-file", "period", "mapping", "finalized-at", "batch", "state"];
    private static readonly string[] Flags = ["plain", "provisional", "skip-invalid", "skip-unmapped", "new", "resend-expired"];

    /// <summary>The reporting period as the sender words it; null where the export says it.</summary>
    public StatedPeriod? Period { get; private init; }

    public string? Mapping { get; private init; }

    /// <summary>As stated; null where nothing is final, or every record says it for itself.</summary>
    public string? FinalizedAt { get; private init; }

    /// <summary>Records in a request, at most.</summary>
    /// <value>The default is 500.</value>
    public int Batch { get; private init; } = 500;

    /// <summary>Where the journal and the results are.</summary>
    public string State { get; private init; } = File + ".push";

    public bool SkipInvalid { get; private init; }

    public bool SkipUnmapped { get; private init; }

    public bool StartNew { get; private init; }

    public bool ResendExpired { get; private init; }

    /// <summary>Reads the arguments.</summary>
    /// <param name="args">As typed.</param>
    /// <param name="environmentKey">What <c>ADCP_PUSH_KEY</c> holds.</param>
    /// <exception cref="InvalidDataException">They cannot be followed; the message says why.</exception>
    public static PushOptions Read(string[] args, string? environmentKey)
    {
        (string? file, Dictionary<string, string> values) = Split(args);
        if (file is null || !values.TryGetValue("to", out string? to))
            throw new InvalidDataException(Usage);
        (Uri address, bool plain) = AddressOf(to, values.ContainsKey("plain"));
        values.TryGetValue("mapping", out string? mapping);
        values.TryGetValue("finalized-at", out string? finalizedAt);
        if (mapping is null && (finalizedAt is not null || values.ContainsKey("provisional")))
            throw new InvalidDataException("Without --mapping every record says for itself whether it is final.");
        if (mapping is not null && finalizedAt is null == !values.ContainsKey("provisional"))
            throw new InvalidDataException("Say either --finalized-at, when the numbers were settled, or --provisional: an export does not.");
        if (mapping is not null && values.ContainsKey("skip-invalid"))
            throw new InvalidDataException("--skip-invalid is not for an export with totals: without a row they no longer prove that it is whole. Export it again.");
        if (finalizedAt is not null && !IsTime(finalizedAt))
            throw new InvalidDataException("--finalized-at is a time with its offset, such as 2026-11-09T14:32:00Z.");
        return new PushOptions(file, address, plain, KeyOf(values.GetValueOrDefault("key-file"), environmentKey))
        {
            Period = values.TryGetValue("period", out string? period) ? StatedPeriod.Read(period) : null,
            Mapping = mapping,
            FinalizedAt = finalizedAt,
            Batch = BatchOf(values.GetValueOrDefault("batch", "500")),
            State = values.GetValueOrDefault("state", file + ".push"),
            SkipInvalid = values.ContainsKey("skip-invalid"),
            SkipUnmapped = values.ContainsKey("skip-unmapped"),
            StartNew = values.ContainsKey("new"),
            ResendExpired = values.ContainsKey("resend-expired"),
        };
    }

    private static (string? File, Dictionary<string, string> Values) Split(string[] args)
    {
        string? file = null;
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        for (int i = 0; i < args.Length; i++)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal))
            {
                if (file is not null || args[i].Length == 0)
                    throw new InvalidDataException(Usage);
                file = args[i];
                continue;
            }

            string[] parts = args[i][2..].Split('=', 2);
            bool isFlag = Flags.Contains(parts[0], StringComparer.Ordinal) && parts.Length == 1;
            string? value = isFlag || !Valued.Contains(parts[0], StringComparer.Ordinal) ? null : parts.Length == 2 ? parts[1] : ++i < args.Length ? args[i] : null;
            if ((!isFlag && (value is null or "" || value.StartsWith("--", StringComparison.Ordinal))) || !values.TryAdd(parts[0], value ?? ""))
                throw new InvalidDataException(Usage);
        }

        return (file, values);
    }

    /// <summary>Rule PUSH-1: a key travels over TLS or stays on this machine, and stands in no address.</summary>
    /// <remarks>
    /// The address is the operator's own word for an agent he wants to reach, which may well be a private one: the rules that keep
    /// strangers' addresses from being called do not apply. A redirect is not followed; the key is for the address that was named.
    /// </remarks>
    private static (Uri Address, bool Plain) AddressOf(string to, bool plain)
    {
        if (!Uri.TryCreate(to, UriKind.Absolute, out Uri? address) || address.UserInfo.Length > 0 || address.Query.Length > 0 || address.Fragment.Length > 0)
            throw new InvalidDataException("--to is the agent's address, such as https://agent.example/mcp, without credentials, query or fragment.");
        if (address.Scheme != Uri.UriSchemeHttps && !(address.Scheme == Uri.UriSchemeHttp && address.IsLoopback))
            throw new InvalidDataException("--to is https, or http on this machine.");
        plain |= address.AbsolutePath.EndsWith("/adcp/report_usage", StringComparison.Ordinal);
        return (address.AbsolutePath == "/" ? new Uri(address, plain ? "/adcp/report_usage" : "/mcp") : address, plain);
    }

    private static string? KeyOf(string? file, string? environmentKey)
    {
        string? key = file is null ? environmentKey : System.IO.File.ReadAllText(file, Encoding.UTF8).Trim();
        if (string.IsNullOrEmpty(key))
            return file is null ? null : throw new InvalidDataException($"'{file}' holds no key.");
        return key.All(c => c is > ' ' and < '\u007f') ? key : throw new InvalidDataException("The key is one word of printable ASCII.");
    }

    private static int BatchOf(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int batch) && batch is >= 1 and <= MaxBatch
            ? batch
            : throw new InvalidDataException($"--batch is 1 to {MaxBatch}.");

    private static bool IsTime(string text) => WireTime.TryRead(Encoding.UTF8.GetBytes(text), out _);
}

/// <summary>A reporting period as it stands in every request of a push.</summary>
/// <param name="Start">RFC 3339 with an offset.</param>
/// <param name="End">The same; the last moment, or the first one after.</param>
internal sealed record StatedPeriod(string Start, string End)
{
    public DateTimeOffset From => At(Start);

    public DateTimeOffset To => At(End);

    /// <exception cref="InvalidDataException">It is no span of time.</exception>
    public static StatedPeriod Read(string text)
    {
        string[] ends = text.Split('/');
        bool reads = ends.Length == 2 && WireTime.TryRead(Encoding.UTF8.GetBytes(ends[0]), out DateTimeOffset from)
            & WireTime.TryRead(Encoding.UTF8.GetBytes(ends[^1]), out DateTimeOffset to) && from < to;
        return reads ? new StatedPeriod(ends[0], ends[1]) : throw new InvalidDataException("--period is two times with their offsets, such as 2026-10-01T00:00:00Z/2026-10-31T23:59:59Z.");
    }

    private static DateTimeOffset At(string text) => WireTime.TryRead(Encoding.UTF8.GetBytes(text), out DateTimeOffset at) ? at : throw new InvalidDataException($"'{text}' is no time with its offset.");
}
