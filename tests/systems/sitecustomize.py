"""What other systems do differently, done so on Linux, for this process and those that it starts.

Python imports this module at its start::

    TESTS_RUN_LIKE=windows PYTHONPATH=tests/systems python -m pytest tests/server

That the package uses no name which another system doesn't have is what `mypy --platform` checks.
"""

import os
import queue
import select
import selectors
import signal
import socket


def like_macos() -> None:
    # accept(2) of BSD: what was accepted has the flags of the socket that listens. Python undoes
    # it only where that has a timeout which isn't 0.
    accept = socket.socket._accept

    def accept_as_bsd(self):
        number, address = accept(self)
        os.set_blocking(number, os.get_blocking(self.fileno()))
        return number, address

    socket.socket._accept = accept_as_bsd
    # Nothing tells that a client has closed its end. `epoll` stays: trio needs it on Linux.
    _take_away(select, "POLLRDHUP")
    selectors.DefaultSelector = selectors.PollSelector


def like_windows() -> None:
    like_macos()
    _take_away(select, "poll")
    _take_away(selectors, "EpollSelector", "PollSelector")
    selectors.DefaultSelector = selectors.SelectSelector
    _take_away(os, "fork", "forkpty", "register_at_fork")
    _take_away(signal, "SIGALRM", "SIGHUP", "alarm", "pause", "pthread_kill", "setitimer")
    _let_a_port_be_taken()
    _let_no_signal_end_a_wait()


def _take_away(module, *names) -> None:
    for name in names:
        if hasattr(module, name):
            delattr(module, name)


def _let_a_port_be_taken() -> None:
    set_option = socket.socket.setsockopt
    exclusive = ~socket.SO_REUSEADDR  # its number on Windows

    def set_as_windows(self, level, option, *value):
        if (level, option) == (socket.SOL_SOCKET, socket.SO_REUSEADDR):
            # Both together have on Linux the effect that this one has there.
            set_option(self, level, socket.SO_REUSEPORT, *value)
        # What it promises is what the other one does on Linux.
        set_option(self, level, socket.SO_REUSEADDR if option == exclusive else option, *value)

    socket.socket.setsockopt = set_as_windows
    socket.SO_EXCLUSIVEADDRUSE = exclusive


def _let_no_signal_end_a_wait() -> None:
    mask = signal.pthread_sigmask
    numbers = (signal.SIGINT, signal.SIGTERM)

    class Uninterrupted(queue._PySimpleQueue):
        def get(self, block=True, timeout=None):
            before = mask(signal.SIG_BLOCK, numbers)
            try:
                return super().get(block, timeout)
            finally:
                mask(signal.SIG_SETMASK, before)

    queue.SimpleQueue = Uninterrupted


{"macos": like_macos, "windows": like_windows}[os.environ["TESTS_RUN_LIKE"]]()
