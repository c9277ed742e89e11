"""Where long work runs: processes on this machine, or the workers of a Dask cluster.

One body for campaigns, fleets, trainings and searches. The parent alone writes, so that workers need no
disk in common, and what it has received is never lost with a worker.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from workbench.errors import WorkbenchError, whole_number
from workbench.experiments.parallel.task import Done, perform

if TYPE_CHECKING:
    from workbench.experiments.parallel.cluster import Cluster

Calls = Iterable[tuple[Any, ...]]


class Workers:
    """A context manager; while it is open, `each` runs tasks.

    Attributes:
        cores: How many tasks run at a time.
    """

    def __init__(self, jobs: int | None = None, dask: str | None = None) -> None:
        """Say where; nothing is started yet.

        Args:
            jobs: Processes here; None or -1 for one a core, 1 for this process.
            dask: Address of a scheduler, to use its workers instead.

        Raises:
            WorkbenchError: There cannot be so many processes.
        """
        import joblib

        if jobs is not None and whole_number(jobs, "the number of jobs") < 1 and jobs != -1:
            raise WorkbenchError(f"{jobs} jobs cannot run anything; use 1 or more")
        self.jobs: int = joblib.cpu_count() if jobs in (None, -1) else int(jobs or 1)
        self.dask = dask
        self._cluster: Cluster | None = None

    def __enter__(self) -> Workers:
        """Connect to the cluster, if it is one.

        Raises WorkbenchError where nobody answers, there are no workers, or they run other code.
        """
        if self.dask is not None:
            from workbench.experiments.parallel.cluster import Cluster

            self._cluster = Cluster(self.dask)
        return self

    def __exit__(self, *_: object) -> None:
        if self._cluster is not None:
            self._cluster.close()
            self._cluster = None

    @property
    def cores(self) -> int:
        """How many tasks run at a time."""
        return self._cluster.workers if self._cluster is not None else self.jobs

    def share(self, thing: Any) -> Any:
        """What stands for `thing` among the arguments of calls: each worker gets it once."""
        return thing if self._cluster is None else self._cluster.share(thing)

    def each(self, function: Callable[..., Any], calls: Calls, *, count: int) -> Iterator[Done]:
        """Call a function with each of some arguments; yields finished calls as they come.

        Args:
            function: Of a module that workers can import.
            calls: The arguments of each call, taken from the iterable shortly before they are needed.
            count: How many there are, at least; limits the processes that are started.

        Raises:
            WorkbenchError: A process was killed, or the cluster was lost. What was yielded by then counts.
        """
        if self._cluster is not None:
            return self._cluster.each(function, calls)
        jobs = min(self.jobs, max(count, 1))
        return _one_by_one(function, calls) if jobs == 1 else _side_by_side(function, calls, jobs)


def _one_by_one(function: Callable[..., Any], calls: Calls) -> Iterator[Done]:
    for number, call in enumerate(calls):
        yield Done(number, *perform(os.getpid(), function, *call))


def _numbered(
    number: int, parent: int, function: Callable[..., Any], *call: Any
) -> tuple[int, Any, Exception | None]:
    return number, *perform(parent, function, *call)


@contextmanager
def _closed(results: Generator[Any]) -> Iterator[Iterator[Any]]:
    """Results of tasks of which the rest are cancelled in the end, without joblib's advice about that."""
    try:
        yield results
    finally:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".* have been cancelled")
            results.close()


def _side_by_side(function: Callable[..., Any], calls: Calls, jobs: int) -> Iterator[Done]:
    import joblib
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    parent = os.getpid()
    parallel = joblib.Parallel(
        n_jobs=jobs, backend="loky", return_as="generator_unordered", batch_size=1
    )
    numbered = enumerate(calls)
    tasks = (
        joblib.delayed(_numbered)(number, parent, function, *call) for number, call in numbered
    )
    try:
        with _closed(parallel(tasks)) as finished:
            for each in finished:
                yield Done(*each)
    except TerminatedWorkerError as error:
        raise WorkbenchError(
            "a worker process was killed, often for want of memory; what is finished is kept, so run "
            "the same command again, perhaps with fewer --jobs"
        ) from error
