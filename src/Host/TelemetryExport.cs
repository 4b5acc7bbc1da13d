using System.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Console;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace AdcpFunctions.Host;

/// <summary>Sends traces, metrics and logs over OTLP. Everything but whether to do so is the SDK's own <c>OTEL_*</c> settings.</summary>
internal static class TelemetryExport
{
    public static void Add(WebApplicationBuilder builder)
    {
        // Server spans carry no tags at all without it. It is read when the server is made, so it is set before.
        AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", isEnabled: false);
        IConfiguration configuration = builder.Configuration;
        builder.Services.AddSingleton(_ => Sdk.CreateTracerProviderBuilder()
            .ConfigureServices(services => services.AddSingleton(configuration))
            .SetResourceBuilder(Resource())
            .AddSource(Telemetry.Name, "Microsoft.AspNetCore")
            .AddProcessor(new RouteInsteadOfPath())
            .AddOtlpExporter()
            .Build());
        builder.Services.AddSingleton(_ => Sdk.CreateMeterProviderBuilder()
            .ConfigureServices(services => services.AddSingleton(configuration))
            .SetResourceBuilder(Resource())
            .AddMeter(Telemetry.Name, "Microsoft.AspNetCore.Hosting")
            .AddOtlpExporter()
            .Build());
        builder.Logging.AddOpenTelemetry(logs =>
        {
            logs.IncludeFormattedMessage = true;
            logs.SetResourceBuilder(Resource());
            logs.AddOtlpExporter();
        });
        // A Functions host exports the console's lines too: what went over OTLP is not said there again, but for what someone must see.
        builder.Logging.AddFilter<ConsoleLoggerProvider>(level => level >= LogLevel.Warning);
    }

    /// <summary>Begins to listen, where anything is exported. The container flushes when it is disposed, after the last request and ring.</summary>
    public static void Start(WebApplication app)
    {
        if (app.Services.GetService<TracerProvider>() is null)
            return;
        app.Services.GetRequiredService<MeterProvider>();
        app.Use(NameSpanAsync);
    }

    /// <summary>The server tags its span when a request begins, and on .NET 10 not when it ends: route and status are ours to say.</summary>
    private static async Task NameSpanAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        finally
        {
            if (context.Features.Get<IHttpActivityFeature>()?.Activity is { IsAllDataRequested: true } span)
            {
                string? route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;
                span.DisplayName = route is null ? "HTTP" : $"{context.Request.Method} {route}";
                span.SetTag("http.route", route);
                span.SetTag("http.response.status_code", context.Response.StatusCode);
                if (context.Response.StatusCode >= 500)
                    span.SetStatus(ActivityStatusCode.Error);
            }
        }
    }

    /// <summary>What <c>OTEL_SERVICE_NAME</c> and <c>OTEL_RESOURCE_ATTRIBUTES</c> say comes last and wins.</summary>
    private static ResourceBuilder Resource() => ResourceBuilder.CreateEmpty().AddTelemetrySdk().AddService("adcp-functions").AddEnvironmentVariableDetector();

    /// <summary>A span says which route was called and never with what: a webhook's path holds its unguessable part, others hold ids.</summary>
    private sealed class RouteInsteadOfPath : BaseProcessor<Activity>
    {
        public override void OnEnd(Activity data)
        {
            data.SetTag("url.path", null);
            data.SetTag("http.request.method_original", null);
        }
    }
}
