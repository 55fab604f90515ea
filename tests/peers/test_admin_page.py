"""The admin page in Chromium: everything that it can do, on a desktop and on a phone. Screenshots: target/screenshots."""

import json
import pathlib
import socket
import struct
import subprocess

import pytest
from conftest import HOST, App, Server

HERE = pathlib.Path(__file__).parent


@pytest.mark.timeout(120)
def test_admin_page(tmp_path):
    """Log in, change the well-known password, see live figures, edit users and settings, send firmware, log out."""
    server = Server(tmp_path)
    shots = HERE.parent.parent / "target" / "screenshots"
    shots.mkdir(parents=True, exist_ok=True)
    firmware = tmp_path / "firmware.bin"
    firmware.write_bytes(b"\1\2\0build\0Jan 02 2024 03:04:05\0\3\4" * 2000)
    try:
        app = App(server)
        token = app.start(widgets=[{"type": "BUTTON", "id": 1, "width": 2, "height": 2, "pinType": "VIRTUAL", "pin": 1}])
        device = socket.create_connection((HOST, server.http), timeout=10)
        device.sendall(struct.pack(">BHH", 29, 1, 32) + token.encode())
        assert device.recv(5) == struct.pack(">BHH", 0, 1, 200)
        info = "ver\0000.6.1\0dev\0ESP8266\0cpu\0ESP8266EX\0con\0WIFI\0h-beat\00045".encode()
        device.sendall(struct.pack(">BHH", 17, 2, len(info)) + info)
        done = subprocess.run(["node", str(HERE / "admin_page.js"), f"https://{HOST}:{server.https}/admin", app.email,
                               str(firmware), str(shots)], capture_output=True, text=True, timeout=110)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        told = {line["event"]: line.get("value") for line in lines}
        assert "failed" not in told, told["failed"]
        assert told["end"] == [], "errors in the browser's console"
        assert told["overview"]["points"] >= 3 and told["overview"]["devices"] == "1"
        assert told["invalid"]["disabled"] and "list" in told["invalid"]["message"]
        assert told["settings"] == {"masked": True, "secret": False}
        assert told["csv"] == "users.csv"
        assert max(told["widths"].values()) <= 360, told["widths"]
        device.settimeout(5)
        received = b""
        while b"/static/ota/FUp_" not in received:
            received += device.recv(1000)
    finally:
        server.stop()
