#!/usr/bin/env python3
"""Looks at the Dockerfile without an engine: known instructions, existing sources, a layout that fits cross/targets,
settings that the manual knows; and at the compose example."""

import json
import pathlib
import re
import shlex
import sys

top = pathlib.Path(__file__).resolve().parents[2]
KNOWN = {"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "RUN", "STOPSIGNAL",
         "USER", "VOLUME", "WORKDIR"}
problems = []


def check(condition, text):
    if not condition:
        problems.append(text)


def instructions(text):
    """(instruction, rest) with comments gone and continued lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            yield word, rest.strip()


def variables(rest):
    """The pairs of an ENV or LABEL."""
    return dict(word.split("=", 1) for word in shlex.split(rest))


def keys_of_manual():
    """All property keys, as environment variables."""
    keys = re.findall(r"^\| `([a-zA-Z0-9.]+)` \|", (top / "docs/configuration.md").read_text(), re.M)
    return {"EYELET_" + key.upper().replace(".", "_"): key for key in keys}


def ignored(path):
    """Whether .dockerignore keeps a path from the builder: the last pattern that matches it or a parent counts."""
    result = False
    for line in (top / ".dockerignore").read_text().splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        keep, pattern = line.startswith("!"), line.lstrip("!")
        parts = path.split("/")
        parents = ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]
        if any(pathlib.PurePosixPath(parent).match(pattern) and parent.count("/") == pattern.count("/") for parent in parents):
            result = not keep
    return result


def main():
    names = [line.split()[0] for line in (top / "cross/targets").read_text().splitlines() if line and line[0] != "#"]
    known_keys = keys_of_manual()
    stages, stage, arguments, environment, seen = [], None, set(), {}, {}
    for word, rest in instructions((top / "Dockerfile").read_text()):
        check(word in KNOWN, f"unknown instruction {word}")
        seen.setdefault((len(stages), word), []).append(rest)
        if word == "FROM":
            parts = [part for part in rest.split() if not part.startswith("--")]
            stage = parts[0]
            stages.append(parts[2] if len(parts) == 3 else stage)
            arguments = set()
        elif word == "ARG":
            arguments.add(rest.split("=")[0])
        elif word == "ENV":
            environment.update(variables(rest))
        elif word in ("COPY", "ADD"):
            flags = [part for part in rest.split() if part.startswith("--")]
            *sources, _ = [part for part in rest.split() if not part.startswith("--")]
            origin = [flag[7:] for flag in flags if flag.startswith("--from=")]
            if origin:
                check(origin[0] in stages, f"{word} from a stage that is not there: {origin[0]}")
                continue
            for source in sources:
                for name in re.findall(r"\$\{(\w+)\}", source):
                    check(name in arguments, f"{source}: no ARG {name} in this stage")
                if "${TARGETARCH}" in source:
                    for arch, variant, name in (("amd64", "", "amd64"), ("arm64", "", "arm64"), ("arm", "v7", "armv7"),
                                                ("arm", "v6", "armv6")):
                        path = source.replace("${TARGETARCH}", arch).replace("${TARGETVARIANT}", variant)
                        check(path == f"target/dist/{name}/eyelet", f"{path} is not where cross/build.sh puts {name}")
                        check(name in names, f"{name} is not in cross/targets")
                        check(not ignored(path), f".dockerignore hides {path}")
                else:
                    check((top / source).exists(), f"{source} does not exist")
                    check(not ignored(source), f".dockerignore hides {source}")
        elif word in ("HEALTHCHECK", "ENTRYPOINT", "CMD"):
            form = rest[rest.index("["):] if "[" in rest else ""
            try:
                check(isinstance(json.loads(form), list), f"{word} is not in exec form")
            except ValueError:
                check(False, f"{word} is not in exec form: there is no shell")

    final = len(stages)
    check(stage == "scratch", "the image is not made from scratch")
    check(not seen.get((final, "RUN")), "RUN in the last stage: there is nothing to run")
    user = (seen.get((final, "USER")) or ["root"])[-1]
    check(re.fullmatch(r"[1-9][0-9]*:[1-9][0-9]*", user), f"the user is {user}: numbers are needed, and not root's")
    check(seen.get((final, "VOLUME")) == ["/data"], "not exactly one volume, /data")
    check("health" in "".join(seen.get((final, "HEALTHCHECK"), [])), "no health check")
    check(ignored("src/main.rs") and ignored(".git/config") and ignored("target/release/eyelet"), ".dockerignore lets too much in")
    for name in environment:
        check(not name.startswith("EYELET_") or name in known_keys, f"{name} is no key of docs/configuration.md")
    check(environment.get("EYELET_DATA_FOLDER") == "/data", "the data folder is not the volume")

    compose = (top / "docker/compose.yaml").read_text()
    for name in re.findall(r"\b(EYELET_\w+)", compose + (top / "docs/docker.md").read_text()):
        check(name in known_keys or name == "EYELET_", f"{name} is no key of docs/configuration.md")
    for port in seen[(final, "EXPOSE")][0].split():
        check(f":{port}\"" in compose, f"port {port} is not in the compose example")

    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)


main()
