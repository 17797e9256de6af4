import pytest, httpx, asyncio, json, time


async def show(r):
    print(r.request.method, r.request.url, r.status_code, dict(r.headers).get("allow"), r.text[:300])


async def test_a(server, caller, start):
    h = caller.http
    t = time.perf_counter()
    s2 = await start()
    print("start", time.perf_counter() - t)
    for m, p in [
        ("PUT", "/docs"),
        ("PUT", "/openapi.json"),
        ("PUT", "/v1/models"),
        ("HEAD", "/v1/models"),
        ("OPTIONS", "/v1/jobs"),
        ("FOO", "/v1/jobs"),
        ("GET", "/v1/jobs/"),
        ("POST", "/v1/jobs/x/cancel/"),
        ("DELETE", "/v1/checksum"),
        ("GET", "/v1/jobs/%00"),
        ("GET", "/v1/jobs/x/results"),
        ("GET", "/%ff"),
        ("GET", "/v1/jobs?cursor=%00"),
        ("GET", "/v1/jobs?cursor=W251bGwsbnVsbF0="),
        ("PATCH", "/v1/jobs/5"),
        ("GET", "/health/nope"),
        ("POST", "/health/ready"),
        ("GET", "/docs"),
        ("HEAD", "/docs"),
    ]:
        await show(await h.request(m, p))
    bodies = [
        b"",
        b"{",
        b"[1]",
        b"null",
        b'{"inputs":[]}',
        b'{"inputs":[{}]}',
        b'{"inputs":[{"page":"*"}]}',
        b'{"inputs":[{"page":"YQ==","patient":"\\ud800"}]}',
        b'{"inputs":[{"page":"YQ==","patient":"\xed\xa0\x80"}]}',
        b"[" * 100000,
        b'{"inputs":' + b"[" * 100000,
        b'{"inputs":[{"page":"YQ==","patient":NaN}]}',
        b'{"inputs":[{"page":"YQ==","patient":' + b"9" * 5000 + b"}]}",
        b'{"inputs":[{"page":"YQ==","page":"YQ==", "patient":"\\u0000"}],"inputs":[{"page":"YQ=="}]}',
        b'{"inputs":[{"page":"YQ=="}], "' + b"x" * 100000 + b'":1}',
        b'\xef\xbb\xbf{"inputs":[{"page":"YQ=="}]}',
    ]
    for b in bodies:
        t = time.perf_counter()
        r = await h.post("/v1/checksum", content=b, headers={"content-type": "application/json"})
        print(b[:50], round(time.perf_counter() - t, 3))
        await show(r)
    for hd in [
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/json", "content-encoding": "gzip"},
        {"content-type": "application/json; charset=latin-1"},
    ]:
        await show(await h.post("/v1/checksum", content=b"{}", headers=hd))
    # many unknown keys
    for n in (100_000, 600_000):
        b = b"{" + b",".join(b'"k%d":1' % i for i in range(n)) + b"}"
        if len(b) > 8 * 2**20:
            print("len", len(b))
        t = time.perf_counter()
        r = await h.post("/v1/checksum", content=b, headers={"content-type": "application/json"})
        print("keys", n, len(b), time.perf_counter() - t, r.status_code, len(r.text))
    b = b'{"inputs":[' + b",".join([b'{"a":1,"b":2,"c":3}'] * 400000) + b"]}"
    t = time.perf_counter()
    r = await h.post("/v1/checksum", content=b, headers={"content-type": "application/json"})
    print("inputs", len(b), time.perf_counter() - t, r.status_code, len(r.text))
    r = await h.post("/v1/jobs", content=b, headers={"content-type": "application/json"})
    print("inputs", len(b), time.perf_counter() - t, r.status_code, len(r.text))
