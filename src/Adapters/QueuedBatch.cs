using System.Buffers;
using System.Text;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Adapters;

/// <summary>A batch on its way to the writer: everything SQLite will be given, in one buffer, and the caller's answer.</summary>
/// <remarks>
/// It is encoded on the caller's thread, so that callers share that work and the writer, of which there is one, only binds and steps.
/// Continuations never run on the writer: it must be back at the next commit.
/// </remarks>
internal sealed class QueuedBatch : TaskCompletionSource<BatchResult>
{
    private readonly (int Key, int Columns, int End)[] _slices;

    public QueuedBatch(TableBatch batch)
        : base(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        Operations = batch.Operations;
        PartitionLength = Encoding.UTF8.GetByteCount(batch.Partition);
        Length = PartitionLength;
        for (int i = 0; i < Operations.Count; i++)
            Length += Encoding.UTF8.GetByteCount(Operations[i].Row.RowKey) + RowFraming.SizeOf(Operations[i].Row.Columns);

        _slices = new (int, int, int)[Operations.Count];
        Buffer = ArrayPool<byte>.Shared.Rent(Length);
        Span<byte> buffer = Buffer;
        int at = Encoding.UTF8.GetBytes(batch.Partition, buffer);
        for (int i = 0; i < Operations.Count; i++)
        {
            TableRow row = Operations[i].Row;
            int columns = at + Encoding.UTF8.GetBytes(row.RowKey, buffer[at..]);
            int end = columns + RowFraming.SizeOf(row.Columns);
            RowFraming.Write(row.Columns, buffer[columns..end]);
            _slices[i] = (at, columns, end);
            at = end;
        }
    }

    public IReadOnlyList<RowOperation> Operations { get; }

    /// <summary>The partition, then for each operation its key and its framed columns.</summary>
    public byte[] Buffer { get; private set; }

    public int Length { get; }

    public int PartitionLength { get; }

    /// <summary>What to answer once the group has been committed.</summary>
    public BatchResult? Outcome { get; set; }

    public (int Start, int Length) Key(int operation) => (_slices[operation].Key, _slices[operation].Columns - _slices[operation].Key);

    public (int Start, int Length) Columns(int operation) => (_slices[operation].Columns, _slices[operation].End - _slices[operation].Columns);

    /// <summary>Gives the buffer back; the batch can no longer be written.</summary>
    public void Release()
    {
        ArrayPool<byte>.Shared.Return(Buffer);
        Buffer = [];
    }
}
