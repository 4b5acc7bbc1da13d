using AdcpFunctions.Host;

return args switch
{
    ["demo", ..] => await Demo.RunAsync(args[1..], Console.Out),
    ["replay", ..] => await ReplayCommand.RunAsync(args[1..], Console.Out, Console.Error),
    _ => await Composition.ServeAsync(args),
};
