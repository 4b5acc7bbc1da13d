using System.Text;
using System.Text.Json;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

/// <summary>What is published proves whose it is, to whoever has the key and to nobody else.</summary>
public sealed class SealTests() : LedgerSuite(splitsPages: false)
{
    [Fact]
    public async Task A_record_and_a_close_are_sealed_as_they_are_published()
    {
        byte[][] published = await PublishedAsync(AuditPlay.Keys);

        Assert.Equal(2, published.Length);
        Assert.All(published, line =>
        {
            Assert.Equal(SealState.Holds, AuditPlay.Keys.Check(line));
            Assert.EndsWith("\"}}", Encoding.UTF8.GetString(line), StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Without_a_key_there_is_no_seal() =>
        Assert.All(await PublishedAsync(null), line => Assert.Equal(SealState.Missing, AuditPlay.Keys.Check(line)));

    [Fact]
    public async Task Whoever_has_the_key_verifies_a_seal_with_a_few_lines_of_another_language()
    {
        foreach (byte[] line in await PublishedAsync(AuditPlay.Keys))
        {
            string key = Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData("k1"u8));
            const string program = """
                const [key, hex] = process.argv.slice(1);
                const line = Buffer.from(hex, 'hex').toString('utf8');
                const sealed = line.replace(/,"seal":\{[^{}]*\}\}$/, '}');
                const made = require('crypto').createHmac('sha256', Buffer.from(key, 'base64')).update(sealed, 'utf8').digest('hex');
                console.log(made === JSON.parse(line).seal.value && sealed !== line ? 'holds' : 'broken');
                """;

            Assert.Equal((0, "holds\n"), await NodeModules.RunAsync("node", "-e", program, key, Convert.ToHexStringLower(line)));
            Assert.Equal((0, "broken\n"), await NodeModules.RunAsync("node", "-e", program, key, Convert.ToHexStringLower(line).Replace("32303236", "32303237", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task No_byte_of_a_sealed_text_can_be_another_nor_can_one_be_added()
    {
        foreach (byte[] line in await PublishedAsync(AuditPlay.Keys))
        {
            for (int at = 0; at < line.Length; at++)
            {
                byte[] changed = [.. line];
                changed[at] ^= 1;
                Assert.True(AuditPlay.Keys.Check(changed) is not SealState.Holds, $"byte {at}");
                Assert.True(AuditPlay.Keys.Check([.. line[..at], (byte)' ', .. line[at..]]) is not SealState.Holds, $"a space at {at}");
            }

            Assert.NotEqual(SealState.Holds, AuditPlay.Keys.Check([.. line, (byte)'}']));
        }
    }

    [Fact]
    public async Task A_seal_of_an_earlier_key_holds_while_that_key_is_known()
    {
        byte[] line = (await PublishedAsync(AuditPlay.Keys))[0];

        Assert.Equal(SealState.Holds, AuditPlay.KeysOf("k2", "k1").Check(line));
        Assert.Equal(SealState.UnknownKey, AuditPlay.KeysOf("k2").Check(line));
        Assert.Equal(SealState.UnknownKey, Seals.None.Check(line));
        Assert.Equal(SealState.Broken, new Seals(null, new Dictionary<string, byte[]>(StringComparer.Ordinal) { ["k1"] = new byte[32] }).Check(line));
    }

    [Fact]
    public async Task A_seal_changes_no_replay_and_is_no_part_of_what_it_seals()
    {
        byte[] line = (await PublishedAsync(AuditPlay.Keys))[0];
        SettledRecord record = JsonSerializer.Deserialize(line, LedgerJson.Default.SettledRecord)!;

        Assert.Equal(record.Seal, AuditPlay.Keys.Seal(record).Seal);
        await Ledger.AssertReplaysAsync();
    }

    [Fact]
    public void Seals_are_given_under_a_key_that_is_there() =>
        Assert.Throws<ArgumentException>(() => new Seals("k1", new Dictionary<string, byte[]>(StringComparer.Ordinal)));

    private async Task<byte[][]> PublishedAsync(Seals? keys)
    {
        var ledger = new LedgerHarness(Faults, Time, keys);
        RegisteredBuy buy = await ledger.RegisterAsync(LedgerSample.BuyerAlone("mb_1"));
        await ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        await ledger.PushAsync("one", ledger.BuyerFinal(buy, 1_000));
        await ledger.RelayAsync();
        Assert.IsType<PeriodRuling.Closed>(await ledger.CloseAsync("2026-03"));
        return [.. (await ledger.PublishedAsync()).Select(e => e.Body.ToArray())];
    }
}
