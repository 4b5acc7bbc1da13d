using System.Globalization;

namespace AdcpFunctions.Tests.Support;

/// <summary>Where a property test's random choices begin; a failure names the seed, and <c>PROPERTY_SEED</c> repeats the run.</summary>
public static class Seed
{
    public static int Of(int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable("PROPERTY_SEED"), NumberStyles.Integer, CultureInfo.InvariantCulture, out int seed) ? seed : otherwise;

    public static T Pick<T>(this Random random, IList<T> choices) => choices[random.Next(choices.Count)];
}
