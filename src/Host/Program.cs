using AdcpFunctions.Host;

return args switch
{
    ["demo", ..] => await Demo.RunAsync(args[1..], Console.Out),
    ["replay", ..] => await ReplayCommand.RunAsync(args[1..], Console.Out, Console.Error),
    ["push", ..] => await PushCommand.RunAsync(args[1..], Console.Out, Console.Error),
    ["verify-audit", ..] => await AuditCommand.RunAsync(args[1..], Console.Out, Console.Error),
    ["verify", ..] => await VerifyCommand.RunAsync(args[1..], Console.Out, Console.Error),
    [var word, ..] when !word.StartsWith('-') && !word.StartsWith('/') && !word.Contains('=') => await Composition.RefuseAsync($"There is no command '{word}': demo, push, replay, verify, verify-audit, or none to serve."),
    _ => await Composition.ServeAsync(args),
};
