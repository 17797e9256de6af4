"""What a worker and a scheduler tell Prometheus."""

HANGING = [b"hang %d" % number for number in range(40)]


async def test_a_worker_that_is_busy_for_long_goes_on_telling_the_backlog(start, submit, platform):
    worker = await start(settings=platform.settings.model_copy(update={"turn_seconds": 600.0}))
    await submit(HANGING)
    await worker.reaches('slipway_job_chunks{state="running"}', 1)

    for _ in range(3):
        await submit(HANGING)

    await worker.reaches('slipway_job_chunks{state="waiting"}', 30)
    await worker.reaches("slipway_job_oldest_waiting_seconds", 0.5)


async def test_a_scheduler_tells_about_itself_and_not_about_what_it_does_not_measure(start):
    scheduler = await start("slipway_worker.scheduler")
    await scheduler.reaches("process_resident_memory_bytes", 1_000_000)
    await scheduler.reaches("python_gc_collections_total", 0)
    assert "slipway_job_chunks{" not in await scheduler.metrics()
    assert "slipway_sweeps_total{" in await scheduler.metrics()
