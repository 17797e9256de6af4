"""`python tiny_server.py PORT MODE`: answers as Slipway does, for a bench under test. MODE: right, wrong, refusing."""

import json
import sys
from itertools import count

import uvicorn

ANSWER = {"category": "billing", "priority": "normal", "confidence": 0.9}
MODE, numbers = sys.argv[2], count()


async def app(scope, receive, send):
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    if scope["method"] == "GET":
        await reply(send, 200, {})
    elif MODE == "refusing" and next(numbers) % 2:
        await reply(send, 503, {}, [(b"retry-after", b"1")])
    elif MODE == "wrong":
        await reply(send, 200, {"results": [{"error": "no"}]})
    else:
        await reply(send, 200, {"results": [ANSWER] * len(json.loads(body)["inputs"])})


async def reply(send, status, content, headers=()):
    body = json.dumps(content).encode()
    headers = [(b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


uvicorn.run(app, port=int(sys.argv[1]), lifespan="off", log_level="warning", access_log=False)
