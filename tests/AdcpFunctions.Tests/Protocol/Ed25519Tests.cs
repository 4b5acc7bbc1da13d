using System.Buffers.Text;
using System.Text;
using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Protocol;

/// <summary>Both algorithms against the numbers their standards print, and the keys under which a signature proves nothing.</summary>
public class Ed25519Tests
{
    [Theory]
    [InlineData("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "", "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")]
    [InlineData("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72", "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")]
    [InlineData("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82", "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")]
    public void Accepts_the_signatures_of_rfc_8032_and_no_bit_of_them_changed(string key, string message, string signature)
    {
        using PublicKeyHandle handle = Ed25519.Import(Convert.FromHexString(key))!;
        byte[] signed = Convert.FromHexString(signature);

        Assert.True(Ed25519.Verify(handle, Convert.FromHexString(message), signed));
        Assert.False(Ed25519.Verify(handle, [.. Convert.FromHexString(message), 0], signed));
        for (int bit = 0; bit < 512; bit++)
        {
            byte[] broken = [.. signed];
            broken[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(Ed25519.Verify(handle, Convert.FromHexString(message), broken), $"bit {bit}");
        }
    }

    [Fact]
    public void Accepts_the_signature_of_rfc_9421()
    {
        const string Lines = """
            "date": Tue, 20 Apr 2021 02:07:55 GMT
            "@method": POST
            "@path": /foo
            "@authority": example.com
            "content-type": application/json
            "content-length": 18
            "@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"
            """;
        using PublicKeyHandle handle = Ed25519.Import(Base64Url.DecodeFromChars("JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs"))!;
        byte[] signature = Convert.FromBase64String("wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==");

        Assert.True(Ed25519.Verify(handle, Encoding.ASCII.GetBytes(Lines.ReplaceLineEndings("\n")), signature));
    }

    [Fact]
    public void Accepts_the_signature_of_rfc_6979_over_p_256()
    {
        VerificationKey key = VerificationKey.Of(Curve("60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6", "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"));
        byte[] signature = Convert.FromHexString("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716" + "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8");

        Assert.True(key.Verify("sample"u8, signature));
        Assert.False(key.Verify("sample!"u8, signature));
        Assert.False(key.Verify("sample"u8, signature.AsSpan(1)));
    }

    [Fact]
    public void Rejects_every_degenerate_p_256_signature_without_a_fault()
    {
        VerificationKey key = VerificationKey.Of(SigningKeyPair.Es256().Public());
        byte[] zero = new byte[64];
        byte[] ones = [.. Enumerable.Repeat((byte)0xFF, 64)];

        Assert.All([zero, ones, [.. zero[..32], .. ones[..32]], [.. ones[..32], .. zero[..32]], []], signature => Assert.False(key.Verify("x"u8, signature)));
    }

    [Theory]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000", "the neutral point")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000080", "the neutral point with a sign")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000", "order 4")]
    [InlineData("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85", "order 8")]
    [InlineData("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", "order 8")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "order 2")]
    [InlineData("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "the neutral point in a second spelling")]
    [InlineData("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "zero in a second spelling")]
    [InlineData("01", "too short")]
    public void Rejects_a_key_under_which_a_signature_proves_nothing(string key, string reason)
    {
        Assert.True(Ed25519.Import(Convert.FromHexString(key)) is null, reason);
        Assert.True(VerificationKey.Of(Edwards(Base64Url.EncodeToString(Convert.FromHexString(key)))).Algorithm is null, reason);
    }

    [Fact]
    public void The_library_alone_would_take_anybodys_signature_under_such_a_key()
    {
        byte[] neutral = [1, .. new byte[31]];
        using PublicKeyHandle handle = Libcrypto.NewPublicKey(Libcrypto.Ed25519, 0, neutral, 32);

        Assert.True(Ed25519.Verify(handle, "anything"u8, [.. neutral, .. new byte[32]]));
    }

    [Fact]
    public void A_point_that_is_not_on_the_curve_is_no_key()
    {
        Assert.Null(VerificationKey.Of(Curve(new string('1', 64), new string('2', 64))).Algorithm);
        Assert.False(VerificationKey.Of(Edwards(Base64Url.EncodeToString([2, .. new byte[31]]))).Verify("x"u8, new byte[64]));
    }

    [Fact]
    public void A_key_is_parsed_once()
    {
        JsonWebKey key = SigningKeyPair.Es256().Public();

        Assert.Same(VerificationKey.Of(key), VerificationKey.Of(key));
    }

    [Fact]
    public async Task One_key_verifies_on_many_threads_at_once()
    {
        foreach (SigningKeyPair pair in new[] { SigningKeyPair.Ed25519(), SigningKeyPair.Es256() })
        {
            VerificationKey key = VerificationKey.Of(pair.Public());
            byte[] good = pair.Sign("message"u8.ToArray());

            bool[] verdicts = await Task.WhenAll(Enumerable.Range(0, 64).Select(i => Task.Run(() => key.Verify(i % 2 == 0 ? "message"u8 : "another"u8, good))));

            Assert.All(verdicts.Index(), v => Assert.Equal(v.Index % 2 == 0, v.Item));
        }
    }

    private static JsonWebKey Edwards(string x) => new("k", "OKP", "Ed25519", "EdDSA", "sig", ["verify"], "request-signing", null, x, null);

    private static JsonWebKey Curve(string x, string y) =>
        new("k", "EC", "P-256", "ES256", "sig", ["verify"], "request-signing", null, Base64Url.EncodeToString(Convert.FromHexString(x)), Base64Url.EncodeToString(Convert.FromHexString(y)));
}
