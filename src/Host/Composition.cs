using System.ComponentModel.DataAnnotations;
using AdcpFunctions.Adapters;
using AdcpFunctions.Host.Functions;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host;

/// <summary>Every registration, in the order of the flow.</summary>
internal static partial class Composition
{
    /// <summary>Runs until stopped.</summary>
    /// <returns>The process's exit code.</returns>
    public static async Task<int> ServeAsync(string[] args)
    {
        if (NativeLibraries.FindMissing(NativeLibraries.Sqlite) is { } missing)
        {
            await Console.Error.WriteLineAsync(missing);
            return 1;
        }

        // Settings are read once. A watch on the working directory would see every write of the ledger that lies below it.
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            Args = [.. args, "--hostBuilder:reloadConfigOnChange=false"],
            ContentRootPath = AppContext.BaseDirectory,
        });
        if (builder.Configuration["urls"] is null && builder.Configuration["ASPNETCORE_URLS"] is null)
            builder.WebHost.UseUrls("http://localhost:7071");
        HostOptions options = HostOptions.From(builder.Configuration);
        CreateFolder(Path.GetDirectoryName(Path.GetFullPath(options.LedgerPath))!);
        AddFlow(builder, options, SqliteTable.Open(options.LedgerPath), TimeProvider.System);
        WebApplication app = builder.Build();
        UseFlow(app);
        try
        {
            await Bootstrap.AdminKeysAsync(app.Services, Console.Out);
        }
        catch (ValidationException refused)
        {
            await Console.Error.WriteLineAsync(refused.Message);
            return 1;
        }

        await app.RunAsync();
        return 0;
    }

    /// <summary>The ledger holds webhook secrets, so a folder made for it is its owner's alone.</summary>
    private static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Registers verify, validate, record, settle, publish over a given store and clock.</summary>
    public static void AddFlow(WebApplicationBuilder builder, HostOptions options, IPartitionedTable table, TimeProvider time)
    {
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = Math.Max(options.UsageBytes, options.WebhookBytes) + 1024;
            kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        });
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);

        IServiceCollection services = builder.Services;
        services.AddSingleton(options);
        services.AddSingleton(time);
        services.AddSingleton(table);

        services.AddSingleton<AccessDirectory>();
        services.AddSingleton<Identify>();

        services.AddSingleton(_ => new RequestLog(table) { Lease = TimeSpan.FromSeconds(options.InFlightSeconds) });
        services.AddSingleton<EvidenceLog>();
        services.AddSingleton<ContractCatalog>();
        services.AddSingleton<DueIndex>();
        services.AddSingleton<Outbox>();
        services.AddSingleton(_ => new Heartbeat(table, time) { OutageAfter = options.OutageAfter });
        services.AddSingleton<SettlementLedger>();
        services.AddSingleton<StatementLedger>();
        services.AddSingleton<MediaBuyRegister>();
        services.AddSingleton<ProposalLedger>();
        services.AddSingleton<Intake>();
        services.AddSingleton<DeliveryIntake>();
        services.AddSingleton<SettlementExplainer>();

        services.AddSingleton<DeadlineSweep>();
        services.AddSingleton<Relay>();
        services.AddSingleton<Feed>();
        services.AddSingleton(Publishing.To(options, time));
        services.AddSingleton<Delivery>();
        services.AddSingleton<DeliveryAlarms>();
        services.AddSingleton<PublicationDesk>();
        services.AddSingleton<SlowScan>();
        services.AddSingleton<TimerWork>();
        if (options.InProcessTimers)
            services.AddHostedService<Timers>();
    }

    /// <summary>Maps every route.</summary>
    public static void UseFlow(WebApplication app)
    {
        app.Use(FaultsBecomeUnavailableAsync);
        ReportUsage.Map(app);
        ReceiveDelivery.Map(app);
        Agents.Map(app);
        Accounts.Map(app);
        MediaBuys.Map(app);
        MediaBuyDecisions.Map(app);
        WebhookEndpoints.Map(app);
        Settlements.Map(app);
        SettlementDecisions.Map(app);
        SettledRecords.Map(app);
        PublicationDecisions.Map(app);
        Health.Map(app);
    }

    /// <summary>The one place where a fault meets a caller: it is logged here and answered with "try again", never with its text.</summary>
    private static async Task FaultsBecomeUnavailableAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (BadHttpRequestException broken) when (!context.Response.HasStarted)
        {
            // The request broke the rules of HTTP itself, such as a chunk of the wrong length: the caller's fault, and nothing to log.
            context.Response.Clear();
            await new Problem(broken.StatusCode, "request_malformed", "The request is not well-formed HTTP.").ExecuteAsync(context);
        }
        catch (Exception fault) when (!context.Response.HasStarted)
        {
            if (context.RequestAborted.IsCancellationRequested)
                return;
            Log.RequestFaulted(context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("AdcpFunctions.Host"), fault, context.Request.Method, context.GetEndpoint()?.DisplayName ?? "none");
            context.Response.Clear();
            IResult answer = context.Request.Path.StartsWithSegments("/adcp", StringComparison.Ordinal) ? ReportUsage.Unavailable(context) : Problem.Unavailable;
            await answer.ExecuteAsync(context);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(5000, LogLevel.Error, "{Method} {Route} faulted; nothing was acknowledged.")]
        public static partial void RequestFaulted(ILogger logger, Exception fault, string method, string route);
    }
}
