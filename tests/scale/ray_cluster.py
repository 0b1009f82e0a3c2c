"""A Ray cluster of two nodes on this machine, and a killer of workers: what survives is tested with them."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil

NODE = {"num_cpus": 1, "object_store_memory": 80_000_000, "include_dashboard": False}


@contextmanager
def two_nodes() -> Iterator[str]:
    """Run two nodes of one processor each; yields their address."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args=NODE)
    try:
        cluster.add_node(**NODE)
        yield cluster.address
    finally:
        cluster.shutdown()


@contextmanager
def killed_in_the_middle(task: str, begun: Callable[[], bool]) -> Iterator[list[int]]:
    """Kill one worker of our own cluster that runs a task, once the job has begun; yields whom it killed."""
    killed: list[int] = []
    over = threading.Event()

    def kill() -> None:
        while not killed and not over.is_set():
            busy = running(task) if begun() else []
            if busy:
                os.kill(busy[0], signal.SIGKILL)
                killed.append(busy[0])
            time.sleep(0.005)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield killed
    finally:
        over.set()
        killer.join()


def running(task: str) -> list[int]:
    """Processes below this one that run a task of this name."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if task in process.cmdline()[0]:
                found.append(process.pid)
        except (psutil.NoSuchProcess, psutil.ZombieProcess, IndexError):
            continue
    return found
