using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AdcpFunctions.Host;

/// <summary>What a push is of: the first line of its journal. A push that differs in any of it is another one.</summary>
internal sealed record JournalHeader(string File, string? Mapping, string To, string Period, string? FinalizedAt, int Batch, int Records, string Plan)
{
    /// <summary>What differs, in words; null when nothing does.</summary>
    public string? Difference(JournalHeader other) =>
        other.File != File ? "the file has changed since"
        : other.Mapping != Mapping ? "the mapping has changed since"
        : other.To != To ? $"it was sent to {other.To}"
        : other.Period != Period ? $"its period was {other.Period}"
        : other.FinalizedAt != FinalizedAt ? $"it was {(other.FinalizedAt is null ? "not final" : $"finalized at {other.FinalizedAt}")}"
        : other.Batch != Batch ? $"its --batch was {other.Batch}"
        : other.Plan != Plan ? "other lines were skipped, or an older version sent it"
        : null;
}

/// <summary>One error of an answer, and the record of the batch it is about; null where it does not say.</summary>
internal sealed record RecordError(int? Record, string Code, string Message, string? Field);

/// <summary>What an agent made of a batch.</summary>
internal sealed record BatchAnswer(int Accepted, bool Replayed, IReadOnlyList<RecordError> Errors);

/// <summary>One line: what the push is of, that a batch is about to be sent, or what came back.</summary>
internal sealed record JournalLine(JournalHeader? Push = null, int? Sending = null, int Generation = 0, DateTimeOffset? At = null, int? Answered = null, BatchAnswer? Answer = null);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(JournalLine))]
internal sealed partial class PushJson : JsonSerializerContext;

/// <summary>Remembers beside a file what of it was sent and answered, so that a push that died goes on where it was.</summary>
/// <remarks>One process at a time; every line is on the disk before anything is done that relies on it.</remarks>
internal sealed class PushJournal : IDisposable
{
    private readonly FileStream _lock;
    private readonly FileStream _file;
    private readonly Dictionary<int, BatchAnswer> _answers = [];
    private readonly Dictionary<int, (int Generation, DateTimeOffset First)> _sent = [];

    private PushJournal(FileStream held, FileStream file) => (_lock, _file) = (held, file);

    /// <summary>What was answered, by batch.</summary>
    public IReadOnlyDictionary<int, BatchAnswer> Answers => _answers;

    /// <summary>The generation of the key a batch was last sent under; null for one that never was.</summary>
    public int? Sent(int batch) => _sent.TryGetValue(batch, out (int Generation, DateTimeOffset First) sent) ? sent.Generation : null;

    /// <summary>When a batch was first sent under that key; null for one that never was.</summary>
    public DateTimeOffset? FirstSent(int batch) => _sent.TryGetValue(batch, out (int Generation, DateTimeOffset First) sent) ? sent.First : null;

    /// <summary>Rule PUSH-6: a journal goes on with the push it is of, and with no other; one process at a time.</summary>
    /// <exception cref="InvalidDataException">It is of another push, cannot be read, or somebody else has it.</exception>
    public static PushJournal Open(string folder, JournalHeader header, bool startNew)
    {
        Directory.CreateDirectory(folder);
        FileStream held = Hold(Path.Combine(folder, "lock"));
        try
        {
            string path = Path.Combine(folder, "journal.ndjson");
            if (startNew && File.Exists(path))
                File.Move(path, Enumerable.Range(1, int.MaxValue - 1).Select(n => Path.Combine(folder, $"journal.{n}.ndjson")).First(older => !File.Exists(older)));
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            var journal = new PushJournal(held, file);
            try
            {
                journal.Recall(header, folder);
                return journal;
            }
            catch
            {
                file.Dispose();
                throw;
            }
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>A batch is about to be sent.</summary>
    public void Sending(int batch, int generation, DateTimeOffset at)
    {
        Append(new JournalLine(Sending: batch, Generation: generation, At: at));
        Note(batch, generation, at);
    }

    /// <summary>A batch was answered for good.</summary>
    public void Answer(int batch, BatchAnswer answer)
    {
        Append(new JournalLine(Answered: batch, Answer: answer));
        _answers[batch] = answer;
    }

    public void Dispose()
    {
        _file.Dispose();
        _lock.Dispose();
    }

    private static FileStream Hold(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException busy)
        {
            throw new InvalidDataException($"Another push of this file is at work ('{path}' is held).", busy);
        }
    }

    /// <summary>Reads every whole line. What a death left behind them was never relied on, and is cut off.</summary>
    private void Recall(JournalHeader header, string folder)
    {
        byte[] all = new byte[_file.Length];
        _file.ReadExactly(all);
        int whole = all.AsSpan().LastIndexOf((byte)'\n') + 1;
        _file.SetLength(whole);
        _file.Position = whole;
        if (whole == 0)
        {
            Append(new JournalLine(Push: header));
            return;
        }

        string[] lines = Encoding.UTF8.GetString(all, 0, whole - 1).Split('\n');
        for (int i = 0; i < lines.Length; i++)
            Recall(Read(lines[i], i + 1), i == 0, header, folder);
    }

    private void Recall(JournalLine line, bool isFirst, JournalHeader header, string folder)
    {
        if (isFirst && (line.Push is null || header.Difference(line.Push) is not null))
        {
            string why = line.Push is null ? "its beginning is missing" : header.Difference(line.Push)!;
            throw new InvalidDataException($"The journal in '{folder}' is of another push: {why}. Put back what it was begun with to go on with it. --new begins again and sends everything: what the agent took before is then counted once only if it knows a fact told twice.");
        }

        if (line.Sending is { } sending)
            Note(sending, line.Generation, line.At ?? DateTimeOffset.MinValue);
        if (line is { Answered: { } answered, Answer: { } answer })
            _answers[answered] = answer;
    }

    private void Note(int batch, int generation, DateTimeOffset at)
    {
        if (Sent(batch) != generation)
            _sent[batch] = (generation, at);
    }

    private static JournalLine Read(string line, int number)
    {
        try
        {
            return JsonSerializer.Deserialize(line, PushJson.Default.JournalLine) ?? throw new InvalidDataException($"Line {number} of the journal says nothing.");
        }
        catch (JsonException broken)
        {
            throw new InvalidDataException($"Line {number} of the journal cannot be read; it was changed by something else.", broken);
        }
    }

    private void Append(JournalLine line)
    {
        _file.Write([.. JsonSerializer.SerializeToUtf8Bytes(line, PushJson.Default.JournalLine), (byte)'\n']);
        _file.Flush(flushToDisk: true);
    }
}
