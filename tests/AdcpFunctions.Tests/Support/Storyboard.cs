using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AdcpFunctions.Protocol;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Support;

/// <summary>A step of an official storyboard: what is sent, and what is then checked.</summary>
internal sealed record StoryboardStep(string Id, string Task, JsonObject Body)
{
    public IEnumerable<JsonNode> Validations => (Body["validations"] as JsonArray ?? []).Select(v => v!);

    /// <summary>The sample request, its placeholders filled in.</summary>
    public JsonObject Request(IReadOnlyDictionary<string, string> context)
    {
        string text = Regex.Replace(Body["sample_request"]!.ToJsonString(), @"\$generate:uuid_v4#[A-Za-z0-9_]+", _ => Guid.NewGuid().ToString(), RegexOptions.None, TimeSpan.FromSeconds(1));
        foreach ((string name, string value) in context)
            text = text.Replace($"$context.{name}", value, StringComparison.Ordinal);
        Assert.DoesNotContain("$context.", text, StringComparison.Ordinal);
        return JsonNode.Parse(text)!.AsObject();
    }

    /// <summary>Every check of the step, held against an answer; a check of an unknown kind fails.</summary>
    public void Judge(JsonNode answer, SchemaSet official)
    {
        Assert.NotEmpty(Validations);
        foreach (JsonNode check in Validations)
        {
            string what = $"{Id}: {check["description"]}\n{answer.ToJsonString()}";
            JsonNode? found = check["path"] is { } path ? At(answer, (string)path!) : null;
            switch ((string)check["check"]!)
            {
                case "response_schema": OfficialSchemas.AssertFits(official[(string)Body["response_schema_ref"]!], answer.ToJsonString()); break;
                case "field_value": Assert.True(JsonNode.DeepEquals(check["value"], found), what); break;
                case "field_present": Assert.True(found is not null, what); break;
                case "field_absent": Assert.True(found is null, what); break;
                case var other: Assert.Fail($"{Id}: nothing is known of the check '{other}'."); break;
            }
        }
    }

    private static JsonNode? At(JsonNode? node, string path)
    {
        foreach (string name in path.Replace("[", ".", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal).Split('.'))
            node = node is JsonArray items ? items.ElementAtOrDefault(int.Parse(name, CultureInfo.InvariantCulture)) : node?[name];
        return node;
    }
}

/// <summary>An official storyboard, read where it stands.</summary>
/// <remarks>Of YAML it reads what these files use: maps, lists, plain and quoted values, lists in brackets, and texts after a bar.</remarks>
internal sealed class Storyboard
{
    private readonly string[] _lines;
    private int _at;

    private Storyboard(string[] lines) => _lines = lines;

    public static JsonObject Read(string name) =>
        new Storyboard(File.ReadAllLines(SharedAssets.Require($"adcp-3.1.19/storyboards/{name}.yaml"))).ReadMap(0);

    public static IReadOnlyList<StoryboardStep> Steps(JsonObject storyboard) =>
        [.. storyboard["phases"]!.AsArray().SelectMany(phase => phase!["steps"]!.AsArray()).Select(step => new StoryboardStep((string)step!["id"]!, (string)step["task"]!, step.AsObject()))];

    /// <summary>The next line that says something; its indentation is -1 after the last.</summary>
    private (int Indent, string Text) Peek()
    {
        while (_at < _lines.Length && (_lines[_at].Trim().Length == 0 || _lines[_at].TrimStart().StartsWith('#')))
            _at++;
        return _at == _lines.Length ? (-1, "") : (_lines[_at].Length - _lines[_at].TrimStart().Length, _lines[_at].Trim());
    }

    private JsonObject ReadMap(int indent)
    {
        var map = new JsonObject();
        for ((int at, string text) = Peek(); at == indent && !IsItem(text); (at, text) = Peek())
        {
            int colon = text.IndexOf(':', StringComparison.Ordinal);
            Assert.True(colon > 0, $"Line {_at + 1} is no member: {text}");
            string rest = text[(colon + 1)..].Trim();
            _at++;
            map[text[..colon]] = rest.Length == 0 ? ReadNested(indent) : rest == "|" ? ReadText(indent) : Scalar(rest);
        }

        return map;
    }

    private JsonNode? ReadNested(int indent)
    {
        (int at, string text) = Peek();
        if (at == indent && IsItem(text) || at > indent && IsItem(text))
            return ReadList(at);
        return at > indent ? ReadMap(at) : null;
    }

    private JsonArray ReadList(int indent)
    {
        var list = new JsonArray();
        for ((int at, string text) = Peek(); at == indent && IsItem(text); (at, text) = Peek())
        {
            string item = text[1..].Trim();
            if (Regex.IsMatch(item, "^[a-z_]+:( |$)", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)))
            {
                // The rest of the item stands under its first member.
                _lines[_at] = new string(' ', indent + 2) + item;
                list.Add(ReadMap(indent + 2));
            }
            else
            {
                _at++;
                list.Add(Scalar(item));
            }
        }

        return list;
    }

    private string ReadText(int indent)
    {
        var text = new List<string>();
        while (_at < _lines.Length && (_lines[_at].Trim().Length == 0 || _lines[_at].Length - _lines[_at].TrimStart().Length > indent))
            text.Add(_lines[_at++].Trim());
        return string.Join('\n', text).Trim();
    }

    private static bool IsItem(string text) => text == "-" || text.StartsWith("- ", StringComparison.Ordinal);

    private static JsonNode? Scalar(string text)
    {
        if (text[0] is '"' or '[')
            return JsonNode.Parse(text);
        if (text is "true" or "false" or "null" || decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
            return JsonNode.Parse(text);
        return text;
    }
}
