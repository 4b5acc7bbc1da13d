using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AdcpFunctions.Tests.Support;

/// <summary>A certificate authority made for this run of the tests, which nobody else trusts.</summary>
internal static class TestAuthority
{
    private static readonly Lazy<(X509Certificate2 Root, X509Certificate2 Server)> Made = new(Make);

    public static X509Certificate2Collection Roots => [X509CertificateLoader.LoadCertificate(Made.Value.Root.RawData)];

    /// <summary>The certificate of all names under which servers stand in.</summary>
    public static X509Certificate2 Server => Made.Value.Server;

    private static (X509Certificate2 Root, X509Certificate2 Server) Make()
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var root = new CertificateRequest("CN=Tests of AdcpFunctions", rootKey, HashAlgorithmName.SHA256);
        root.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        root.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        X509Certificate2 authority = root.CreateSelfSigned(now.AddDays(-1), now.AddDays(2));

        using var serverKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var server = new CertificateRequest("CN=seller.example", serverKey, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("seller.example");
        names.AddDnsName("house.example");
        names.AddIpAddress(IPAddress.Loopback);
        server.CertificateExtensions.Add(names.Build());
        using X509Certificate2 signed = server.Create(authority, now.AddDays(-1), now.AddDays(1), [1, 2, 3, 4, 5, 6, 7, 8]);
        return (authority, signed.CopyWithPrivateKey(serverKey));
    }
}
