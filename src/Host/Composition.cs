using System.ComponentModel.DataAnnotations;
using System.Net.Sockets;
using AdcpFunctions.Adapters;
using AdcpFunctions.Host.Functions;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>Every registration, in the order of the flow.</summary>
internal static partial class Composition
{
    /// <summary>Runs until stopped.</summary>
    /// <returns>The process's exit code.</returns>
    public static async Task<int> ServeAsync(string[] args)
    {
        try
        {
            return await RunAsync(args);
        }
        catch (ValidationException refused)
        {
            return await RefuseAsync(refused.Message);
        }
        catch (IOException unusable)
        {
            // The ledger opens, and cannot be written, or was gone before the first write.
            return await RefuseAsync($"The service cannot start. {unusable.Message.ReplaceLineEndings(" ")}");
        }
    }

    /// <summary>Says in one line why there is nothing to run.</summary>
    /// <returns>The process's exit code.</returns>
    public static async Task<int> RefuseAsync(string why)
    {
        await Console.Error.WriteLineAsync(why);
        return 1;
    }

    private static async Task<int> RunAsync(string[] args)
    {
        // Settings are read once. A watch on the working directory would see every write of the ledger that lies below it.
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            Args = [.. args, "--hostBuilder:reloadConfigOnChange=false"],
            ContentRootPath = AppContext.BaseDirectory,
        });
        HostOptions options = HostOptions.From(builder.Configuration);
        if (options.FunctionsPort is { } port)
            builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        else if (builder.Configuration["urls"] is null && builder.Configuration["ASPNETCORE_URLS"] is null)
            builder.WebHost.UseUrls("http://localhost:7071");
        if (Libcrypto.Missing() is { } missing)
            throw new ValidationException(missing);
        await using LedgerStore ledger = await LedgerStore.OpenAsync(options);
        if (options.ExportsTelemetry)
            TelemetryExport.Add(builder);
        AddFlow(builder, options, ledger.Table, TimeProvider.System);
        bool started = false;
        // What keeps it from starting is said once, in one line, by us.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", level => started && level >= LogLevel.Information);
        await using WebApplication app = builder.Build();
        UseFlow(app);
        await Bootstrap.AdminKeysAsync(app.Services, Console.Out);
        await ListenAsync(app);
        started = true;
        if (!options.Audit.Seals().Gives)
            Log.NothingSealed(app.Logger);
        await app.WaitForShutdownAsync();
        return 0;
    }

    /// <exception cref="ValidationException">There is no listening where the settings say.</exception>
    private static async Task ListenAsync(WebApplication app)
    {
        try
        {
            await app.StartAsync();
        }
        catch (Exception unusable) when (unusable is IOException or SocketException or FormatException or InvalidOperationException or ArgumentException)
        {
            // Timers began before the server did; one cut off in a ring would tell of a fault that is none.
            await app.StopAsync();
            throw new ValidationException($"The service cannot listen as --urls or FUNCTIONS_CUSTOMHANDLER_PORT says. {unusable.Message.ReplaceLineEndings(" ")}", unusable);
        }
    }

    /// <summary>Registers verify, validate, record, settle, publish over a given store and clock.</summary>
    public static void AddFlow(WebApplicationBuilder builder, HostOptions options, IPartitionedTable table, TimeProvider time)
    {
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = Math.Max(options.UsageBytes, options.WebhookBytes) + 1024;
            kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
            kestrel.Limits.MaxRequestHeaderCount = 64;
            kestrel.Limits.MaxRequestLineSize = 8 * 1024;
            kestrel.Limits.RequestHeadersTimeout = options.Abuse.HeadersTimeout;
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(130);
            kestrel.Limits.MinRequestBodyDataRate = new Microsoft.AspNetCore.Server.Kestrel.Core.MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));
            kestrel.Limits.MaxConcurrentConnections = 5_000;
        });
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        IPartitionedTable store = table;
        table = new ScopedTable(store);

        IServiceCollection services = builder.Services;
        services.AddSingleton(options);
        services.AddSingleton(time);
        services.AddSingleton(table);
        services.AddSingleton(_ => new Telemetry(time, () => StorageRequests(store)));

        services.AddSingleton<AccessDirectory>();
        services.AddSingleton<KeyRing>();
        services.AddSingleton<AdminSuccession>();
        services.AddSingleton(_ => new KeyIdIndex(store, new AccessDirectory(store), Agents.PinnedBy, time));
        services.AddSingleton<KeyUse>();
        services.AddHostedService(s => s.GetRequiredService<KeyUse>());
        services.AddSingleton<SignedCallers>();
        services.AddSingleton<RateLimits>();
        services.AddSingleton<AgentDoor>();
        services.AddSingleton<FrontDoor>();
        services.AddSingleton<EndpointDirectory>();
        services.AddSingleton<SnapshotSources>();
        services.AddSingleton<Identify>();
        services.AddSingleton(_ => new GuardedClient(OutboundRules.Production));
        services.AddSingleton<KeyPins>();
        services.AddSingleton<BrandDiscovery>();
        services.AddSingleton<KeySets>();
        services.AddSingleton<RevocationLists>();
        services.AddSingleton<SignerDirectory>();
        services.AddSingleton<NonceLog>();
        services.AddSingleton<SignatureGate>();
        services.AddSingleton<HookGate>();
        services.AddSingleton<ProofOfControl>();
        services.AddSingleton<ReceiveDelivery>();
        services.AddSingleton(_ => new DeliveryLog(table, Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(6))));
        services.AddSingleton<DeliveryHistory>();

        services.AddSingleton(_ => new RequestLog(table) { Lease = TimeSpan.FromSeconds(options.InFlightSeconds) });
        services.AddSingleton<EvidenceLog>();
        services.AddSingleton<Quarantine>();
        services.AddSingleton<ContractCatalog>();
        services.AddSingleton(_ => new DueIndex(table));
        services.AddSingleton<SnapshotIndex>();
        services.AddSingleton<Outbox>();
        services.AddSingleton(_ => new Heartbeat(table, time) { OutageAfter = options.OutageAfter });
        services.AddSingleton(s => new SettlementLedger(table, s.GetRequiredService<DueIndex>(), s.GetRequiredService<SnapshotIndex>(), s.GetRequiredService<Outbox>(), time)
        {
            DeadlineMissed = s.GetRequiredService<Telemetry>().DeadlineMissed,
        });
        services.AddSingleton<StatementLedger>();
        services.AddSingleton<MediaBuyRegister>();
        services.AddSingleton<ProposalLedger>();
        services.AddSingleton<Intake>();
        services.AddSingleton(_ => new Capabilities(options, new AccessDirectory(store), time));
        services.AddSingleton<DeliveryIndex>();
        services.AddSingleton<MediaBuyDeliveries>();
        services.AddSingleton<DeliveryClaims>();
        services.AddSingleton<DeliveryRows>();
        services.AddSingleton<DeliveryIntake>();
        services.AddSingleton<TaskIntake>();
        services.AddSingleton<Redrive>();
        services.AddSingleton<Dismissal>();
        services.AddSingleton<SettlementExplainer>();
        services.AddSingleton<ListCursors>();
        services.AddSingleton<EventRows>();
        services.AddSingleton<ExpectedReports>();
        services.AddSingleton<DiscrepancyScan>();

        services.AddSingleton<DeadlineSweep>();
        services.AddSingleton(s => new Relay(table, s.GetRequiredService<Outbox>(), time) { Published = s.GetRequiredService<Telemetry>().SettlementPublished, Seals = options.Audit.Seals() });
        services.AddSingleton<Feed>();
        services.AddSingleton<AuditTrail>();
        services.AddSingleton<PeriodDesk>();
        services.AddSingleton<PeriodView>();
        services.AddSingleton(Publishing.To(options, time));
        services.AddSingleton<Delivery>();
        // A Functions host rings hourly, so that a pass too long for one ring goes on in the next; a pass begins once a day.
        services.AddSingleton(s => new SlowScan(table, s.GetRequiredService<DueIndex>(), s.GetRequiredService<SnapshotIndex>(), s.GetRequiredService<Outbox>(), s.GetRequiredService<AccessDirectory>(), time)
        {
            Every = options.FunctionsPort is null ? TimeSpan.Zero : TimeSpan.FromHours(23),
            Restored = s.GetRequiredService<Telemetry>().PointersRepaired,
        });
        services.AddSingleton<AskedLog>();
        services.AddSingleton<RecordsReader>();
        services.AddSingleton<SnapshotPull>();
        services.AddSingleton<SnapshotRing>();
        services.AddSingleton<PublisherHealth>();
        services.AddSingleton<DeliveryAlarms>();
        services.AddSingleton<PublicationDesk>();
        services.AddSingleton(s => new RetentionLogs(table, s.GetRequiredService<IPublisher>().Destination, time));
        services.AddSingleton(new RetentionTerms(options.Audit.FinancialYears, options.Audit.RequestDays));
        services.AddSingleton(s => new Retention(table, s.GetRequiredService<AccessDirectory>(), s.GetRequiredService<RetentionLogs>(), s.GetRequiredService<RetentionTerms>(), time) { Seals = options.Audit.Seals() });
        services.AddSingleton<TimerWork>();
        services.AddSingleton<WorkLease>();
        services.AddSingleton<TimerTurns>();
        services.AddHostedService<DeliveryLogFlush>();
        if (options.InProcessTimers)
            services.AddHostedService<Timers>();
    }

    /// <summary>What the store's adapter counts as requests, by kind.</summary>
    private static IEnumerable<(string Kind, long Count)> StorageRequests(IPartitionedTable table) => table switch
    {
        SqliteTable { Counters: var local } => [("point_read", local.PointReads), ("range_read", local.RangeReads), ("batch", local.Batches)],
        AzureTable { Counters: var azure } =>
        [
            ("point_read", azure.PointReads.Requests), ("range_read", azure.RangeReads.Requests), ("write", azure.Writes.Requests), ("batch", azure.Batches.Requests), ("table", azure.TableCalls.Requests),
        ],
        _ => [],
    };

    /// <summary>Maps every route.</summary>
    public static void UseFlow(WebApplication app)
    {
        // What is made first is disposed last: the last export reads the gauges.
        app.Services.GetRequiredService<Telemetry>();
        TelemetryExport.Start(app);
        FrontDoor door = app.Services.GetRequiredService<FrontDoor>();
        app.Use((context, next) => FaultsBecomeUnavailableAsync(context, door, next));
        app.Use(door.PassAsync);
        ReportUsage.Map(app);
        Functions.Mcp.Map(app);
        ReceiveDelivery.Map(app);
        Agents.Map(app);
        SnapshotSourceRoutes.Map(app);
        Accounts.Map(app);
        MediaBuys.Map(app);
        MediaBuyDecisions.Map(app);
        WebhookEndpoints.Map(app);
        Deliveries.Map(app);
        Quarantines.Map(app);
        Settlements.Map(app);
        SettlementDecisions.Map(app);
        SettlementRemedies.Map(app);
        DisputeRoutes.Map(app);
        Evidence.Map(app);
        MissingReportRoutes.Map(app);
        DiscrepancyRoutes.Map(app);
        SettledRecords.Map(app);
        PublicationDecisions.Map(app);
        Periods.Map(app);
        Health.Map(app);
        OpenApi.Map(app);
        if (app.Services.GetRequiredService<HostOptions>().FunctionsPort is not null)
            TimerCalls.Map(app);
    }

    /// <summary>The one place where a fault meets a caller: it is logged here and answered with "try again", never with its text.</summary>
    private static async Task FaultsBecomeUnavailableAsync(HttpContext context, FrontDoor door, RequestDelegate next)
    {
        door.Protect(context.Response);
        try
        {
            await next(context);
        }
        catch (BadHttpRequestException broken) when (!context.Response.HasStarted)
        {
            // The request broke the rules of HTTP itself, such as a chunk of the wrong length: the caller's fault, and nothing to log.
            context.Response.Clear();
            door.Protect(context.Response);
            await new Problem(broken.StatusCode, "request_malformed", "The request is not well-formed HTTP.").ExecuteAsync(context);
        }
        catch (Exception fault) when (!context.Response.HasStarted)
        {
            if (context.RequestAborted.IsCancellationRequested)
                return;
            ILogger logger = context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("AdcpFunctions.Host");
            string route = context.GetEndpoint()?.DisplayName ?? "none";
            if (fault is OutOfScopeException)
                Log.ScopeLeft(logger, fault, context.Request.Method, route);
            else
                Log.RequestFaulted(logger, fault, context.Request.Method, route);
            context.Response.Clear();
            door.Protect(context.Response);
            await FaultAnswer.Of(context).ExecuteAsync(context);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(5420, LogLevel.Critical, "{Method} {Route} reached for rows that are not its caller's and was stopped: a check is missing.")]
        public static partial void ScopeLeft(ILogger logger, Exception fault, string method, string route);

        [LoggerMessage(5920, LogLevel.Warning, "No Audit:Key is set: what is published carries no seal, and nobody can tell a ledger that was built anew from this one.")]
        public static partial void NothingSealed(ILogger logger);

        [LoggerMessage(5000, LogLevel.Error, "{Method} {Route} faulted; nothing was acknowledged.")]
        public static partial void RequestFaulted(ILogger logger, Exception fault, string method, string route);
    }
}
