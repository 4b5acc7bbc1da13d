using System.Reflection;

namespace AdcpFunctions.Acceptance.Support;

/// <summary>A class of tests as lines of the report: its sentences, and whether each holds.</summary>
internal static class Scenarios
{
    /// <summary>Asks each test again; what its client saw is remembered, so this is quick.</summary>
    public static async Task<IReadOnlyList<Verdict>> OfAsync(Type tests, World world)
    {
        object suite = Activator.CreateInstance(tests, world)!;
        var verdicts = new List<Verdict>();
        foreach (MethodInfo test in tests.GetMethods().Where(m => m.IsDefined(typeof(FactAttribute))).OrderBy(m => m.MetadataToken))
        {
            object?[][] rows = [.. test.GetCustomAttributes<InlineDataAttribute>().Select(row => row.Data)];
            foreach (object?[] row in rows.DefaultIfEmpty([]))
            {
                string sentence = test.Name.Replace('_', ' ') + (row.Length == 0 ? "" : $" ({row[0]})");
                verdicts.Add(new Verdict(sentence, await HoldsAsync((Task)test.Invoke(suite, row)!) ? "passed" : "failed", ""));
            }
        }

        return verdicts;
    }

    private static async Task<bool> HoldsAsync(Task test)
    {
        await Task.WhenAny(test);
        return test.IsCompletedSuccessfully;
    }
}
