#!/usr/bin/env bash
# Builds static binaries for other machines: target/dist/NAME/eyelet, with --low-ram also .../eyelet-low-ram.
#
#   cross/build.sh [--low-ram | --only-low-ram] [--add FEATURES] [--with rustup|debian] TARGET...|all
#
# TARGET is a name or a Rust target of cross/targets. The low-RAM build has none of the optional features (PostgreSQL,
# Let's Encrypt, SMS, time zones in the binary) but those of --add, for example --add timezones,acme.
#
# Two ways to a compiler, chosen by what there is unless --with says it:
#   rustup   the default toolchain; standard libraries by `rustup target add` (for mipsel, which has none to download,
#            and for the low-RAM builds, which want a smaller one, built from `rustup component add rust-src`)
#   debian   Debian's rustc-web and cargo-web, the standard library built from rust-web-src: for machines that can
#            install packages, but not reach Rust's own server
# Both need zig and cargo-zigbuild, which bring a C compiler, a linker and musl for every target:
#   pip install ziglang cargo-zigbuild
set -euo pipefail
cd "$(dirname "$0")/.."
. cross/lib.sh

usage() { sed -n '2,15p' "$0" | cut -c3-; exit "$1"; }

builds=(full) with="" add="" arguments=()
while [ $# -gt 0 ]; do
    case "$1" in
        --low-ram) builds=(full low-ram) ;;
        --only-low-ram) builds=(low-ram) ;;
        --add) add=$2; shift ;;
        --with) with=$2; shift ;;
        --with=*) with=${1#*=} ;;
        -h|--help) usage 0 ;;
        -*) usage 2 ;;
        *) arguments+=("$1") ;;
    esac
    shift
done
[ ${#arguments[@]} -gt 0 ] || usage 2
wanted=$(names "${arguments[@]}")

have() { command -v "$1" > /dev/null 2>&1; }
if [ -z "$with" ]; then
    if have rustup; then with=rustup; else with=debian; fi
fi
have cargo-zigbuild || { echo "cargo-zigbuild is missing: pip install ziglang cargo-zigbuild" >&2; exit 1; }
# Asked of the Python that comes first now: below, Debian's programs come first, and its Python has no zig.
if [ -z "${CARGO_ZIGBUILD_ZIG_PATH:-}" ] && ! have zig; then
    CARGO_ZIGBUILD_ZIG_PATH=$(python3 -c 'import os, ziglang; print(os.path.join(os.path.dirname(ziglang.__file__), "zig"))') ||
        { echo "zig is missing: pip install ziglang" >&2; exit 1; }
    export CARGO_ZIGBUILD_ZIG_PATH
fi

# A panic ends the program in any case; so it does without a word, which spares texts, places and what formats them: 10 %.
silent=(-Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none)
# What build.rs asks for when it can try (link/layout.ld: no unwinding tables, what runs at the start lies together);
# and pieces of code that occur often become functions.
flags=("-Clink-arg=-Wl,-T,$PWD/link/layout.ld" "-Clink-arg=-Wl,--no-eh-frame-hdr"
    -Cllvm-args=-enable-machine-outliner=always)
# AES for encrypted private keys only, once at a start: small before fast.
flags+=('--cfg=aes_backend="soft"' '--cfg=aes_backend_soft="compact"')
# Panics name a crate's files without where this machine keeps them: shorter, and nobody's business.
for folder in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*; do
    flags+=("--remap-path-prefix=$folder/=")
done
# The standard library from its source, for a stable compiler that is told to allow it: without symbolised backtraces and tables
# for unwinding, which a program that aborts has no use for: 15 % smaller. And no start files of musl from the compiler: zig has them.
std=("-Zbuild-std=std,panic_abort" "-Zbuild-std-features=optimize_for_size")
std_flags=(-Clink-self-contained=no -Cforce-unwind-tables=no)
# The allocator asks for libatomic on ARM; zig has what would be in it anyway, but for ARMv5's, which is meant for an ARM1176 here.
export DEP_ATOMIC=c CFLAGS_armv5te_unknown_linux_musleabi=-mcpu=arm1176jzf_s
case "$with" in
    rustup) ;;
    debian)
        [ -d /usr/lib/rustlib/src/rust/library ] ||
            { echo "no source of the standard library: apt-get install rustc-web cargo-web rust-web-src" >&2; exit 1; }
        # Debian's own programs, also where another toolchain comes first in the PATH.
        export PATH=/usr/bin:$PATH RUSTC=/usr/bin/rustc CARGO=/usr/bin/cargo
        ;;
    *) usage 2 ;;
esac

for name in $wanted; do
    for build in "${builds[@]}"; do
        target=$(field "$name" 2) extra=$(field "$name" 4)
        features=() file=eyelet build_flags=("${flags[@]}") build_std=() target_flags=()
        if [ "$build" = low-ram ]; then
            features=(--no-default-features --features "$add") file=eyelet-low-ram
            build_flags+=("${silent[@]}")
            [ "$(field "$name" 5)" = - ] || target=$(field "$name" 5) extra=$(field "$name" 6)
        fi
        [ "$extra" = - ] || IFS=, read -ra target_flags <<< "$extra"
        build_flags+=("${target_flags[@]}")
        unset RUSTC_BOOTSTRAP
        if [ "$with" = debian ] || [ "$build" = low-ram ] || ! rustup target add "$target" > /dev/null 2>&1; then
            [ "$with" = debian ] || rustup component add rust-src
            export RUSTC_BOOTSTRAP=1
            build_std=("${std[@]}")
            build_flags+=("${std_flags[@]}")
        fi
        echo "== $name ($target), $build =="
        RUSTFLAGS="${build_flags[*]}" cargo-zigbuild zigbuild --release --locked --bin eyelet --target "$target" \
            "${features[@]}" "${build_std[@]}"
        mkdir -p "target/dist/$name"
        cp "${CARGO_TARGET_DIR:-target}/$target/release/eyelet" "target/dist/$name/$file"
    done
done

echo
printf '%-8s %-12s %s\n' machine build bytes
for name in $wanted; do
    for file in eyelet eyelet-low-ram; do
        [ ! -f "target/dist/$name/$file" ] ||
            printf '%-8s %-12s %s\n' "$name" "$([ $file = eyelet ] && echo full || echo low-RAM)" "$(stat -c %s "target/dist/$name/$file")"
    done
done
