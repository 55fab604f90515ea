"""Local servers that stand for push services, SMS gateway and Twitter: what the program really sends them, byte by byte, and what
it says when they do not take it."""

import base64
import hashlib
import hmac
import http.server
import json
import os
import queue
import re
import socket
import struct
import subprocess
import threading
import urllib.parse

import pytest
from conftest import HOST, OK, App, Device, Server, free_port

TWEET, EMAIL, PUSH, SMS = 12, 13, 14, 18
NOTIFICATION_ERROR = 15
WIDGETS = [{"type": "NOTIFICATION", "id": 9, "width": 2, "height": 1, "priority": "high",
            "iOSTokens": {"tablet": "token-of-the-tablet"}},
           {"type": "SMS", "id": 10, "width": 2, "height": 1, "to": "+49 151 1"},
           {"type": "TWITTER", "id": 11, "width": 2, "height": 1, "token": "tk", "secret": "ts"}]
TEXT = "Tür „auf“ \"1\""


class Services:
    """Takes every request and keeps it; answers what `answers` says for its path, else 200 and an empty object."""

    def __init__(self):
        self.requests, self.answers = queue.Queue(), {}
        services = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                services.requests.put((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                status, answer = services.answers.get(self.path.split("?")[0], (200, b"{}"))
                self.send_response(status)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((HOST, 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://{HOST}:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def next(self):
        return self.requests.get(timeout=10)

    def files(self):
        return {"push.properties": f"ntfy.url={self.url}/ntfy\nntfy.topic=garden\nntfy.token=nt\n"
                                   f"gotify.url={self.url}/gotify/\ngotify.token=gt\n"
                                   f"telegram.url={self.url}/telegram\ntelegram.bot.token=1:bt\ntelegram.chat.id=42\n"
                                   f"pushover.url={self.url}/pushover\npushover.token=pt\npushover.user=pu\n"
                                   f"hook.url={self.url}/hook\nhook.authorization=Basic abc\n",
                "gcm.properties": f"gcm.server={self.url}/fcm\ngcm.api.key=fk\n",
                "sms.properties": f"nexmo.url={self.url}/sms\nnexmo.api.key=nk&\nnexmo.api.secret=ns\n",
                "twitter4j.properties": f"twitter.url={self.url}/tweet\noauth.consumerKey=ck\noauth.consumerSecret=cs\n"}

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def services():
    services = Services()
    yield services
    services.close()


@pytest.fixture
def place(tmp_path, services):
    server = Server(tmp_path, files=services.files())
    yield server
    server.stop()


def start(server):
    app = App(server)
    token = app.start(WIDGETS)
    assert app.ask("add_push_token", 1, "phone", "token-of-the-phone") == OK
    return app, Device(server, token)


def test_a_push_reaches_every_service(place, services):
    app, device = start(place)
    assert device.ask(PUSH, TEXT) == OK
    seen = [services.next() for _ in range(7)]
    by_path = {path: (headers, json.loads(body)) for path, headers, body in seen if path != "/fcm"}
    title = "Blynk Notification"
    assert {path: body for path, (_, body) in by_path.items()} == {
        "/ntfy": {"topic": "garden", "title": title, "message": TEXT, "priority": 4},
        "/gotify/message": {"title": title, "message": TEXT, "priority": 8},
        "/telegram/bot1:bt/sendMessage": {"chat_id": "42", "text": f"{title}\n{TEXT}"},
        "/pushover": {"token": "pt", "user": "pu", "title": title, "message": TEXT, "priority": 1},
        "/hook": {"title": title, "message": TEXT, "priority": "high", "dashId": 1, "account": app.email}}
    keys = {path: headers.get("authorization") or headers.get("x-gotify-key") for path, (headers, _) in by_path.items()}
    assert keys == {"/ntfy": "Bearer nt", "/gotify/message": "gt", "/telegram/bot1:bt/sendMessage": None,
                    "/pushover": None, "/hook": "Basic abc"}
    # The phones' own gateway: the reference's bytes.
    text = TEXT.replace('"', '\\"')
    bodies = [body.decode() for path, headers, body in seen if path == "/fcm"
              and (headers["authorization"], headers["content-type"]) == ("key=fk", "application/json; charset=utf-8")]
    assert bodies == [
        f'{{"to":"token-of-the-phone","priority":"high","data":{{"message":"{text}","dashId":1}}}}',
        f'{{"to":"token-of-the-tablet","priority":"high","notification":{{"body":"{text}","dashId":1,'
        f'"sound":"default","title":"{title}"}}}}']


def test_services_without_any_phone(place, services):
    """Who has no phone at the gateway is reached by the other services all the same."""
    app = App(place)
    token = app.start([{"type": "NOTIFICATION", "id": 9, "width": 2, "height": 1}])
    device = Device(place, token)
    assert device.ask(PUSH, "Hi") == OK
    assert {services.next()[0] for _ in range(5)} >= {"/ntfy", "/hook"}
    assert services.requests.empty()


def test_a_mail_server_that_hangs_holds_up_no_push(tmp_path, services):
    with socket.create_server((HOST, 0)) as silent:
        port = silent.getsockname()[1]
        server = Server(tmp_path, files=services.files(), more="blocking.processor.thread.pool.limit=1\n",
                        mail=f"mail.smtp.host={HOST}\nmail.smtp.port={port}\nmail.smtp.auth=false\n"
                        "mail.smtp.starttls.enable=false\nmail.smtp.username=robot@example.com\n")
        try:
            app = App(server)
            token = app.start(WIDGETS + [{"type": "EMAIL", "id": 12, "width": 2, "height": 1}])
            device = Device(server, token)
            for _ in range(5):
                device.sock.sendall(struct.pack(">BHH", EMAIL, 99, 3) + b"s\0t")
            assert device.ask(PUSH, "Hi") == OK
            services.next()
        finally:
            server.stop()


def test_an_account_of_its_own(tmp_path, services):
    files = {"push.properties": f"ntfy.url={services.url}/ntfy\nntfy.topic=all\n"
                                "account.ann@example.com.ntfy.topic=anns\n"}
    server = Server(tmp_path, files=files)
    try:
        for email, topic in (("ann@example.com", "anns"), ("bob@example.com", "all")):
            app = App(server, email)
            device = Device(server, app.start(WIDGETS[:1]))
            assert device.ask(PUSH, "Hi") == OK
            assert json.loads(services.next()[2])["topic"] == topic
    finally:
        server.stop()


def trial(folder):
    done = subprocess.run([os.environ["EYELET"], "-serverConfig", "server.properties", "--test-push"], cwd=folder,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=25)
    return done.returncode, sorted((done.stdout + done.stderr).strip().splitlines())


def test_a_trial_says_in_one_line_each_what_is_wrong(place, services):
    good = [f"{name}: sent" for name in ("gotify", "hook", "ntfy", "pushover", "telegram")]
    assert trial(place.folder) == (0, good)
    services.answers = {"/ntfy": (401, b'{"code":40101,"error":"unauthorized"}'), "/gotify/message": (404, b"<html>"),
                        "/telegram/bot1:bt/sendMessage": (400, b'{"ok":false,"description":"chat not found"}'),
                        "/pushover": (429, b'{"errors":["too many"]}'), "/hook": (503, b"")}
    code, lines = trial(place.folder)
    assert code == 1 and lines == [
        "gotify: there is no such service at this address (status 404)",
        "hook: the service has trouble of its own (status 503)",
        "ntfy: the token is not accepted (status 401: unauthorized)",
        "pushover: too many or too large pushes (status 429: too many)",
        "telegram: the service does not understand the push (status 400: chat not found)"]
    closed = free_port()
    (place.folder / "push.properties").write_text(
        f"ntfy.url=http://{HOST}:{closed}\nntfy.topic=x\ngotify.url=http://no-such-host.invalid\ngotify.token=x\n"
        "telegram.bot.token=secret-bot\npushover.token=x\nhook.url=hook.example.com\n")
    code, lines = trial(place.folder)
    assert code == 1 and [line.split(":")[0] for line in lines] == ["gotify", "hook", "ntfy", "pushover", "telegram"]
    assert re.search("refused", lines[2]) and re.search("host name is not known", lines[0]), lines
    assert lines[1] == "hook: the URL is not valid"
    assert lines[3:] == ["pushover: pushover.user is missing in push.properties",
                         "telegram: telegram.chat.id is missing in push.properties"]
    (place.folder / "push.properties").write_text("")
    code, lines = trial(place.folder)
    assert code == 1 and len(lines) == 1 and "no push service is configured" in lines[0]


def test_a_text_message(place, services):
    _, device = start(place)
    services.answers = {"/sms": (200, b'{"messages":[{"status":"0"}]}')}
    assert device.ask(SMS, "Pump an: 5 €") == OK
    path, headers, body = services.next()
    assert path == "/sms" and headers["content-type"].startswith("application/x-www-form-urlencoded")
    assert urllib.parse.parse_qs(body.decode()) == {
        "api_key": ["nk&"], "api_secret": ["ns"], "from": ["Blynk"], "to": ["+49 151 1"], "text": ["Pump an: 5 €"],
        "type": ["unicode"]}


def quote(text):
    return urllib.parse.quote(text, safe="~")


def test_a_tweet(place, services):
    """The signature is the one that OAuth 1.0a wants; a refusal is answered 15."""
    _, device = start(place)
    assert device.ask(TWEET, "Rain & wind") == OK
    path, headers, body = services.next()
    assert (path, body) == ("/tweet?status=Rain%20%26%20wind", b"")
    fields = dict(re.findall(r'(\w+)="([^"]*)"', headers["authorization"]))
    signature = urllib.parse.unquote(fields.pop("oauth_signature"))
    assert fields["oauth_consumer_key"] == "ck" and fields["oauth_token"] == "tk"
    parameters = "&".join(f"{quote(k)}={quote(v)}" for k, v in sorted((fields | {"status": "Rain & wind"}).items()))
    base = f"POST&{quote(services.url + '/tweet')}&{quote(parameters)}".encode()
    wanted = base64.b64encode(hmac.digest(b"cs&ts", base, hashlib.sha1)).decode()
    assert signature == wanted
    services.answers = {"/tweet": (403, b"{}")}
    assert device.ask(TWEET, "again") == NOTIFICATION_ERROR
