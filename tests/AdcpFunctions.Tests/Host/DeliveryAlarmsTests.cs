using System.ComponentModel.DataAnnotations;
using AdcpFunctions.Adapters;
using AdcpFunctions.Host;
using AdcpFunctions.Ledger;
using Microsoft.Extensions.Logging;

namespace AdcpFunctions.Tests.Host;

/// <summary>An operator is told once of what waits, and a wrong setting stops the start.</summary>
public class DeliveryAlarmsTests
{
    private readonly Heard _heard = new();

    [Fact]
    public void What_comes_to_wait_for_a_person_is_an_alarm_once()
    {
        var alarms = new DeliveryAlarms(_heard);
        foreach (int uncertain in (int[])[0, 2, 2, 1, 2])
            alarms.Note("acme", new DeliveryReport(0, 0, uncertain, 0, null));

        Assert.Equal([(5060, LogLevel.Critical), (5060, LogLevel.Critical)], _heard.Events);
    }

    [Fact]
    public void What_waits_already_when_the_process_starts_is_an_alarm()
    {
        new DeliveryAlarms(_heard).Note("acme", new DeliveryReport(5, 0, 0, 3, null));

        Assert.Equal([(5061, LogLevel.Critical), (5063, LogLevel.Information)], _heard.Events);
    }

    [Fact]
    public void A_closed_broker_is_an_alarm_each_time_it_was_asked()
    {
        var alarms = new DeliveryAlarms(_heard);
        alarms.Note("acme", new DeliveryReport(0, 0, 0, 0, "http_403"));
        alarms.Note("acme", DeliveryReport.Nothing);
        alarms.Note("acme", new DeliveryReport(0, 0, 0, 0, "http_410"));

        Assert.Equal([(5062, LogLevel.Critical), (5062, LogLevel.Critical)], _heard.Events);
    }

    [Theory]
    [InlineData("Feed", null, null, typeof(FeedPublisher))]
    [InlineData("Files", "queue", null, typeof(NdjsonPublisher))]
    [InlineData("ServiceBus", null, "Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=k", typeof(ServiceBusPublisher))]
    public void The_kind_says_where_records_are_sent(string kind, string? folder, string? connection, Type publisher) =>
        Assert.IsType(publisher, Publishing.To(new HostOptions { PublisherKind = kind, QueueDir = folder, PublisherConnectionString = connection }, TimeProvider.System));

    [Fact]
    public void A_broker_that_cannot_be_addressed_stops_the_start() =>
        Assert.Throws<ValidationException>(() => Publishing.To(new HostOptions { PublisherKind = "ServiceBus", PublisherConnectionString = "Endpoint=sb://ns" }, TimeProvider.System));

    private sealed class Heard : ILogger<DeliveryAlarms>
    {
        public List<(int Id, LogLevel Level)> Events { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Events.Add((eventId.Id, logLevel));
    }
}
