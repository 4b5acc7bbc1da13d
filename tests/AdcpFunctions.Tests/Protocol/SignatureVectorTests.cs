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
        if (vector.ErrorCode == "request_signature_required")
            return;

        Assert.Equal(vector.ErrorCode, await CodeAsync(vector, SigningProfile.Request with { Digest = vector.Digest }));
    }

    private static async Task<string?> CodeAsync(SigningVector vector, SigningProfile profile)
    {
        SignatureVerdict verdict = await new SignatureVerifier(profile, vector.Clock).VerifyAsync(vector.Message, vector.Keys(), vector.Nonces(), default);
        return verdict switch
        {
            SignatureVerdict.Refused(var code) => code,
            _ => null,
        };
    }
}
