"""An SMTP server (PyPI aiosmtpd), with and without STARTTLS, as the mail server of a device's EMAIL."""

import email
import signal
import subprocess
import time

import BlynkLib
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from conftest import HOST, OK, App, Server, free_port

MAIL = {"type": "EMAIL", "id": 8, "width": 2, "height": 1, "to": "owner@example.com", "contentType": "TEXT_PLAIN"}


class Mailbox:
    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope.rcpt_tos, email.message_from_bytes(envelope.content)))
        return "250 taken"


def certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", folder / "mail.key",
                    "-out", folder / "mail.crt"], check=True, capture_output=True)
    import ssl
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "mail.crt", folder / "mail.key")
    return context


@pytest.mark.parametrize("starttls", [False, True])
def test_mail_of_a_device(tmp_path, starttls):
    box, context = Mailbox(), certificate(tmp_path) if starttls else None

    class Mailer(Controller):
        def factory(self):
            return SMTP(self.handler, tls_context=context, require_starttls=starttls, auth_require_tls=starttls,
                        authenticator=lambda *_: AuthResult(success=True), auth_required=True)

    port = free_port()
    controller = Mailer(box, hostname=HOST, port=port)
    controller.start()
    server = Server(tmp_path, mail="mail.smtp.auth=true\nmail.smtp.username=robot@example.com\n"
                    f"mail.smtp.password=secret\nmail.smtp.host={HOST}\nmail.smtp.port={port}\n"
                    f"mail.smtp.starttls.enable={str(starttls).lower()}\nmail.smtp.ssl.trust=*\n")
    try:
        app = App(server)
        token = app.start([MAIL])
        device = BlynkLib.Blynk(token, server=HOST, port=server.http)
        app.expect("hardware_connected", "1-0")
        device._send(BlynkLib.MSG_EMAIL, "x@example.com", "Hot", "It is 40")
        device.conn.settimeout(10)
        got = b""
        while b"\x00\x00\x02\x00" not in got:
            got += device.conn.recv(100)
        assert got[got.index(b"\x00\x00\x02"):][3:5] == OK.to_bytes(2, "big")
        to, mail = [m for m in box.mails if m[1]["subject"] == "Hot"][0]
        assert to == ["owner@example.com"] and mail.get_content_type() == "text/plain"
        assert mail.get_payload().strip() == "It is 40" and mail["from"] == "robot@example.com"
    finally:
        server.stop()
        controller.stop()


def test_a_hang_up_takes_another_mail_server(tmp_path):
    boxes = [Mailbox(), Mailbox()]
    ports = [free_port(), free_port()]
    controllers = [Controller(box, hostname=HOST, port=port) for box, port in zip(boxes, ports)]
    for controller in controllers:
        controller.start()
    mail = "mail.smtp.username=robot@example.com\nmail.smtp.auth=false\nmail.smtp.host={}\nmail.smtp.port={}\n"
    server = Server(tmp_path, mail=mail.format(HOST, ports[0]))
    try:
        app = App(server)
        app.start()
        assert app.ask("email", 1, 0) == OK
        (tmp_path / "mail.properties").write_text(mail.format(HOST, ports[1]))
        server.process.send_signal(signal.SIGHUP)
        until = time.monotonic() + 20
        while len(boxes[1].mails) == 0 and time.monotonic() < until:
            assert app.ask("email", 1, 0) == OK
        assert boxes[1].mails and boxes[1].mails[-1][1]["subject"].startswith("Auth Token for Test")
        before = len(boxes[0].mails)
        assert app.ask("email", 1, 0) == OK and len(boxes[0].mails) == before
    finally:
        server.stop()
        for controller in controllers:
            controller.stop()
