#!/usr/bin/env python3
"""Every key in property files that are shipped, in the init script and in examples of the documents is one that the
manual knows, so that no example warns about itself."""

import pathlib
import re
import sys

top = pathlib.Path(__file__).resolve().parents[2]
manual = (top / "docs/configuration.md").read_text()
known = set(re.findall(r"^\| `([a-zA-Z0-9.]+)` \|", manual, re.M))
problems = []

for name in ("systemd/server.properties", "openwrt/eyelet/files/server.properties"):
    for line in (top / name).read_text().splitlines():
        line = line.lstrip("#") if re.match(r"#[a-z]+\.[a-z.]+=", line) else line
        if line.strip() and not line.startswith("#"):
            key = line.split("=")[0]
            if key not in known:
                problems.append(f"{name}: {key}")

init = (top / "openwrt/eyelet/files/eyelet.init").read_text()
for key in re.findall(r"^\s*property(?:_if)? ([a-z.]+) ", init, re.M):
    if key not in known:
        problems.append(f"eyelet.init: {key}")

for path in [top / "README.md", *(top / "docs").glob("*.md")]:
    for block in re.findall(r"^```properties\n(.*?)^```", path.read_text(), re.M | re.S):
        for line in block.splitlines():
            key = re.match(r"([A-Za-z][A-Za-z0-9.]*)=", line)
            if key and key[1] not in known:
                problems.append(f"{path.name}: {key[1]}")

for problem in problems:
    print("unknown key in", problem)
sys.exit(1 if problems else 0)
