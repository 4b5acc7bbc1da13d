namespace AdcpFunctions.Protocol;

/// <summary>Which values of <c>format</c> refuse; the others say something to readers only.</summary>
public enum FormatAssertion
{
    None,

    /// <summary><c>date-time</c> alone: AdCP demands that timestamps without an offset are refused.</summary>
    DateTimes,

    /// <summary>Every format this validator knows.</summary>
    All,
}

/// <summary>What a schema set leaves to its user.</summary>
/// <param name="AcceptMissingReferences">True: a reference to a document that is not in the set accepts everything. False: it is a fault.</param>
public sealed record SchemaOptions(FormatAssertion Formats = FormatAssertion.DateTimes, bool AcceptMissingReferences = false);
