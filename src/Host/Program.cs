using AdcpFunctions.Host;

return await Composition.ServeAsync(args);
