"""Requests that PyPI schemathesis makes from docs/openapi.yaml, valid and not: only what is described there comes back."""

import base64
import json
import pathlib
import ssl
import struct

import hypothesis
import pytest
import requests
import schemathesis
import urllib3
import yaml
from conftest import HOST, App, Server, password_hash
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import (content_type_conformance, response_headers_conformance,
                                               response_schema_conformance, status_code_conformance)

urllib3.disable_warnings()
load_all_checks()
FILE = pathlib.Path(__file__).parent.parent.parent / "docs" / "openapi.yaml"
SCHEMA = schemathesis.openapi.from_path(FILE)
REFUSED = set(yaml.safe_load(FILE.read_text())["x-refused-before-routing"])
CHECKS = [content_type_conformance, response_headers_conformance, response_schema_conformance, status_code_conformance]
WIDGETS = [
    {"type": "BUTTON", "id": 1, "width": 2, "height": 2, "pinType": "VIRTUAL", "pin": 1, "value": "1"},
    {"type": "TERMINAL", "id": 2, "width": 4, "height": 2, "pinType": "VIRTUAL", "pin": 2},
    {"type": "RTC", "id": 3, "width": 2, "height": 1, "tzName": "Europe/Berlin"},
    {"type": "EMAIL", "id": 4, "width": 2, "height": 1},
    {"type": "NOTIFICATION", "id": 5, "width": 2, "height": 1, "androidTokens": {"a": "b"}},
]


class World:
    """A server with an account, a device, history, a firmware, and an administrator who is logged in."""

    def __init__(self, folder):
        self.server = Server(folder)
        self.app = App(self.server)
        self.token = self.app.start(WIDGETS)
        history = folder / "data" / "data" / self.app.email
        history.mkdir(parents=True)
        (history / "history_1-0_v1_minute.bin").write_bytes(struct.pack(">dq", 1.0, 1700000000000))
        self.login()

    def login(self):
        email = "admin@blynk.cc"
        answer = requests.post(f"https://{HOST}:{self.server.https}/admin/login", data={"email": email, "password": password_hash(email, "admin")},
                               allow_redirects=False, verify=False, timeout=10)
        self.cookies = answer.cookies.get_dict()
        assert answer.status_code == 303 and self.cookies

    def base(self, operation):
        tls = operation.path.startswith("/admin") or operation.path == "/upload"
        return f"https://{HOST}:{self.server.https}" if tls else f"http://{HOST}:{self.server.http}"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("openapi"))
    yield world
    world.server.stop()


@pytest.mark.timeout(120)
@SCHEMA.parametrize()
@hypothesis.settings(max_examples=6, derandomize=True, deadline=None, database=None,
                     suppress_health_check=list(hypothesis.HealthCheck))
def test_only_what_is_described(world, case):
    """As made, and once more with names of things that exist."""
    options = {"base_url": world.base(case.operation), "verify": False, "allow_redirects": False, "timeout": 20}
    if case.path.startswith("/admin/") and "login" not in case.path and "logout" not in case.path:
        options["cookies"] = world.cookies
        options["auth"] = ("admin@blynk.cc", "admin")
    check(case, case.call(**options))
    known = {"token": world.token, "pin": "v1", "id": f"{world.app.email}-Blynk", "name": "server.properties"}
    names = [name for name in case.path_parameters or {} if name in known and case.method.upper() != "DELETE"]
    if names and not (case.path.endswith(("gz", "zip"))):
        case.path_parameters.update({name: known[name] for name in names})
        check(case, case.call(**options))


def check(case, response):
    if response.status_code in REFUSED and response.status_code < 500 and not response.content:
        return
    case.validate_response(response, checks=CHECKS)
