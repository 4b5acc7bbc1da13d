using System.Globalization;

namespace AdcpFunctions.Host;

/// <summary>Sends what a plan has and its journal has not, one batch after the other.</summary>
internal sealed class PushRun(PushPlan plan, PushJournal journal, UsageAgent agent, bool resendExpired, TextWriter output, TimeProvider time)
{
    private const string LookFirst = "Look at the agent whether its records are there. --resend-expired sends it all the same, under a new key where the old one is spent, which is safe where an agent knows a fact told twice, as this ledger does.";

    /// <summary>How long one batch is tried before the push stops; a process that died over a request may block its key for a minute.</summary>
    private static readonly TimeSpan Stubbornness = TimeSpan.FromMinutes(5);

    /// <summary>How long an agent can be relied on to know a key again: what AdCP recommends. After it an agent should say that it is too late, and may have forgotten.</summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromHours(24);

    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    /// <returns>Null when every batch was answered; else why it stopped.</returns>
    public async Task<string?> RunAsync(CancellationToken cancel)
    {
        long began = time.GetTimestamp();
        int done = plan.Batches.Where(batch => journal.Answers.ContainsKey(batch.Number)).Sum(batch => batch.Count), before = done;
        if (done > 0)
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"going on after {done:N0} of {plan.Items.Count:N0} records"));
        foreach (PushBatch batch in plan.Batches)
        {
            if (journal.Answers.ContainsKey(batch.Number))
                continue;
            if (await SendAsync(batch, cancel) is { } stopped)
                return $"batch {batch.Number + 1} (from line {plan.Items[batch.First].Lines[0]}): {stopped}";
            done += batch.Count;
            await output.WriteLineAsync(Progress(batch, done, (done - before) / Math.Max(time.GetElapsedTime(began).TotalSeconds, 0.001)));
        }

        return null;
    }

    /// <summary>Rule PUSH-9: a batch is noted before it is sent and after it is answered; between the two it is in doubt, and sent again under the same key while the agent knows it.</summary>
    /// <remarks>Spec: AdCP 3.1, building/by-layer/L1/security, "Idempotency", rules 6 and 7: <c>replay_ttl_seconds</c>, 24 hours as recommended.</remarks>
    private async Task<string?> SendAsync(PushBatch batch, CancellationToken cancel)
    {
        if (!resendExpired && journal.FirstSent(batch.Number) is { } first && time.GetUtcNow() - first > Remembered)
            return $"it was sent at {first:u}, and no answer has settled it; the agent may have taken it then and forgotten its key since. {LookFirst}";
        int generation = journal.Sent(batch.Number) ?? 0;
        bool renewed = false;
        long began = time.GetTimestamp();
        TimeSpan wait = FirstWait;
        journal.Sending(batch.Number, generation, time.GetUtcNow());
        while (true)
        {
            AgentAnswer answer = await agent.ReportAsync(plan.Body(batch, batch.Key(generation)), cancel);
            switch (answer)
            {
                case AgentAnswer.Taken(var taken):
                    journal.Answer(batch.Number, taken);
                    return null;
                case AgentAnswer.Expired when resendExpired && !renewed:
                    renewed = true;
                    journal.Sending(batch.Number, ++generation, time.GetUtcNow());
                    continue;
                case AgentAnswer.Expired(var why):
                    return $"{why}. This batch reached the agent so long ago that its answer is gone, and it may have been taken. {LookFirst}";
                case AgentAnswer.Stopped(var why):
                    return why;
                case AgentAnswer.Again(var why, var asked):
                    TimeSpan next = asked > wait ? asked.Value : wait;
                    if (time.GetElapsedTime(began) + next > Stubbornness)
                        return $"{why}; tried for {time.GetElapsedTime(began).TotalSeconds:N0} seconds{(next > LongestWait ? $", and the agent asks to wait {next.TotalSeconds:N0} more" : "")}.";
                    await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"batch {batch.Number + 1}: {why}; again in {next.TotalSeconds:0.#} s"));
                    await Task.Delay(next, time, cancel);
                    wait = wait * 2 < LongestWait ? wait * 2 : LongestWait;
                    break;
            }
        }
    }

    private string Progress(PushBatch batch, int done, double rate)
    {
        BatchAnswer answer = journal.Answers[batch.Number];
        int left = plan.Items.Count - done;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"batch {batch.Number + 1}/{plan.Batches.Count}: {answer.Accepted:N0} of {batch.Count:N0} accepted{(answer.Replayed ? " (replayed)" : "")}; {done:N0} of {plan.Items.Count:N0} records, {rate:N0}/s, {left:N0} left, about {left / Math.Max(rate, 0.001):N0} s");
    }
}
