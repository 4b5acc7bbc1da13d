namespace AdcpFunctions.Host;

/// <summary>What became of the last attempt to send published records on, for those who ask whether it works.</summary>
/// <remarks>Nothing is ever sent to find out: a probe that publishes would be a publication.</remarks>
internal sealed class PublisherHealth(TimeProvider time)
{
    private volatile string _state = Untried;

    /// <summary>This process has not rung the relay yet; where a Functions host rings it, another instance may.</summary>
    public const string Untried = "untried";

    public const string Ok = "ok";

    /// <summary><c>ok</c>, <c>untried</c>, or <c>failing since</c> and when the first of the failed attempts was.</summary>
    public string State => _state;

    public void Succeeded() => _state = Ok;

    public void Failed()
    {
        if (_state is Ok or Untried)
            _state = $"failing since {time.GetUtcNow():yyyy-MM-ddTHH:mm:ssZ}";
    }
}
