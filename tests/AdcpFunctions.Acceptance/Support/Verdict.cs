namespace AdcpFunctions.Acceptance.Support;

/// <summary>What somebody else's runner made of one of its steps, vectors or scenarios.</summary>
/// <param name="Item">Its name in that runner.</param>
/// <param name="Outcome"><c>passed</c>, <c>failed</c> or <c>skipped</c>.</param>
/// <param name="Told">What the runner says of it; for whoever reads a failure.</param>
public sealed record Verdict(string Item, string Outcome, string Told);

/// <summary>An item that does not pass, and why it cannot.</summary>
/// <param name="Applies">True where what it asks for is asked of a service like this one too, and is given, though not to this runner's satisfaction.</param>
/// <remarks>Nothing else may fail or be skipped, and nothing here may pass: a table that no longer tells the truth fails the suite.</remarks>
public sealed record Exempt(string Item, string Outcome, string Why, bool Applies = false)
{
    /// <summary>Every verdict is a pass, or is in the table as it is.</summary>
    public static void AssertTrue(IReadOnlyCollection<Verdict> verdicts, IReadOnlyCollection<Exempt> table)
    {
        Assert.NotEmpty(verdicts);
        string[] expected = [.. table.Select(e => $"{e.Item}: {e.Outcome}").Order(StringComparer.Ordinal)];
        string[] actual = [.. verdicts.Where(v => v.Outcome != "passed").Select(v => $"{v.Item}: {v.Outcome}").Order(StringComparer.Ordinal)];
        string told = string.Join('\n', verdicts.Where(v => v.Outcome != "passed" && !table.Any(e => e.Item == v.Item && e.Outcome == v.Outcome)).Select(v => $"{v.Item} {v.Outcome}: {v.Told}"));
        Assert.True(expected.SequenceEqual(actual, StringComparer.Ordinal), $"Not as listed.\n{told}\nListed and otherwise: {string.Join(", ", expected.Except(actual, StringComparer.Ordinal))}");
    }
}
