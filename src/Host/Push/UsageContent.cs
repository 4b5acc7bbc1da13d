namespace AdcpFunctions.Host;

/// <summary>One usage record as it will be sent, and the lines of the file it stands for.</summary>
/// <param name="Json">A JSON object.</param>
/// <param name="Lines">Counted from 1, in order.</param>
internal sealed record UsageItem(ReadOnlyMemory<byte> Json, IReadOnlyList<int> Lines);

/// <summary>A line of the file that becomes no record.</summary>
/// <param name="Status"><see cref="Invalid"/> or <see cref="Unmapped"/>.</param>
internal sealed record LineFault(int Line, string Status, string Reason)
{
    public const string Invalid = "invalid";
    public const string Unmapped = "unmapped";
}

/// <summary>What a usage file says.</summary>
/// <param name="Period">Of all of it.</param>
/// <param name="Items">In the file's order.</param>
/// <param name="Faults">In the order of lines.</param>
/// <param name="Notes">What an operator should know and nothing hangs on.</param>
internal sealed record UsageContent(StatedPeriod Period, IReadOnlyList<UsageItem> Items, IReadOnlyList<LineFault> Faults, IReadOnlyList<string> Notes);
