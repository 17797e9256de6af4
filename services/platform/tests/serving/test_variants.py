"""Which model answers whom."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from uuid import UUID

import pytest
from named import Question

from slipway.flags import Flag, Flags
from slipway.serving.batcher import Batcher
from slipway.serving.variants import Models
from slipway.settings import Settings
from slipway.telemetry.logs import configure_logs
from slipway.telemetry.metrics import Metrics

TENANTS = [UUID(int=number) for number in range(100)]


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def log_lines() -> Iterator[Callable]:
    with redirect_stdout(StringIO()) as written:
        configure_logs("test", "INFO", strict=True)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    configure_logs("test", "INFO", strict=True)


@pytest.fixture
def opened(unleash, metrics, tmp_path) -> Iterator[Callable[..., Models]]:
    """A function that returns models among which the flag chooses as the server says."""
    opened: list[Flags] = []

    def open_models(answer: str | None = None, **more: str) -> Models:
        file = tmp_path / "flags.json"
        file.write_text(answer or unleash.say())
        settings = Settings(_env_file=None, workload="named:Named", model="a", flags_file=file, **more)
        flags = Flags(settings, metrics)
        flags.open()
        opened.append(flags)
        return Models(settings, flags, metrics)

    yield open_models
    for flags in opened:
        flags.close()


def counted(metrics: Metrics, variant: str) -> float | None:
    labels = {"flag": Flag.MODEL_VARIANT.flag, "variant": variant}
    return metrics.registry.get_sample_value("slipway_flag_variants_total", labels)


def version(models: Models, tenant: UUID) -> str:
    return models.of(tenant).workload.version


async def test_without_variants_the_default_answers_all(opened, metrics) -> None:
    models = opened()
    await models.load()
    assert {version(models, tenant) for tenant in TENANTS} == {"a+loaded"}
    assert list(models.workloads) == ["a"]
    assert metrics.registry.get_sample_value("slipway_model_info", {"workload": "named", "model": "a+loaded"}) == 1


async def test_tenants_are_split_and_each_keeps_its_model_in_every_process(opened, unleash, metrics) -> None:
    answer = unleash.split(("control", None), ("candidate", "b@2"))
    models, other_process = (opened(answer, model_variants="b@2, c") for _ in range(2))
    await models.load()
    first = [version(models, tenant) for tenant in TENANTS]
    assert set(first) == {"a+loaded", "b@2+loaded"}
    assert first == [version(other_process, tenant) for tenant in TENANTS]
    assert counted(metrics, "candidate") == 2 * first.count("b@2+loaded")
    assert counted(metrics, "control") == 2 * first.count("a+loaded")
    assert list(models.workloads) == ["a", "b@2", "c"]
    assert metrics.registry.get_sample_value("slipway_model_info", {"workload": "named", "model": "b@2+loaded"}) == 1


def test_a_model_that_is_not_loaded_is_replaced_by_the_default_counted_and_logged_once(
    opened, unleash, metrics, log_lines
) -> None:
    models = opened(unleash.split(("candidate", "nowhere")), model_variants="b")
    assert {version(models, tenant) for tenant in TENANTS} == {"a+loaded"}
    assert counted(metrics, "unknown") == len(TENANTS)
    assert counted(metrics, "candidate") is None
    (line,) = [line for line in log_lines() if line["event"] == "variant.unknown"]
    assert line["model"] == "nowhere"


async def test_a_batch_never_mixes_models_and_nobody_is_overtaken_for_ever(opened, unleash, metrics) -> None:
    models = opened(unleash.split(("control", None), ("candidate", "b")), model_variants="b")
    await models.load()
    batcher = Batcher(models.default, Settings(_env_file=None), metrics)
    running = asyncio.create_task(batcher.run())
    try:
        async with asyncio.timeout(30):
            answers = await asyncio.gather(
                *(batcher.predict([Question(text=str(tenant.int))] * 3, models.of(tenant)) for tenant in TENANTS)
            )
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    theirs = {str(tenant.int): models.of(tenant).workload.context.model for tenant in TENANTS}
    for tenant, results in zip(TENANTS, answers, strict=True):
        for result in results:
            assert result.model == theirs[str(tenant.int)]
            assert {theirs[text] for text in result.together} == {result.model}
    assert max(len(set(result.together)) for results in answers for result in results) > 1
