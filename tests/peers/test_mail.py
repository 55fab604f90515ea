"""An SMTP server (PyPI aiosmtpd), with and without STARTTLS, as the mail server of a device's EMAIL."""

import email
import subprocess

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
