"""Eclipse Mosquitto's command-line clients as devices."""

import json
import socket
import struct
import subprocess
import time

import pytest
from conftest import HOST, OK, App, Device, Server

BRIDGE = 15


def words(tool, server, app, token, *more):
    return [tool, "-h", HOST, "-p", str(server.mqtt), "-u", app.email, "-P", token, "-t", "hardware", *more]


def test_publish_with_every_quality(server, app):
    """mosquitto_pub with QoS 0, 1 and 2 ends well, and the app gets each value once."""
    token = app.start()
    for qos in ("0", "1", "2"):
        command = words("mosquitto_pub", server, app, token, "-q", qos, "-m", f"vw 7 {qos}")
        assert subprocess.run(command, timeout=20).returncode == 0
        app.expect("hardware", f"1-0\0vw\0007\000{qos}")
        app.expect("device_offline", "1-0")


def test_subscribe(server, app):
    """mosquitto_sub gets what the app writes."""
    token = app.start()
    command = ["stdbuf", "-oL", *words("mosquitto_sub", server, app, token, "-C", "1", "-W", "10", "-d")]
    client = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for line in client.stdout:
        if "Subscribed" in line:
            break
    app.send("hardware", "1-0", "vw", 5, "on", "fast")
    assert "vw 5 on fast" in client.communicate(timeout=20)[0]
    assert client.returncode == 0


def test_wrong_token(server, app):
    """mosquitto_pub is told that it may not."""
    app.start()
    command = words("mosquitto_pub", server, app, "0" * 32, "-m", "vw 1 1")
    assert subprocess.run(command, timeout=20, stderr=subprocess.DEVNULL).returncode != 0


class Raw:
    """Packets by hand, for what the command-line clients cannot be told to do."""

    def __init__(self, server):
        self.sock = socket.create_connection((HOST, server.mqtt), timeout=10)

    @staticmethod
    def text(value):
        value = value.encode() if isinstance(value, str) else value
        return struct.pack(">H", len(value)) + value

    def send(self, first, body=b""):
        size, length = len(body), b""
        while True:
            size, low = divmod(size, 128)
            length += bytes([low | 128 * (size > 0)])
            if not size:
                break
        self.sock.sendall(bytes([first]) + length + body)

    def connect(self, app, token, keep_alive=60, level=4):
        body = self.text("MQTT") + bytes([level, 0xC2]) + struct.pack(">H", keep_alive)
        self.send(0x10, body + self.text("raw") + self.text(app.email) + self.text(token))
        return self.receive(4)

    def receive(self, count):
        data = b""
        while len(data) < count:
            more = self.sock.recv(count - len(data))
            assert more, f"closed after {data!r}"
            data += more
        return data

    def is_closed(self):
        return self.sock.recv(100) == b""


def test_acknowledgements(server, app):
    """CONNACK without a session from before, PUBACK, PUBREC and PUBCOMP, SUBACK for every filter, UNSUBACK, PINGRESP."""
    client = Raw(server)
    assert client.connect(app, app.start()) == b"\x20\x02\x00\x00"
    client.send(0x32, client.text("hardware") + b"\x01\x02vw 1 1")
    assert client.receive(4) == b"\x40\x02\x01\x02"
    for _ in range(2):
        client.send(0x34, client.text("hardware") + b"\x00\x07vw 1 2")
        assert client.receive(4) == b"\x50\x02\x00\x07"
    client.send(0x62, b"\x00\x07")
    assert client.receive(4) == b"\x70\x02\x00\x07"
    app.expect("hardware", "1-0\0vw\x001\x001")
    app.expect("hardware", "1-0\0vw\x001\x002")
    client.send(0x32, client.text("elsewhere") + b"\x00\x09vw 1 3")
    assert client.receive(4) == b"\x40\x02\x00\x09"
    client.send(0x82, b"\x00\x05" + client.text("hardware") + b"\x02" + client.text("a/b") + b"\x00")
    assert client.receive(6) == b"\x90\x04\x00\x05\x00\x00"
    app.send("hardware", "1-0", "vw", 5, "on")
    assert client.receive(19) == b"\x30\x11\x00\x08hardwarevw 5 on"
    client.send(0xA2, b"\x00\x06" + client.text("hardware"))
    assert client.receive(4) == b"\xb0\x02\x00\x06"
    app.send("hardware", "1-0", "vw", 5, "off")
    client.send(0xC0)
    assert client.receive(2) == b"\xd0\x00"
    app.profile()
    heard = [frame[2] for frame in app.seen if frame[0] == 20]
    assert heard == [], "neither the copy of a QoS 2 message nor other topics"


def test_what_ends_a_connection(server, app):
    """A second CONNECT, MQTT 5, a malformed packet and one that is too long; DISCONNECT; silence beyond the keep-alive."""
    token = app.start()
    for ending in (lambda c: c.connect(app, token), lambda c: c.send(0x36, b"\x00\x01t\x00\x01"),
                   lambda c: c.sock.sendall(b"\x30\x9d\x3f"), lambda c: c.sock.sendall(b"\x30\xff\xff\xff\xff\x01"),
                   lambda c: c.send(0xE0)):
        client = Raw(server)
        assert client.connect(app, token) == b"\x20\x02\x00\x00"
        try:
            ending(client)
        except AssertionError:
            pass
        assert client.is_closed()
        app.expect("device_offline", "1-0")
    client = Raw(server)
    assert client.connect(app, token, level=5) == b"\x20\x02\x00\x01" and client.is_closed()
    client, began = Raw(server), time.monotonic()
    client.connect(app, token, keep_alive=2)
    assert client.is_closed() and 2.5 < time.monotonic() - began < 5


def test_retained_messages_and_wills(server, app):
    """They are taken, and nothing is kept: no retained message comes to a new subscriber, no will is published."""
    token = app.start()
    for words_ in (["-r", "-m", "vw 7 kept"], ["-m", "vw 8 x", "--will-topic", "hardware", "--will-payload", "vw 9 will"]):
        assert subprocess.run(words("mosquitto_pub", server, app, token, *words_), timeout=20).returncode == 0
    app.expect("hardware", "1-0\0vw\x007\0kept")
    app.expect("hardware", "1-0\0vw\x008\0x")
    done = subprocess.run(words("mosquitto_sub", server, app, token, "-W", "1"), capture_output=True, timeout=20)
    assert done.stdout == b""
    assert not [frame for frame in app.seen if b"will" in (frame[2] if isinstance(frame[2], bytes) else b"")]


def test_bridges_and_news_of_apps(server, app):
    """Topics bridge and internal: what another device sends over its bridge, and that an app came."""
    token = app.start(isAppConnectedOn=True)
    other = json.loads(app.ask("create_device", 1, json.dumps({"id": 1, "name": "B", "boardType": "ESP8266"})))["token"]
    command = ["mosquitto_sub", "-h", HOST, "-p", str(server.mqtt), "-u", app.email, "-P", token, "-t", "bridge",
               "-t", "internal", "-C", "2", "-W", "10", "-v", "-d"]
    client = subprocess.Popen(["stdbuf", "-oL", *command], stdout=subprocess.PIPE, text=True)
    for line in client.stdout:
        if "Subscribed" in line:
            break
    device = Device(server, other)
    assert device.ask(BRIDGE, 64, "i", token) == OK
    device.sock.sendall(struct.pack(">BHH", BRIDGE, 9, 9) + b"64\0vw\x001\x005")
    App(server, app.email).login()
    heard = client.communicate(timeout=20)[0]
    assert "bridge vw 1 5" in heard and "internal acon" in heard


@pytest.mark.timeout(90)
def test_a_session_after_a_restart(tmp_path):
    """mosquitto_sub connects again by itself when the server is back, and hears what apps write then."""
    server = Server(tmp_path)
    try:
        app = App(server)
        token = app.start()
        command = ["stdbuf", "-oL", *words("mosquitto_sub", server, app, token, "-C", "1", "-W", "25", "-d", "-k", "5")]
        client = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for again in (False, True):
            for line in client.stdout:
                if "Subscribed" in line:
                    break
            if not again:
                server.stop()
                server.start()
        app = App(server, app.email).login()
        app.send("hardware", "1-0", "vw", 5, "back")
        assert "vw 5 back" in client.communicate(timeout=20)[0]
    finally:
        server.stop()
