using System.Globalization;

namespace AdcpFunctions.Settlement;

/// <summary>When a window closes, and whether a statement speaks for it.</summary>
public static class MeasurementWindows
{
    /// <summary>Rule WIN-3: days of accumulation of a window, by the contract's definition, else by what is well known.</summary>
    /// <remarks>Spec: AdCP 3.1, core/measurement-window, <c>duration_days</c>; gap G24.</remarks>
    /// <returns>Null when nobody defines the window.</returns>
    public static int? Days(string windowId, IReadOnlyList<WindowDefinition> defined) =>
        defined.FirstOrDefault(w => w.WindowId == windowId)?.DurationDays ?? windowId switch
        {
            "live" or "tentative" or "final" => 0,
            "c3" => 3,
            "c7" => 7,
            _ when windowId.StartsWith("post_", StringComparison.Ordinal) => 0,
            _ when windowId.StartsWith("downloads_", StringComparison.Ordinal) && windowId.EndsWith('d')
                && int.TryParse(windowId.AsSpan(10, windowId.Length - 11), NumberStyles.None, CultureInfo.InvariantCulture, out int days) && days <= 3_650 => days,
            _ => null,
        };

    /// <summary>Rule WIN-2: whether a statement made for <paramref name="stated"/> speaks for the group's window.</summary>
    /// <remarks>
    /// A windowed contract takes its own window; a statement without one matches only when the contract defines exactly one
    /// window. A contract without a window takes unwindowed statements and those of its single guarantee-basis window (gap G35).
    /// </remarks>
    public static bool Matches(string? stated, TermsGroup group, IReadOnlyList<WindowDefinition> defined)
    {
        if (group.Window is { } contracted)
            return stated is null ? defined.Count == 1 && defined[0].WindowId == contracted : stated == contracted;
        if (stated is null)
            return true;

        WindowDefinition? basis = null;
        foreach (WindowDefinition window in defined)
        {
            if (!window.IsGuaranteeBasis)
                continue;
            if (basis is not null)
                return false;
            basis = window;
        }

        return basis?.WindowId == stated;
    }
}
