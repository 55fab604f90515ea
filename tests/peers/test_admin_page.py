"""The admin page in Chromium: everything that it can do, on a desktop and on a phone. Screenshots: target/screenshots."""

import json
import pathlib
import re
import socket
import struct
import subprocess
import threading
import time

import pytest
from conftest import HOST, App, Server

HERE = pathlib.Path(__file__).parent


class Device(threading.Thread):
    """A device that comes again with the next token that works whenever its connection ends: edits close it. It tells its build
    again and again."""

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
            info = "ver\0000.6.1\0dev\0ESP8266\0cpu\0ESP8266EX\0con\0WIFI\0build\0Jan 01 2024 01:02:03\0h-beat\00045".encode()
            line.settimeout(0.3)
            while not self.ended:
                line.sendall(struct.pack(">BHH", 17, 2, len(info)) + info)
                try:
                    data = line.recv(1000)
                except TimeoutError:
                    continue
                if not data:
                    return
                self.received += data
                time.sleep(0.3)

    def firmwares(self):
        """The files that it was told to load."""
        return {path.decode() for path in re.findall(rb"/static/ota/[\w.]+", self.received)}

    def end(self):
        self.ended = True
        self.join(5)


@pytest.mark.timeout(240)
def test_admin_page(tmp_path):
    """Log in, change the well-known password, see live figures, edit users and settings, send firmware, log out."""
    server = Server(tmp_path)
    shots = HERE.parent.parent / "target" / "screenshots"
    shots.mkdir(parents=True, exist_ok=True)
    firmware = tmp_path / "firmware.bin"
    firmware.write_bytes(b"\1\2\0build\0Jan 02 2024 03:04:05\0\3\4" * 2000)
    devices = {}
    try:
        app = App(server)
        token = app.start(widgets=[{"type": "BUTTON", "id": 1, "width": 2, "height": 2, "x": 3, "y": 4, "pinType": "VIRTUAL", "pin": 1}],
                          tags=[{"id": 100000 + i, "name": f"Tag {i}", "deviceIds": []} for i in range(3)])
        house = app.project(id=2, name="House")
        other = App(server)
        pond = other.start(name="Pond")
        new_token = "aNewTokenThatAnAdministratorChose"
        devices = {"float": Device(server, [token, new_token]), "house": Device(server, [house]), "other": Device(server, [pond])}
        done = subprocess.run(["node", str(HERE / "admin_page.js"), f"https://{HOST}:{server.https}/admin", app.email,
                               new_token, other.email, str(firmware), str(shots)], capture_output=True, text=True, timeout=220)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        told = {line["event"]: line.get("value") for line in lines}
        assert "failed" not in told, (told["failed"], told["end"])
        assert told["end"] == [], "errors in the browser's console"
        assert told["login"] == [True, True, "hidden", "/admin/login", "Administration"]
        assert told["menu"] == ["Overview", "Users", "Statistics", "Hardware", "Firmware", "Configuration"]
        cards = told["overview"]["cards"]
        assert told["overview"]["points"] >= 3 and cards["Devices online"] == "3" and cards["Apps online"] == "2"
        assert cards["users with app and device"] == "2" and cards["accounts"] == "3" and cards["active this week"] == "2"
        assert float(cards["Messages per second"].replace(",", "")) >= 1 and told["overview"]["title"] == "Blynk Administration"
        assert any("every address" in text for text in told["overview"]["warning"])
        assert {"E-mail", "App", "Projects", "Last modified"} <= set(told["columns"])
        assert told["invalid"]["disabled"] and "list" in told["invalid"]["message"]
        assert told["account"] == ["Renate", 4321, True, False, 404] and told["deleted"] == 404
        shown = told["shown"]
        assert "App Blynk" in shown["account"] and f"last address {HOST}" in shown["account"] and "id 1, made" in shown["project"]
        assert shown["device"][4].startswith(token) and shown["device"][5] == HOST and shown["online"] == 1
        assert shown["widget"][:2] == ["1", "BUTTON"] and shown["widget"][5:] == ["3, 4", "2 × 2"]
        assert {"Blynk", "SparkFun"} <= set(shown["themes"]) and shown["boards"] > 30
        assert shown["connections"] == ["ETHERNET", "WI_FI", "USB", "BLUETOOTH", "BLE", "GSM"]
        assert told["settings"] == {"masked": True, "secret": False}
        csv = told["csv"]
        assert csv["name"] == "users.csv" and csv["ours"] == 1 and csv["rows"] == 34 and csv["head"].startswith("email,appName,")
        assert told["lists"]["csv"] == "ips.csv" and told["stats"] == 11 and told["hardware"] == 4
        by = told["sorted"]
        assert by.pop("stats/requestsPerUser") == "Device requests/s" and by.pop("stats/ips") == "Id"
        assert {key: label for key, label in by.items() if label not in ("Count", "Users", "Projects", "Size")} == {} and len(by) == 12
        assert len(told["files"]) == 6 and told["files"] == sorted(told["files"])
        assert told["refused"] and told["bad token"] and told["short"] and told["read-only"] and told["bad device"] and told["no name"]
        assert told["kept"] == "777" and told["second page"] == 10 and told["rows"] == 50
        newest = told["newest first"]
        assert newest["rows"] == 30 and 0 <= newest["made"] < newest["last"]
        assert told["project"] == ["Pond", "SparkFun", True, False, True, True, 1700000000000, "Pump", "1", "Float switch", "NodeMCU", "GSM"]
        assert told["tags"] == [{"id": 100000, "name": "Roof"}, {"id": 100001, "name": "Tag 1", "deviceIds": [0]},
                                {"id": 100002, "name": "Cellar"}]
        assert max(told["widths"].values()) <= 360, told["widths"]
        # Only the right devices were told to load each firmware.
        paths = told["firmware"]["paths"]
        got = {name: {scope for scope, path in paths.items() if path in device.firmwares()} for name, device in devices.items()}
        assert told["no user"] and len(set(paths.values())) == 4 and len(told["devices"]) == 3
        assert got == {"float": {"project", "user", "all", "token"}, "house": {"user", "all"}, "other": {"all"}}
        assert told["firmware"]["same"] == firmware.stat().st_size and told["firmware"]["told"] == 3
        assert told["firmware"]["builds"] == "Jan 01 2024 01:02:03" and told["firmware"]["files"] == 4
    finally:
        for device in devices.values():
            device.end()
        server.stop()
