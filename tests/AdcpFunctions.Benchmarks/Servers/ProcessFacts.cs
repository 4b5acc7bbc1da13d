using System.Globalization;

namespace AdcpFunctions.Benchmarks.Servers;

/// <summary>What Linux keeps about another process under <c>/proc</c>.</summary>
internal static class ProcessFacts
{
    // USER_HZ, the unit of /proc/<pid>/stat: 100 on every Linux .NET runs on, whatever the kernel's own tick.
    private const double TicksPerSecond = 100;

    /// <summary>User and system time of all its threads; fields 14 and 15 of <c>stat</c>.</summary>
    public static TimeSpan CpuTime(int pid)
    {
        string stat = File.ReadAllText($"/proc/{pid}/stat");
        // The second field is the command's name in brackets, which may itself hold blanks: count from behind it.
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        long ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        return TimeSpan.FromSeconds(ticks / TicksPerSecond);
    }

    /// <summary>Peak resident memory, <c>VmHWM</c> of <c>status</c>.</summary>
    public static double PeakMegabytes(int pid) => Megabytes(pid, "VmHWM:");

    /// <summary>Resident memory now, <c>VmRSS</c> of <c>status</c>.</summary>
    public static double ResidentMegabytes(int pid) => Megabytes(pid, "VmRSS:");

    private static double Megabytes(int pid, string field)
    {
        string line = File.ReadLines($"/proc/{pid}/status").First(l => l.StartsWith(field, StringComparison.Ordinal));
        return double.Parse(line.Split(' ', '\t').First(part => part.Length > 0 && char.IsAsciiDigit(part[0])), CultureInfo.InvariantCulture) / 1024;
    }
}
