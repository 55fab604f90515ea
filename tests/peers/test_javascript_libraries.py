"""JavaScript: the device library over TCP and TLS, the app client, the Node-RED client over websockets."""

import json
import pathlib
import socket
import struct
import subprocess

import pytest
from conftest import HOST, OK

HERE = pathlib.Path(__file__).parent


class Node:
    """A script that prints one JSON text a line."""

    def __init__(self, script, *words):
        self.process = subprocess.Popen(["node", str(HERE / script), *map(str, words)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, text=True)

    def expect(self, event):
        for line in self.process.stdout:
            if line.startswith("{"):
                got = json.loads(line)
                if got["event"] == event:
                    return got.get("value")
        raise AssertionError(f"the script ended without {event}")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_blynk_library(server, app, transport):
    """npm blynk-library: log in, write, receive, reconnect."""
    token = app.start()
    for _ in range(2):
        port = server.http if transport == "tcp" else server.https
        node = Node("blynk_library.js", transport, HOST, port, token, server.folder / "data" / "eyelet-cert.pem")
        try:
            node.expect("connect")
            app.expect("hardware_connected", "1-0")
            app.expect("hardware", "1-0\0vw\0001\000hello")
            app.send("hardware", "1-0", "vw", 5, "from the app")
            assert node.expect("V5") == ["from the app"]
        finally:
            node.stop()
        app.expect("device_offline", "1-0")


def test_node_red(server, app):
    """npm node-red-contrib-blynk-ws: its client over a websocket on the plain port."""
    token = app.start()
    node = Node("node_red.js", f"ws://{HOST}:{server.http}/websockets", token)
    try:
        node.expect("connect")
        app.expect("hardware_connected", "1-0")
        app.expect("hardware", "1-0\0vw\0001\000hello")
        app.send("hardware", "1-0", "vw", 5, "7")
        assert node.expect("V5") == ["7"]
    finally:
        node.stop()
    app.expect("device_offline", "1-0")


def test_app_client(server):
    """npm blynk, a client for the app protocol, over TLS: registers, logs in, loads a profile, writes pins."""
    node = Node("blynk_app.js", HOST, server.https)
    try:
        assert node.expect("registered") == OK and node.expect("logged in") == OK
        assert node.expect("empty profile") == {}
        assert node.expect("created") == OK and node.expect("energy") == 100000 - 200
        [listed] = node.expect("devices")
        assert (listed["name"], listed["boardType"], listed["status"]) == ("Lamp", "ESP8266", "OFFLINE")
        with socket.create_connection((HOST, server.http), timeout=10) as device:
            frames = device.makefile("rb")
            token = listed["token"].encode()
            device.sendall(struct.pack(">BHH", 29, 1, len(token)) + token)
            assert struct.unpack(">BHH", frames.read(5)) == (0, 1, OK)
            command, _, length = struct.unpack(">BHH", frames.read(5))
            assert (command, frames.read(length)) == (20, b"vw\0" b"1\0hello")
            [project] = node.expect("profile")["dashBoards"]
        assert project["isActive"] and project["widgets"][0]["value"] == "hello"
        assert project["devices"][0]["status"] == "ONLINE"
    finally:
        node.stop()
