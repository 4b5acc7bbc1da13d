using AdcpFunctions.Adapters;

namespace AdcpFunctions.Tests.Adapters;

public class NativeLibrariesTests
{
    [Fact]
    public void Nothing_is_missing_where_the_tests_run() => Assert.Null(NativeLibraries.FindMissing(NativeLibraries.Sqlite));

    [Fact]
    public void A_missing_library_is_named_with_the_package_that_holds_it()
    {
        string? missing = NativeLibraries.FindMissing(
            NativeLibraries.Sqlite,
            new NativeLibraryNeed("oracle", "liboracle7 (apt-get install liboracle7)", ["liboracle.so.7", "liboracle.so"]));

        Assert.Equal("The library 'oracle' is missing (tried liboracle.so.7, liboracle.so); install liboracle7 (apt-get install liboracle7).", missing);
    }

    [Fact]
    public void Any_of_the_candidates_will_do() =>
        Assert.Null(NativeLibraries.FindMissing(NativeLibraries.Sqlite with { Candidates = ["libnot-there.so", .. NativeLibraries.Sqlite.Candidates] }));
}
