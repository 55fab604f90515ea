"""A server of its own for the tests, and the smallest app client that they need."""

import base64
import hashlib
import json
import os
import pathlib
import random
import signal
import socket
import ssl
import struct
import subprocess
import time
import zlib

import pytest

HOST = "127.0.0.1"
OK = 200


def free_port():
    for _ in range(100):
        port = random.randrange(15000, 32000)
        with socket.socket() as s:
            try:
                s.bind((HOST, port))
                return port
            except OSError:
                continue
    raise OSError("no free port")


class Server:
    """One server process on loopback ports, ended by its process id."""

    def __init__(self, folder, mail=None, more="", files=None):
        """`more`: further lines of server.properties. `files`: other property files, name and text."""
        self.folder = pathlib.Path(folder)
        self.http, self.https, self.mqtt = free_port(), free_port(), free_port()
        (self.folder / "data").mkdir()
        (self.folder / "server.properties").write_text(
            f"http.port={self.http}\nhttps.port={self.https}\nhardware.mqtt.port={self.mqtt}\n"
            f"listen.address={HOST}\nserver.host={HOST}\ndata.folder={self.folder}/data\n"
            f"logs.folder={self.folder}/logs\nadmin.pass=admin\nnotifications.frequency.user.quota.limit=0\n{more}")
        for name, text in ((files or {}) | ({"mail.properties": mail} if mail else {})).items():
            (self.folder / name).write_text(text)
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [os.environ["EYELET"], "-serverConfig", "server.properties"], cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=open(self.folder / "out.txt", "ab"), stderr=subprocess.STDOUT)
        until = time.monotonic() + 20
        while True:
            try:
                socket.create_connection((HOST, self.https), timeout=1).close()
                return
            except OSError:
                assert self.process.poll() is None and time.monotonic() < until, "the server did not start"
                time.sleep(0.02)

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(20)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    server.stop()


COMMANDS = {"response": 0, "register": 1, "login": 2, "hardware_connected": 4, "activate": 7, "email": 13, "hardware": 20,
            "create_dash": 21, "load_profile": 24, "property": 19, "create_widget": 33, "create_device": 42,
            "email": 13, "add_push_token": 27, "export_graph": 28, "create_app": 55, "email_qr": 59,
            "create_template": 67, "device_offline": 71, "reset_password": 81, "create_report": 77, "delete_report": 79, "export_report": 80}


def password_hash(email, password):
    """What the server knows of a password."""
    salt = hashlib.sha256(email.lower().encode()).digest()
    return base64.b64encode(hashlib.sha256(password.encode() + salt).digest()).decode()


class App:
    """A phone app: 7-byte headers over TLS."""

    def __init__(self, server, email=None, password="1"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.sock = context.wrap_socket(socket.create_connection((HOST, server.https), timeout=10))
        self.id, self.seen, self.buffer = 0, [], b""
        self.email = email or f"u{random.getrandbits(48):012x}@example.com"
        self.hash = password_hash(self.email, password)

    def send(self, command, *parts):
        self.id += 1
        body = "\0".join(map(str, parts)).encode()
        self.sock.sendall(struct.pack(">BHI", COMMANDS[command], self.id, len(body)) + body)
        return self.id

    def receive(self):
        while True:
            if len(self.buffer) >= 7:
                command, id, length = struct.unpack(">BHI", self.buffer[:7])
                size = 7 if command == 0 else 7 + length
                if len(self.buffer) >= size:
                    body, self.buffer = self.buffer[7:size], self.buffer[size:]
                    return command, id, length if command == 0 else body
            data = self.sock.recv(65536)
            assert data, "the server closed the connection"
            self.buffer += data

    def ask(self, command, *parts):
        """Sends, and returns the answer with the same id; everything else is kept in `seen`."""
        id = self.send(command, *parts)
        while True:
            frame = self.receive()
            if frame[1] == id and frame[0] in (0, COMMANDS[command]):
                return frame[2]
            self.seen.append(frame)

    def expect(self, command, body):
        """Waits for a message."""
        wanted = (COMMANDS[command], body.encode())
        while True:
            for frame in self.seen:
                if (frame[0], frame[2]) == wanted:
                    self.seen.remove(frame)
                    return frame
            self.seen.append(self.receive())

    def start(self, widgets=(), **fields):
        """Registers, logs in, makes active project 1 with device 0; returns the device's token."""
        assert self.ask("register", self.email, self.hash, "Blynk") == OK
        return self.login().project(widgets, **fields)

    def login(self):
        assert self.ask("login", self.email, self.hash, "Android", "2.27.34", "Blynk") == OK
        return self

    def project(self, widgets=(), **fields):
        body = {"id": 1, "name": "Test", "isActive": True, "widgets": list(widgets)} | fields
        assert self.ask("create_dash", json.dumps(body)) == OK
        device = {"id": 0, "name": "Device", "boardType": "ESP8266", "connectionType": "WI_FI"}
        return json.loads(self.ask("create_device", body["id"], json.dumps(device)))["token"]

    def profile(self):
        return json.loads(zlib.decompress(self.ask("load_profile")))


class Device:
    """A device: 5-byte headers over TCP."""

    def __init__(self, server, token):
        self.sock = socket.create_connection((HOST, server.http), timeout=10)
        self.id = 0
        assert self.ask(29, token) == OK

    def ask(self, command, *parts):
        """Sends a message; the status that answers it."""
        self.id += 1
        body = "\0".join(map(str, parts)).encode()
        self.sock.sendall(struct.pack(">BHH", command, self.id, len(body)) + body)
        while True:
            number, id, length = struct.unpack(">BHH", self.receive(5))
            if number == 0 and id == self.id:
                return length
            self.receive(length if number else 0)

    def receive(self, count):
        data = b""
        while len(data) < count:
            more = self.sock.recv(count - len(data))
            assert more, "the server closed the connection"
            data += more
        return data


@pytest.fixture
def app(server):
    app = App(server)
    yield app
    app.sock.close()
