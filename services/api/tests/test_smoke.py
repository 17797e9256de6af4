import base64


def page(content: bytes) -> dict:
    return {"page": base64.b64encode(content).decode()}


async def test_smoke(caller):
    r = await caller.http.post("/v1/checksum", json={"inputs": [page(b"a"), page(b"bad")]})
    print(r.status_code, r.text, r.headers)
    r = await caller.http.post("/v1/jobs", json={"inputs": [page(b"a"), page(b"bad")]})
    print(r.status_code, r.text, r.headers)
    r = await caller.http.get(r.headers["location"] + "/results")
    print(r.status_code, r.text, r.headers)
    r = await caller.http.get("/openapi.json")
    print(r.status_code, len(r.text))
    for path in ("/nope", "/health/ready", "/v1/models", "/v1/jobs?foo=1"):
        r = await caller.http.get(path)
        print(r.status_code, r.text)
    r = await caller.http.put("/v1/jobs")
    print(r.status_code, r.text, r.headers)
