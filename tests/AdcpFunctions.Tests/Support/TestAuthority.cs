using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AdcpFunctions.Tests.Support;

/// <summary>A certificate authority made for this run of the tests, which nobody else trusts.</summary>
internal static class TestAuthority
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;
    private static readonly X509Certificate2 Root = MakeRoot();
    private static readonly X509Certificate2 Server = Make(1, Now.AddDays(1), "seller.example", "house.example");
    private static readonly X509Certificate2 Expired = Make(2, Now.AddHours(-1), "expired.example");

    public static X509Certificate2Collection Roots => [X509CertificateLoader.LoadCertificate(Root.RawData)];

    /// <summary>What a server of this name shows.</summary>
    public static X509Certificate2 Of(string? name) => name == "expired.example" ? Expired : Server;

    private static X509Certificate2 MakeRoot()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var root = new CertificateRequest("CN=Tests of AdcpFunctions", key, HashAlgorithmName.SHA256);
        root.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        root.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        return root.CreateSelfSigned(Now.AddDays(-2), Now.AddDays(2));
    }

    private static X509Certificate2 Make(byte serial, DateTimeOffset until, params ReadOnlySpan<string> names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + names[0], key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (string name in names)
            alternatives.AddDnsName(name);
        alternatives.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(alternatives.Build());
        using X509Certificate2 signed = request.Create(Root, Now.AddDays(-1), until, [1, 2, 3, 4, 5, 6, 7, serial]);
        return signed.CopyWithPrivateKey(key);
    }
}
