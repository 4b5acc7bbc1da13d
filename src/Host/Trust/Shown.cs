namespace AdcpFunctions.Host;

/// <summary>What strangers wrote, as it may stand in a log: on one line, and not for long.</summary>
internal static class Shown
{
    private const int Longest = 200;

    public static string Of(string text) =>
        string.Create(Math.Min(text.Length, Longest), text, static (shown, all) =>
        {
            for (int i = 0; i < shown.Length; i++)
                shown[i] = all[i] is >= ' ' and < '\u007f' ? all[i] : '?';
        });
}
