"""Published REST clients, curl, one connection for a thousand requests, and wrk, against the HTTP interface."""

import gzip
import http.client
import importlib.util
import json
import pathlib
import re
import ssl
import struct
import subprocess
import sys
import types
import urllib.error
import urllib.request

import pytest
from aiosmtpd.controller import Controller
from conftest import HOST, App, Server, free_port
from test_mail import Mailbox

WIDGETS = [
    {"type": "BUTTON", "id": 1, "width": 2, "height": 2, "pinType": "VIRTUAL", "pin": 1, "value": "1"},
    {"type": "EMAIL", "id": 4, "width": 2, "height": 1},
    {"type": "NOTIFICATION", "id": 5, "width": 2, "height": 1, "androidTokens": {"a": "b"}},
]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A server that can mail, an app with a project, its device's token, and history of pin V1."""
    folder, box, port = tmp_path_factory.mktemp("rest"), Mailbox(), free_port()
    mailer = Controller(box, hostname=HOST, port=port)
    mailer.start()
    mail = f"mail.smtp.host={HOST}\nmail.smtp.port={port}\nmail.from=eyelet@example.com\nmail.smtp.auth=false\n" \
           "mail.smtp.starttls.enable=false\n"
    server = Server(folder, mail)
    app = App(server)
    token = app.start(WIDGETS)
    history = folder / "data" / "data" / app.email
    history.mkdir(parents=True)
    (history / "history_1-0_v1_minute.bin").write_bytes(struct.pack(">dq", 2.5, 1700000000000))
    yield types.SimpleNamespace(server=server, app=app, token=token, box=box)
    server.stop()
    mailer.stop()


def blynkapi():
    """PyPI blynkapi as Python 3: the library is its own code but for `except A, e`, and its urllib2 takes texts as bodies."""
    urllib2 = types.ModuleType("urllib2")
    urllib2.urlopen, urllib2.HTTPError, urllib2.URLError = urllib.request.urlopen, urllib.error.HTTPError, urllib.error.URLError

    class Request(urllib.request.Request):
        def __init__(self, url, data=None, headers={}):
            super().__init__(url, data.encode() if isinstance(data, str) else data, headers)

    urllib2.Request = Request
    source = (pathlib.Path(importlib.util.find_spec("blynkapi").origin).parent / "Blynk.py").read_text()
    library = types.ModuleType("blynkapi.Blynk")
    sys.modules["urllib2"] = urllib2
    try:
        exec(compile(re.sub(r"except (\w+), e:", r"except \1 as e:", source), "Blynk.py", "exec"), library.__dict__)
    finally:
        del sys.modules["urllib2"]
    return library


def test_blynkapi(world):
    """Every call of the library: read, write by both names, presence, project, history, QR, push, mail, errors."""
    device = blynkapi().Blynk(world.token, server=HOST, port=str(world.server.http), pin="V1")
    assert device.on() == "Done." and device.get_val() == ["1"]
    assert device.off() == "Done." and device.get_val() == ["0"]
    world.app.expect("hardware", "1-0\0vw\0001\0000")
    assert device.set_val('["21.5"]') == "Done." and device.get_val() == ["21.5"]
    assert device.set_val_old([1, 2]) == "Done." and device.get_val() == ["1", "2"]
    assert (device.hw_status(), device.app_status()) == (False, True)
    assert device.get_project()["widgets"][0]["type"] == "BUTTON"
    for binary in (device.history, device.qr):
        # They come, but the library takes everything for JSON.
        with pytest.raises(ValueError):
            binary()
    assert device.push("The tank is full") == "Done."
    mails = len(world.box.mails)
    assert device.email("ops@example.com", "Level is low", "Tank") == "Done."
    wait_for(lambda: len(world.box.mails) > mails)
    to, mail = world.box.mails[-1]
    assert (to, mail["subject"], mail.get_payload(decode=True).strip()) == (["ops@example.com"], "Tank", b"Level is low")
    assert device.query_api("MINUTE", "AVG", "V1", "1") == "HTTPError code = 404 HTTPError msg = Not Found"
    device.pin = "X1"
    assert device.get_val() == "HTTPError code = 400 HTTPError msg = Bad Request"


def test_pyblynkrestapi(world, monkeypatch):
    """The library logs in as a device, then reads, writes, pushes and mails. Its host is in its code: only that is changed."""
    from pyblynkrestapi.BlynkClient import TCP_Client
    from pyblynkrestapi.PyBlynkRestApi import PyBlynkRestApi

    monkeypatch.setattr(TCP_Client.__init__, "__defaults__", (HOST, world.server.http))
    device = PyBlynkRestApi(world.token)
    world.app.expect("hardware_connected", "1-0")
    device.server, device.port = HOST, str(world.server.http)
    device.set_pin_value("V1", "55")
    assert device.get_pin_value("V1") == "55"
    world.app.expect("hardware", "1-0\0vw\0001\00055")
    device.led_on("V9")
    assert device.get_pin_value("V9") == "255"
    device.set_lcd("V10", "one", "V11", "two")
    assert [device.get_pin_value(pin) for pin in ("V10", "V11")] == ["one", "two"]
    device.send_push_notification("hello")
    mails = len(world.box.mails)
    device.send_email("Subject", "Text", "ops@example.com")
    wait_for(lambda: len(world.box.mails) > mails)
    with pytest.raises(Exception, match="Email body is wrong"):
        device.send_email("Subject", "Text")
    device.blynk.close()


def wait_for(condition, seconds=10):
    import time
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_curl(world, version, tmp_path):
    """Both versions of HTTP on both ports: write, read, redirect to a file, part of it, HEAD, expectation, chunks."""
    def curl(*arguments, tls=False):
        base = f"{'https' if tls else 'http'}://{HOST}:{world.server.https if tls else world.server.http}"
        arguments = [argument.replace("BASE", f"{base}/{world.token}") for argument in arguments]
        done = subprocess.run(["curl", f"--http{version}", "-sSkf", "--max-time", "20", *arguments], capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    json_type = ["-H", "Content-Type: application/json"]
    for tls in (False, True):
        curl("-X", "PUT", *json_type, "-d", '["7","8"]', "BASE/update/v40", tls=tls)
        assert curl("BASE/get/v40", tls=tls) == b'["7","8"]'
        curl("-G", "--data-urlencode", "value=a b&é", "BASE/update/v41", tls=tls)
        assert json.loads(curl("BASE/get/v41", tls=tls)) == ["a b&é"]
        # Several requests in one run: curl keeps the connection where the version has it.
        assert curl("BASE/get/v40", "BASE/get/v41", "BASE/isAppConnected", tls=tls).endswith(b"true")
        data = curl("-L", "BASE/data/v1", tls=tls)
        assert gzip.decompress(data) == b"2.5,1700000000000,0\n"
        assert b"content-length: 9\r\n" in curl("-I", "BASE/get/v40", tls=tls)
    place = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{redirect_url}",
                            f"http://{HOST}:{world.server.http}/{world.token}/data/v1"], capture_output=True, text=True).stdout
    assert curl("-r", "3-9", place) == curl(place)[3:10]
    body = tmp_path / "body.json"
    body.write_text(json.dumps(["x" * 60_000]))
    curl("-X", "PUT", *json_type, "-H", "Expect: 100-continue", "--data-binary", f"@{body}", "BASE/update/v42")
    if version == "1.1":
        curl("-X", "PUT", *json_type, "-H", "Transfer-Encoding: chunked", "--data-binary", f"@{body}", "BASE/update/v43")
        assert json.loads(curl("BASE/get/v43")) == ["x" * 60_000]


@pytest.mark.parametrize("tls", [False, True])
def test_a_thousand_requests_on_one_connection(world, tls):
    """The connection stays, and the answers stay in step."""
    if tls:
        context = ssl._create_unverified_context()
        line = http.client.HTTPSConnection(HOST, world.server.https, timeout=20, context=context)
    else:
        line = http.client.HTTPConnection(HOST, world.server.http, timeout=20)
    line.connect()
    socket = line.sock
    for i in range(500):
        line.request("PUT", f"/{world.token}/update/v50", f'["{i}"]', {"Content-Type": "application/json"})
        answer = line.getresponse()
        assert (answer.status, answer.read()) == (200, b"")
        line.request("GET", f"/{world.token}/get/v50")
        assert line.getresponse().read() == f'["{i}"]'.encode()
        assert line.sock is socket
    line.close()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("tls", [False, True])
def test_wrk(world, tls):
    """64 connections for ten seconds: no socket error, no answer but 200. How many there were is not the question."""
    port, scheme = (world.server.https, "https") if tls else (world.server.http, "http")
    url = f"{scheme}://{HOST}:{port}/{world.token}/get/v1"
    done = subprocess.run(["wrk", "-t2", "-c64", "-d10s", "--timeout", "10s", url], capture_output=True, text=True, timeout=50)
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    assert "Socket errors" not in done.stdout and "Non-2xx" not in done.stdout, done.stdout
    assert int(re.search(r"(\d+) requests in", done.stdout)[1]) > 64
