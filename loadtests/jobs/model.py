"""`python -m loadtests.jobs.model COUNT`: the model alone, in bulk, in this process. Prints what it took as JSON."""

import asyncio
import inspect
import json
import sys
import time

from loadtests.jobs.messages import read_messages
from slipway.settings import Settings
from slipway.workload.loader import AnyWorkload, find_workload


async def _predict(workload: AnyWorkload, texts: list[str]) -> None:
    for first in range(0, len(texts), workload.max_batch):
        results = workload.predict([workload.Input(text=text) for text in texts[first : first + workload.max_batch]])
        if inspect.isawaitable(results):
            await results


def main(count: int) -> None:
    """Predict, after a warm-up, and print seconds by the clock and of the processors."""
    workload, texts = find_workload(Settings()), read_messages(count)
    workload.load()
    asyncio.run(_predict(workload, texts[:200]))
    began, cpu = time.perf_counter(), time.process_time()
    asyncio.run(_predict(workload, texts))
    print(json.dumps({"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - cpu}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
