# Stand-ins for what OpenWrt's rc.common, UCI and procd offer to an init script. Every call with an effect is written to
# $CALLS, one line each. Configuration files are read from $UCI/NAME; their syntax is that of shell commands.
# shellcheck shell=dash
# shellcheck disable=SC2034,SC3043

stub_section=
stub_sections=

config() { stub_section="${2:-section$#}"; stub_sections="$stub_sections $stub_section"; eval "type_$stub_section=\$1"; }
option() { eval "value_${stub_section}_$1=\$2"; }
list() {
	local count
	eval "count=\${count_${stub_section}_$1:-0}"
	count=$((count + 1))
	eval "count_${stub_section}_$1=$count; item_${stub_section}_$1_$count=\$2"
}

config_load() {
	local variable
	for variable in $(set | sed -n 's/^\(\(value\|count\|item\|type\)_[A-Za-z0-9_]*\)=.*/\1/p'); do unset "$variable"; done
	stub_sections=
	[ -f "$UCI/$1" ] || return 1
	# shellcheck source=/dev/null
	. "$UCI/$1"
}
config_get() { eval "$1=\${value_$2_$3:-\${4:-}}"; }
config_get_bool() {
	local word
	config_get word "$2" "$3" "$4"
	case "$word" in 1|on|true|yes|enabled) eval "$1=1" ;; *) eval "$1=0" ;; esac
}
config_foreach() {
	local section type
	for section in $stub_sections; do
		eval "type=\$type_$section"
		[ "$type" != "$2" ] || "$1" "$section"
	done
}
config_list_foreach() {
	local count number=1 item
	eval "count=\${count_$1_$2:-0}"
	while [ "$number" -le "$count" ]; do
		eval "item=\$item_$1_$2_$number"
		"$3" "$item"
		number=$((number + 1))
	done
}

call() { printf '%s\n' "$*" >> "$CALLS"; }
logger() { call "logger $*"; }
uci() { call "uci $*"; }
chown() { call "chown $*"; }
procd_open_instance() { call "procd open"; }
procd_close_instance() { call "procd close"; }
procd_set_param() { call "procd $*"; }
procd_append_param() { call "procd + $*"; }
procd_add_jail() { call "jail $*"; }
procd_add_jail_mount() { call "jail mount $*"; }
procd_add_jail_mount_rw() { call "jail mount rw $*"; }
procd_add_raw_trigger() { call "trigger $*"; }
procd_add_reload_interface_trigger() { call "trigger reload interface $*"; }
procd_add_reload_trigger() { call "trigger reload $*"; }
start() { start_service "$@"; }
