using System.IO.Pipelines;
using AdcpFunctions.Host;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace AdcpFunctions.Tests.Host;

/// <summary>What a body takes in memory.</summary>
public class RequestReaderTests
{
    private const int Announced = 300_000_000;

    [Fact]
    public async Task What_was_announced_takes_no_memory_before_it_comes()
    {
        var pipe = new Pipe();
        HttpRequest request = Request(pipe, Announced);

        long before = GC.GetAllocatedBytesForCurrentThread();
        ValueTask<RequestBody?> reading = RequestReader.ReadAsync(request, Announced, CancellationToken.None);
        long taken = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.InRange(taken, 0, 1_000_000);
        await pipe.Writer.WriteAsync("{}"u8.ToArray());
        await pipe.Writer.CompleteAsync();
        using RequestBody? body = await reading;
        Assert.Equal("{}"u8.ToArray(), body!.Bytes.ToArray());
    }

    [Theory]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(65_537)]
    [InlineData(1_000_000)]
    public async Task A_body_is_read_whole_however_it_comes(int length)
    {
        byte[] sent = [.. Enumerable.Range(0, length).Select(i => (byte)(i % 251))];
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        ValueTask<RequestBody?> reading = RequestReader.ReadAsync(Request(pipe, length), length, CancellationToken.None);
        foreach (byte[] part in sent.Chunk(40_000))
            await pipe.Writer.WriteAsync(part);
        await pipe.Writer.CompleteAsync();

        using RequestBody? body = await reading;
        Assert.True(sent.AsSpan().SequenceEqual(body!.Bytes.Span));
    }

    private static HttpRequest Request(Pipe pipe, long length)
    {
        var http = new DefaultHttpContext();
        http.Features.Set<IRequestBodyPipeFeature>(new Body(pipe.Reader));
        http.Request.ContentLength = length;
        return http.Request;
    }

    private sealed class Body(PipeReader reader) : IRequestBodyPipeFeature
    {
        public PipeReader Reader => reader;
    }
}
