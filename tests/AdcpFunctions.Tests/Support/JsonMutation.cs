using System.Text.Json.Nodes;

namespace AdcpFunctions.Tests.Support;

/// <summary>One small change at a random place of a document.</summary>
public static class JsonMutation
{
    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "-1", "1", "0.5", "1.0", "-0.01", "1e400", "99", "100", "101", "3601", "\"\"", "\"x\"", "\"USD\"", "\"usd\"", "\"completed\"", "\"é\"", "\"https://example.com/a\"",
        "\"2025-03-01T00:00:00Z\"", "\"2025-03-01T00:00:00\"", "\"2025-02-30T00:00:00Z\"", "\"abcdefghijklmnop\"", "[]", "{}", "[1]", "[\"Bearer\",\"Bearer\"]", "{\"domain\":\"example.com\"}", "{\"a\":1}",
    ];

    // On both sides of every length limit in the messages.
    private static readonly int[] Lengths = [1, 15, 16, 31, 32, 50, 51, 64, 65, 255, 256, 4096, 4097];

    private static readonly string[] Names = ["unknown", "final", "account_id", "brand", "operator", "task_status", "response_status", "reach", "reach_unit", "status", "spend", "kind", "period", "result", "context"];

    public static void Apply(JsonNode document, Random random)
    {
        List<JsonNode> containers = [];
        Collect(document, containers);
        switch (random.Pick(containers))
        {
            case JsonObject members:
                ChangeObject(members, random);
                break;
            case JsonArray items:
                ChangeArray(items, random);
                break;
            default:
                break;
        }
    }

    /// <summary>A complete document with, in turn, each of its values dropped and replaced by each of many others.</summary>
    public static IEnumerable<string> Sweep(JsonNode document)
    {
        foreach (string value in Values)
            yield return value;

        List<JsonNode> containers = [];
        Collect(document, containers);
        foreach (JsonNode container in containers)
        {
            if (container is JsonObject members)
            {
                foreach (string name in members.Select(member => member.Key).ToArray())
                {
                    JsonNode? kept = members[name];
                    members.Remove(name);
                    yield return document.ToJsonString();
                    members[name] = kept;
                    foreach (string text in Replacing(document, value => members[name] = value))
                        yield return text;
                    members[name] = kept;
                }

                members["added"] = null;
                yield return document.ToJsonString();
                members.Remove("added");
            }
            else if (container is JsonArray { Count: > 0 } items)
            {
                JsonNode? kept = items[0];
                items.Add(kept?.DeepClone());
                yield return document.ToJsonString();
                items.RemoveAt(items.Count - 1);
                foreach (string text in Replacing(document, value => items[0] = value))
                    yield return text;
                items[0] = kept;
            }
        }
    }

    private static IEnumerable<string> Replacing(JsonNode document, Action<JsonNode?> place)
    {
        foreach (string value in Values.Concat(Lengths.Select(length => $"\"{new string('a', length)}\"")))
        {
            place(JsonNode.Parse(value));
            yield return document.ToJsonString();
        }
    }

    private static void Collect(JsonNode? node, List<JsonNode> containers)
    {
        if (node is not (JsonObject or JsonArray))
            return;
        containers.Add(node);
        foreach (JsonNode? child in node is JsonObject members ? members.Select(member => member.Value) : (JsonArray)node)
            Collect(child, containers);
    }

    private static void ChangeObject(JsonObject members, Random random)
    {
        string? name = members.Count == 0 ? null : random.Pick(members.Select(member => member.Key).ToArray());
        switch (random.Next(7))
        {
            case 0 when name is not null:
                members.Remove(name);
                break;
            case 1 when name is not null:
                JsonNode? moved = members[name]?.DeepClone();
                members.Remove(name);
                members[name + "x"] = moved;
                break;
            case 2:
                members[random.Pick(Names)] = JsonNode.Parse(random.Pick(Values));
                break;
            case 3 or 4 when name is not null && members[name] is JsonValue value:
                members[name] = Nudge(value, random);
                break;
            default:
                members[name ?? "added"] = JsonNode.Parse(random.Pick(Values));
                break;
        }
    }

    private static void ChangeArray(JsonArray items, Random random)
    {
        int at = random.Next(Math.Max(items.Count, 1));
        switch (random.Next(5))
        {
            case 0:
                items.Clear();
                break;
            case 1 when items.Count > 0:
                items.Add(items[at]?.DeepClone());
                break;
            case 2 when items.Count > 0:
                items.RemoveAt(at);
                break;
            case 3 when items.Count > 0 && items[at] is JsonValue value:
                items[at] = Nudge(value, random);
                break;
            default:
                items.Add(JsonNode.Parse(random.Pick(Values)));
                break;
        }
    }

    /// <summary>Another value of the same type, near the first.</summary>
    private static JsonNode? Nudge(JsonValue value, Random random)
    {
        string text = value.ToJsonString();
        if (text[0] != '"')
            return JsonNode.Parse(random.Pick(["0", "-1", "1", "0.999", "1.001", "99.999", "100", "12345678901234567890", "1e-7", "3600", "3601", "true", "false"]));

        string plain = value.GetValue<string>();
        return random.Next(6) switch
        {
            0 => plain + "x",
            1 => plain.ToUpperInvariant(),
            2 => plain.Length > 1 ? plain[1..] : "",
            3 => plain + new string('y', random.Pick([34, 64, 255, 5000])),
            4 => plain + "\n",
            _ => plain.Insert(random.Next(plain.Length + 1), random.Pick([" ", "é", "-", "_", ".", "😀"])),
        };
    }
}
