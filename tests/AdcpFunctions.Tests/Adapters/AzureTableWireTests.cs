using System.Text;
using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using Azure.Core;

namespace AdcpFunctions.Tests.Adapters;

/// <summary>What goes over the wire, and what the emulator cannot be made to answer.</summary>
public sealed class AzureTableWireTests : IAsyncLifetime
{
    private const string EmptyPage = """{"odata.metadata":"x","value":[]}""";

    private TableServer? _server;

    private TableServer Server => _server!;

    public async ValueTask InitializeAsync() => _server = await TableServer.StartAsync();

    public async ValueTask DisposeAsync() => await _server!.DisposeAsync();

    [Fact]
    public async Task A_request_is_signed_as_the_service_demands_it()
    {
        // The vector: these bytes were taken by the emulator in its strict mode.
        var time = new FakeTime(new DateTimeOffset(2026, 11, 21, 8, 34, 2, TimeSpan.Zero));
        await using AzureTable table = await OpenAsync(options => options with { Time = time, Table = "tab1" });
        Server.Answer(204, "", ("ETag", "W/\"1\""));

        await table.SubmitAsync(new TableBatch("p").Insert(Row("r1")), default);

        WireRequest request = Server.Requests[^1];
        Assert.Equal(("POST", "/devstoreaccount1/tab1"), (request.Method, request.Target));
        Assert.Equal("SharedKeyLite devstoreaccount1:uMKuGVD6Wa++H+WQGnXFnyDTrJQEjr/Y2hj8CGnShLQ=", request.Headers.Authorization);
        Assert.Equal("Sat, 21 Nov 2026 08:34:02 GMT", request.Headers["x-ms-date"]);
        Assert.Equal("2020-12-06", request.Headers["x-ms-version"]);
        Assert.Equal("3.0;", request.Headers["DataServiceVersion"]);
        Assert.Equal("return-no-content", request.Headers["Prefer"]);
        Assert.StartsWith("""{"PartitionKey":"p","RowKey":"r1","_mark":""", request.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_query_names_its_range_and_its_page()
    {
        await using AzureTable table = await OpenAsync();
        Server.Answer(200, EmptyPage);

        await table.QueryAsync("it's", "a", "b", 7, null, default);

        string[] target = Server.Requests[^1].Target.Split('?');
        Assert.Equal("/devstoreaccount1/ledger()", target[0]);
        Assert.Equal("$filter=PartitionKey eq 'it''s' and RowKey ge 'a' and RowKey lt 'b'&$top=7", Uri.UnescapeDataString(target[1]));
    }

    [Theory]
    [InlineData("1!8!cGFydA--", "1!12!cm93LTE/KyY-")]
    [InlineData("1!8!cGFydA--", null)]
    public async Task An_empty_page_with_a_continuation_is_passed_on_and_continued_word_for_word(string partition, string? row)
    {
        await using AzureTable table = await OpenAsync();
        (string, string)[] heads = [("x-ms-continuation-NextPartitionKey", partition), .. row is null ? [] : new[] { ("x-ms-continuation-NextRowKey", row) }];
        Server.Answer(200, EmptyPage, heads).Answer(200, EmptyPage);

        RowPage first = await table.QueryAsync("p", "a", "b", 10, null, default);
        Assert.Empty(first.Rows);
        RowPage second = await table.QueryAsync("p", "a", "b", 10, first.Continuation, default);

        Assert.Null(second.Continuation);
        Dictionary<string, string> asked = Server.Requests[^1].Target.Split('?')[1].Split('&').Select(part => part.Split('=', 2)).ToDictionary(part => part[0], part => Uri.UnescapeDataString(part[1]));
        Assert.Equal((partition, row), (asked["NextPartitionKey"], asked.GetValueOrDefault("NextRowKey")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("NextPartitionKey=")]
    [InlineData("NextPartitionKey=a&NextRowKey=b&$filter=true")]
    [InlineData("$filter=true")]
    public async Task A_continuation_that_no_page_returned_is_refused(string continuation)
    {
        await using AzureTable table = await OpenAsync();
        await Assert.ThrowsAsync<ArgumentException>(async () => await table.QueryAsync("p", "a", "b", 10, continuation, default));
    }

    [Theory]
    [InlineData(408)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task A_passing_fault_is_tried_again(int status)
    {
        await using AzureTable table = await OpenAsync();
        Server.Answer(status).Answer(200, EmptyPage);

        Assert.Empty((await table.QueryAsync("p", "a", "b", 10, null, default)).Rows);
        Assert.Equal(1, table.Counters.Retries);
    }

    [Fact]
    public async Task A_server_that_asks_for_patience_is_not_asked_again_before_its_time()
    {
        await using AzureTable table = await OpenAsync(options => options with { TotalTimeout = TimeSpan.FromMilliseconds(300) });
        Server.Answer(503, "", ("Retry-After", "3600"));

        await Assert.ThrowsAsync<AzureTableException>(async () => await table.QueryAsync("p", "a", "b", 10, null, default));
        Assert.Equal(2, Server.Requests.Count);
    }

    [Fact]
    public async Task A_stalled_server_ends_in_a_fault_and_not_in_a_cancellation()
    {
        await using AzureTable table = await OpenAsync(options => options with { TryTimeout = TimeSpan.FromMilliseconds(100), Retries = 1 });
        using var end = new CancellationTokenSource();
        for (int i = 0; i < 2; i++)
            Server.Answer(context => Task.Delay(Timeout.Infinite, CancellationTokenSource.CreateLinkedTokenSource(end.Token, context.RequestAborted).Token).ContinueWith(_ => { }, TaskScheduler.Default));

        await Assert.ThrowsAsync<AzureTableException>(async () => await table.SubmitAsync(new TableBatch("p").Insert(Row("a")), default));
        Assert.Equal(2, table.Counters.Writes.Requests);
        await end.CancelAsync();
    }

    [Fact]
    public async Task A_caller_who_gives_up_is_told_so()
    {
        await using AzureTable table = await OpenAsync();
        using var caller = new CancellationTokenSource();
        Server.Answer(async context =>
        {
            await caller.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await table.GetAsync("p", "a", caller.Token));
    }

    [Theory]
    [InlineData("412 Precondition Failed", "UpdateConditionNotSatisfied", "1:The update condition was not satisfied.", 1)]
    [InlineData("404 Not Found", "ResourceNotFound", "2:The specified resource does not exist.", 2)]
    public async Task A_lost_race_in_a_batch_is_a_conflict_of_the_row_it_names(string status, string code, string said, int index)
    {
        await using AzureTable table = await OpenAsync();
        Server.AnswerBatch(TableServer.Refusal(status, code, said));

        Assert.Equal(new BatchResult.ETagMismatch(index), await table.SubmitAsync(Three(), default));
    }

    [Fact]
    public async Task A_batch_that_is_busy_inside_is_tried_again()
    {
        await using AzureTable table = await OpenAsync();
        Server.AnswerBatch(TableServer.Refusal("500 Internal Server Error", "OperationTimedOut", "0:Operation could not be completed within the permitted time."));
        Server.AnswerBatch(Committed(3));

        Assert.Equal(["W/\"0\"", "W/\"1\"", "W/\"2\""], Assert.IsType<BatchResult.Committed>(await table.SubmitAsync(Three(), default)).ETags);
        Assert.Equal((2L, 3L), (table.Counters.Batches.Requests, table.Counters.RowsWritten));
    }

    public static TheoryData<string> NotAnAnswer => new(
        "",
        Committed(2),
        Committed(4),
        TableServer.Part("204 No Content"),
        TableServer.Part("200 OK") + TableServer.Part("204 No Content") + TableServer.Part("204 No Content") + "--inner--\r\n",
        "--inner\r\n\r\nFTP/1.1 204\r\n\r\n--inner--\r\n",
        "--inner\r\nno head\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n--inner--\r\n",
        TableServer.Refusal("412 Precondition Failed", "UpdateConditionNotSatisfied", "The update condition was not satisfied."),
        TableServer.Refusal("412 Precondition Failed", "UpdateConditionNotSatisfied", "3:The update condition was not satisfied."),
        TableServer.Refusal("412 Precondition Failed", "UpdateConditionNotSatisfied", "0:The update condition was not satisfied."),
        TableServer.Refusal("409 Conflict", "EntityAlreadyExists", "1:The specified entity already exists."),
        TableServer.Refusal("404 Not Found", "TableNotFound", "1:The table specified does not exist."),
        TableServer.Refusal("400 Bad Request", "InvalidInput", "1:One of the request inputs is not valid."),
        TableServer.Part("412 Precondition Failed", "", "{\"odata.error\":") + "--inner--\r\n",
        new string('x', 300_000));

    [Theory]
    [MemberData(nameof(NotAnAnswer))]
    public async Task An_answer_of_another_shape_is_a_fault(string inside)
    {
        await using AzureTable table = await OpenAsync();
        Server.AnswerBatch(inside);

        await Assert.ThrowsAsync<AzureTableException>(async () => await table.SubmitAsync(Three(), default));
    }

    [Theory]
    [InlineData("multipart/mixed")]
    [InlineData("text/html; boundary=outer")]
    [InlineData(null)]
    public async Task An_answer_without_a_boundary_is_a_fault(string? contentType)
    {
        await using AzureTable table = await OpenAsync();
        Server.Answer(202, Committed(3), contentType is null ? [] : [("Content-Type", contentType)]);

        await Assert.ThrowsAsync<AzureTableException>(async () => await table.SubmitAsync(Three(), default));
    }

    [Fact]
    public async Task Only_what_is_missing_is_created()
    {
        Server.Answer(404, """{"odata.error":{"code":"TableNotFound","message":{"value":"no"}}}""").Answer(409, """{"odata.error":{"code":"TableAlreadyExists","message":{"value":"yes"}}}""");
        await using (AzureTable created = await AzureTable.OpenAsync(Options(), default))
            Assert.Equal(1, created.Counters.TableCalls.Requests);
        Assert.Equal(("POST", "/devstoreaccount1/Tables", """{"TableName":"ledger"}"""), (Server.Requests[^1].Method, Server.Requests[^1].Target, Server.Requests[^1].Body));

        await using AzureTable there = await OpenAsync();
        Assert.Equal((0L, 1L), (there.Counters.TableCalls.Requests, there.Counters.Transactions));
    }

    [Fact]
    public async Task A_shared_access_signature_stands_in_every_address_and_in_no_body()
    {
        const string signature = "sv=2020-12-06&tn=ledger&sp=raud&sig=abc%2B";
        Server.Answer(404).Answer(204);
        await using AzureTable table = await AzureTable.OpenAsync(Options() with { ConnectionString = $"TableEndpoint={Server.Endpoint};SharedAccessSignature=?{signature}" }, default);
        Server.Answer(500).Answer(404, """{"odata.error":{"code":"ResourceNotFound","message":{"value":"no"}}}""").Answer(200, EmptyPage).Answer(204).AnswerBatch(Committed(3));
        await table.GetAsync("p", "a", default);
        await table.QueryAsync("p", "a", "b", 1, null, default);
        await table.SubmitAsync(new TableBatch("p").Upsert(Row("a")), default);
        await table.SubmitAsync(Three(), default);

        Assert.Equal(7, Server.Requests.Count);
        Assert.All(Server.Requests, request =>
        {
            Assert.EndsWith(signature, request.Target, StringComparison.Ordinal);
            Assert.Equal(2, request.Target.Split("sig=").Length);
            Assert.DoesNotContain("sig=", request.Body, StringComparison.Ordinal);
            Assert.False(request.Headers.ContainsKey("Authorization"));
        });
    }

    [Fact]
    public async Task An_identity_is_shown_as_a_bearer_token_for_storage()
    {
        await using TableServer server = await TableServer.StartAsync(https: true);
        var credential = new OneToken();
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == "CN=localhost";
        server.Answer(200, EmptyPage);
        await using AzureTable table = await AzureTable.OpenAsync(new AzureTableOptions { Table = "ledger", Endpoint = server.Endpoint.ToString(), Credential = credential, Handler = handler }, default);

        WireRequest request = Assert.Single(server.Requests);
        Assert.Equal("Bearer the-token", request.Headers.Authorization);
        Assert.Equal("2020-12-06", request.Headers["x-ms-version"]);
        Assert.Equal(["https://storage.azure.com/.default"], credential.Scopes);
    }

    [Theory]
    [InlineData("", "neither TableEndpoint nor AccountName")]
    [InlineData("AccountName=a", "neither AccountName and AccountKey nor a SharedAccessSignature")]
    [InlineData("AccountName=a;AccountKey=se!cret", "not Base64")]
    [InlineData("AccountName=a;AccountKey=c2VjcmV0;AccountName=b", "each name once")]
    [InlineData("AccountName=a;AccountKey=c2VjcmV0;TableEndpoint=ftp://secret", "http or https")]
    [InlineData("TableEndpoint=http://storage.example;SharedAccessSignature=sig=secret", "must use https")]
    public async Task A_connection_string_that_cannot_be_used_is_refused_without_repeating_it(string text, string why)
    {
        FormatException refused = await Assert.ThrowsAsync<FormatException>(() => AzureTable.OpenAsync(Options() with { ConnectionString = text }, default));

        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("cret", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_is_never_sent_in_the_clear() =>
        await Assert.ThrowsAsync<FormatException>(() => AzureTable.OpenAsync(new AzureTableOptions { Table = "ledger", Endpoint = Server.Endpoint.ToString(), Credential = new OneToken() }, default));

    private AzureTableOptions Options() => new() { Table = "ledger", ConnectionString = Server.ConnectionString, FirstDelay = TimeSpan.FromMilliseconds(1) };

    private async Task<AzureTable> OpenAsync(Func<AzureTableOptions, AzureTableOptions>? change = null)
    {
        Server.Answer(200, EmptyPage);
        return await AzureTable.OpenAsync(change is null ? Options() : change(Options()), default);
    }

    private static TableBatch Three() => new TableBatch("p").Insert(Row("a")).Replace(Row("b") with { ETag = "W/\"b\"" }).Delete(Row("c") with { ETag = "W/\"c\"" });

    private static TableRow Row(string key) => TableRow.Of(key, Encoding.UTF8.GetBytes("1"));

    private static string Committed(int rows) =>
        string.Concat(Enumerable.Range(0, rows).Select(i => TableServer.Part("204 No Content", $"ETag: W/\"{i}\"\r\n"))) + "--inner--\r\n";

    private sealed class OneToken : TokenCredential
    {
        public IReadOnlyList<string> Scopes { get; private set; } = [];

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            Scopes = requestContext.Scopes;
            return new AccessToken("the-token", DateTimeOffset.MaxValue);
        }

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            ValueTask.FromResult(GetToken(requestContext, cancellationToken));
    }
}
