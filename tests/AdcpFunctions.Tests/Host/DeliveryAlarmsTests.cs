using System.ComponentModel.DataAnnotations;
using System.Diagnostics.Metrics;
using AdcpFunctions.Adapters;
using AdcpFunctions.Host;
using AdcpFunctions.Ledger;
using Microsoft.Extensions.Logging;

namespace AdcpFunctions.Tests.Host;

/// <summary>An operator is told once of what waits, and a wrong setting stops the start.</summary>
public sealed class DeliveryAlarmsTests : IDisposable
{
    private readonly Heard _heard = new();
    private readonly Telemetry _telemetry = new(TimeProvider.System, () => []);

    [Fact]
    public void What_comes_to_wait_for_a_person_is_an_alarm_once()
    {
        var alarms = new DeliveryAlarms(_telemetry, _heard);
        foreach (int uncertain in (int[])[0, 2, 2, 1, 2])
            alarms.Note("acme", new DeliveryReport(0, 0, uncertain, 0, null));

        Assert.Equal([(5070, LogLevel.Critical), (5070, LogLevel.Critical)], _heard.Events);
    }

    [Fact]
    public void What_waits_already_when_the_process_starts_is_an_alarm()
    {
        new DeliveryAlarms(_telemetry, _heard).Note("acme", new DeliveryReport(5, 0, 0, 3, null));

        Assert.Equal([(5071, LogLevel.Critical), (5073, LogLevel.Information)], _heard.Events);
    }

    [Fact]
    public void Another_that_comes_to_wait_in_place_of_one_that_was_decided_is_an_alarm()
    {
        var alarms = new DeliveryAlarms(_telemetry, _heard);
        alarms.Note("acme", new DeliveryReport(0, 0, 1, 1, null) { EverUncertain = 7, EverRefused = 4 });
        alarms.Note("acme", new DeliveryReport(0, 0, 1, 1, null) { EverUncertain = 7, EverRefused = 4 });
        alarms.Note("acme", new DeliveryReport(0, 0, 1, 1, null) { EverUncertain = 8, EverRefused = 5 });

        Assert.Equal([5070, 5071, 5070, 5071], _heard.Events.Select(e => e.Id));
    }

    [Fact]
    public void A_closed_broker_is_an_alarm_each_time_it_was_asked()
    {
        var alarms = new DeliveryAlarms(_telemetry, _heard);
        alarms.Note("acme", new DeliveryReport(0, 0, 0, 0, "http_403"));
        alarms.Note("acme", DeliveryReport.Nothing);
        alarms.Note("acme", new DeliveryReport(0, 0, 0, 0, "http_410"));

        Assert.Equal([(5072, LogLevel.Critical), (5072, LogLevel.Critical)], _heard.Events);
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

    [Fact]
    public void What_comes_to_wait_is_counted_once_in_a_process()
    {
        var counted = new Dictionary<string, long>(StringComparer.Ordinal);
        using var listener = new MeterListener { InstrumentPublished = (instrument, listening) => { if (instrument.Meter == _telemetry.Meter) listening.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => counted[instrument.Name] = counted.GetValueOrDefault(instrument.Name) + value);
        listener.Start();

        var alarms = new DeliveryAlarms(_telemetry, _heard);
        alarms.Note("acme", new DeliveryReport(0, 0, 2, 1, null));
        alarms.Note("acme", new DeliveryReport(0, 0, 3, 1, null));

        Assert.Equal((3L, 1L), (counted["adcp.publications.uncertain"], counted["adcp.publications.refused"]));
    }

    public void Dispose() => _telemetry.Dispose();

    private sealed class Heard : ILogger<DeliveryAlarms>
    {
        public List<(int Id, LogLevel Level)> Events { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Events.Add((eventId.Id, logLevel));
    }
}
