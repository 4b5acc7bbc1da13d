using System.Text.Json.Nodes;

namespace AdcpFunctions.Acceptance;

/// <summary><c>adcp grade request-signing</c> of npm <c>@adcp/sdk</c>: its vectors, signed anew by its own signer, against <c>tools/call report_usage</c>.</summary>
/// <remarks>The vectors' byte-exact forms are the <c>verify</c> command's; here they are on the wire, with the clock as it is.</remarks>
public sealed class RequestSigningTests(World world)
{
    /// <summary>What does not pass.</summary>
    internal static readonly IReadOnlyList<Exempt> Table =
    [
        new("positive/001-basic-post", "failed: 401 request_signature_components_incomplete", "is signed without a digest; the capabilities say covers_content_digest: required"),
        .. new[] { "positive/005-default-port-stripped", "positive/006-dot-segment-path", "positive/007-query-byte-preserved", "positive/008-percent-encoded-path" }
            .Select(vector => new Exempt(vector, "skipped", "is about the URL of a route of its own; over MCP there is one URL. The `verify` command holds it")),
        new("negative/001-no-signature-header", "failed: 401", "no operation has to be signed by everybody (required_for is empty), so who sends no credential at all is asked for one"),
        .. new[] { "negative/008-unknown-keyid", "negative/009-key-ops-missing-verify", "negative/015-signature-invalid", "negative/017-key-revoked" }
            .Select(vector => new Exempt(vector, "failed: 401 request_signature_components_incomplete", "the grader signs it without a digest whatever is declared, so it is refused a rule earlier. The `verify` command holds it", Applies: true)),
        new("negative/018-digest-covered-when-forbidden", "skipped", "is for a verifier that forbids the digest"),
        new("negative/020-rate-abuse", "skipped", "is left out of the run: the grader signs it without a digest, so no request of it would get as far as the cap. The `verify` command holds it", Applies: true),
        new("negative/026-non-ascii-host", "skipped", "Node's own HTTP client rewrites the host before it is sent"),
        new("negative/027-webhook-registration-authentication-unsigned", "failed: 401", "webhooks are not registered by a tool here, and without a credential nothing is"),
    ];

    [Fact]
    public async Task Every_vector_that_can_be_graded_over_MCP_passes() => Exempt.AssertTrue(await VerdictsAsync(world), Table);

    internal static async Task<IReadOnlyList<Verdict>> VerdictsAsync(World world)
    {
        IReadOnlyList<JsonNode> told = await world.OnceAsync("request-signing.mjs", async () =>
        {
            IReadOnlyList<JsonNode> keys = await Script.RunAsync("request-signing.mjs", new JsonObject { ["do"] = "keys" });
            await world.RegisterSignerAsync("grader", [.. keys.Select(key => key.DeepClone().AsObject().Without("d"))], revoked: "graded-revoked-2026");
            return await Script.RunAsync("request-signing.mjs", new JsonObject
            {
                ["do"] = "grade",
                ["url"] = world.Endpoint.ToString(),
                ["keys"] = new JsonArray([.. keys.Select(key => key.DeepClone())]),
                ["digest"] = "required",
            });
        });
        return [.. told.Select(v => new Verdict((string)v["vector"]!, (string)v["outcome"]!, (string)v["told"]!))];
    }
}
