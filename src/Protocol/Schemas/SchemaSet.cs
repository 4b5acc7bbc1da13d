using System.Reflection;

namespace AdcpFunctions.Protocol;

/// <summary>Draft-07 documents that may refer to each other, found by path; each is compiled when first asked for.</summary>
public sealed class SchemaSet
{
    private const string ResourcePrefix = "schemas/";
    private static readonly Uri Root = new("https://schemas.adcp-functions.invalid/schemas/");
    private static readonly Lazy<SchemaSet> EmbeddedSet = new(LoadEmbedded);

    private readonly Lock _gate = new();
    private readonly SchemaIndex _index = new();
    private readonly SchemaCompiler _compiler;
    private readonly SortedDictionary<string, JsonNode> _documents = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CompiledSchema> _compiled = new(StringComparer.Ordinal);

    public SchemaSet(SchemaOptions options) => _compiler = new SchemaCompiler(_index, options);

    /// <summary>Our own schemas, as the repository's folder <c>schemas/</c> holds them.</summary>
    public static SchemaSet Embedded => EmbeddedSet.Value;

    /// <summary>Every document of the set, such as <c>adcp/3.1/report-usage-request.json</c>.</summary>
    public IReadOnlyCollection<string> Paths => [.. _documents.Keys];

    /// <summary>The compiled document at <paramref name="path"/>.</summary>
    /// <exception cref="KeyNotFoundException">No document has that path.</exception>
    /// <exception cref="InvalidOperationException">The document, or one it refers to, is not a sound schema.</exception>
    public CompiledSchema this[string path]
    {
        get
        {
            lock (_gate)
            {
                if (_compiled.TryGetValue(path, out CompiledSchema? known))
                    return known;
                if (!_documents.TryGetValue(path, out JsonNode document))
                    throw new KeyNotFoundException($"No schema has the path '{path}'.");

                SchemaNode root = _compiler.Compile(document, AddressOf(path));
                SchemaCompiler.RefuseEndless(root);
                return _compiled[path] = new CompiledSchema(root);
            }
        }
    }

    /// <summary>The document at <paramref name="path"/> as it stands in its file.</summary>
    /// <exception cref="KeyNotFoundException">No document has that path.</exception>
    public JsonNode Document(string path)
    {
        lock (_gate)
            return _documents[path];
    }

    /// <summary>Adds a document before anything that refers to it is asked for.</summary>
    /// <param name="path">Relative to the set's root, or an absolute URI.</param>
    public void Add(string path, ReadOnlyMemory<byte> utf8)
    {
        // Compiled rules keep nodes of the document's tape, so the tape lives as long as the set.
        JsonTape tape = JsonTape.Rent();
        if (!tape.TryRead(utf8, JsonLimits.Default, out JsonFault fault))
            throw new InvalidOperationException($"The schema '{path}' cannot be read: {fault.Kind} at byte {fault.Offset}.");

        lock (_gate)
        {
            _documents.Add(path, tape.Root);
            _index.Add(AddressOf(path), tape.Root);
        }
    }

    private static Uri AddressOf(string path) => new(Root, path);

    private static SchemaSet LoadEmbedded()
    {
        var set = new SchemaSet(new SchemaOptions());
        Assembly assembly = typeof(SchemaSet).Assembly;
        foreach (string name in assembly.GetManifestResourceNames())
        {
            string path = name.Replace('\\', '/');
            if (!path.StartsWith(ResourcePrefix, StringComparison.Ordinal))
                continue;
            using Stream stream = assembly.GetManifestResourceStream(name)!;
            byte[] document = new byte[stream.Length];
            stream.ReadExactly(document);
            set.Add(path[ResourcePrefix.Length..], document);
        }

        return set;
    }
}
