using System.Buffers;
using System.Text;
using System.Text.Json;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>Shows what the production verifier makes of AdCP's published signing vectors, or of files of the same form.</summary>
internal static class VerifyCommand
{
    private const string Usage = "verify <file or folder> [--keys <file>]: one JSON line for each signing vector (RFC 9421 webhooks and requests, canonicalization.json, webhook-hmac-sha256.json). Keys come from the nearest keys.json beside or above a vector.";
    private const string KeyFile = "keys.json";
    private const int MaxFile = 4 * 1024 * 1024;

    private static readonly EnumerationOptions Below = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = false };

    /// <returns>0 when every expectation is met, 1 when one is missed, 2 when it was asked wrongly or a file could not be read.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter errors)
    {
        if (args is ["--help"])
        {
            await output.WriteLineAsync(Usage);
            return 0;
        }

        (string? path, string? keys) = args switch
        {
            [var one] => (one, null),
            [var one, "--keys", var file] => (one, file),
            ["--keys", var file, var one] => (one, file),
            _ => (null, null),
        };
        if (path is null || path.Length == 0 || path.StartsWith('-') || keys is { Length: 0 })
            return await CommandArguments.RefuseAsync(errors, Usage);
        try
        {
            return await RunAsync(path, keys, output, errors);
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException or InvalidDataException or ArgumentException or DllNotFoundException)
        {
            return await CommandArguments.RefuseAsync(errors, unusable.Message);
        }
    }

    private static async Task<int> RunAsync(string path, string? keys, TextWriter output, TextWriter errors)
    {
        bool isFolder = Directory.Exists(path);
        string[] files = isFolder ? [.. Directory.EnumerateFiles(path, "*.json", Below).Order(StringComparer.Ordinal)] : [path];
        int judged = 0, missed = 0;
        foreach (string file in files)
        {
            string name = Path.ChangeExtension(isFolder ? Path.GetRelativePath(path, file) : Path.GetFileName(file), null).Replace('\\', '/');
            foreach (VectorVerdict verdict in await JudgeAsync(file, name, keys, isAlone: !isFolder))
            {
                await output.WriteLineAsync(Line(verdict));
                judged++;
                if (verdict.Missed is null)
                    continue;
                missed++;
                await errors.WriteLineAsync($"{verdict.Name}: expected {verdict.Missed}");
            }
        }

        if (judged == 0)
            return await CommandArguments.RefuseAsync(errors, $"There is no signing vector in '{path}'.");
        return missed == 0 ? 0 : 1;
    }

    /// <summary>Beside vectors lie files of other kinds, which a folder may hold and a single argument may not be.</summary>
    private static async Task<IReadOnlyList<VectorVerdict>> JudgeAsync(string file, string name, string? keys, bool isAlone)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(await ReadAsync(file));
            IReadOnlyList<VectorVerdict>? verdicts = await SigningVectors.JudgeAsync(name, document.RootElement, () => KeysFor(file, keys));
            return verdicts ?? (isAlone ? throw new InvalidDataException($"There is no signing vector in '{file}'.") : []);
        }
        catch (Exception broken) when (broken is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new InvalidDataException($"'{file}' cannot be read as a signing vector: {broken.Message.ReplaceLineEndings(" ")}", broken);
        }
    }

    private static IReadOnlyList<JsonWebKey> KeysFor(string vector, string? keys)
    {
        string? file = keys;
        for (DirectoryInfo? folder = new FileInfo(vector).Directory; file is null && folder is not null; folder = folder.Parent)
        {
            string beside = Path.Combine(folder.FullName, KeyFile);
            file = File.Exists(beside) ? beside : null;
        }

        if (file is null)
            throw new InvalidDataException($"There is no {KeyFile} beside or above '{vector}'; name one with --keys.");
        return JsonWebKey.ReadSet(File.ReadAllBytes(file)) ?? throw new InvalidDataException($"'{file}' is no key set, or names a key twice.");
    }

    /// <summary>Reads no further than a vector could be long, whatever the file says of its own length.</summary>
    private static async Task<ReadOnlyMemory<byte>> ReadAsync(string file)
    {
        await using FileStream stream = File.OpenRead(file);
        byte[] bytes = new byte[Math.Min(MaxFile, Math.Max(stream.CanSeek ? stream.Length : 0, 4096)) + 1];
        int length = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false);
        return length <= MaxFile && length < bytes.Length ? bytes.AsMemory(0, length) : throw new InvalidDataException($"'{file}' is larger than {MaxFile} bytes: that is no signing vector.");
    }

    private static string Line(VectorVerdict verdict)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("vector", verdict.Name);
            json.WriteBoolean("accepted", verdict.IsAccepted);
            json.WriteString("error_code", verdict.Code);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }
}
