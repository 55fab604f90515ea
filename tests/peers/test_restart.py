"""The server goes away and comes back: every published device library is there again by itself, and works."""

import threading
import time

import BlynkLib
import blynklib
import pytest
from conftest import HOST, App, Server
from test_javascript_libraries import Node

# Libraries wait up to ten seconds before they try again.
pytestmark = pytest.mark.timeout(90)


@pytest.fixture
def place(tmp_path):
    server = Server(tmp_path)
    yield server
    server.stop()


def restart(server, app):
    """Stops and starts the server; the same account's app on the new one."""
    app.sock.close()
    server.stop()
    server.start()
    return App(server, app.email).login()


def node_words(kind, server, token):
    if kind == "node-red":
        return ["node_red.js", f"ws://{HOST}:{server.http}/websockets", token]
    port = server.http if kind == "tcp" else server.https
    return ["blynk_library.js", kind, HOST, port, token, server.folder / "data" / "eyelet-cert.pem"]


@pytest.mark.parametrize("kind", ["tcp", "tls", "node-red"])
def test_javascript(place, kind):
    """npm blynk-library over TCP and TLS (with the same certificate as before), npm node-red-contrib-blynk-ws."""
    app = App(place)
    node = Node(*node_words(kind, place, app.start()))
    try:
        for again in (False, True):
            node.expect("connect")
            app.expect("hardware_connected", "1-0") if not again else None
            app.expect("hardware", "1-0\0vw\x001\0hello")
            app.send("hardware", "1-0", "vw", 5, "seven")
            assert node.expect("V5") == ["seven"]
            if not again:
                app = restart(place, app)
    finally:
        node.stop()


class Loop(threading.Thread):
    """Calls a library's `run` again and again, as its examples do."""

    def __init__(self, step):
        super().__init__(daemon=True)
        self.step, self.going = step, True
        self.start()

    def run(self):
        while self.going:
            self.step()

    def stop(self):
        self.going = False
        self.join(10)


def works(app, got, pin):
    """What the app writes reaches the device."""
    until = time.monotonic() + 25
    while not got and time.monotonic() < until:
        # 7: the device is not there yet.
        app.send("hardware", "1-0", "vw", pin, "on")
        time.sleep(0.3)
    assert got


def works_again(server, app, got, pin):
    """It works, and once more with the next server."""
    works(app, got, pin)
    app = restart(server, app)
    got.clear()
    works(app, got, pin)


def test_blynklib(place):
    """PyPI blynklib: its `run` connects again."""
    app = App(place)
    device = blynklib.Blynk(app.start(), server=HOST, port=place.http, heartbeat=5)
    got = []
    device.handle_event("write V7")(lambda pin, value: got.append(value))
    loop = Loop(device.run)
    try:
        works_again(place, app, got, 7)
    finally:
        loop.stop()


def test_blynk_library_python(place):
    """PyPI blynk-library-python: it notices by its heartbeat, and its owner connects again."""
    app = App(place)
    device = BlynkLib.Blynk(app.start(), server=HOST, port=place.http, heartbeat=2)
    got = []
    device.on("V*", lambda pin, value: got.append(value))

    def step():
        try:
            device.run()
            if device.state == BlynkLib.DISCONNECTED:
                device.connect()
        except (OSError, ValueError):
            device.disconnect()
            time.sleep(0.2)

    loop = Loop(step)
    try:
        works_again(place, app, got, 9)
    finally:
        loop.stop()
