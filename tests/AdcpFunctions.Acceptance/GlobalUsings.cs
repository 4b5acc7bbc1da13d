global using AdcpFunctions.Acceptance.Support;
global using AdcpFunctions.Tests.Support;
global using Xunit;

[assembly: AssemblyFixture(typeof(World))]
