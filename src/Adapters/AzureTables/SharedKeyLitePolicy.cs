using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Azure.Core;
using Azure.Core.Pipeline;

namespace AdcpFunctions.Adapters;

/// <summary>Signs each try with the account's key.</summary>
/// <remarks>
/// Spec: Azure Storage, "Authorize with Shared Key", Shared Key Lite for the Table service. What is signed is the path as it goes on the wire,
/// so it is taken from the same <see cref="Uri"/> that is sent. None of our requests has the query <c>comp</c>.
/// </remarks>
internal sealed class SharedKeyLitePolicy(string account, byte[] key, TimeProvider time) : HttpPipelineSynchronousPolicy
{
    public override void OnSendingRequest(HttpMessage message)
    {
        string date = time.GetUtcNow().ToString("r", CultureInfo.InvariantCulture);
        string signed = $"{date}\n/{account}{message.Request.Uri.ToUri().AbsolutePath}";
        string signature = Convert.ToBase64String(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(signed)));
        message.Request.Headers.SetValue("x-ms-date", date);
        message.Request.Headers.SetValue("Authorization", $"SharedKeyLite {account}:{signature}");
    }
}

/// <summary>Adds a shared access signature to the address, once for all tries.</summary>
internal sealed class SharedAccessPolicy(string signature) : HttpPipelineSynchronousPolicy
{
    private readonly string _signature = signature.TrimStart('?');

    public override void OnSendingRequest(HttpMessage message)
    {
        string query = message.Request.Uri.Query;
        message.Request.Uri.Query = query.Length == 0 ? _signature : $"{query}&{_signature}";
    }
}
