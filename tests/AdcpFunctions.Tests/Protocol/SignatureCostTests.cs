using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Protocol;

/// <summary>What one verification leaves for the collector: little, and no key.</summary>
public class SignatureCostTests
{
    private const int Rounds = 500;

    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(true, 3_000)]
    [InlineData(false, 4_500)]
    public async Task A_verification_allocates_little(bool isEdwards, int limit)
    {
        SigningKeyPair pair = isEdwards ? SigningKeyPair.Ed25519() : SigningKeyPair.Es256();
        ReceivedMessage message = Signed.Webhook(pair, "https://hooks.example.com/hooks/t/a1b2c3", new byte[2_000], Now).Sent().Received();
        var signer = new SignerOf(pair.Public());
        var verifier = new SignatureVerifier(SigningProfile.Webhook, new FakeTime(Now));
        var nonces = new Forgetful();
        for (int i = 0; i < Rounds; i++)
            Assert.IsType<SignatureVerdict.Verified>(await verifier.VerifyAsync(message, signer, nonces, default));

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Rounds; i++)
            await verifier.VerifyAsync(message, signer, nonces, default);
        long each = (GC.GetAllocatedBytesForCurrentThread() - before) / Rounds;

        TestContext.Current.SendDiagnosticMessage($"{pair.Algorithm}: {each} bytes a verification");
        Assert.InRange(each, 1, limit);
    }

    private sealed class Forgetful : INonceLog
    {
        public ValueTask<bool> HasRoomAsync(string keyId, CancellationToken cancel) => new(true);

        public ValueTask<NonceOutcome> AddAsync(string keyId, string nonce, DateTimeOffset until, CancellationToken cancel) => new(NonceOutcome.Fresh);
    }
}
