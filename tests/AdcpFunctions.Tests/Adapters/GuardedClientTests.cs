using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using AdcpFunctions.Adapters;
using AdcpFunctions.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace AdcpFunctions.Tests.Adapters;

/// <summary>Over real TLS: what the one outbound client fetches, and all that it does not.</summary>
public sealed class GuardedClientTests : IAsyncLifetime
{
    private const int Most = 1000;

    private KeyServers _servers = null!;

    public async ValueTask InitializeAsync() => _servers = await KeyServers.StartAsync();

    public ValueTask DisposeAsync() => _servers.DisposeAsync();

    [Fact]
    public async Task What_is_there_is_fetched_whole()
    {
        _servers.Serve("seller.example/it", context =>
        {
            context.Response.ContentType = "text/plain; charset=utf-8";
            return context.Response.WriteAsync(new string('x', Most));
        });

        var fetched = Assert.IsType<FetchOutcome.Fetched>(await FetchAsync());

        Assert.Equal((Most, "text/plain"), (fetched.Body.Length, fetched.MediaType));
    }

    [Fact]
    public async Task A_body_and_headers_are_sent_where_there_are_any()
    {
        _servers.Serve("seller.example/it", async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            await context.Response.WriteAsync($"{context.Request.Method} {context.Request.Headers["Content-Type"]} {context.Request.Headers["X-Own"]} {await reader.ReadToEndAsync()}");
        });
        var request = new OutboundRequest(_servers.Url("seller.example/it"), Most)
        {
            Body = "hello"u8.ToArray(),
            Headers = [new("Content-Type", "application/json"), new("X-Own", "1")],
        };

        var fetched = Assert.IsType<FetchOutcome.Fetched>(await _servers.Client().SendAsync(request, default));

        Assert.Equal("POST application/json 1 hello", Encoding.UTF8.GetString(fetched.Body.Span));
    }

    [Fact]
    public async Task Nothing_of_ours_travels_along()
    {
        string[] sent = [];
        _servers.Serve("seller.example/it", context =>
        {
            sent = [.. context.Request.Headers.Select(header => header.Key)];
            context.Response.Headers.SetCookie = "a=b";
            return Task.CompletedTask;
        });
        GuardedClient client = _servers.Client();
        using Activity activity = new Activity("ours").Start();

        await FetchAsync(client);
        await FetchAsync(client);

        Assert.Equal(["Accept-Encoding", "Host", "User-Agent"], sent.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_redirect_is_not_followed(int status)
    {
        _servers.Serve("seller.example/there", "never");
        _servers.Serve("seller.example/it", context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = _servers.Url("seller.example/there");
            return Task.CompletedTask;
        });

        await AssertFailsAsync(FetchFailure.StatusRefused);
        Assert.Equal(["seller.example/it"], _servers.Asked);
    }

    [Theory]
    [InlineData(201)]
    [InlineData(204)]
    [InlineData(206)]
    [InlineData(404)]
    [InlineData(500)]
    public async Task Only_200_is_an_answer(int status)
    {
        _servers.Serve("seller.example/it", context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        });

        await AssertFailsAsync(FetchFailure.StatusRefused);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_too_large_is_not_taken_whether_or_not_it_says_so(bool says)
    {
        _servers.Serve("seller.example/it", async context =>
        {
            if (says)
                context.Response.ContentLength = Most + 1;
            await context.Response.StartAsync();
            await context.Response.WriteAsync(new string('x', Most + 1));
        });

        await AssertFailsAsync(FetchFailure.TooLarge);
    }

    [Fact]
    public async Task A_stream_without_an_end_is_left_where_it_gets_too_large()
    {
        _servers.Serve("seller.example/it", async context =>
        {
            while (!context.RequestAborted.IsCancellationRequested)
                await context.Response.WriteAsync(new string('x', 4096));
        });

        await AssertFailsAsync(FetchFailure.TooLarge);
    }

    [Fact]
    public async Task What_is_compressed_is_never_inflated()
    {
        using var bomb = new MemoryStream();
        await using (var gzip = new GZipStream(bomb, CompressionLevel.SmallestSize, leaveOpen: true))
            await gzip.WriteAsync(new byte[500_000]);
        Assert.True(bomb.Length < Most);
        _servers.Serve("seller.example/it", context =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            return context.Response.Body.WriteAsync(bomb.ToArray()).AsTask();
        });

        await AssertFailsAsync(FetchFailure.EncodingRefused);
    }

    [Fact]
    public async Task What_breaks_off_is_not_taken()
    {
        _servers.Serve("seller.example/it", async context =>
        {
            context.Response.ContentLength = 100;
            await context.Response.WriteAsync("half");
            await context.Response.Body.FlushAsync();
            context.Abort();
        });

        await AssertFailsAsync(FetchFailure.Unreachable);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_takes_too_long_is_left_also_in_the_middle_of_an_answer(bool begins)
    {
        _servers.Serve("seller.example/it", async context =>
        {
            if (begins)
                await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });

        await AssertFailsAsync(FetchFailure.TimedOut, KeyServers.Rules with { Total = TimeSpan.FromMilliseconds(300) });
    }

    [Fact]
    public async Task A_name_server_that_never_answers_is_left()
    {
        OutboundRules rules = KeyServers.Rules with { Connect = TimeSpan.FromMilliseconds(100), Resolve = (_, _) => new TaskCompletionSource<IPAddress[]>().Task };

        await AssertFailsAsync(FetchFailure.TimedOut, rules);
    }

    [Fact]
    public async Task The_callers_own_cancellation_is_the_callers()
    {
        using var cancelled = new CancellationTokenSource();
        _servers.Serve("seller.example/it", async context =>
        {
            await cancelled.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _servers.Client().SendAsync(new OutboundRequest(_servers.Url("seller.example/it"), Most), cancelled.Token).AsTask());
    }

    [Fact]
    public async Task A_certificate_of_an_unknown_authority_is_refused()
    {
        _servers.Serve("seller.example/it", "secret");

        await AssertFailsAsync(FetchFailure.TlsRefused, KeyServers.Rules with { Authorities = null });
        Assert.Empty(_servers.Asked);
    }

    [Theory]
    [InlineData("other.example")]
    [InlineData("expired.example")]
    public async Task A_certificate_of_another_name_or_time_is_refused(string name)
    {
        Assert.Equal(new FetchOutcome.NotFetched(FetchFailure.TlsRefused), await FetchAsync(_servers.Client(), _servers.Url($"{name}/it")));
        Assert.Empty(_servers.Asked);
    }

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("127.0.0.1", "10.0.0.1")]
    [InlineData("::ffff:10.0.0.1", "127.0.0.1")]
    [InlineData]
    public async Task A_name_with_one_address_inside_is_not_connected_to(params string[] addresses)
    {
        await AssertFailsAsync(FetchFailure.AddressRefused, KeyServers.Rules with { Resolve = (_, _) => Task.FromResult(addresses.Select(IPAddress.Parse).ToArray()) });
        Assert.Empty(_servers.Asked);
    }

    [Fact]
    public async Task In_production_loopback_is_inside_and_the_systems_authorities_are_the_only_ones()
    {
        Assert.Equal((Func<IPAddress, bool>)PublicAddress.Holds, OutboundRules.Production.MayReach);
        Assert.Null(OutboundRules.Production.Authorities);
        Assert.Equal((5, 10), (OutboundRules.Production.Connect.TotalSeconds, OutboundRules.Production.Total.TotalSeconds));

        Assert.Equal(new FetchOutcome.NotFetched(FetchFailure.AddressRefused), await FetchAsync(_servers.Client(OutboundRules.Production), _servers.Url("127.0.0.1/it")));
        Assert.Equal(new FetchOutcome.NotFetched(FetchFailure.AddressRefused), await FetchAsync(_servers.Client(OutboundRules.Production), _servers.Url("localhost/it")));
    }

    [Theory]
    [InlineData("https://127.0.0.1/")]
    [InlineData("https://2130706433/")]
    [InlineData("https://0x7f.1/")]
    [InlineData("https://[::1]/")]
    [InlineData("https://[::ffff:7f00:1]/")]
    [InlineData("https://[fe80::1%25eth0]/")]
    [InlineData("https://169.254.169.254/metadata")]
    public async Task An_address_in_whatever_spelling_is_checked_like_any_other(string url)
    {
        OutboundRules rules = OutboundRules.Production with { Resolve = (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]) };

        Assert.Equal(new FetchOutcome.NotFetched(FetchFailure.AddressRefused), await FetchAsync(_servers.Client(rules), url));
    }

    [Fact]
    public async Task A_name_server_that_changes_its_mind_is_asked_once_a_connection_and_checked_each_time()
    {
        _servers.Serve("seller.example/it", "good");
        Queue<string> answers = new(["127.0.0.1", "10.0.0.1"]);
        GuardedClient client = _servers.Client(KeyServers.Rules with { Resolve = (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(answers.Dequeue())]) });

        Assert.IsType<FetchOutcome.Fetched>(await FetchAsync(client));
        Assert.Single(answers);

        // The name of another server on the same address needs a connection of its own, and meets the second answer.
        Assert.Equal(new FetchOutcome.NotFetched(FetchFailure.AddressRefused), await FetchAsync(client, _servers.Url("house.example/it")));
        Assert.Equal(["seller.example/it"], _servers.Asked);
    }

    [Fact]
    public async Task A_name_nobody_knows_and_a_port_nobody_listens_on_are_unreachable()
    {
        await AssertFailsAsync(FetchFailure.Unreachable, KeyServers.Rules with { Resolve = (_, _) => throw new SocketException((int)SocketError.HostNotFound) });

        using var taken = new Socket(SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Assert.Equal(new FetchOutcome.NotFetched(FetchFailure.Unreachable), await FetchAsync(_servers.Client(), $"https://seller.example:{((IPEndPoint)taken.LocalEndPoint!).Port}/"));
    }

    [Theory]
    [InlineData("http://seller.example/it")]
    [InlineData("ftp://seller.example/it")]
    [InlineData("file:///etc/passwd")]
    [InlineData("seller.example/it")]
    [InlineData("https://user@seller.example/it")]
    [InlineData("https://user:word@seller.example/it")]
    [InlineData("https://seller.example\\@10.0.0.1/it")]
    [InlineData("https://seller.example/\nit")]
    [InlineData(" https://seller.example/it")]
    [InlineData("https://séller.example/it")]
    [InlineData("https:///it")]
    [InlineData("")]
    public async Task Only_a_plain_https_url_is_tried(string url) =>
        Assert.Equal(new FetchOutcome.NotFetched(FetchFailure.UrlRefused), await FetchAsync(_servers.Client(), url));

    private async Task AssertFailsAsync(FetchFailure failure, OutboundRules? rules = null) =>
        Assert.Equal(new FetchOutcome.NotFetched(failure), await FetchAsync(_servers.Client(rules)));

    private ValueTask<FetchOutcome> FetchAsync() => FetchAsync(_servers.Client());

    private ValueTask<FetchOutcome> FetchAsync(GuardedClient client, string? url = null) =>
        client.SendAsync(new OutboundRequest(url ?? _servers.Url("seller.example/it"), Most), default);
}
