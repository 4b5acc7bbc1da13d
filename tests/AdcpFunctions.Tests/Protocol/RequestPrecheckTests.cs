using System.Text;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Tests.Protocol;

public class RequestPrecheckTests
{
    private const string Required = "request_signature_required";
    private const string Malformed = "request_signature_header_malformed";

    private static readonly SigningRequirement Requirement = new(["report_usage"], ["tasks/cancel"]);

    [Theory]
    [InlineData(SignaturePresence.None, "report_usage", null, false, false, Required)]
    [InlineData(SignaturePresence.None, "report_usage", null, true, false, null)]
    [InlineData(SignaturePresence.None, "get_media_buys", null, false, false, null)]
    [InlineData(SignaturePresence.None, "Report_Usage", null, false, false, null)]
    [InlineData(SignaturePresence.None, null, "tasks/cancel", false, false, Required)]
    [InlineData(SignaturePresence.None, "tasks/cancel", null, false, false, null)]
    [InlineData(SignaturePresence.None, null, "report_usage", false, false, null)]
    [InlineData(SignaturePresence.None, "get_media_buys", null, true, true, Required)]
    [InlineData(SignaturePresence.Both, "report_usage", null, false, true, null)]
    [InlineData(SignaturePresence.Half, "get_media_buys", null, true, false, Malformed)]
    [InlineData(SignaturePresence.Half, "report_usage", null, true, true, Malformed)]
    public void Decides_before_the_checklist(SignaturePresence presence, string? task, string? method, bool isIdentified, bool namesCredentials, string? code) =>
        Assert.Equal(code, RequestPrecheck.Refusal(presence, new CalledOperation(task, method), isIdentified, namesCredentials, Requirement));

    [Theory]
    [InlineData(false, false, SignaturePresence.None)]
    [InlineData(true, false, SignaturePresence.Half)]
    [InlineData(false, true, SignaturePresence.Half)]
    [InlineData(true, true, SignaturePresence.Both)]
    public void Half_a_pair_is_not_none(bool hasInput, bool hasSignature, SignaturePresence presence) =>
        Assert.Equal(presence, RequestPrecheck.PresenceOf(name => name == "Signature-Input" && hasInput || name == "Signature" && hasSignature ? [""] : []));

    [Theory]
    [InlineData("""{"push_notification_config":{"authentication":{"schemes":["Bearer"]}}}""", true)]
    [InlineData("""{"push_notification_config":{"authentication":["x"]}}""", true)]
    [InlineData("""{"push_notification_config":{"authentication":"x"}}""", true)]
    [InlineData("""{"push_notification_config":{"authentication":{}}}""", false)]
    [InlineData("""{"push_notification_config":{"authentication":null}}""", false)]
    [InlineData("""{"push_notification_config":{"url":"https://x"}}""", false)]
    [InlineData("""{"push_notification_config":7}""", false)]
    [InlineData("""{"accounts":[{},3,{"notification_configs":[{},{"authentication":{"x":1}}]}]}""", true)]
    [InlineData("""{"accounts":[{"notification_configs":{"authentication":{"x":1}}}]}""", false)]
    [InlineData("""{"accounts":{"notification_configs":[{"authentication":{"x":1}}]}}""", false)]
    [InlineData("""{"authentication":{"x":1}}""", false)]
    [InlineData("[]", false)]
    [InlineData("7", false)]
    public void Finds_a_secret_in_a_registration(string arguments, bool isNamed)
    {
        using JsonTape tape = JsonTape.Rent();
        Assert.True(tape.TryRead(Encoding.UTF8.GetBytes(arguments), JsonLimits.Default, out _));

        Assert.Equal(isNamed, RequestPrecheck.NamesCredentials(tape.Root));
    }
}
