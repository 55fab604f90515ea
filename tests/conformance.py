"""Runs the black-box scenarios against a binary, area by area, and judges the result by tests/expected-failures.txt.

    python3 tests/conformance.py --harness ../shared/conformance/harness.py --binary target/release/eyelet [AREA ...]

A scenario that fails unexpectedly is run again on its own, at most twice: on a busy machine a peer of the harness may miss
its time, and its TLS peers share one session between two threads. What needed a second run is said. The run is good when
exactly the listed scenarios fail.
"""

import argparse
import collections
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
RETRIES = 2


def harness(args, *words):
    """One run of the harness; yields (name, passed) and shows what it prints."""
    binary = pathlib.Path(args.binary).resolve()
    command = [sys.executable, "-u", args.harness, "--server", f"{binary} -dataFolder {{data}} -serverConfig {{config}}", *words]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, errors="replace")
    for line in process.stdout:
        found = re.match(r"(ok|FAIL)\s+([a-z_]+\.\w+)", line)
        if found:
            yield found[2], found[1] == "ok"
        if not found or found[1] == "FAIL":
            print(line.rstrip(), flush=True)
    process.wait()
    if process.returncode < 0:
        print(f"the harness ended by signal {-process.returncode}", flush=True)


def names(args):
    listing = subprocess.run([sys.executable, args.harness, "--server", "x", "--list", *(["--slow"] if args.slow else [])],
                             stdout=subprocess.PIPE, text=True, check=True).stdout
    return [line.split(" ", 1)[0] for line in listing.splitlines() if "." in line.split(" ", 1)[0]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--harness", required=True)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--fast", dest="slow", action="store_false", help="leave out those that wait for minutes")
    parser.add_argument("areas", nargs="*", help="files of scenarios, for example hardware")
    args = parser.parse_args()
    lines = (HERE / "expected-failures.txt").read_text().splitlines()
    expected = {line.split("#")[0].strip() for line in lines} - {""}
    areas = collections.defaultdict(list)
    for name in names(args):
        areas[name.split(".")[0]].append(name)
    passed, failed, again = [], [], []
    for area, scenarios in areas.items():
        if args.areas and area not in args.areas:
            continue
        print(f"-- {area}: {len(scenarios)} scenarios", flush=True)
        results = dict(harness(args, *(["--slow"] if args.slow else []), rf"^{area}\."))
        for name in scenarios:
            ok = results.get(name, False)
            for _ in range(RETRIES):
                if ok or name in expected:
                    break
                again.append(name)
                ok = dict(harness(args, "--slow", rf"^{re.escape(name)}$")).get(name, False)
            (passed if ok else failed).append(name)
    for name in sorted(set(again) - set(failed)):
        print(f"passed when run again: {name}")
    surprises = [f"fails, not on the list: {name}" for name in failed if name not in expected]
    surprises += [f"passes, take it off the list: {name}" for name in passed if name in expected]
    listed = [name for name in failed if name in expected]
    for name in listed:
        print(f"fails as listed: {name}")
    print("\n".join(surprises) or "as expected")
    print(f"{len(passed)} passed, {len(failed) - len(listed)} failed, {len(listed)} skipped")
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
