"""The admin page in Chromium: everything that it can do, on a desktop and on a phone. Screenshots: target/screenshots."""

import json
import pathlib
import socket
import struct
import subprocess
import threading
import time

import pytest
from conftest import HOST, App, Server

HERE = pathlib.Path(__file__).parent


class Device(threading.Thread):
    """A device that comes again with the next token that works whenever its connection ends: edits close it."""

    def __init__(self, server, tokens):
        super().__init__(daemon=True)
        self.port, self.tokens, self.received, self.ended = server.http, tokens, b"", False
        self.start()

    def run(self):
        while not self.ended:
            for token in self.tokens:
                try:
                    self.session(token)
                except OSError:
                    pass
            time.sleep(0.1)

    def session(self, token):
        with socket.create_connection((HOST, self.port), timeout=10) as line:
            line.sendall(struct.pack(">BHH", 29, 1, 32) + token.encode())
            if line.recv(5) != struct.pack(">BHH", 0, 1, 200):
                return
            info = "ver\0000.6.1\0dev\0ESP8266\0cpu\0ESP8266EX\0con\0WIFI\0h-beat\00045".encode()
            line.sendall(struct.pack(">BHH", 17, 2, len(info)) + info)
            line.settimeout(0.5)
            while not self.ended:
                try:
                    data = line.recv(1000)
                except TimeoutError:
                    continue
                if not data:
                    return
                self.received += data

    def end(self):
        self.ended = True
        self.join(5)


@pytest.mark.timeout(180)
def test_admin_page(tmp_path):
    """Log in, change the well-known password, see live figures, edit users and settings, send firmware, log out."""
    server = Server(tmp_path)
    shots = HERE.parent.parent / "target" / "screenshots"
    shots.mkdir(parents=True, exist_ok=True)
    firmware = tmp_path / "firmware.bin"
    firmware.write_bytes(b"\1\2\0build\0Jan 02 2024 03:04:05\0\3\4" * 2000)
    device = None
    try:
        app = App(server)
        token = app.start(widgets=[{"type": "BUTTON", "id": 1, "width": 2, "height": 2, "pinType": "VIRTUAL", "pin": 1}])
        new_token = "aNewTokenThatAnAdministratorChose"
        device = Device(server, [token, new_token])
        done = subprocess.run(["node", str(HERE / "admin_page.js"), f"https://{HOST}:{server.https}/admin", app.email,
                               new_token, str(firmware), str(shots)], capture_output=True, text=True, timeout=170)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        told = {line["event"]: line.get("value") for line in lines}
        assert "failed" not in told, told["failed"]
        assert told["end"] == [], "errors in the browser's console"
        assert told["overview"]["points"] >= 3 and told["overview"]["devices"] == "1"
        assert told["invalid"]["disabled"] and "list" in told["invalid"]["message"]
        assert told["settings"] == {"masked": True, "secret": False}
        assert told["csv"] == "users.csv" and told["lists"]["csv"] == "ips.csv"
        assert told["refused"] and told["bad token"] and told["short"] and told["read-only"]
        assert told["kept"] == "777" and told["second page"] == 10 and told["rows"] == 50
        assert told["project"] == ["Pond", "SparkFun", True, "Pump", "1", "Float switch", "NodeMCU", "GSM"]
        assert max(told["widths"].values()) <= 360, told["widths"]
        until = time.monotonic() + 10
        while b"/static/ota/FUp_" not in device.received:
            assert time.monotonic() < until, "the device was not told"
            time.sleep(0.05)
    finally:
        if device:
            device.end()
        server.stop()
