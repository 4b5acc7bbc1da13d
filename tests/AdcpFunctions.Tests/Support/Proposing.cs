using System.Net;
using System.Text.Json.Nodes;

namespace AdcpFunctions.Tests.Support;

/// <summary>Seller <c>streamhaus</c>, its media buy <c>mb1</c> on account <c>acme</c>, and what is decided about its proposals.</summary>
internal static class Proposing
{
    public const string Route = "/v1/media-buys/mb1";
    public const string Read = "/v1/media-buys/mb1?account_id=acme";

    /// <summary>A host with account <c>acme</c> and the key of seller <c>streamhaus</c>.</summary>
    public static async Task<(TestHost Host, string Seller)> SellerAsync(params string[] accounts)
    {
        TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        return (host, await host.KeyAsync("streamhaus", "seller", accounts is [] ? ["acme"] : accounts));
    }

    public static async Task<(TestHost Host, string Seller)> RegisteredAsync(params string[] accounts)
    {
        (TestHost host, string seller) = await SellerAsync(accounts);
        await host.RegisterBuyAsync("mb1", Contract());
        return (host, seller);
    }

    public static JsonObject Contract(string rate = "10.00", string account = "acme", string seller = "streamhaus", string? vendor = null)
    {
        JsonObject contract = TestHost.Contract(account, vendor);
        contract["seller_agent"] = seller;
        contract["packages"]![0]!["rate"] = rate;
        return contract;
    }

    public static Task<HttpAnswer> DecideAsync(TestHost host, string decision, HttpAnswer proposed) => host.PostAsync(Route + "/decisions", Decision(decision, proposed));

    public static JsonObject Decision(string decision, HttpAnswer proposed) =>
        new() { ["account_id"] = "acme", ["decision"] = decision, ["proposal"] = IdOf(proposed), ["reason"] = "agreed by mail" };

    public static string IdOf(HttpAnswer proposed) => (string)proposed.Json["proposal"]!["proposal_id"]!;

    public static (HttpStatusCode Status, string? Code) Told(HttpAnswer answer) => (answer.Status, answer.Code);
}
