using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace AdcpFunctions.Host.Wire;

/// <summary>A place in a tenant's feed, as opaque text: whoever sends one from another feed is told so instead of skipping records.</summary>
internal static class FeedCursor
{
    public static string Of(string tenant, bool sandbox, long seq) =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Feed(tenant, sandbox)}{seq}")));

    /// <returns>Null when it is not a cursor of this feed.</returns>
    public static long? Read(string tenant, bool sandbox, string cursor)
    {
        if (cursor.Length > 200 || !Base64Url.IsValid(cursor))
            return null;
        string text = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor));
        string feed = Feed(tenant, sandbox);
        return text.StartsWith(feed, StringComparison.Ordinal) && long.TryParse(text.AsSpan(feed.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long seq) && seq < 1_000_000_000_000
            ? seq
            : null;
    }

    private static string Feed(string tenant, bool sandbox) => sandbox ? $"s.{tenant}." : $"p.{tenant}.";
}
