"""The two Python device libraries: log in, write, receive, sync, reconnect."""

import time

import BlynkLib
import blynklib
from conftest import HOST

WIDGET = {"type": "DIGIT4_DISPLAY", "id": 5, "width": 2, "height": 1, "pinType": "VIRTUAL", "pin": 4, "value": "kept"}


def test_blynklib(server, app):
    """PyPI blynklib: legacy login (2), info, write, write from the app, sync, notice of offline, reconnect."""
    token = app.start([WIDGET])
    device = blynklib.Blynk(token, server=HOST, port=server.http, heartbeat=5)
    got = []

    @device.handle_event("write V7")
    def written(pin, value):
        got.append((pin, value))

    @device.handle_event("write V4")
    def synced(pin, value):
        got.append((pin, value))

    assert device.connect(timeout=5)
    app.expect("hardware_connected", "1-0")
    device.virtual_write(3, "21.5")
    app.expect("hardware", "1-0\0vw\0003\00021.5")

    def run_until(count):
        until = time.monotonic() + 5
        while len(got) < count and time.monotonic() < until:
            device.run()

    # One after the other: the library takes one message from what it receives and drops the rest.
    app.send("hardware", "1-0", "vw", 7, "on")
    run_until(1)
    device.virtual_sync(4)
    run_until(2)
    assert got == [(7, ["on"]), (4, ["kept"])]
    device.disconnect()
    app.expect("device_offline", "1-0")
    assert device.connect(timeout=5)
    app.expect("hardware_connected", "1-0")
    assert app.profile()["dashBoards"][0]["devices"][0]["hardwareInfo"]["boardType"] == "python"
    device.disconnect()


def test_blynk_library_python(server, app):
    """PyPI blynk-library-python: hardware login (29), info, write, property, write from the app, reconnect."""
    token = app.start([WIDGET])
    device = BlynkLib.Blynk(token, server=HOST, port=server.http, heartbeat=5)
    got = []
    device.on("V*", lambda pin, value: got.append((pin, value)))

    def run_until(done):
        until = time.monotonic() + 5
        while not done() and time.monotonic() < until:
            device.run()

    run_until(lambda: device.state == BlynkLib.CONNECTED)
    app.expect("hardware_connected", "1-0")
    device.virtual_write(2, 1, 2, 3)
    app.expect("hardware", "1-0\0vw\0002\0001\0002\0003")
    device.set_property(4, "label", "Hot")
    app.expect("property", "1-0\0004\0label\0Hot")
    app.send("hardware", "1-0", "vw", 9, 0)
    run_until(lambda: got)
    assert got == [("9", ["0"])]
    device.conn.close()
    device.disconnect()
    app.expect("device_offline", "1-0")
    device.connect()
    run_until(lambda: device.state == BlynkLib.CONNECTED)
    app.expect("hardware_connected", "1-0")
    device.conn.close()


def test_a_wrong_token_is_told(server):
    """blynklib hears that its token is wrong."""
    device = blynklib.Blynk("0" * 32, server=HOST, port=server.http, heartbeat=5)
    assert device.connect(timeout=1) is False
