#!/usr/bin/env bash
# Runs what cross/build.sh made under emulation (qemu-user) and lets the smoke scenarios talk to it.
#
#   cross/smoke.sh [--shared DIR] [--pattern SCENARIOS] TARGET...|all
#
# DIR holds the black-box scenarios in conformance/ (default: $EYELET_SHARED or ../shared); SCENARIOS is "smoke." unless
# told otherwise. Needs Python 3.11 and Debian's qemu-user-static.
set -euo pipefail
cd "$(dirname "$0")/.."
. cross/lib.sh

shared=${EYELET_SHARED:-../shared} pattern=smoke. arguments=()
while [ $# -gt 0 ]; do
    case "$1" in
        --shared) shared=$2; shift ;;
        --pattern) pattern=$2; shift ;;
        -h|--help) sed -n '2,7p' "$0" | cut -c3-; exit 0 ;;
        *) arguments+=("$1") ;;
    esac
    shift
done
[ ${#arguments[@]} -gt 0 ] || { sed -n '2,7p' "$0" | cut -c3-; exit 2; }
wanted=$(names "${arguments[@]}")
harness=$shared/conformance/harness.py
[ -f "$harness" ] || { echo "no black-box scenarios in $shared/conformance (see --shared)" >&2; exit 1; }

failed=()
for name in $wanted; do
    emulator=$(field "$name" 3)
    case "$emulator" in
        -) emulator="" ;;
        *)
            command -v "${emulator%%,*}" > /dev/null || { echo "${emulator%%,*} is missing: apt-get install qemu-user-static" >&2; exit 1; }
            emulator="${emulator//,/ }"
            ;;
    esac
    found=0
    for file in eyelet eyelet-low-ram; do
        binary=$PWD/target/dist/$name/$file
        [ -f "$binary" ] || continue
        found=1
        # shellcheck disable=SC2086 # the emulator's options are words
        echo "== $name, $file: $($emulator "$binary" --version) =="
        python3 "$harness" --server "${emulator:+$emulator }$binary -dataFolder {data} -serverConfig {config}" "$pattern" ||
            failed+=("$name/$file")
    done
    [ $found = 1 ] || { echo "$name: nothing in target/dist/$name; run cross/build.sh $name"; failed+=("$name"); }
done
[ ${#failed[@]} -eq 0 ] || { echo "failed: ${failed[*]}"; exit 1; }
echo "all passed"
