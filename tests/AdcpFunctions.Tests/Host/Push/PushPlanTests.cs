using System.Text;
using System.Text.RegularExpressions;
using AdcpFunctions.Host;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>What a file becomes is always the same requests under the same keys.</summary>
public partial class PushPlanTests
{
    private static readonly Uri Agent = new("https://agent.example/mcp");
    private static readonly StatedPeriod April = new("2026-04-01T00:00:00Z", "2026-04-30T23:59:59Z");

    [Fact]
    public void Any_file_is_cut_into_batches_that_hold_every_record_once_and_in_order()
    {
        int seed = Seed.Of(61);
        var random = new Random(seed);
        for (int turn = 0; turn < 200; turn++)
        {
            UsageContent content = Content([.. Enumerable.Range(0, random.Next(1, 300)).Select(i => Record(random.Next(50), padding: random.Next(20) == 0 ? 300_000 : 0))]);
            int size = random.Next(1, 120);

            PushPlan plan = PushPlan.Of(content, Agent, size);

            Assert.Equal(Enumerable.Range(0, content.Items.Count), plan.Batches.SelectMany(b => Enumerable.Range(b.First, b.Count)));
            Assert.All(plan.Batches, b => Assert.InRange(b.Count, 1, size));
            Assert.All(plan.Batches, b => Assert.True(b.Count == 1 || plan.Body(b, b.Key(0)).Length < 1_100_000, $"seed {seed}"));
            string[] keys = [.. plan.Batches.SelectMany(b => new[] { b.Key(0), b.Key(1) })];
            Assert.All(keys, key => Assert.Matches(KeyPattern(), key));
            Assert.Equal(keys.Length, keys.Distinct().Count());
            Assert.Equal(keys, PushPlan.Of(content, Agent, size).Batches.SelectMany(b => new[] { b.Key(0), b.Key(1) }));
        }
    }

    [Fact]
    public void A_key_changes_with_any_record_of_its_batch_and_with_no_other()
    {
        var random = new Random(Seed.Of(62));
        for (int turn = 0; turn < 200; turn++)
        {
            string[] records = [.. Enumerable.Range(0, random.Next(2, 60)).Select(i => Record(i))];
            int size = random.Next(1, 20), changed = random.Next(records.Length);
            string[] before = Keys(Content(records), size);
            records[changed] = Record(1_000);

            string[] after = Keys(Content(records), size);

            Assert.Equal([changed / size], Enumerable.Range(0, before.Length).Where(i => before[i] != after[i]));
        }
    }

    [Fact]
    public void How_a_record_is_spelled_changes_no_key() =>
        Assert.Equal(Keys(Content(["""{"currency":"USD","vendor_cost":10.50}"""]), 5), Keys(Content(["""{ "vendor_cost": 10.5, "currency": "\u0055SD" }"""]), 5));

    [Fact]
    public void Another_target_or_period_is_another_key()
    {
        UsageContent content = Content([Record(1)]);

        string[] keys = [.. Keys(content, 5), .. Keys(content with { Period = April with { End = "2026-05-01T00:00:00Z" } }, 5), PushPlan.Of(content, new Uri("https://other.example/mcp"), 5).Batches[0].Key(0)];

        Assert.Equal(3, keys.Distinct().Count());
    }

    [Fact]
    public void Two_batches_that_say_the_same_are_two_requests() => Assert.Equal(4, Keys(Content([.. Enumerable.Repeat(Record(1), 8)]), 2).Distinct().Count());

    private static string Record(int number, int padding = 0) => $$"""{"account":{"account_id":"acme"},"vendor_cost":{{number}},"currency":"USD","ext":"{{new string('x', padding)}}"}""";

    private static UsageContent Content(string[] records) => new(April, [.. records.Select((record, i) => new UsageItem(Encoding.UTF8.GetBytes(record), [i + 1]))], [], []);

    private static string[] Keys(UsageContent content, int size) => [.. PushPlan.Of(content, Agent, size).Batches.Select(b => b.Key(0))];

    [GeneratedRegex("^[A-Za-z0-9_.:-]{16,255}$")]
    private static partial Regex KeyPattern();
}
