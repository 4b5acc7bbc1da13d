using System.Buffers.Text;
using System.Text;
using AdcpFunctions.Host;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

public sealed class ListCursorsPlainTests() : ListCursorsTests(splitsPages: false);

public sealed class ListCursorsAzuriteTests() : ListCursorsTests(splitsPages: false)
{
    protected override bool OverAzurite => true;
}

/// <summary>What a cursor tells, and where it goes on.</summary>
public abstract class ListCursorsTests(bool splitsPages) : LedgerSuite(splitsPages)
{
    private const string Tenant = "tenant", Place = "acme.3.20260401-20260501.0.abcdefghijklmnopqrst 2";

    [Fact]
    public async Task A_cursor_is_opened_by_another_instance_and_reads_as_nothing()
    {
        ListCursors cursors = New();

        string cursor = await SealAsync(cursors), again = await SealAsync(cursors), other = await SealAsync(cursors, place: "~");

        Assert.Equal(Place, await OpenAsync(New(), cursor));
        Assert.Equal("~", await OpenAsync(New(), other));
        Assert.Equal("", await OpenAsync(New(), await SealAsync(cursors, place: "")));
        Assert.NotEqual(cursor, again);
        Assert.Equal(cursor.Length, other.Length);
        string bytes = Encoding.Latin1.GetString(Base64Url.DecodeFromChars(cursor));
        Assert.DoesNotContain(Enumerable.Range(0, Place.Length - 3), at => bytes.Contains(Place.Substring(at, 4), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_place_as_long_as_places_get_is_kept_whole()
    {
        string longest = $"{new string('a', 116)} {int.MaxValue}";

        Assert.Equal(longest, await OpenAsync(New(), await SealAsync(New(), place: longest)));
    }

    [Theory]
    [InlineData("other", "acme", "settlements")]
    [InlineData(Tenant, "globex", "settlements")]
    [InlineData(Tenant, "", "settlements")]
    [InlineData(Tenant, "acme", "disputes")]
    public async Task A_cursor_goes_on_nowhere_else(string tenant, string account, string list)
    {
        ListCursors cursors = New();

        Assert.Null(await cursors.OpenAsync(tenant, account, list, await SealAsync(cursors), default));
    }

    [Fact]
    public async Task A_cursor_that_was_changed_anywhere_is_none()
    {
        ListCursors cursors = New();
        string cursor = await SealAsync(cursors);

        for (int at = 0; at < cursor.Length; at++)
        {
            foreach (char other in "AB_= ")
            {
                if (cursor[at] != other)
                    Assert.Null(await OpenAsync(cursors, string.Concat(cursor.AsSpan(0, at), [other], cursor.AsSpan(at + 1))));
            }
        }

        foreach (string other in new[] { "", cursor[..^1], cursor[..^4], cursor + "AAAA", cursor + "=", "*" + cursor[1..] })
            Assert.Null(await OpenAsync(cursors, other));
    }

    [Fact]
    public async Task Two_instances_that_need_the_key_at_once_have_one()
    {
        string? theirs = null;
        Faults.RaceBefore(IsKey, async store => theirs = await SealAsync(new ListCursors(store)));

        ListCursors first = New();
        string mine = await SealAsync(first);

        Assert.Equal((Place, Place), (await OpenAsync(first, theirs!), await OpenAsync(New(), mine)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_key_whose_making_faulted_is_made_once(bool afterEffect)
    {
        ListCursors cursors = New();
        if (afterEffect)
            Faults.LoseAnswer(IsKey);
        else
            Faults.FaultBefore(IsKey);
        await Assert.ThrowsAsync<StorageFaultException>(async () => await SealAsync(cursors));

        string cursor = await SealAsync(cursors);

        Assert.Equal(Place, await OpenAsync(New(), cursor));
        int calls = Faults.Calls.Count;
        Assert.Equal(Place, await OpenAsync(cursors, cursor));
        Assert.Equal(calls, Faults.Calls.Count);
    }

    private static bool IsKey(TableCall call) => call.Kind == TableCallKind.Submit && call.Partition == LedgerKeys.Directory(Tenant);

    private ListCursors New() => new(Faults);

    private static ValueTask<string> SealAsync(ListCursors cursors, string place = Place) => cursors.SealAsync(Tenant, "acme", "settlements", place, default);

    private static ValueTask<string?> OpenAsync(ListCursors cursors, string cursor) => cursors.OpenAsync(Tenant, "acme", "settlements", cursor, default);
}
