using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>Reads a body of our own routes: strict JSON, our schema, then the typed form.</summary>
internal static class JsonBody
{
    private const int Limit = 1024 * 1024;

    /// <param name="request">The request.</param>
    /// <param name="schema">Path of the schema below <c>schemas/</c>.</param>
    /// <param name="type">The typed form, source generated.</param>
    /// <param name="cancel">Stops the read.</param>
    /// <returns>The body, or the refusal to answer with: every violation, each with its pointer.</returns>
    public static async ValueTask<(T? Body, Problem? Refusal)> ReadAsync<T>(HttpRequest request, string schema, JsonTypeInfo<T> type, CancellationToken cancel)
        where T : class
    {
        if (!RequestReader.IsJson(request))
            return (null, Problem.NotJson);
        using RequestBody? body = await RequestReader.ReadAsync(request, Limit, cancel);
        if (body is null)
            return (null, Problem.TooLarge);

        using JsonTape tape = JsonTape.Rent();
        if (!tape.TryRead(body.Bytes, JsonLimits.Default, out JsonFault fault))
            return (null, new Problem(400, "body_malformed", $"The body is not strict JSON: {fault.Kind} at byte {fault.Offset}."));
        var violations = new List<SchemaViolation>();
        if (!SchemaSet.Embedded[schema].Validate(tape.Root, violations))
            return (null, new Problem(400, "body_invalid", "The body does not fit its schema.", [.. violations.Select(v => new ProblemIssue(v.Keyword, v.Pointer, v.Message))]));
        try
        {
            return (JsonSerializer.Deserialize(body.Bytes.Span, type), null);
        }
        catch (JsonException unfit)
        {
            // The schema allows a few values that no type here can hold: an integer written 5e3, a count beyond 32 bits, a leap second.
            return (null, new Problem(400, "body_invalid", "The body does not fit its schema.", [new ProblemIssue("range", PointerOf(unfit.Path), "The value is out of range, or written in a form that is not taken here.")]));
        }
    }

    /// <summary>The serializer's <c>$.packages[0].rate</c> as a JSON pointer; our own names need no escaping.</summary>
    private static string PointerOf(string? path) => (path ?? "$")[1..].Replace("[", "/", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal).Replace('.', '/');
}
