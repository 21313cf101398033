"""What the workers of `test_workers` do: run in processes of their own, so they stand in a module of their own."""

import os
import signal
import socket
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from hub.gateway.metrics import Metrics
from hub.gateway.workers import READY


def answer(post: Connection, listener: socket.socket, common: Path) -> None:
    """Answer each connection with one's own process id, until told to end; fail to start while `broken` is there."""
    if (common / "broken").exists():
        with (common / "tries").open("a") as tries:
            tries.write("x")
        if (common / "broken").read_text() != "silently":
            post.send("nothing works")
        raise SystemExit(3)
    counting = Metrics()
    counting.share(common, os.getpid())
    counting.begin()
    counting.publish()
    threading.Thread(target=_leave_alone, args=(post,), daemon=True).start()
    post.send(READY)
    while True:
        there, _ = listener.accept()
        with there:
            there.sendall(b"%d" % os.getpid())


def stay(post: Connection, listener: socket.socket, common: Path) -> None:
    """Be ready, and end for nobody."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answer(post, listener, common)


def _leave_alone(post: Connection) -> None:
    try:
        post.recv()
    except (EOFError, OSError):
        os.kill(os.getpid(), signal.SIGKILL)
