using System.Globalization;
using System.Text;
using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Protocol;

public class WireTimeTests
{
    [Theory]
    [InlineData("2026-04-09T14:32:00Z", "2026-04-09T14:32:00.0000000+00:00", "UTC")]
    [InlineData("2026-04-09t14:32:00z", "2026-04-09T14:32:00.0000000+00:00", "RFC 3339 allows lower case")]
    [InlineData("2026-04-09T14:32:00+02:00", "2026-04-09T14:32:00.0000000+02:00", "the offset is kept")]
    [InlineData("2026-04-09T14:32:00-09:30", "2026-04-09T14:32:00.0000000-09:30", "a western half hour")]
    [InlineData("2026-04-09T14:32:00-00:00", "2026-04-09T14:32:00.0000000+00:00", "an unknown offset is an instant all the same")]
    [InlineData("2026-03-31T23:59:59.999Z", "2026-03-31T23:59:59.9990000+00:00", "milliseconds")]
    [InlineData("2026-03-31T23:59:59.99999999999Z", "2026-03-31T23:59:59.9999999+00:00", "more digits than can be kept are cut, never rounded up")]
    [InlineData("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.0000000+00:00", "a leap day")]
    [InlineData("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.0000000+00:00", "a leap second is the first instant of the next minute")]
    [InlineData("2026-04-01T00:00:00+14:00", "2026-04-01T00:00:00.0000000+14:00", "the farthest offset there is")]
    public void Reads_a_timestamp_with_its_offset(string text, string expected, string reason)
    {
        Assert.True(WireTime.TryRead(Encoding.UTF8.GetBytes(text), out DateTimeOffset at), reason);
        Assert.Equal(expected, at.ToString("O", CultureInfo.InvariantCulture));
    }

    [Fact]
    public void An_escaped_plus_is_a_plus()
    {
        using JsonTape tape = JsonTape.Rent();
        Assert.True(tape.TryRead("\"2026-04-09T14:32:00\\u002B02:00\""u8.ToArray(), JsonLimits.Default, out _));

        Assert.True(WireTime.TryRead(tape.Root, out DateTimeOffset at));
        Assert.Equal(TimeSpan.FromHours(2), at.Offset);
    }

    [Theory]
    [InlineData("2026-04-09T14:32:00", "naive: no offset")]
    [InlineData("2026-04-09T14:32:00.5", "naive with a fraction")]
    [InlineData("2026-04-09", "a date")]
    [InlineData("2026-04-09 14:32:00Z", "a space instead of T")]
    [InlineData("2026-04-09T14:32Z", "no seconds")]
    [InlineData("2026-04-09T14:32:00.Z", "a fraction without digits")]
    [InlineData("2026-04-09T14:32:00+0200", "an offset without its colon")]
    [InlineData("2026-04-09T14:32:00+02", "an offset without minutes")]
    [InlineData("2026-04-09T14:32:00+14:01", "an offset beyond the farthest")]
    [InlineData("2026-04-09T14:32:00+02:60", "an offset of 60 minutes")]
    [InlineData("2026-04-09T14:32:00ZZ", "something behind it")]
    [InlineData("2026-02-29T00:00:00Z", "no leap year")]
    [InlineData("2026-04-31T00:00:00Z", "no such day")]
    [InlineData("2026-13-01T00:00:00Z", "no such month")]
    [InlineData("2026-00-01T00:00:00Z", "month zero")]
    [InlineData("2026-04-00T00:00:00Z", "day zero")]
    [InlineData("2026-04-09T24:00:00Z", "hour 24")]
    [InlineData("2026-04-09T14:60:00Z", "minute 60")]
    [InlineData("2026-04-09T14:32:61Z", "second 61")]
    [InlineData("0000-01-01T00:00:00Z", "year zero")]
    [InlineData("0001-01-01T00:00:00Z", "a year that cannot be computed with")]
    [InlineData("9999-12-31T23:59:59Z", "another that cannot")]
    [InlineData("+2026-04-09T14:32:00Z", "a signed year")]
    [InlineData("２０２６-04-09T14:32:00Z", "digits of another script")]
    [InlineData("", "nothing")]
    public void Refuses_what_is_not_an_instant(string text, string reason) => Assert.False(WireTime.TryRead(Encoding.UTF8.GetBytes(text), out _), reason);

    [Theory]
    [InlineData("1700000000")]
    [InlineData("null")]
    [InlineData("{}")]
    public void Refuses_a_value_that_is_no_text(string json)
    {
        using JsonTape tape = JsonTape.Rent();
        Assert.True(tape.TryRead(Encoding.UTF8.GetBytes($"[{json}]"), JsonLimits.Default, out _));
        foreach (JsonNode node in tape.Root.Items)
            Assert.False(WireTime.TryRead(node, out _));
        Assert.False(WireTime.TryRead(default(JsonNode), out _));
    }

    [Fact]
    public void What_is_written_reads_back_as_the_same_instant()
    {
        int seed = Seed.Of(20_261_125);
        var random = new Random(seed);
        for (int round = 0; round < 10_000; round++)
        {
            var at = new DateTimeOffset(random.NextInt64(DateTime.UnixEpoch.Ticks, DateTime.UnixEpoch.AddYears(200).Ticks), TimeSpan.Zero);
            if (random.Next(2) == 0)
                at = new DateTimeOffset(at.Ticks - at.Ticks % TimeSpan.TicksPerSecond, TimeSpan.Zero);
            at = at.ToOffset(TimeSpan.FromMinutes(random.Next(-840, 841)));

            string text = WireTime.Write(at);

            Assert.True(text.EndsWith('Z') && WireTime.TryRead(Encoding.UTF8.GetBytes(text), out DateTimeOffset back) && back == at, $"Seed {seed}, round {round}: {at:O} as {text}");
        }
    }
}
