namespace AdcpFunctions.Host;

/// <summary>What the commands that read a ledger, or files, have in common.</summary>
internal static class CommandArguments
{
    /// <summary>True for settings that are known, each with a value. Any other is refused with the rest: a misspelt one must not be answered for another ledger.</summary>
    public static bool AreKnown(string[] args, Predicate<string> isKnown)
    {
        for (int i = 0; i < args.Length; i++)
        {
            string[] parts = args[i].Split('=', 2);
            if (!parts[0].StartsWith("--", StringComparison.Ordinal) || !isKnown(parts[0][2..]))
                return false;
            string value = parts.Length == 2 ? parts[1] : ++i < args.Length ? args[i] : "";
            if (value.Length == 0 || value.StartsWith("--", StringComparison.Ordinal))
                return false;
        }

        return true;
    }

    /// <summary>Says why nothing was done.</summary>
    /// <returns>The exit code of a command that was asked wrongly.</returns>
    public static async Task<int> RefuseAsync(TextWriter errors, string why)
    {
        await errors.WriteLineAsync(why);
        return 2;
    }
}
