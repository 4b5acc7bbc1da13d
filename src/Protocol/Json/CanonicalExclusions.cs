using System.Text;

namespace AdcpFunctions.Protocol;

/// <summary>The closed list of members that a payload's hash leaves out.</summary>
public sealed class CanonicalExclusions
{
    private readonly List<(byte[] Name, CanonicalExclusions Below)> _entries = [];

    private CanonicalExclusions()
    {
    }

    /// <summary>Nothing is left out.</summary>
    public static CanonicalExclusions None { get; } = new();

    /// <summary>What AdCP leaves out of a request's hash; <c>ext</c> stays in, and a missing member differs from a null one.</summary>
    /// <remarks>Spec: AdCP 3.1, building/by-layer/L1/security, "Idempotency".</remarks>
    public static CanonicalExclusions Idempotency { get; } =
        Of("idempotency_key", "context", "governance_context", "push_notification_config.authentication.credentials");

    internal bool IsEmpty => _entries.Count == 0;

    /// <summary>Paths from the root through objects, names joined by dots.</summary>
    public static CanonicalExclusions Of(params ReadOnlySpan<string> paths)
    {
        var root = new CanonicalExclusions();
        foreach (string path in paths)
        {
            CanonicalExclusions at = root;
            foreach (string name in path.Split('.'))
                at = at.Descend(Encoding.UTF8.GetBytes(name));
        }

        return root;
    }

    /// <summary>What is excluded below a member: null when the member is kept whole, empty when all of it is left out.</summary>
    internal CanonicalExclusions? Below(ReadOnlySpan<byte> name)
    {
        foreach ((byte[] excluded, CanonicalExclusions below) in _entries)
        {
            if (name.SequenceEqual(excluded))
                return below;
        }

        return null;
    }

    private CanonicalExclusions Descend(byte[] name)
    {
        if (Below(name) is { } known)
            return known;
        var below = new CanonicalExclusions();
        _entries.Add((name, below));
        return below;
    }
}
