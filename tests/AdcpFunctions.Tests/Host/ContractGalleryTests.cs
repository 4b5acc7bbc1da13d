using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AdcpFunctions.Tests.Host;

/// <summary>What <c>docs/contracts.md</c> says happens, happens: every block of it is run.</summary>
public class ContractGalleryTests
{
    private const string Prelude = "Before the first contract";

    private static readonly IReadOnlyDictionary<string, IReadOnlyList<StoryBlock>> Sections = Story.Sections(Path.Combine(SharedAssets.RepositoryRoot, "docs", "contracts.md"));

    public static TheoryData<string> Contracts => [.. Sections.Keys.Where(title => title != Prelude)];

    [Fact]
    public void The_gallery_shows_eleven_contracts() => Assert.Equal(11, Contracts.Count);

    [Theory]
    [MemberData(nameof(Contracts))]
    public async Task A_contract_of_the_gallery_ends_as_it_is_told(string title)
    {
        await using TestHost host = await TestHost.StartAsync(options => options.OutageAfter = TimeSpan.FromDays(3_650));
        var told = new Telling(host);
        foreach (StoryBlock block in Sections[Prelude].Concat(Sections[title]))
            await told.RunAsync(block);
        told.AssertNothingUntold();
    }

    /// <summary>One section as it unfolds.</summary>
    private sealed class Telling(TestHost host)
    {
        private readonly Dictionary<string, string> _keys = new(StringComparer.Ordinal) { ["admin"] = TestHost.AdminKey };
        private readonly List<StoryBlock> _expectations = [];
        private System.Text.Json.Nodes.JsonNode? _endpoint;
        private HttpAnswer? _answer;
        private string? _mediaBuy;
        private string? _settlement;
        private int _seen;

        public async Task RunAsync(StoryBlock block)
        {
            switch (block.Info)
            {
                case "http":
                    await RequestAsync(StoryRequest.Read(block), block);
                    break;
                case "json answer":
                    AssertHolds(block, JsonNode.Parse(_answer!.Body));
                    break;
                case "json state":
                    AssertHolds(block, (await host.GetAsync($"/v1/settlements?account_id=acme&media_buy_id={_mediaBuy}")).Json["settlements"]);
                    break;
                case "json records":
                    IReadOnlyList<JsonNode> published = await host.PublishedAsync();
                    AssertHolds(block, new JsonArray([.. published.Skip(_seen).Select(r => r.DeepClone())]));
                    _seen = published.Count;
                    break;
                default:
                    Assert.Fail($"Line {block.Line}: nobody runs a block of '{block.Info}'.");
                    break;
            }

            _expectations.Add(block);
        }

        /// <summary>A section that ends without saying what was published would hide a record.</summary>
        public void AssertNothingUntold() => Assert.StartsWith("json", _expectations[^1].Info, StringComparison.Ordinal);

        private async Task RequestAsync(StoryRequest request, StoryBlock block)
        {
            Assert.True(request.At >= host.Time.UtcNow || _seen == 0, $"Line {block.Line}: time runs backwards.");
            host.Time.UtcNow = request.At;
            await host.Services.GetRequiredService<DeadlineSweep>().RunAsync(CancellationToken.None);
            if (request.Path is null)
                return;

            _answer = request.Path.StartsWith("/hooks/", StringComparison.Ordinal)
                ? await host.DeliverAsync(_endpoint ??= (await host.PostAsync("/v1/webhook-endpoints", new JsonObject { ["seller_agent"] = request.Who })).Json, Encoding.UTF8.GetBytes(request.Body))
                : await host.SendAsync(new HttpMethod(request.Method!), request.Path.Replace("{settlement}", _settlement, StringComparison.Ordinal), await KeyAsync(request.Who), request.Body);
            Assert.True((int)_answer.Status is >= 200 and < 300, $"Line {block.Line}: {_answer.Status} {_answer.Body}");
            if (!request.Path.StartsWith("/v1/media-buys/", StringComparison.Ordinal))
                return;
            _mediaBuy = request.Path["/v1/media-buys/".Length..];
            _settlement = (string)_answer.Json["groups"]![0]!["settlement_ids"]![0]!;
        }

        private async Task<string> KeyAsync(string who)
        {
            if (!_keys.TryGetValue(who, out string? key))
                _keys[who] = key = (string)(await host.PostAsync($"/v1/agents/{who}/keys", null)).Json["key"]!;
            return key;
        }
    }

    private static void AssertHolds(StoryBlock block, JsonNode? actual)
    {
        JsonNode told = JsonNode.Parse(block.Text)!;
        Assert.True(Holds(told, actual), $"Line {block.Line} tells {told.ToJsonString()}\nbut it was {actual?.ToJsonString(new JsonSerializerOptions { WriteIndented = true })}");
    }

    /// <summary>Every member told is there with that value; lists are told whole.</summary>
    private static bool Holds(JsonNode? told, JsonNode? actual) => (told, actual) switch
    {
        (JsonObject expected, JsonObject found) => expected.All(member => Holds(member.Value, found[member.Key])),
        (JsonArray expected, JsonArray found) => expected.Count == found.Count && expected.Zip(found).All(pair => Holds(pair.First, pair.Second)),
        _ => JsonNode.DeepEquals(told, actual),
    };
}
