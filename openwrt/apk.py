#!/usr/bin/env python3
"""Writes an .apk package in the "v2" form: two gzip streams, the control segment (.PKGINFO and scripts, a tar without
its end) and the data (a whole tar whose files carry their SHA-1 in a PAX header, as apk wants). Not signed."""

import argparse
import gzip
import hashlib
import io
import os
import tarfile

URL = "https://www.gnu.org/licenses/gpl-3.0.html"


def tar_entry(name, path, when, checksum):
    """The header of one file or folder."""
    info = tarfile.TarInfo(name)
    info.mtime = when
    info.uname = info.gname = "root"
    if os.path.isdir(path):
        info.type = tarfile.DIRTYPE
        info.mode = 0o755
        return info, None
    with open(path, "rb") as file:
        content = file.read()
    info.size = len(content)
    info.mode = 0o755 if os.access(path, os.X_OK) else os.stat(path).st_mode & 0o777
    if checksum:
        info.pax_headers = {"APK-TOOLS.checksum.SHA1": hashlib.sha1(content).hexdigest()}
    return info, io.BytesIO(content)


def segment(entries, when, whole, checksum):
    """A gzipped tar. `whole` = with the two empty blocks at its end, which only the last segment has."""
    plain = io.BytesIO()
    end = 0
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, path in entries:
            tar.addfile(*tar_entry(name, path, when, checksum))
        end = tar.offset
    content = plain.getvalue() if whole else plain.getvalue()[:end]
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9, mtime=0) as stream:
        stream.write(content)
    return packed.getvalue()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("name", "version", "arch", "description", "depends", "maintainer", "scripts", "root"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("output")
    args = parser.parse_args()
    when = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))

    entries, size = [], 0
    for folder, folders, files in os.walk(args.root):
        folders.sort()
        relative = os.path.relpath(folder, args.root)
        if relative != ".":
            entries.append((relative, folder))
        for file in sorted(files):
            path = os.path.join(folder, file)
            entries.append((os.path.normpath(os.path.join(relative, file)), path))
            size += os.path.getsize(path)
    data = segment(entries, when, whole=True, checksum=True)

    info = [
        "# written by openwrt/apk.py",
        f"pkgname = {args.name}",
        f"pkgver = {args.version}",
        f"pkgdesc = {args.description}",
        f"url = {URL}",
        f"builddate = {when}",
        f"maintainer = {args.maintainer}",
        f"size = {size}",
        f"arch = {args.arch}",
        "license = GPL-3.0-or-later",
        f"origin = {args.name}",
        *(f"depend = {name}" for name in args.depends.split()),
        f"datahash = {hashlib.sha256(data).hexdigest()}",
    ]
    info_path = os.path.join(args.scripts, ".PKGINFO")
    with open(info_path, "w", encoding="utf-8") as file:
        file.write("\n".join(info) + "\n")
    scripts = sorted(name for name in os.listdir(args.scripts) if name != ".PKGINFO")
    for name in scripts:
        os.chmod(os.path.join(args.scripts, name), 0o755)
    control = [(name, os.path.join(args.scripts, name)) for name in [".PKGINFO", *scripts]]

    with open(args.output, "wb") as file:
        file.write(segment(control, when, whole=False, checksum=False) + data)


if __name__ == "__main__":
    main()
