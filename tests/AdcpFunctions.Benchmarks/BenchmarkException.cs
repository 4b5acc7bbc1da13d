namespace AdcpFunctions.Benchmarks;

/// <summary>A run that cannot give a figure: a server did not start, an answer was wrong, an argument is unknown.</summary>
internal sealed class BenchmarkException(string message) : Exception(message);
