# Shared by the scripts of this folder: the table of targets.
# shellcheck shell=bash

# field NAME COLUMN: a column of cross/targets (1 name, 2 target, 3 emulator, 4 flags, 5 target and 6 flags of the low-RAM build)
# in the row whose name or target is NAME.
field() {
    awk -v wanted="$1" -v column="$2" \
        '!/^#/ && NF && ($1 == wanted || $2 == wanted) { print $column; found = 1; exit } END { exit !found }' cross/targets
}

all_names() { awk '!/^#/ && NF { print $1 }' cross/targets; }

# names ARG...: the names that the arguments mean, one a line.
names() {
    local argument
    for argument in "$@"; do
        if [ "$argument" = all ]; then
            all_names
        else
            field "$argument" 1 || { echo "$0: unknown target '$argument'; cross/targets has all" >&2; return 1; }
        fi
    done
}
