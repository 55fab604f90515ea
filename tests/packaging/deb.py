#!/usr/bin/env python3
"""Assembles the Debian package that cargo-deb would make, from the same [package.metadata.deb] of Cargo.toml, with any
file as the binary: deb.py BINARY OUTPUT.deb [VERSION]. For tests without cargo; needs dpkg-deb."""

import gzip
import pathlib
import shutil
import subprocess
import sys
import tempfile
import tomllib

top = pathlib.Path(__file__).resolve().parents[2]


def main():
    binary, output = sys.argv[1:3]
    package = tomllib.loads((top / "Cargo.toml").read_text())["package"]
    deb = package["metadata"]["deb"]
    version = sys.argv[3] if len(sys.argv) > 3 else package["version"] + "-1"
    architecture = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True).stdout

    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        root.chmod(0o755)
        for source, target, mode in deb["assets"]:
            path = pathlib.Path(binary) if source.startswith("target/release/") else top / source
            place = root / target
            if target.endswith("/"):
                place = place / pathlib.Path(source).name
            place.parent.mkdir(parents=True, exist_ok=True)
            if "/man/" in target:
                place = place.with_name(place.name + ".gz")
                place.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
            else:
                shutil.copy(path, place)
            place.chmod(int(mode, 8))
        documents = root / "usr/share/doc/eyelet"
        (documents / "changelog.Debian.gz").write_bytes(gzip.compress((top / deb["changelog"]).read_bytes(), mtime=0))
        (documents / "copyright").write_text(f"Copyright: {deb['copyright']}\nLicense: {package['license']}\n")

        control = root / "DEBIAN"
        control.mkdir()
        depends = deb["depends"].replace("$auto, ", "")
        (control / "control").write_text(
            f"Package: {package['name']}\nVersion: {version}\nArchitecture: {architecture.strip()}\n"
            f"Maintainer: {deb['maintainer']}\nSection: {deb['section']}\nPriority: {deb['priority']}\n"
            f"Depends: {depends}\nRecommends: {deb['recommends']}\nDescription: {package['description']}\n"
        )
        (control / "conffiles").write_text("".join(f"{name}\n" for name in deb["conf-files"]))
        for name in ("preinst", "postinst", "prerm", "postrm"):
            script = top / deb["maintainer-scripts"] / name
            if script.exists():
                shutil.copy(script, control / name)
                (control / name).chmod(0o755)
        for path in root.rglob("*"):
            if path.is_dir():
                path.chmod(0o755)
        subprocess.run(["dpkg-deb", "--root-owner-group", "--build", folder, output], check=True, stdout=subprocess.DEVNULL)


main()
