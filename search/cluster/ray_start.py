"""Starting Ray on this machine, or joining a cluster, and seeing that a worker answers before anything is begun."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import logging
import os
from pathlib import Path
import sys
from typing import Any

import ray

from search.cluster.ray_settings import START_SECONDS
from search.cluster.worker_imports import runtime_env
from search.config.resources import ResourcesSection
from search.errors import SweepError


_WORKER_SECONDS = 120.0
_ATTEMPTS = 2
_LONGEST_REASON = 200


def start_ray(resources: ResourcesSection) -> None:
    """Start Ray on this machine, once more where that fails for a reason that may pass.

    Raises:
        SweepError: If it does not start; what to do depends on the reason. What was started of it ends with this
            process.
    """
    _require_start_seconds()
    reason = ""
    for _ in range(_ATTEMPTS):
        try:
            _init(
                address="local",
                num_cpus=resources.cpus or os.cpu_count(),
                object_store_memory=resources.object_store_mb * 1024**2,
                include_dashboard=False,
                _node_ip_address="127.0.0.1",
            )
            return
        except TimeoutError as error:
            reason = _reason_of(error)
        except OSError as error:
            raise SweepError(_folder_advice(error)) from None
        except ValueError as error:
            raise SweepError(
                f"Ray cannot start with resources.object_store_mb {resources.object_store_mb}; give it as much as this "
                f"machine can spare ({_reason_of(error)})"
            ) from None
        except Exception as error:
            reason = _reason_of(error)
    raise SweepError(
        f"Ray does not start on this machine, tried {_ATTEMPTS} times ({reason}); run again when the machine is less "
        f"busy, or look into {ray_folder() / 'ray' / 'session_latest' / 'logs'}"
    )


def join_cluster(address: str) -> None:
    """Join a running cluster.

    Raises:
        SweepError: If it cannot be joined, or none of its workers starts.
    """
    try:
        _init(address=address)
    except Exception as error:
        raise SweepError(f"the Ray cluster at {address!r} cannot be joined ({_reason_of(error)})") from None


def _init(**options: Any) -> None:
    if ray.is_initialized():
        raise RuntimeError("this process is connected to another one")
    try:
        with _no_lines_of_cpp():
            ray.init(**options, log_to_driver=False, logging_level=logging.ERROR, runtime_env=runtime_env())
        _require_worker()
    except BaseException:
        ray.shutdown()
        raise


@contextmanager
def _no_lines_of_cpp() -> Iterator[None]:
    """Keep what Ray's C++ parts say of their attempts to connect out of the terminal: what came of them is raised.

    They write to the file descriptor, and the variable for their level announces itself there too.
    """
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _require_worker() -> None:
    """Have a worker import this project: where none can, every trial would fail after all of its retries.

    Raises:
        TimeoutError: If none has answered in time.
        RuntimeError: If one cannot import it.
    """
    try:
        ray.get(ray.remote(num_cpus=0, max_retries=0)(_answer).remote(), timeout=_WORKER_SECONDS)
    except TimeoutError:
        raise TimeoutError(f"no worker process has started within {_WORKER_SECONDS:g} s") from None
    except ray.exceptions.RayTaskError as error:
        raise RuntimeError(f"its workers cannot import exitsearch, {_reason_of(error.cause)}") from None


def _answer() -> None:
    import trainables.multi_exit  # noqa: F401 - what a trial needs first


def _require_start_seconds() -> None:
    """Refuse a time in which nothing can start; Ray's driver would get through at times, and its workers not."""
    text = os.environ.get(START_SECONDS, "")
    try:
        is_positive = float(text) > 0
    except ValueError:
        is_positive = False
    if not is_positive:
        raise SweepError(
            f"{START_SECONDS} must be a positive number of seconds but is {text!r}, in which Ray cannot start; unset "
            f"it, or give it 60"
        )


def _folder_advice(error: OSError) -> str:
    """What to do where Ray cannot use its folder for temporary files."""
    if "AF_UNIX" in str(error):
        return (
            f"Ray cannot start below {ray_folder()}: the paths of its sockets there are longer than the system allows; "
            f"name a short folder in RAY_TMPDIR, such as RAY_TMPDIR=/tmp, or shorten TMPDIR"
        )
    return (
        f"Ray cannot start below {ray_folder()} ({error.strerror or _reason_of(error)}); name a folder that can be "
        f"written to in RAY_TMPDIR"
    )


def ray_folder() -> Path:
    """Where Ray keeps its temporary files."""
    # Unlike Python, Ray takes no other folder where it cannot write to this one.
    named = os.environ.get("RAY_TMPDIR") or (os.environ.get("TMPDIR") if sys.platform == "linux" else None)
    return Path(named or "/tmp")  # noqa: S108 - as Ray does


def _reason_of(error: Exception) -> str:
    """The first sentence of an error, in one line: what follows in Ray's are logs and advice for its developers."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text.partition(". ")[0].rstrip(".")[:_LONGEST_REASON]
