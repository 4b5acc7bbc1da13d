namespace AdcpFunctions.Host;

/// <summary>Why a seller's records could not be read, or say nothing that can be used.</summary>
/// <param name="Code">For operators and explanations: a word of ours, or the seller's own code made safe to show.</param>
internal sealed record Unread(string Code)
{
    /// <summary>True where the seller's agent as a whole does not answer, or lets nobody in: asking it something else is of no use now.</summary>
    public bool SellerIsAway { get; init; }

    /// <summary>When it asks to be left alone until, or expects to know; null where it does not say.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>What somebody else calls an error, as it may stand in a metric or an explanation.</summary>
    public static string Named(string code) =>
        code.Length is > 0 and <= 64 && code.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-') ? code : "unnamed";
}
