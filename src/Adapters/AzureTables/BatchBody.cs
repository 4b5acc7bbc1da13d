using System.Buffers;
using System.Text;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Adapters;

/// <summary>A batch as an entity group transaction.</summary>
/// <remarks>
/// Spec: Azure Storage, "Performing entity group transactions". The boundaries may be the same each time: what stands between them is
/// a head of ours and JSON of one line, so no line of content can begin with one.
/// </remarks>
internal static class BatchBody
{
    public const string ContentType = "multipart/mixed; boundary=batch_adcp";

    public static ReadOnlyMemory<byte> Write(TableBatch batch, EntityAddress address, string mark)
    {
        var body = new ArrayBufferWriter<byte>(batch.Bytes + 1024);
        Line(body, "--batch_adcp\r\nContent-Type: multipart/mixed; boundary=changeset_adcp\r\n");
        foreach (RowOperation operation in batch.Operations)
        {
            Line(body, "--changeset_adcp\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n");
            WriteOperation(body, batch.Partition, operation, address, mark);
        }

        Line(body, "--changeset_adcp--\r\n--batch_adcp--");
        return body.WrittenMemory;
    }

    private static void WriteOperation(ArrayBufferWriter<byte> body, string partition, RowOperation operation, EntityAddress address, string mark)
    {
        (RowAction action, TableRow row) = operation;
        string method = action switch { RowAction.Insert => "POST", RowAction.Delete => "DELETE", _ => "PUT" };
        Uri target = action == RowAction.Insert ? address.Table : address.Entity(partition, row.RowKey);
        Line(body, $"{method} {target.AbsoluteUri} HTTP/1.1\r\nAccept: application/json;odata=minimalmetadata\r\nDataServiceVersion: 3.0;");
        if (action is RowAction.Replace or RowAction.Delete)
            Line(body, $"If-Match: {row.ETag}");
        if (action == RowAction.Delete)
        {
            Line(body, "\r\n");
            return;
        }

        Line(body, "Content-Type: application/json\r\nPrefer: return-no-content\r\n");
        EntityJson.Write(body, partition, row, mark);
        Line(body, "");
    }

    private static void Line(ArrayBufferWriter<byte> body, string text)
    {
        Encoding.UTF8.GetBytes(text, body);
        body.Write("\r\n"u8);
    }
}
