# What tests/run, tests/peers/run and cross/check need and a bare machine lacks, from Debian's packages.
# shellcheck shell=bash

# have COMMAND: is it there as a program? What bash does itself (`kill`) does not count: tests call programs.
have() { type -P "$1" > /dev/null; }

# add PACKAGE...: installs them, as root or with sudo.
add() {
    echo "installing $*"
    local as=()
    have apt-get || { echo "not a Debian machine: install what is named above in its own way" >&2; return 1; }
    [ "$(id -u)" = 0 ] || as=(sudo)
    "${as[@]}" apt-get update -qq
    "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" > /dev/null
}

# need PACKAGE[:COMMAND]...: installs the packages whose commands (default: named like the package) are missing.
need() {
    local pair missing=()
    for pair in "$@"; do
        have "${pair#*:}" || missing+=("${pair%%:*}")
    done
    [ ${#missing[@]} -eq 0 ] || add "${missing[@]}"
}

# Python 3.11 is the first with tomllib.
need_python() {
    need python3
    python3 -c 'import tomllib' 2> /dev/null || { echo "$(python3 --version) is too old: 3.11 is needed" >&2; return 1; }
}

# Debian's python3 alone has no pip to put into an environment of its own.
need_venv() {
    need_python
    python3 -c 'import ensurepip' 2> /dev/null || add python3-venv
}

# Builds without the feature `timezones` read the system's.
need_zones() { [ -e /usr/share/zoneinfo/Europe/Berlin ] || add tzdata; }

# Debian keeps the programs of PostgreSQL out of PATH; tests make clusters of their own with them.
need_postgres() {
    local found
    for found in /usr/lib/postgresql/*/bin/initdb; do
        [ ! -x "$found" ] || return 0
    done
    need postgresql:initdb
}

# need_component SUBCOMMAND COMPONENT: a part of Rust that its smallest installation lacks.
need_component() {
    cargo "$1" --version > /dev/null 2>&1 || rustup component add "$2"
}
