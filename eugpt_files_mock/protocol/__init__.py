"""The server side of HTTP/1.1, without a socket: bytes in, requests out; outcomes in, bytes out.

It is used twice: by the port (`server/`, threads and sockets) and by the connection in memory
under the clients' own stacks (`intercept/`). Nothing here reads or waits.

The journey of one connection, as both drive it::

    protocol = ServerProtocol()
    while not protocol.is_closed:
        request = protocol.next_request()
        if request is None:                            # more is needed
            send(protocol.data_to_send())              # `100 Continue`, or nothing
            protocol.receive_data(recv())              # b"": the client has closed its end
        elif isinstance(request, UnreadableRequest):   # can't be framed: answer, and close
            carry_out(deliver(a_reply_that_says_why, request))
        else:
            carry_out(deliver(handle(service, ...), request))

`deliver` gives actions, which are values: `Send`, `Wait`, `Close`, `Reset`, `Hang`. All
but `Send` and `Wait` end the connection. When the actions run out, the connection is kept, and
the next request on it, which may have come already, is read.

What is decided here, for in process and the port alike:

- Heads are read by h11, which refuses what can't be framed. The limits are those of
  `http.server`: 65,536 bytes for the target (414) and for the headers (431), 100 headers (431).
- Another version than HTTP/1.0 and HTTP/1.1 is refused (505), another transfer coding than
  `chunked` too (501), everything else with 400. After a refusal the connection is closed.
- A connection is kept if the request is HTTP/1.1 and doesn't say `Connection: close`. It is not
  kept after a request with both `Content-Length` and `Transfer-Encoding` (RFC 9112, 6.1).
- A request whose body breaks off, or has an invalid chunk, is given with an empty body and
  `is_complete=False`. A head that breaks off isn't a request.
- Trailers are read and dropped. `Expect: 100-continue` is answered once, when no byte of the body
  has come yet, and never to HTTP/1.0.
- A client that has closed its end is still answered (RFC 9112, 9.6).
- Answers to HEAD, and those with 204 and 304, have no body.
- The heads of answers are written here, not by h11: a fault announces more than is sent, which
  h11 refuses to do.
"""
