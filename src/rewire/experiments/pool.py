"""A few worker processes and a queue of jobs. A worker that dies takes one job with it, named, and is replaced."""

import multiprocessing
import signal
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from multiprocessing.connection import wait
from typing import Any, Protocol

from rewire.experiments.plan import Job
from rewire.experiments.worker import Failure, Settings, serve

PATIENCE = 60.0  # seconds an interrupted worker gets to save its checkpoint
News = dict[str, Any] | Failure | None  # of a job: its progress, or its end


class Listener(Protocol):
    """Hears how the jobs are doing."""

    def started(self, job: Job) -> None: ...
    def progress(self, job: Job, state: dict[str, Any]) -> None: ...
    def finished(self, job: Job, failure: Failure | None) -> None: ...


def run_jobs(jobs: Iterable[Job], workers: int, settings: Settings, listener: Listener) -> list[tuple[Job, Failure]]:
    """Run all jobs, `workers` at a time and then the exclusive ones alone; return the failed ones.

    On KeyboardInterrupt the workers are asked to save and stop, and it is raised again once they have.
    """
    jobs = list(jobs)
    shared = [job for job in jobs if not job.exclusive]
    alone = [job for job in jobs if job.exclusive]
    return _run(shared, workers, settings, listener) + _run(alone, 1, settings, listener)


def _run(jobs: list[Job], workers: int, settings: Settings, listener: Listener) -> list[tuple[Job, Failure]]:
    failures: list[tuple[Job, Failure]] = []
    with closing(_events(jobs, workers, settings, listener)) as events:
        for job, news in events:
            if isinstance(news, dict):
                listener.progress(job, news)
                continue
            listener.finished(job, news)
            if news is not None:
                failures.append((job, news))
    return failures


def _events(
    jobs: list[Job], workers: int, settings: Settings, listener: Listener
) -> Generator[tuple[Job, News], None, None]:
    """Everything the workers say until the last job has ended; leaving early stops them."""
    queue = deque(jobs)
    team: list[_Worker] = []
    try:
        while queue and len(team) < workers:
            team.append(_Worker(settings, queue.popleft(), listener))
        while busy := {worker.connection: worker for worker in team if worker.job is not None}:
            for worker in (busy[connection] for connection in wait(list(busy))):  # pyright: ignore[reportArgumentType]
                job, news = worker.hear()
                yield job, news
                if isinstance(news, dict) or not queue:
                    continue
                if worker.process.is_alive():
                    worker.take(queue.popleft(), listener)
                else:
                    team[team.index(worker)] = _Worker(settings, queue.popleft(), listener)
        for worker in team:
            worker.dismiss()
    except BaseException:
        _stop(team)
        raise


class _Worker:
    """A worker process, our end of its pipe, and the job it has."""

    def __init__(self, settings: Settings, job: Job, listener: Listener) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, far_end = context.Pipe()
        self.process = context.Process(target=serve, args=(far_end, settings), daemon=True)
        self.job: Job | None = None
        with _ignoring_interrupts():
            self.process.start()
        far_end.close()
        self.take(job, listener)

    def take(self, job: Job, listener: Listener) -> None:
        self.job = job
        with suppress(BrokenPipeError):  # it died meanwhile: `hear` will find out and name the job
            self.connection.send(job)
        listener.started(job)

    def hear(self) -> tuple[Job, News]:
        """Progress, or the end of the job; a silent death is a failure too."""
        job = self.job
        assert job is not None
        try:
            news: News = self.connection.recv()
        except (EOFError, ConnectionResetError):
            self.process.join()
            news = Failure(f"the worker process died ({_cause(self.process.exitcode)})", bad_input=False)
        if not isinstance(news, dict):
            self.job = None
        return job, news

    def dismiss(self) -> None:
        with suppress(BrokenPipeError):
            self.connection.send(None)
        self.process.join()
        self.connection.close()


def _stop(team: list[_Worker]) -> None:
    """Ask every worker to save and stop, and wait for that; a second Ctrl-C stops waiting."""
    for worker in team:
        worker.process.terminate()
    try:
        for worker in team:
            worker.process.join(PATIENCE)
    finally:
        for worker in team:
            worker.process.kill()
            worker.connection.close()


@contextmanager
def _ignoring_interrupts() -> Iterator[None]:
    """A child started in here ignores Ctrl-C from its first instruction on: only the parent decides when it stops."""
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def _cause(code: int | None) -> str:
    if code is not None and code < 0:
        hint = "; out of memory? try --jobs 1" if -code == signal.SIGKILL else ""
        return f"{signal.Signals(-code).name}{hint}"
    return f"exit status {code}"
