using System.Globalization;

namespace AdcpFunctions.Host;

/// <summary>Names a dispute: its settlement's id, <c>.d</c> and its number, so that the id says where it lives.</summary>
internal readonly record struct DisputeId(string Settlement, int Number)
{
    /// <returns>Null for what names none.</returns>
    public static DisputeId? Read(string id)
    {
        int at = id.LastIndexOf(".d", StringComparison.Ordinal);
        return at > 0 && id.Length > at + 2 && id[at + 2] != '0' && int.TryParse(id.AsSpan(at + 2), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? new DisputeId(id[..at], number)
            : null;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Settlement}.d{Number}");
}
