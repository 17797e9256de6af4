"""`GET /v1/models`: what is served."""


async def test_it_names_the_workload_its_version_and_its_limit(caller):
    response = await caller.http.get("/v1/models")
    assert response.json() == {"models": [{"workload": "checksum", "version": "0", "max_inputs": 64}]}
