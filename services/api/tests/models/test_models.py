"""`GET /v1/models`: what is served."""


async def test_it_names_the_workload_its_version_its_limit_and_what_is_personal(caller):
    response = await caller.http.get("/v1/models")
    served = {"workload": "checksum", "version": "0", "default": True, "max_inputs": 64}
    assert response.json() == {"models": [{**served, "privacy": {"page": "special", "patient": "identifier"}}]}
