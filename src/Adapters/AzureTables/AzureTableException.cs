namespace AdcpFunctions.Adapters;

/// <summary>Table Storage did not answer, or not as it should: whether a batch was committed is open.</summary>
public sealed class AzureTableException : IOException
{
    public AzureTableException(string message, Exception? inner = null) : base(message, inner) { }

    public AzureTableException(string asked, int status, string? code, string? said) : base($"{asked} was answered {status} {code}: {said}") =>
        (Status, Code) = (status, code);

    /// <summary>The HTTP status, or 0 when there was no answer.</summary>
    public int Status { get; }

    /// <summary>Table Storage's error code, such as <c>TableNotFound</c>.</summary>
    public string? Code { get; }
}
