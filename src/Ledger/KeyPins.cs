using System.Text;

namespace AdcpFunctions.Ledger;

/// <summary>Where a counterparty's keys were when they were first looked for: durable, and shared by every instance.</summary>
/// <remarks>What a counterparty publishes is the same for every tenant, so this is kept once for all.</remarks>
public sealed class KeyPins(IPartitionedTable table)
{
    /// <summary>The address first seen, which is this one if there was none: of two that look at once one is first.</summary>
    public async ValueTask<string> FirstSeenAsync(string agentUrl, string brandJsonUrl, string jwksUri, CancellationToken cancel)
    {
        string row = LedgerKeys.KeyPin(agentUrl, brandJsonUrl);
        while (true)
        {
            if (await table.GetAsync(LedgerKeys.KeyPins, row, cancel) is { } seen)
                return Encoding.UTF8.GetString(seen.Body.Span);
            TableRow first = TableRow.Of(row, Encoding.UTF8.GetBytes(jwksUri));
            if (await table.SubmitAsync(new TableBatch(LedgerKeys.KeyPins).Insert(first), cancel) is BatchResult.Committed)
                return jwksUri;
        }
    }
}
