using System.Buffers;
using System.Text;
using System.Text.Json;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host.Mcp;

/// <summary>The schema a task validates with, as a tool shows it: whole in itself, and open to members it does not name.</summary>
/// <remarks>
/// What a schema refers to is written where it is referred to, and what the root is composed of becomes its own: clients read no other
/// document, and many take no composition at the root. Closed objects are opened, so that a client never keeps back a batch of which
/// only one record would have been refused. Spec: AdCP 3.2, protocol/calling-an-agent, "inputSchema".
/// </remarks>
internal static class ToolSchema
{
    private const string Folder = "adcp/3.1/";

    /// <param name="file">Of a request in <c>schemas/adcp/3.1</c>.</param>
    public static JsonElement Of(string file)
    {
        var body = new ArrayBufferWriter<byte>(4096);
        using (var writer = new Utf8JsonWriter(body))
            WriteRoot(writer, file, SchemaSet.Embedded.Document(Folder + file));
        using JsonDocument document = JsonDocument.Parse(body.WrittenMemory);
        return document.RootElement.Clone();
    }

    private static void WriteRoot(Utf8JsonWriter writer, string file, JsonNode root)
    {
        writer.WriteStartObject();
        foreach (JsonMember member in root.Members)
        {
            if (member.Name.SequenceEqual("properties"u8))
                WriteProperties(writer, file, root);
            else if (!member.Name.SequenceEqual("allOf"u8))
                WriteMember(writer, file, member);
        }

        writer.WriteEndObject();
    }

    private static void WriteProperties(Utf8JsonWriter writer, string file, JsonNode root)
    {
        writer.WriteStartObject("properties"u8);
        if (root.TryGetMember("allOf"u8, out JsonNode parts))
        {
            foreach (JsonNode part in parts.Items)
            {
                (string from, JsonNode whole) = Follow(file, part);
                whole.TryGetMember("properties"u8, out JsonNode more);
                foreach (JsonMember member in more.Members)
                    WriteMember(writer, from, member);
            }
        }

        root.TryGetMember("properties"u8, out JsonNode own);
        foreach (JsonMember member in own.Members)
            WriteMember(writer, file, member);
        writer.WriteEndObject();
    }

    private static void WriteMember(Utf8JsonWriter writer, string file, JsonMember member)
    {
        bool isOurs = member.Value.Kind == JsonKind.String && (member.Name.SequenceEqual("$id"u8) || member.Name.SequenceEqual("$schema"u8));
        if (isOurs || (member.Name.SequenceEqual("additionalProperties"u8) && member.Value.Kind == JsonKind.False))
            return;
        writer.WritePropertyName(member.Name);
        WriteNode(writer, file, member.Value);
    }

    private static void WriteNode(Utf8JsonWriter writer, string file, JsonNode node)
    {
        if (node.Kind == JsonKind.Array)
        {
            writer.WriteStartArray();
            foreach (JsonNode item in node.Items)
                WriteNode(writer, file, item);
            writer.WriteEndArray();
        }
        else if (node.Kind == JsonKind.Object)
        {
            (string from, JsonNode whole) = Follow(file, node);
            writer.WriteStartObject();
            foreach (JsonMember member in whole.Members)
                WriteMember(writer, from, member);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteRawValue(node.Raw, skipInputValidation: true);
        }
    }

    /// <summary>What a node stands for: itself, or what it refers to.</summary>
    private static (string File, JsonNode Node) Follow(string file, JsonNode node)
    {
        while (node.TryGetMember("$ref"u8, out JsonNode reference) && reference.Kind == JsonKind.String)
        {
            string[] parts = reference.GetString().Split('#');
            file = parts[0].Length > 0 ? parts[0] : file;
            node = SchemaSet.Embedded.Document(Folder + file);
            foreach (string name in parts.Length > 1 ? parts[1].Split('/').Skip(1) : [])
                node.TryGetMember(Encoding.UTF8.GetBytes(name), out node);
        }

        return (file, node);
    }
}
