using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

public sealed class WholeFlowPlainTests() : WholeFlowTests(splitsPages: false);

public sealed class WholeFlowSplitTests() : WholeFlowTests(splitsPages: true);

/// <summary>Register, report from both sides, settle, publish: died at every storage call in turn, then taken up again.</summary>
public abstract class WholeFlowTests(bool splitsPages) : LedgerSuite(splitsPages)
{
    private static readonly ContractDraft[] Drafts = [LedgerSample.BuyerAttested("mb_1"), LedgerSample.TwoGroups("mb_2")];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_flow_that_died_anywhere_ends_as_if_undisturbed(bool afterEffect)
    {
        FaultyTable calm = NewStore();
        Assert.Equal(0, await RunAsync(calm));
        int calls = calm.Calls.Count;
        Outcome expected = await OutcomeAsync(calm);
        Assert.Equal(3, expected.Published.Count);

        for (int n = 1; n <= calls; n++)
        {
            FaultyTable store = NewStore();
            store.KillAt(n, afterEffect);

            Assert.Equal(1, await RunAsync(store));

            Outcome actual = await OutcomeAsync(store);
            Assert.Equal(expected.Ledger, actual.Ledger);
            Assert.Equal(expected.Published, actual.Published);
            DropStores(keep: 2);
        }
    }

    /// <summary>The steps as their callers make them: each repeated from its start, by a new instance, until it ends.</summary>
    /// <returns>How often a step died.</returns>
    private async Task<int> RunAsync(FaultyTable store)
    {
        int deaths = 0;
        var ledger = new LedgerHarness(store, Time);
        async Task StepAsync(DateTimeOffset at, Func<Task> step)
        {
            Time.UtcNow = at;
            while (true)
            {
                try
                {
                    await step();
                    return;
                }
                catch (StorageFaultException)
                {
                    deaths++;
                    ledger = new LedgerHarness(store, Time);
                }
            }
        }

        var buys = new RegisteredBuy[Drafts.Length];
        DateTimeOffset reported = LedgerSample.April.Start.AddDays(1);
        await StepAsync(LedgerSample.BeforeFlight, () => ledger.AddAccountAsync(LedgerSample.Account()));
        for (int i = 0; i < Drafts.Length; i++)
            await StepAsync(LedgerSample.BeforeFlight, async () => buys[i] = await ledger.RegisterAsync(Drafts[i]));
        await StepAsync(reported, () => ledger.PushAsync("buyer", buys.Select(buy => ledger.BuyerFinal(buy, 1_000_000)), buys.Select(buy => LedgerHarness.Provisional(buy, 7, LedgerSample.April))));
        await StepAsync(reported.AddHours(1), () => ledger.PushAsync("seller", [.. buys.SelectMany(buy => ledger.SellerFinals(buy, 1_010_000)), .. ledger.SellerFinals(buys[1], 500_000, group: 1)]));
        await StepAsync(reported.AddHours(2), () => ledger.RelayAsync());
        return deaths;
    }

    private async Task<Outcome> OutcomeAsync(FaultyTable store)
    {
        var ledger = new LedgerHarness(store, Time);
        IReadOnlyList<FeedEntry> published = await ledger.PublishedAsync();
        Assert.Equal(Enumerable.Range(1, published.Count).Select(i => (long)i), published.Select(p => p.Sequence));
        Assert.Equal(published.Count, published.Select(p => p.Record.MessageId).Distinct().Count());
        Assert.Empty(await ledger.LedgerTextAsync("o_"));
        Assert.Equal(0, await ledger.Scan.RunAsync(LedgerHarness.Tenant, default));
        Assert.Equal(published.Count, (await ledger.AssertReplaysAsync()).Records);

        // What was published does not depend on where in the feed it stands.
        string[] records = [.. published.OrderBy(p => p.Record.MessageId, StringComparer.Ordinal)
            .Select(p => System.Text.Json.JsonSerializer.Serialize(p.Record with { Seq = 0 }, LedgerJson.Default.SettledRecord))];
        return new Outcome(await ledger.LedgerTextAsync(), records);
    }

    private sealed record Outcome(IReadOnlyList<string> Ledger, IReadOnlyList<string> Published);
}
