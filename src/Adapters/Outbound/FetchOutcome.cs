using System.Net;

namespace AdcpFunctions.Adapters;

/// <summary>Why something was not fetched. For operators only: whoever named the URL is told nothing of it.</summary>
public enum FetchFailure
{
    /// <summary>Not an https URL without credentials.</summary>
    UrlRefused,

    /// <summary>The name leads to an address that may not be reached.</summary>
    AddressRefused,

    /// <summary>No connection, or one that broke.</summary>
    Unreachable,

    /// <summary>The certificate is not one for this name, or TLS failed otherwise.</summary>
    TlsRefused,

    TimedOut,

    /// <summary>Another status than 200; a redirect is one.</summary>
    StatusRefused,

    /// <summary>Compressed: nothing is inflated here.</summary>
    EncodingRefused,

    TooLarge,
}

/// <summary>What became of an outbound request.</summary>
public abstract record FetchOutcome
{
    private FetchOutcome() { }

    /// <param name="Body">All of it.</param>
    /// <param name="MediaType">As the other side says; nothing is concluded from it here.</param>
    public sealed record Fetched(ReadOnlyMemory<byte> Body, string? MediaType) : FetchOutcome
    {
        /// <summary>Another than 200 only where the request takes any.</summary>
        public HttpStatusCode Status { get; init; } = HttpStatusCode.OK;

        /// <summary>Those of <see cref="OutboundRequest.Wanted"/> that came, each once.</summary>
        public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();
    }

    public sealed record NotFetched(FetchFailure Failure) : FetchOutcome;
}

/// <summary>A request to somebody else's server: GET, or POST where there is a body.</summary>
/// <param name="Url">Where to; a counterparty may have written it.</param>
/// <param name="MaxBytes">The most that is read of the answer.</param>
public sealed record OutboundRequest(string Url, int MaxBytes)
{
    public ReadOnlyMemory<byte>? Body { get; init; }

    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>GET or POST unless said.</summary>
    public HttpMethod? Method { get; init; }

    /// <summary>True where every status is an answer; a redirect is one too, and is not followed.</summary>
    public bool AnyStatus { get; init; }

    /// <summary>Headers of the answer that are to be told.</summary>
    public IReadOnlyList<string> Wanted { get; init; } = [];

    /// <summary>True where the other side has to compute what it answers.</summary>
    public bool Computed { get; init; }
}
