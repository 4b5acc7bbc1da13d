namespace AdcpFunctions.Host;

/// <summary>What is known of where a counterparty's keys are, and what stands there.</summary>
internal abstract record KeySource
{
    private KeySource() { }

    public sealed record Known(KeySet Keys) : KeySource;

    /// <param name="Code">The specification's code without its profile's prefix.</param>
    public sealed record Unavailable(string Code) : KeySource;
}
