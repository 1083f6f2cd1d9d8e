"""Small servers on loopback addresses, each in a thread: what they do with a connection is a function of the test's."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ADDRESS = "127.7.0.1"
Serve = Callable[[socket.socket], None]


@contextmanager
def listening(serve: Serve, address: str = ADDRESS, port: int = 0) -> Iterator[int]:
    """The port of a server that gives each connection to `serve`, in a thread of its own, and closes it after."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, port), family=family) as server:
        thread = threading.Thread(target=_accept, args=(server, serve), daemon=True)
        thread.start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def _accept(server: socket.socket, serve: Serve) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(connection, serve), daemon=True).start()


def _serve(connection: socket.socket, serve: Serve) -> None:
    with connection:
        try:
            serve(connection)
        except OSError:
            return


def tls(certificate: Path, **settings: object) -> Serve:
    """Speak TLS from the first byte; `settings` are attributes of the server's context."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    for name, value in settings.items():
        setattr(context, name, value)

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(1)

    return serve


def says(text: bytes, *, after: float = 0.0) -> Serve:
    """Speak first, after a while, and answer nothing."""

    def serve(connection: socket.socket) -> None:
        time.sleep(after)
        connection.sendall(text)
        connection.recv(1000)

    return serve


def answers(text: bytes) -> Serve:
    """Answer whatever comes first with this."""

    def serve(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(text)

    return serve


def silent(connection: socket.socket) -> None:
    """Take the connection and say nothing for as long as it is open."""
    while connection.recv(1000):
        pass


def closing(connection: socket.socket) -> None:
    """Take the connection and close it."""
