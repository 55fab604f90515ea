"""Certificates from a real ACME server: pebble, the test server of Let's Encrypt's makers, which asks over HTTP."""

import contextlib
import datetime
import json
import os
import pathlib
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from conftest import HOST, OK, App, Server, free_port

NAME = "eyelet.example"
# Certificates are waited for until they are due.
pytestmark = pytest.mark.timeout(120)


def run(*command, cwd):
    subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Pebble:
    """The ACME server and its name server, for which every name is this machine."""

    def __init__(self, folder, http_port, life=None, reject=None, **config):
        self.folder = pathlib.Path(folder)
        # Its own TLS certificate is of an authority that only `acme.roots.file` names.
        run("openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-keyout", "ca-key.pem", "-out", "ca.pem",
            "-days", "30", "-subj", "/CN=test authority", cwd=folder)
        run("openssl", "req", "-nodes", "-newkey", "rsa:2048", "-keyout", "key.pem", "-out", "request.pem", "-subj",
            "/CN=localhost", cwd=folder)
        (self.folder / "names").write_text("subjectAltName=DNS:localhost\n")
        run("openssl", "x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial",
            "-out", "cert.pem", "-days", "30", "-extfile", "names", cwd=folder)
        self.port, self.management, names = free_port(), free_port(), free_port()
        config = {"listenAddress": f"{HOST}:{self.port}", "managementListenAddress": f"{HOST}:{self.management}",
                  "certificate": "cert.pem", "privateKey": "key.pem", "httpPort": http_port, "tlsPort": 1} | config
        if life:
            config["certificateValidityPeriod"] = life
        (self.folder / "pebble.json").write_text(json.dumps({"pebble": config}))
        environment = os.environ | {"PEBBLE_VA_NOSLEEP": "1"}
        if reject:
            environment["PEBBLE_WFE_NONCEREJECT"] = str(reject)
        self.log = open(self.folder / "pebble.log", "wb")
        start = dict(cwd=folder, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT, env=environment)
        self.processes = [
            subprocess.Popen(["pebble-challtestsrv", "-dns01", f"{HOST}:{names}", "-http01", "", "-https01", "",
                              "-tlsalpn01", "", "-management", f"{HOST}:{free_port()}", "-defaultIPv6", ""], **start),
            subprocess.Popen(["pebble", "-config", "pebble.json", "-strict", "-dnsserver", f"{HOST}:{names}"], **start)]
        context = ssl.create_default_context(cafile=self.folder / "ca.pem")
        until = time.monotonic() + 20
        while True:
            try:
                self.root = urllib.request.urlopen(f"https://localhost:{self.management}/roots/0",
                                                   context=context, timeout=5).read().decode()
                return
            except OSError:
                assert time.monotonic() < until, (self.folder / "pebble.log").read_text()
                time.sleep(0.05)

    def said(self):
        return (self.folder / "pebble.log").read_text()

    def settings(self):
        return (f"server.host={NAME}\ncontact.email=me@example.com\nacme.roots.file={self.folder}/ca.pem\n"
                f"acme.directory.url=https://localhost:{self.port}/dir\n")

    def stop(self):
        for process in self.processes:
            process.terminate()
            process.wait(10)


@contextlib.contextmanager
def both(tmp_path, prepare=None, closed=False, more="http.port={}\n", **pebble):
    """A server that asks a pebble. `more` opens the port that pebble asks at; `closed`: it asks at another one."""
    for part in ("ca", "server"):
        (tmp_path / part).mkdir()
    port = free_port()
    ca = Pebble(tmp_path / "ca", free_port() if closed else port, **pebble)
    try:
        if prepare:
            prepare(tmp_path / "server")
        server = Server(tmp_path / "server", more=ca.settings() + more.format(port))
        server.http = port
        try:
            yield server, ca
        finally:
            server.stop()
    finally:
        ca.stop()


def shown(server, ca=None):
    """The certificate that the TLS port shows; verified by the ACME server's root if one is given."""
    context = ssl.create_default_context(cadata=ca.root) if ca else ssl._create_unverified_context()
    with socket.create_connection((HOST, server.https), timeout=10) as sock:
        with context.wrap_socket(sock, server_hostname=NAME) as tls:
            return tls.getpeercert(binary_form=True)


def wait(what, attempt, patience=25):
    until = time.monotonic() + patience
    while True:
        try:
            if found := attempt():
                return found
        except OSError:
            pass
        assert time.monotonic() < until, what
        time.sleep(0.1)


def out(server):
    return (server.folder / "out.txt").read_text()


def log(server, name="worker.log"):
    return (server.folder / "logs" / name).read_text()


def ask(server, *command):
    done = subprocess.run([os.environ["EYELET"], "-serverConfig", "server.properties", *command], cwd=server.folder,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
    return done.stdout + done.stderr


@pytest.mark.parametrize("more", ["http.port={}\n", f"listen.extra=plain:{HOST}:{{}}\n"])
def test_a_certificate_is_issued_at_the_first_start_and_kept(tmp_path, more):
    with both(tmp_path, more=more) as (server, ca):
        issued = wait("a verified certificate", lambda: shown(server, ca))
        wait("the good news", lambda: f"Success! The certificate for your domain {NAME} has been generated!" in out(server))
        lines = out(server).splitlines()
        begun = lines.index("Generating own initial certificates...")
        assert "stored in folder" in lines[begun - 1] and lines[begun + 1].startswith("Your Admin url"), lines
        for name in ("acme-account.pem", "acme-key.pem", "acme-cert.pem"):
            assert (server.folder / "data" / name).stat().st_mode & 0o777 == 0o600
        status = ask(server, "status")
        assert "acme-cert.pem" in status and "certificate renewal" in status, status
        doctor = ask(server, "doctor")
        assert "acme-cert.pem, until 20" in doctor and "renewed by this server" in doctor, doctor
        text = out(server) + log(server) + log(server, "blynk.log")
        assert "PRIVATE KEY" not in text
        # The challenge is answered only while it is asked for.
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"http://{HOST}:{server.http}/.well-known/acme-challenge/x", timeout=10)
        server.stop()
        orders = ca.said().count("Added order")
        server.start()
        assert shown(server, ca) == issued
        time.sleep(1)
        assert ca.said().count("Added order") == orders, "nothing is asked while the certificate is fresh"


def test_renewal_disturbs_nobody(tmp_path):
    # Certificates of 12 s, and every third request refused for its nonce.
    with both(tmp_path, life=12, reject=33, more="http.port={}\nlog.level=debug\n") as (server, ca):
        first = wait("a verified certificate", lambda: shown(server, ca))
        app = App(server)
        app.start()
        before = app.sock.getpeercert(binary_form=True)
        seen = {first}
        for _ in range(2):
            seen.add(wait("another certificate", lambda: (found := shown(server, ca)) not in seen and found))
            assert app.ask("load_profile"), "a connection from before goes on"
        assert len(seen) == 3 and before in seen
        key = (server.folder / "data" / "acme-key.pem").read_text()
        assert "No certificate for" not in log(server) and "sent again: its nonce" in log(server, "blynk.log")
        server.stop()
        server.start()
        wait("another certificate after a restart", lambda: (found := shown(server, ca)) not in seen and found)
        assert (server.folder / "data" / "acme-key.pem").read_text() == key, "the key stays"


def old_certificate(folder, days_left, days=90):
    """What the legacy server left: an RSA key in PKCS#1 form, and a certificate."""
    now = datetime.datetime.now(datetime.timezone.utc)
    until = now + datetime.timedelta(days=days_left)
    begun = until - datetime.timedelta(days=days)
    run("openssl", "genrsa", "-traditional", "-out", "privkey.pem", "2048", cwd=folder)
    run("openssl", "req", "-new", "-key", "privkey.pem", "-subj", f"/CN={NAME}", "-out", "request.pem", cwd=folder)
    (folder / "names").write_text(f"subjectAltName=DNS:{NAME}\n")
    (folder / "database").write_text("")
    (folder / "ca.conf").write_text(
        "[ca]\ndefault_ca=x\n[x]\nnew_certs_dir=.\ndatabase=database\nrand_serial=yes\ndefault_md=sha256\npolicy=p\n"
        "[p]\ncommonName=supplied\n")
    stamp = "%Y%m%d%H%M%SZ"
    run("openssl", "ca", "-batch", "-config", "ca.conf", "-selfsign", "-keyfile", "privkey.pem", "-in", "request.pem",
        "-out", "fullchain.crt", "-notext", "-extfile", "names", "-startdate", begun.strftime(stamp), "-enddate",
        until.strftime(stamp), cwd=folder)


def public_key(der):
    pem = ssl.DER_cert_to_PEM_cert(der)
    return subprocess.run(["openssl", "x509", "-noout", "-pubkey"], input=pem.encode(), capture_output=True,
                          check=True).stdout


def test_the_legacy_servers_certificate_goes_on(tmp_path):
    with both(tmp_path, prepare=lambda folder: old_certificate(folder, 40)) as (server, ca):
        old = shown(server)
        assert ssl.DER_cert_to_PEM_cert(old) in (server.folder / "fullchain.crt").read_text()
        time.sleep(1)
        assert "Added order" not in ca.said(), "40 of 90 days are left"
        server.stop()
        old_certificate(server.folder, 20)
        server.start()
        new = wait("a verified certificate", lambda: shown(server, ca))
        assert public_key(new) == public_key(shown(server)) == subprocess.run(
            ["openssl", "rsa", "-in", server.folder / "privkey.pem", "-pubout"], capture_output=True, check=True).stdout
        assert "Generating own" not in out(server)


@pytest.mark.parametrize("config, reason", [
    ({"closed": True}, "could not be verified, port 80 of it must lead to http.port of this server: connection"),
    ({"externalAccountBindingRequired": True}, "external account binding"),
    ({"domainBlocklist": [NAME]}, "rejectedIdentifier"),
])
def test_a_failure_is_one_line_and_serves_on(tmp_path, config, reason):
    with both(tmp_path, **config) as (server, ca):
        wait("the bad news", lambda: "Error during certificate generation." in out(server))
        line = out(server).split("Error during certificate generation.\n")[1].splitlines()[0]
        assert reason in line, line
        assert shown(server)
        time.sleep(2)
        errors = [line for line in log(server).splitlines() if "No certificate for" in line]
        assert len(errors) == 1 and "again at" in errors[0], errors
        status = ask(server, "status")
        assert "failed, again at" in status, status
