namespace AdcpFunctions.Protocol;

/// <summary>A number to compare with: exact as a decimal where one can hold it, else the nearest double.</summary>
internal sealed class SchemaNumber
{
    private readonly decimal? _exact;
    private readonly double _rounded;

    public SchemaNumber(JsonNode number)
    {
        _exact = number.TryGetDecimal(out decimal exact) ? exact : null;
        _rounded = JsonNumber.ToDouble(number.Raw);
        Text = System.Text.Encoding.UTF8.GetString(number.Raw);
    }

    /// <summary>As the schema's author wrote it.</summary>
    public string Text { get; }

    public bool IsZero => _exact == 0m;

    /// <summary>Less than zero when <paramref name="number"/> is the smaller one.</summary>
    public int Compare(JsonNode number)
    {
        if (_exact is { } exact && number.TryGetDecimal(out decimal value))
            return value.CompareTo(exact);
        return JsonNumber.ToDouble(number.Raw).CompareTo(_rounded);
    }

    public bool Divides(JsonNode number)
    {
        if (_exact is { } exact and not 0m && number.TryGetDecimal(out decimal value))
            return value % exact == 0m;
        double quotient = JsonNumber.ToDouble(number.Raw) / _rounded;
        return double.IsInteger(quotient);
    }
}
