using System.Diagnostics.Metrics;
using System.Globalization;
using AdcpFunctions.Host;
using Microsoft.Extensions.DependencyInjection;

namespace AdcpFunctions.Tests.Support;

/// <summary>Listens to one meter, as an exporter would: what each counter has come to, and what each gauge says now.</summary>
internal sealed class Measured : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, double> _sums = new(StringComparer.Ordinal);
    private readonly Dictionary<string, double> _observed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string?> _units = new(StringComparer.Ordinal);

    public Measured(Telemetry telemetry)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (!ReferenceEquals(instrument.Meter, telemetry.Meter))
                return;
            _units[instrument.Name] = instrument.Unit;
            listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.Start();
    }

    public Measured(TestHost host)
        : this(host.Services.GetRequiredService<Telemetry>())
    {
    }

    /// <summary>Every instrument of the meter with its unit.</summary>
    public IReadOnlyDictionary<string, string?> Units => _units;

    /// <summary>Each counter that has moved, with its tags, less the prefix all share: <c>records.accepted{kind=usage} 2</c>.</summary>
    public string[] Counted
    {
        get
        {
            lock (_gate)
                return [.. _sums.Select(sum => string.Create(CultureInfo.InvariantCulture, $"{sum.Key} {sum.Value}"))];
        }
    }

    /// <summary>What an observed instrument says now; null when it says nothing.</summary>
    public double? Now(string name)
    {
        lock (_gate)
            _observed.Clear();
        _listener.RecordObservableInstruments();
        lock (_gate)
            return _observed.TryGetValue(name, out double value) ? value : null;
    }

    public void Dispose() => _listener.Dispose();

    private void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string key = instrument.Name["adcp.".Length..];
        if (tags.Length > 0)
            key += $"{{{string.Join(',', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"))}}}";
        lock (_gate)
        {
            if (instrument.IsObservable)
                _observed[key] = value;
            else
                _sums[key] = _sums.GetValueOrDefault(key) + value;
        }
    }
}
