"""A process of a simulated cluster: `scheduler FILE` or `workers ADDRESS COUNT`, until it is ended."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from workbench.experiments.parallel import task

_HOST = "tcp://127.0.0.1:0"


async def _scheduler(file: Path) -> None:
    import distributed

    async with distributed.Scheduler(host="127.0.0.1", port=0, dashboard=False) as scheduler:
        beside = file.with_suffix(".part")
        beside.write_text(json.dumps({"address": scheduler.address}))
        os.replace(beside, file)
        await scheduler.finished()


async def _workers(address: str, count: int) -> None:
    import distributed

    # They only sleep, and all of them at a time.
    vars(task)["_ONE_AT_A_TIME"] = nullcontext()
    workers: list[Any] = [
        distributed.Worker(address, nthreads=1, host="127.0.0.1", memory_limit=0, dashboard=False)
        for _ in range(count)
    ]
    await asyncio.gather(*workers)
    await asyncio.gather(*(worker.finished() for worker in workers))


if __name__ == "__main__":
    if sys.argv[1] == "scheduler":
        asyncio.run(_scheduler(Path(sys.argv[2])))
    else:
        asyncio.run(_workers(sys.argv[2], int(sys.argv[3])))
