using Azure.Core;

namespace AdcpFunctions.Adapters;

/// <summary>Which table <see cref="AzureTable"/> uses, as whom, and how long it tries.</summary>
public sealed record AzureTableOptions
{
    /// <summary>The table's name: 3 to 63 letters and digits, beginning with a letter.</summary>
    public required string Table { get; init; }

    /// <summary>The storage account, with its key or a shared access signature, or <c>UseDevelopmentStorage=true</c>.</summary>
    /// <value>The default is null: <see cref="Endpoint"/> with an Entra identity.</value>
    public string? ConnectionString { get; init; }

    /// <summary>The table endpoint, over HTTPS, for an Entra identity.</summary>
    public string? Endpoint { get; init; }

    /// <summary>Who asks at <see cref="Endpoint"/>.</summary>
    /// <value>The default is null: the process's own identity, as <c>DefaultAzureCredential</c> finds it.</value>
    public TokenCredential? Credential { get; init; }

    /// <summary>How often a request is tried again.</summary>
    /// <value>The default is 4.</value>
    public int Retries { get; init; } = 4;

    /// <summary>How long to wait before the second try; the wait doubles from there, and a longer <c>Retry-After</c> is honoured.</summary>
    /// <value>The default is 200 ms.</value>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How long one try may take.</summary>
    /// <value>The default is 10 seconds, twice what the store gives a query.</value>
    public TimeSpan TryTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long all tries of one request may take, waits included.</summary>
    /// <value>The default is 30 seconds: a caller of ours waits no longer, whatever a server asks for.</value>
    public TimeSpan TotalTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The clock that dates requests.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>What carries requests, in place of this class's own connections.</summary>
    internal HttpMessageHandler? Handler { get; init; }
}
