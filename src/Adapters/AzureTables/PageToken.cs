using Azure;

namespace AdcpFunctions.Adapters;

/// <summary>Where a query goes on. Both parts are Table Storage's own and mean nothing to us; the second may be absent.</summary>
internal sealed record PageToken(string Partition, string? Row)
{
    private const string PartitionName = "NextPartitionKey";
    private const string RowName = "NextRowKey";

    public static PageToken? Of(Response response) =>
        response.Headers.TryGetValue("x-ms-continuation-" + PartitionName, out string? partition) && partition.Length > 0
            ? new PageToken(partition, response.Headers.TryGetValue("x-ms-continuation-" + RowName, out string? row) ? row : null)
            : null;

    /// <exception cref="ArgumentException">The text is not one of ours.</exception>
    public static PageToken Parse(string text)
    {
        string[] parts = text.Split('&');
        string? partition = Value(parts[0], PartitionName);
        string? row = parts.Length == 2 ? Value(parts[1], RowName) : null;
        return partition is not null && parts.Length == (row is null ? 1 : 2)
            ? new PageToken(partition, row)
            : throw new ArgumentException("The continuation was not returned by a page of this table.", nameof(text));
    }

    /// <summary>The part of the query that asks for the next page.</summary>
    public override string ToString()
    {
        string partition = $"{PartitionName}={Uri.EscapeDataString(Partition)}";
        return Row is null ? partition : $"{partition}&{RowName}={Uri.EscapeDataString(Row)}";
    }

    private static string? Value(string part, string name) =>
        part.StartsWith(name + "=", StringComparison.Ordinal) && part.Length > name.Length + 1 ? Uri.UnescapeDataString(part[(name.Length + 1)..]) : null;
}
