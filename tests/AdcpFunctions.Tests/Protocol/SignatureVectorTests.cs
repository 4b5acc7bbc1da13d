using System.Text;
using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Protocol;

/// <summary>AdCP's own vectors, each with exactly its code.</summary>
public class SignatureVectorTests
{
    private const string Webhooks = "webhook-signing";
    private const string Requests = "request-signing";

    public static TheoryData<string> WebhookVectors => SigningVector.Names(Webhooks);

    public static TheoryData<string> RequestVectors => SigningVector.Names(Requests);

    [Fact]
    public void The_official_vectors_are_29_and_40()
    {
        SharedAssets.Require("adcp-3.1.19/vectors");

        Assert.Equal((29, 40), (WebhookVectors.Count, RequestVectors.Count));
    }

    [Theory]
    [MemberData(nameof(WebhookVectors))]
    public async Task A_webhook_vector_gets_its_code(string name)
    {
        SigningVector vector = SigningVector.Read(Webhooks, name);

        Assert.Equal(vector.ErrorCode, await CodeAsync(vector, SigningProfile.Webhook));
    }

    [Theory]
    [MemberData(nameof(RequestVectors))]
    public async Task A_request_vector_gets_its_code(string name)
    {
        SigningVector vector = SigningVector.Read(Requests, name);

        Assert.Equal(vector.ErrorCode, vector.Refusal() ?? await CodeAsync(vector, SigningProfile.Request with { Digest = vector.Digest }));
    }

    [Theory]
    [MemberData(nameof(WebhookVectors))]
    public void A_webhook_vector_is_signed_over_its_text(string name) => AssertBase(SigningVector.Read(Webhooks, name));

    [Theory]
    [MemberData(nameof(RequestVectors))]
    public void A_request_vector_is_signed_over_its_text(string name) => AssertBase(SigningVector.Read(Requests, name));

    /// <summary>A vector whose headers cannot be read, or leave something out, has a text all the same: that of the message it was made from.</summary>
    private static void AssertBase(SigningVector vector)
    {
        if (vector.BaseText is null || SignatureFields.Read(vector.Message) is not { } signed || signed.Parameters() is null)
            return;
        bool isBuilt = SignatureLines.TryBuild(vector.Message, signed, TargetUri.Of(vector.Message.Url)!, out SignatureLines lines);
        using (lines)
        {
            Assert.True(isBuilt);
            Assert.Equal(vector.BaseText, Encoding.ASCII.GetString(lines.Bytes));
        }
    }

    private static async Task<string?> CodeAsync(SigningVector vector, SigningProfile profile) =>
        await new SignatureVerifier(profile, vector.Clock).VerifyAsync(vector.Message, vector.Keys(), vector.Nonces(), default) is SignatureVerdict.Refused(var code) ? code : null;
}
