using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host;

/// <summary>Where a list goes on, in a form that tells nothing to whoever carries it.</summary>
/// <remarks>
/// A page may end at something its reader may not see, so the place is sealed with AES-256-GCM and all cursors are of one length. The key
/// is the tenant's own: random, made when it is first needed, and kept beside its accounts, so that every instance opens what another
/// gave. Nothing is lost with it: an unknown cursor is refused, and the list is read again from its beginning.
/// </remarks>
internal sealed class ListCursors(IPartitionedTable table)
{
    private const int Nonce = 12, Tag = 16;

    /// <summary>A settlement's id has 116 bytes at most, and what follows it at most eleven. All together divides by three: no bit of the text is idle.</summary>
    private const int Place = 152, Whole = Nonce + Place + Tag;

    private readonly ConcurrentDictionary<string, byte[]> _keys = new(StringComparer.Ordinal);

    /// <summary>Rule LIST-1: a cursor tells nothing, and goes on in the list, account and tenant it was given for and nowhere else.</summary>
    /// <param name="tenant">Whose list.</param>
    /// <param name="account">Of which account; empty where the list is of all.</param>
    /// <param name="list">Which list.</param>
    /// <param name="place">Where it goes on.</param>
    /// <param name="cancel">Stops the wait.</param>
    public async ValueTask<string> SealAsync(string tenant, string account, string list, string place, CancellationToken cancel)
    {
        using var aes = new AesGcm(await KeyAsync(tenant, cancel), Tag);
        byte[] padded = new byte[Place], whole = new byte[Whole];
        Encoding.UTF8.GetBytes(place, padded);
        RandomNumberGenerator.Fill(whole.AsSpan(0, Nonce));
        aes.Encrypt(whole.AsSpan(0, Nonce), padded, whole.AsSpan(Nonce, Place), whole.AsSpan(Nonce + Place), Bound(tenant, account, list));
        return Base64Url.EncodeToString(whole);
    }

    /// <inheritdoc cref="SealAsync"/>
    /// <param name="cursor">What the caller sent.</param>
    /// <returns>The place; null for what was not given for this list.</returns>
    public async ValueTask<string?> OpenAsync(string tenant, string account, string list, string cursor, CancellationToken cancel)
    {
        if (cursor.Length != Base64Url.GetEncodedLength(Whole) || !Base64Url.IsValid(cursor, out int length) || length != Whole)
            return null;
        byte[] whole = Base64Url.DecodeFromChars(cursor), place = new byte[Place];
        using var aes = new AesGcm(await KeyAsync(tenant, cancel), Tag);
        try
        {
            aes.Decrypt(whole.AsSpan(0, Nonce), whole.AsSpan(Nonce, Place), whole.AsSpan(Nonce + Place), place, Bound(tenant, account, list));
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }

        return Encoding.UTF8.GetString(place).TrimEnd('\0');
    }

    private static byte[] Bound(string tenant, string account, string list) => Encoding.UTF8.GetBytes($"{tenant}\n{account}\n{list}");

    /// <remarks>What counts is the row as it is read: of two processes that make a key at once, one finds the other's.</remarks>
    private async ValueTask<byte[]> KeyAsync(string tenant, CancellationToken cancel)
    {
        if (_keys.TryGetValue(tenant, out byte[]? known))
            return known;
        string partition = LedgerKeys.Directory(tenant);
        while (true)
        {
            if (await table.GetAsync(partition, LedgerKeys.CursorKey, cancel) is { } row)
                return _keys[tenant] = row.Body.ToArray();
            await table.SubmitAsync(new TableBatch(partition).Insert(TableRow.Of(LedgerKeys.CursorKey, RandomNumberGenerator.GetBytes(32))), cancel);
        }
    }
}
