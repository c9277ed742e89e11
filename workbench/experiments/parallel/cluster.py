"""A Dask cluster as workers: tasks are handed out as results come in, and losses become one sentence.

A killed worker's tasks go to another one; workers that join later get their share. Task and result cross
the scheduler once each, in batches.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import count, islice
from queue import Empty, SimpleQueue
from typing import Any

from workbench.errors import WorkbenchError, reason_of
from workbench.experiments.parallel.task import (
    Code,
    Done,
    code_here,
    other_code,
    perform,
    refuse_other_code,
)

_CONNECT_S = 10  # to a scheduler
_WORKERS_S = 10  # until the first worker is there
_PATIENCE_S = 60  # with a cluster whose workers are all gone
_LOOK_S = 5  # between looks at who is there
_CONNECTED = "running"  # status of a client
_AT_ONCE = 16  # results that are fetched together
_AHEAD = 2  # tasks a worker that the scheduler holds: the next one waits where it will run


class Cluster:
    """A connection to a scheduler.

    Attributes:
        workers: How many there were when it was last looked.
        code: That they must run.
    """

    def __init__(self, address: str) -> None:
        """Connect; WorkbenchError where that fails, without workers, and for workers with other code."""
        try:
            import distributed
        except ImportError as error:
            raise WorkbenchError(
                "--dask needs the package distributed; install the extra with "
                '`pip install "self-healing-audio-workbench[cluster]"`'
            ) from error
        self.address = address
        self.code = code_here()
        self._count = count()
        # It logs the pages of traceback that a sentence stands for.
        names = [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]
        self._levels = {name: logging.getLogger(name).level for name in names}
        for name in names:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        self._client: Any = None
        try:
            try:
                self._client = distributed.Client(address, timeout=_CONNECT_S, set_as_default=False)
            except (OSError, ValueError, TypeError) as error:
                raise WorkbenchError(
                    f"no Dask scheduler answers at {address} ({reason_of(error, brief=True)}); start one "
                    "with `dask scheduler` and give the address that it prints"
                ) from error
            self._token = self._client.id
            with self._losses():
                self._client.wait_for_workers(1, timeout=_WORKERS_S)
                self._refuse_other_code()
                self._look()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Leave the cluster; tasks that nobody waits for any more are forgotten there."""
        if self._client is not None:
            with suppress(Exception):  # of a scheduler that is gone
                self._client.close(timeout=_CONNECT_S)
        for name, level in self._levels.items():
            logging.getLogger(name).setLevel(level)

    def share(self, thing: Any) -> Any:
        """Send `thing` to every worker; what stands for it in calls. A task, so that it outlives workers."""
        packed = _packed(thing)
        with self._losses():
            future = self._client.submit(_same, packed, key=self._key("shared"), pure=False)
            future.result()
            self._client.replicate([future])
        return future

    def each(
        self, function: Callable[..., Any], calls: Iterable[tuple[Any, ...]]
    ) -> Iterator[Done]:
        """As `Workers.each`."""
        finished: SimpleQueue[Any] = SimpleQueue()
        waiting: dict[Any, tuple[int, Any]] = {}
        numbered = enumerate(calls)
        name = self._key("task")
        try:
            while True:
                room = _AHEAD * max(self.workers, 1) - len(waiting)
                for number, call in islice(numbered, max(room, 0)):
                    future = self._submitted((name, number), function, call)
                    waiting[future.key] = number, future
                    future.add_done_callback(finished.put)
                if not waiting:
                    return
                with self._losses():
                    batch = self._next(finished)
                    values = self._gathered(batch)
                for future, (value, error) in zip(batch, values, strict=True):
                    yield Done(waiting.pop(future.key)[0], value, error)
        finally:
            if self._client.status == _CONNECTED:  # else this would wait for ever
                with suppress(Exception):
                    self._client.cancel([future for _, future in waiting.values()])

    def _submitted(self, key: Any, function: Callable[..., Any], call: tuple[Any, ...]) -> Any:
        packed = map(_packed, (function, *call))
        with self._losses():
            self._refuse_lost()
            return self._client.submit(_perform_packed, self.code, *packed, key=key, pure=False)

    def _next(self, finished: SimpleQueue[Any]) -> list[Any]:
        """At least one future that has ended, and others that have."""
        first = None
        lonely = time.monotonic()
        while first is None:
            if time.monotonic() - self._looked > _LOOK_S:
                self._look()
            if self.workers:
                lonely = time.monotonic()
            elif time.monotonic() - lonely > _PATIENCE_S:
                raise TimeoutError(f"no worker for {_PATIENCE_S} s")
            with suppress(Empty):
                first = finished.get(timeout=_LOOK_S)
        batch = [first]
        with suppress(Empty):
            while len(batch) < _AT_ONCE:
                batch.append(finished.get_nowait())
        return batch

    def _gathered(self, batch: list[Any]) -> list[Any]:
        """What these futures hold."""
        self._refuse_lost()
        for future in batch:
            if future.status == "error":
                raise future.exception()
        # With a limit: what a dying scheduler leaves open is never answered.
        gathered: list[Any] = self._client.sync(
            self._client._gather, batch, callback_timeout=_PATIENCE_S
        )
        return gathered

    def _refuse_lost(self) -> None:
        """Raise ConnectionError where the scheduler is gone: Dask would wait for it, some calls for ever."""
        if self._client.status != _CONNECTED:
            raise ConnectionError("the scheduler ended or cannot be reached")

    def _look(self) -> None:
        self._refuse_lost()
        ncores = self._client.scheduler.ncores
        self.workers = len(self._client.sync(ncores, callback_timeout=_PATIENCE_S))
        self._looked = time.monotonic()

    def _refuse_other_code(self) -> None:
        answers = self._client.run(code_here, on_error="return")
        for address, theirs in answers.items():
            if not isinstance(theirs, Code):
                raise WorkbenchError(
                    f"the worker {address} cannot import the workbench ({reason_of(theirs, brief=True)}); "
                    "install one version of it on all machines and start the workers anew"
                )
            if theirs != self.code:
                raise other_code(address, theirs, self.code)

    def _key(self, what: str) -> str:
        return f"workbench-{what}-{self._token}-{next(self._count)}"

    @contextmanager
    def _losses(self) -> Iterator[None]:
        """Turn the errors of Dask itself into one sentence; those of tasks arrive in `Done`."""
        import distributed

        try:
            yield
        except (
            distributed.CancelledError,
            distributed.KilledWorker,
            TimeoutError,
            OSError,
        ) as error:
            raise WorkbenchError(
                f"the cluster at {self.address} was lost or has no workers ({reason_of(error, brief=True)}); "
                "what is finished is kept, so mend it and run the same command again"
            ) from error


def _same(thing: Any) -> Any:
    return thing


def _packed(thing: Any) -> Any:
    """Bytes that a task opens itself: where Dask cannot open something, its worker ends without a word."""
    import distributed
    from distributed.protocol import serialize_bytes

    return thing if isinstance(thing, distributed.Future) else serialize_bytes(thing)


def _perform_packed(code: Code, *packed: bytes) -> tuple[Any, Exception | None]:
    """As `perform`, of a function and its arguments as bytes."""
    from distributed.protocol import deserialize_bytes

    where = f"process {os.getpid()} on {os.uname().nodename}"
    try:
        refuse_other_code(code, where)
        function, *call = map(deserialize_bytes, packed)
    except WorkbenchError as error:
        return None, error
    except Exception as error:
        message = (
            f"the worker {where} cannot open a task ({reason_of(error)}); install the same packages on all "
            "machines and start the workers anew"
        )
        return None, WorkbenchError(message)
    return perform(None, function, *call)
