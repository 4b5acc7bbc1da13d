using AdcpFunctions.Host;

return args is ["demo", ..]
    ? await Demo.RunAsync(args[1..], Console.Out)
    : await Composition.ServeAsync(args);
