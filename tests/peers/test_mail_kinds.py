"""Every kind of mail that the server sends, read back from a real SMTP server's mailbox and parsed by Python's email package:
receiver, subject, kinds and contents of the parts. (Reports: test_reports.py; login and STARTTLS: test_mail.py.)"""

import email
import email.policy
import gzip
import json
import re
import struct
import time
import urllib.parse
import urllib.request

import pytest
from aiosmtpd.controller import Controller
from conftest import HOST, OK, App, Device, Server, free_port

EMAIL, HARDWARE, HTML, TEXT = 13, 20, "text/html", "text/plain"
SENDER = "robot@example.com"


class Mailbox:
    def __init__(self):
        self.mails, self.refuses = [], False

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refuses:
            return "550 nobody here"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, mail))
        return "250 taken"

    def find(self, to, subject):
        """The one mail to this address with this subject, whose head is as it must be."""
        until = time.monotonic() + 10
        while time.monotonic() < until:
            found = [m for m in self.mails if m[1] == [to] and m[2]["subject"] == subject]
            if found:
                assert len(found) == 1
                self.mails.remove(found[0])
                sender, _, mail = found[0]
                assert (sender, mail["from"], mail["to"], mail["mime-version"]) == (SENDER, SENDER, to, "1.0")
                assert mail["date"].datetime and re.fullmatch(r"<[^<>@\s]+@[^<>@\s]+>", mail["message-id"])
                return mail
            time.sleep(0.02)
        raise AssertionError(f"no mail {subject!r} to {to} but {[(m[1], m[2]['subject']) for m in self.mails]}")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    box, port = Mailbox(), free_port()
    controller = Controller(box, hostname=HOST, port=port)
    controller.start()
    server = Server(tmp_path_factory.mktemp("mails"), more=f"vendor.email=vendor@example.com\nrestore.host={HOST}\n",
                    mail=f"mail.smtp.host={HOST}\nmail.smtp.port={port}\nmail.smtp.auth=false\n"
                    f"mail.smtp.starttls.enable=false\nmail.smtp.username={SENDER}\n")
    server.box = box
    yield server
    server.stop()
    controller.stop()


@pytest.fixture
def app(place):
    app = App(place)
    app.box, app.server = place.box, place
    yield app
    app.sock.close()


def add_device(app, id, name):
    return json.loads(app.ask("create_device", 1, json.dumps({"id": id, "name": name, "boardType": "ESP8266"})))["token"]


def single(mail, kind):
    """The text of a mail that has one part."""
    assert not mail.is_multipart() and mail.get_content_type() == kind and mail.get_content_charset() == "utf-8"
    return mail.get_content().replace("\r\n", "\n")


def size_of_jpeg(data):
    """Width and height in the frame header of a JPEG file."""
    assert data[:2] == b"\xff\xd8" and data[-2:] == b"\xff\xd9"
    at = 2
    while data[at + 1] not in (0xC0, 0xC1, 0xC2):
        at += 2 + int.from_bytes(data[at + 2:at + 4], "big")
    height, width = struct.unpack(">HH", data[at + 5:at + 9])
    return width, height


def with_pictures(mail, size):
    """The text of a mail with pictures, their names and the names and texts of what follows them."""
    assert mail.get_content_type() == "multipart/mixed"
    first, *rest = mail.iter_parts()
    pictures = [part for part in rest if part.get_content_type() == "image/jpeg"]
    assert rest[:len(pictures)] == pictures
    for picture in pictures:
        assert picture.get_content_disposition() == "attachment" and size_of_jpeg(picture.get_content()) == (size, size)
        assert picture["content-transfer-encoding"] == "base64"
    others = {part.get_filename(): part.get_content() for part in rest[len(pictures):]}
    return single(first, HTML), [picture.get_filename() for picture in pictures], others


def test_welcome(app):
    app.start()
    assert "<html" in single(app.box.find(app.email, "Get started with Blynk"), HTML)
    other = App(app.server)
    made = json.loads(app.ask("create_app", json.dumps({"theme": "Blynk", "provisionType": "DYNAMIC", "color": 0,
                                                        "name": "A", "icon": "i", "projectIds": [1]})))
    assert other.ask("register", other.email, other.hash, made["id"]) == OK
    time.sleep(0.3)
    assert not [m for m in app.box.mails if m[1] == [other.email]], "only the main app's users are welcomed"


def test_tokens(app):
    token = app.start(name="Größe")
    assert app.ask("email", 1, 0) == OK
    text = single(app.box.find(app.email, "Auth Token for Größe project and device Device"), TEXT)
    assert text.startswith(f"Auth Token : {token}\n\n")
    assert app.ask("email", 1) == OK
    app.box.find(app.email, "Auth Token for Größe project and device Device")
    other = add_device(app, 1, "Pumpe ä")
    assert app.ask("email", 1) == OK
    text = single(app.box.find(app.email, "Auth Tokens for Größe project and 2 devices"), TEXT)
    assert text.startswith(f"Auth Token for device 'Device' : {token}\nAuth Token for device 'Pumpe ä' : {other}\n\n")


def test_template_id(app):
    app.start([{"type": "DEVICE_TILES", "id": 77, "width": 8, "height": 4}])
    template = {"id": 900, "mode": "PAGE", "deviceIds": [0], "name": "Tile <1>", "templateId": "TMPL 1"}
    assert app.ask("create_template", 1, 77, json.dumps(template)) == OK
    assert app.ask("email", "template", 1, 77, 900) == OK
    text = single(app.box.find(app.email, "Template ID for Tile <1>"), HTML)
    assert "Tile &lt;1&gt;" in text and "TMPL 1" in text and "{template" not in text


@pytest.mark.parametrize("kind", ["STATIC", "DYNAMIC"])
def test_previews_of_an_app(app, kind):
    app.start(name="Garden & <shed>")
    add_device(app, 1, "Pump <2>")
    made = json.loads(app.ask("create_app", json.dumps({"theme": "Blynk", "provisionType": kind, "color": 0,
                                                        "name": "My App", "icon": "i", "projectIds": [1]})))
    assert app.ask("email_qr", 1, made["id"]) == OK
    text, pictures, others = with_pictures(app.box.find(app.email, "My App - App details"), 125)
    assert "Garden &amp; &lt;shed&gt;" in text
    names = [re.fullmatch(r"([\w-]{32})_1_(-?\d+)\.jpg", name).groups() for name in pictures]
    assert [device for _, device in names] == (["0", "1"] if kind == "STATIC" else ["-1"])
    if kind == "STATIC":
        assert f"<br>Device: {names[0][0]}<br>Pump &lt;2&gt;: {names[1][0]}" in text
    table = "".join(f"{token},{device},1\n" for token, device in names)
    assert others == {"tokens.csv": table}


def test_password_by_app(app):
    app.start()
    stranger = App(app.server)
    assert stranger.ask("reset_password", "start", app.email, "Blynk") == OK
    text, pictures, others = with_pictures(app.box.find(app.email, "Password restoration for your Blynk account."), 250)
    assert (pictures, others) == (["resetPassQr.jpg"], {})
    token = re.search(rf"http://{HOST}[:\d]*/restore\?token=([\w-]{{32}})&(?:amp;)?email=", text)[1]
    assert stranger.ask("reset_password", "verify", token) == OK
    assert stranger.ask("reset_password", "reset", token, app.hash) == OK
    assert "<html" in single(app.box.find(app.email, "Your new password on Blynk"), HTML)


def test_password_by_web(app):
    app.start()
    form = urllib.parse.urlencode({"email": app.email, "appName": "Blynk"}).encode()
    with urllib.request.urlopen(f"http://{HOST}:{app.server.http}/resetPassword", form, timeout=10) as answer:
        assert answer.read() == b"Email was sent."
    text = single(app.box.find(app.email, "Password reset request for the Blynk app."), HTML)
    link = re.search(rf"https?://{HOST}[:\d]*/landing\?token=[\w-]{{64}}", text)[0]
    if link.startswith("http:"):
        with urllib.request.urlopen(link, timeout=10) as page:
            assert page.status == 200 and b"<form" in page.read()


def test_exported_graph(app):
    stream = {"targetId": 0, "pin": {"pin": 5, "pinType": "VIRTUAL"}}
    app.start([{"type": "ENHANCED_GRAPH", "id": 6, "width": 8, "height": 4, "dataStreams": [stream]}], name="A <b>")
    folder = app.server.folder / "data" / "data" / app.email
    folder.mkdir(parents=True)
    now = int(time.time()) // 60 * 60_000
    (folder / "history_1-0_v5_minute.bin").write_bytes(struct.pack(">dqdq", 10, now - 60_000, 0.5, now))
    assert app.ask("export_graph", 1, 6) == OK
    text = single(app.box.find(app.email, "History graph data for project A <b>"), HTML)
    url, name = re.fullmatch(r'<html><body><a href="([^"]+)">([^<]*)</a><br></body></html>\s*', text).groups()
    assert name == "Device v5"
    path = urllib.parse.urlsplit(url).path
    with urllib.request.urlopen(f"http://{HOST}:{app.server.http}{path}", timeout=10) as file:
        lines = gzip.decompress(file.read()).decode().splitlines()
    assert lines == [f"10.0,{now - 60_000},0", f"0.5,{now},0"]


def test_mail_of_a_device(app):
    token = app.start([{"type": "EMAIL", "id": 8, "width": 2, "height": 1}])
    device = Device(app.server, token)
    for body, to, subject, text in (
            (("x@example.com", "{DEVICE_NAME} für {DEVICE_OWNER_EMAIL}", "<b>{VENDOR_EMAIL}</b>"),
             "x@example.com", f"Device für {app.email}", "<b>vendor@example.com</b>"),
            (("{VENDOR_EMAIL}", "to the vendor", "ä" * 2000), "vendor@example.com", "to the vendor", "ä" * 2000),
            (("to the owner", ".\n..\nend"), app.email, "to the owner", ".\n..\nend"),
            (("a@example.com", "injected\r\nBcc: evil@example.com", "x"), "a@example.com",
             "injected  Bcc: evil@example.com", "x")):
        assert device.ask(EMAIL, *body) == OK
        mail = app.box.find(to, subject)
        assert single(mail, HTML).rstrip("\n") == text and mail["bcc"] is None
    app.box.refuses = True
    try:
        assert device.ask(EMAIL, "x@example.com", "s", "t") == 15
    finally:
        app.box.refuses = False


def test_mail_of_a_rule(app):
    pin = {"pin": 1, "pinType": "VIRTUAL"}
    rule = {"triggerPin": pin, "condition": {"type": "GT", "value": 37}, "isActive": True,
            "actions": [{"type": "MAIL", "subject": "Hot /pin/", "message": "It is /pin/ °C, /pin/!"}]}
    eventor = {"type": "EVENTOR", "id": 5, "width": 2, "height": 1, "deviceId": 0, "rules": [rule]}
    for widget, to in (({}, None), ({"to": "boss@example.com"}, "boss@example.com")):
        owner = App(app.server)
        token = owner.start([eventor, {"type": "EMAIL", "id": 8, "width": 2, "height": 1} | widget])
        Device(app.server, token).sock.sendall(struct.pack(">BHH", HARDWARE, 9, 9) + b"vw\x001\x0038.5")
        mail = app.box.find(to or owner.email, "Hot /pin/")
        assert single(mail, TEXT).rstrip("\n") == "It is 38.5 °C, 38.5!"


def test_mail_by_http(app):
    token = app.start([{"type": "EMAIL", "id": 8, "width": 2, "height": 1}])
    body = json.dumps({"to": "web@example.com", "subj": "By <http>", "title": "Text & more"}).encode()
    request = urllib.request.Request(f"http://{HOST}:{app.server.http}/{token}/email", body,
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200
    assert single(app.box.find("web@example.com", "By <http>"), TEXT).rstrip("\n") == "Text & more"


def test_texts_of_ones_own(tmp_path):
    """A file beside the server replaces the built-in text."""
    box, port = Mailbox(), free_port()
    controller = Controller(box, hostname=HOST, port=port)
    controller.start()
    (tmp_path / "single_token_mail_body.txt").write_text("Viel Spaß!\n")
    server = Server(tmp_path, mail=f"mail.smtp.host={HOST}\nmail.smtp.port={port}\nmail.smtp.auth=false\n"
                    f"mail.smtp.starttls.enable=false\nmail.smtp.username={SENDER}\n")
    try:
        app = App(server)
        token = app.start()
        assert app.ask("email", 1, 0) == OK
        text = single(box.find(app.email, "Auth Token for Test project and device Device"), TEXT)
        assert text.rstrip("\n") == f"Auth Token : {token}\nViel Spaß!"
    finally:
        server.stop()
        controller.stop()
