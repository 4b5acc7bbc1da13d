using System.Text;

namespace AdcpFunctions.Protocol;

/// <summary>Where every addressable schema of a set stands: by document, by <c>$id</c>, by JSON pointer.</summary>
internal sealed class SchemaIndex
{
    private static readonly string[] Single = ["additionalItems", "additionalProperties", "contains", "propertyNames", "not", "if", "then", "else", "items"];
    private static readonly string[] Maps = ["properties", "patternProperties", "definitions", "dependencies"];
    private static readonly string[] Lists = ["allOf", "anyOf", "oneOf", "items"];

    private readonly Dictionary<string, (JsonNode Node, Uri Base)> _resources = new(StringComparer.Ordinal);
    private readonly Dictionary<(JsonTape Tape, int Index), Uri> _bases = [];

    /// <summary>Registers a document under the address it was loaded from and under the identifiers within.</summary>
    public void Add(Uri address, JsonNode root)
    {
        _resources[Plain(address)] = (root, address);
        Walk(root, address);
        if (_bases.TryGetValue((root.Tape, root.Index), out Uri? own))
            _resources[Plain(address)] = (root, own);
    }

    /// <summary>The base URI in force at a schema, if it stands where schemas stand.</summary>
    public Uri BaseOf(JsonNode node, Uri inherited) => _bases.GetValueOrDefault((node.Tape, node.Index), inherited);

    /// <summary>Follows a <c>$ref</c>; false when the document or the place in it is not in the set.</summary>
    public bool TryResolve(Uri from, string reference, out JsonNode node, out Uri newBase)
    {
        node = default;
        newBase = from;
        int hash = reference.IndexOf('#');
        string fragment = hash < 0 ? "" : Uri.UnescapeDataString(reference[(hash + 1)..]);
        string address = Plain(from);
        if (hash != 0)
        {
            if (!Uri.TryCreate(from, reference, out Uri? target))
                return false;
            address = Plain(target);
        }

        if (fragment.Length > 0 && fragment[0] != '/')
            address += "#" + fragment;
        if (!_resources.TryGetValue(address, out (JsonNode Node, Uri Base) resource))
            return false;

        (node, newBase) = resource;
        return fragment.Length == 0 || fragment[0] != '/' || TryFollow(fragment[1..], ref node, ref newBase);
    }

    private bool TryFollow(string pointer, ref JsonNode node, ref Uri newBase)
    {
        foreach (string token in pointer.Split('/'))
        {
            string name = token.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            if (node.Kind == JsonKind.Array && int.TryParse(name, out int position) && position >= 0 && position < node.Count)
                node = node.Items.ElementAt(position);
            else if (!node.TryGetMember(Encoding.UTF8.GetBytes(name), out node))
                return false;
            newBase = BaseOf(node, newBase);
        }

        return true;
    }

    private void Walk(JsonNode schema, Uri inherited)
    {
        if (schema.Kind != JsonKind.Object)
            return;

        Uri current = IdentifierOf(schema, inherited);
        _bases[(schema.Tape, schema.Index)] = current;
        foreach (string keyword in Single)
        {
            if (schema.TryGetMember(Encoding.UTF8.GetBytes(keyword), out JsonNode child))
                Walk(child, current);
        }

        foreach (string keyword in Maps)
        {
            if (!schema.TryGetMember(Encoding.UTF8.GetBytes(keyword), out JsonNode map) || map.Kind != JsonKind.Object)
                continue;
            foreach (JsonMember member in map.Members)
                Walk(member.Value, current);
        }

        foreach (string keyword in Lists)
        {
            if (!schema.TryGetMember(Encoding.UTF8.GetBytes(keyword), out JsonNode list) || list.Kind != JsonKind.Array)
                continue;
            foreach (JsonNode child in list.Items)
                Walk(child, current);
        }
    }

    /// <summary>Registers a schema's <c>$id</c> and returns the base it sets; beside <c>$ref</c> draft-07 ignores it.</summary>
    private Uri IdentifierOf(JsonNode schema, Uri inherited)
    {
        if (!schema.TryGetMember("$id"u8, out JsonNode id) || id.Kind != JsonKind.String || schema.TryGetMember("$ref"u8, out _))
            return inherited;

        string text = id.GetString();
        if (text.StartsWith('#'))
        {
            _resources[Plain(inherited) + text] = (schema, inherited);
            return inherited;
        }

        if (!Uri.TryCreate(inherited, text, out Uri? own))
            throw new InvalidOperationException($"'{text}' is not a URI that a schema can be called by.");
        _resources[Plain(own)] = (schema, own);
        if (own.Fragment.Length > 1)
            _resources[own.AbsoluteUri] = (schema, own);
        return own;
    }

    private static string Plain(Uri address)
    {
        string text = address.AbsoluteUri;
        int hash = text.IndexOf('#', StringComparison.Ordinal);
        return hash < 0 ? text : text[..hash];
    }
}
