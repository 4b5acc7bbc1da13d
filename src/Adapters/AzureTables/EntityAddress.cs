namespace AdcpFunctions.Adapters;

/// <summary>Where a table and its rows are.</summary>
/// <remarks>In a key the quote is doubled and everything but letters, digits and <c>-._~</c> is percent-encoded, so that no reader of the address changes it.</remarks>
internal sealed class EntityAddress(Uri endpoint, string table)
{
    private readonly string _endpoint = endpoint.AbsoluteUri.TrimEnd('/');

    public string Name { get; } = table;

    public Uri Tables => new($"{_endpoint}/Tables");

    public Uri ThisTable => new($"{_endpoint}/Tables('{Name}')");

    public Uri Batch => new($"{_endpoint}/$batch");

    public Uri Table { get; } = new($"{endpoint.AbsoluteUri.TrimEnd('/')}/{table}");

    public Uri Entity(string partition, string rowKey) =>
        new($"{_endpoint}/{Name}(PartitionKey='{Escape(partition)}',RowKey='{Escape(rowKey)}')");

    public Uri Range(string partition, string fromKey, string toKey, int limit, string? continuation)
    {
        string filter = $"PartitionKey eq '{Quoted(partition)}' and RowKey ge '{Quoted(fromKey)}' and RowKey lt '{Quoted(toKey)}'";
        string address = $"{_endpoint}/{Name}()?$filter={Uri.EscapeDataString(filter)}&$top={limit}";
        return new Uri(continuation is null ? address : $"{address}&{continuation}");
    }

    private static string Escape(string key) => Uri.EscapeDataString(Quoted(key));

    private static string Quoted(string key) => key.Replace("'", "''", StringComparison.Ordinal);
}
