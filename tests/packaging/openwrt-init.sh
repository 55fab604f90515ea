#!/bin/sh
# Runs OpenWrt's init script with UCI and procd stubbed and looks at what it generates. Meant for `busybox ash`.
# shellcheck shell=dash
# shellcheck disable=SC2034,SC3043,SC1091,SC2016,SC2119

here="$(cd "$(dirname "$0")" && pwd)"
top="$(cd "$here/../.." && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
failures=0

UCI="$work/uci"
CALLS="$work/calls"
. "$here/openwrt-stubs.sh"
. "$top/openwrt/eyelet/files/eyelet.init"
# Nothing of this machine is touched.
CONF_DIR="$work/etc"
RUN_DIR="$work/run"
DNS_STATE="$work/etc/dns-switch"
UJAIL="$work/ujail"
DNSMASQ="$work/dnsmasq"
address_now=192.168.1.1
lan_address() { printf '%s' "$address_now"; }

# begin NAME: a clean place with the configuration that is shipped.
begin() {
	name="$1"
	unset EYELET_BOOT
	rm -rf "$UCI" "$CONF_DIR" "$RUN_DIR" "$work/data"
	mkdir -p "$UCI" "$CONF_DIR"
	: > "$CALLS"
	cp "$top/openwrt/eyelet/files/eyelet.config" "$UCI/eyelet"
	cp "$top/openwrt/eyelet/files/server.properties" "$CONF_DIR/server.properties"
	printf '#!/bin/sh\n' > "$UJAIL"
	printf '#!/bin/sh\necho "dnsmasq $*" >> "%s"\n' "$CALLS" > "$DNSMASQ"
	chmod +x "$UJAIL" "$DNSMASQ"
	set_option data_folder "$work/data"
}

# set_option NAME VALUE, add_list NAME VALUE: a later line of the same section counts.
set_option() { printf "\toption %s '%s'\n" "$1" "$2" >> "$UCI/eyelet"; }
add_list() { printf "\tlist %s '%s'\n" "$1" "$2" >> "$UCI/eyelet"; }
luci() { printf "config uhttpd 'main'\n\tlist listen_http '%s'\n\tlist listen_https '%s'\n" "$1" "$2" > "$UCI/uhttpd"; }

say() { printf '%s: %s\n' "$name" "$1"; failures=$((failures + 1)); }
expect() { grep -qxF -- "$2" "$1" || { say "no line '$2' in $(basename "$1"):"; sed 's/^/    /' "$1"; }; }
refuse() { ! grep -q -- "$2" "$1" || { say "unexpected '$2' in $(basename "$1")"; }; }
properties() { printf '%s' "$RUN_DIR/server.properties"; }
extra() { sed -n 's/^listen.extra=//p' "$(properties)"; }
is() { [ "$2" = "$3" ] || say "$1 is '$2', not '$3'"; }

begin "off as shipped"
start_service
is "number of calls" "$(wc -l < "$CALLS")" 0
[ ! -e "$(properties)" ] || say "wrote server.properties"

begin "boot waits for the interfaces"
set_option enabled 1
boot
service_triggers
refuse "$CALLS" "procd open"
expect "$CALLS" "trigger interface.*.up 5000 /etc/init.d/eyelet restart"
expect "$CALLS" "trigger reload eyelet"

begin "plain start"
set_option enabled 1
start_service
service_triggers
sed "s#$work#WORK#g" "$(properties)" | sed '/^# /d; /^$/d' > "$work/generated"
cat > "$work/expected" <<-END
	http.port=8080
	https.port=9443
	hardware.mqtt.port=8440
	data.folder=WORK/data
	logs.folder=
	log.level=info
	control.socket=WORK/run/control.sock
	server.host=192.168.1.1
END
cmp -s "$work/generated" "$work/expected" || { say "generated:"; diff "$work/expected" "$work/generated"; }
expect "$CALLS" "procd command /usr/bin/eyelet -serverConfig $RUN_DIR/server.properties"
expect "$CALLS" "procd respawn"
expect "$CALLS" "procd user eyelet"
expect "$CALLS" "procd capabilities /etc/capabilities/eyelet.json"
expect "$CALLS" "jail eyelet log procfs"
expect "$CALLS" "jail mount rw $work/data"
expect "$CALLS" "jail mount rw $RUN_DIR"
expect "$CALLS" "jail mount $CONF_DIR"
expect "$CALLS" "trigger reload interface lan"
refuse "$CALLS" "uci"
[ -d "$work/data" ] || say "no data folder"
is "mode" "$(stat -c %a "$(properties)")" 640

begin "every option"
set_option enabled 1
set_option http_port 80
set_option https_port 443
set_option mqtt_port 1883
set_option log_folder "$work/log"
set_option log_level debug
set_option host 'blynk.example.org'
set_option certificate "$work/uci/eyelet"
set_option key "$work/uci/eyelet"
add_list listen_extra mqtts:8883
add_list listen_extra 'plain:[::1]:8442'
add_list property user.devices.limit=70
add_list property 'product.name=a\b = c'
add_list property 'no property'
echo 'log.level=trace' >> "$CONF_DIR/server.properties"
echo 'mail.smtp.host=mail.example.org' > "$CONF_DIR/mail.properties"
: > "$CONF_DIR/twitter4j.properties"
mkdir -p "$work/data/backup"
: > "$work/data/a@b.cc.Blynk.user"
: > "$work/data/not ours"
start_service
for line in http.port=80 https.port=443 hardware.mqtt.port=1883 "logs.folder=$work/log" log.level=debug \
	server.host=blynk.example.org "server.ssl.cert=$work/uci/eyelet" "server.ssl.key=$work/uci/eyelet" \
	'listen.extra=mqtts:8883,plain:[::1]:8442' user.devices.limit=70 'product.name=a\\b = c'; do
	expect "$(properties)" "$line"
done
is "the level that counts" "$(sed -n 's/^log.level=//p' "$(properties)" | tail -n 1)" debug
refuse "$(properties)" "no property"
expect "$CALLS" "procd + command -mailConfig $CONF_DIR/mail.properties"
expect "$CALLS" "procd + command -twitterConfig $CONF_DIR/twitter4j.properties"
refuse "$CALLS" "smsConfig"
expect "$CALLS" "jail mount rw $work/log"
expect "$CALLS" "chown -R eyelet:eyelet $work/data/a@b.cc.Blynk.user"
expect "$CALLS" "chown -R eyelet:eyelet $work/data/backup"
refuse "$CALLS" "not ours"
is "mode of mail.properties" "$(stat -c %a "$CONF_DIR/mail.properties")" 640

begin "legacy switch, LuCI elsewhere"
set_option enabled 1
set_option legacy 1
add_list legacy_domain cloud.blynk.cc
luci 0.0.0.0:81 0.0.0.0:444
start_service
is "listen.extra" "$(extra)" "plain:80,tls:443,tls:8441,plain:8442,tls:8443"
expect "$CALLS" "uci -q add_list dhcp.@dnsmasq[0].address=/blynk-cloud.com/192.168.1.1"
expect "$CALLS" "uci -q add_list dhcp.@dnsmasq[0].address=/cloud.blynk.cc/192.168.1.1"
expect "$CALLS" "uci -q commit dhcp"
expect "$CALLS" "dnsmasq restart"

name="legacy switch, second start"
: > "$CALLS"
start_service
refuse "$CALLS" "uci"
refuse "$CALLS" "dnsmasq"

name="legacy switch, other address"
: > "$CALLS"
set_option legacy_address 192.168.1.2
start_service
expect "$CALLS" "uci -q del_list dhcp.@dnsmasq[0].address=/blynk-cloud.com/192.168.1.1"
expect "$CALLS" "uci -q add_list dhcp.@dnsmasq[0].address=/blynk-cloud.com/192.168.1.2"
is "listen.extra" "$(extra)" \
	"plain:192.168.1.2:80,tls:192.168.1.2:443,tls:192.168.1.2:8441,plain:192.168.1.2:8442,tls:192.168.1.2:8443"

name="legacy switch, off again"
: > "$CALLS"
set_option legacy 0
start_service
expect "$CALLS" "uci -q del_list dhcp.@dnsmasq[0].address=/blynk-cloud.com/192.168.1.2"
refuse "$CALLS" "add_list"
is "listen.extra" "$(extra)" ""
[ ! -e "$DNS_STATE" ] || say "the state file stays"

begin "legacy switch, LuCI at all addresses"
set_option enabled 1
set_option legacy 1
luci 0.0.0.0:80 '[::]:443'
start_service
is "listen.extra" "$(extra)" "tls:8441,plain:8442,tls:8443"
grep -q "not listening on port 80" "$CALLS" || say "no warning about port 80"

begin "legacy switch, LuCI at another address"
set_option enabled 1
set_option legacy 1
set_option legacy_address 192.168.1.2
luci 192.168.1.1:80 192.168.1.1:443
start_service
is "listen.extra" "$(extra)" \
	"plain:192.168.1.2:80,tls:192.168.1.2:443,tls:192.168.1.2:8441,plain:192.168.1.2:8442,tls:192.168.1.2:8443"

begin "legacy switch, own ports and no jail"
set_option enabled 1
set_option legacy 1
set_option http_port 8442
add_list listen_extra tls:8443
rm "$UJAIL"
start_service
is "listen.extra" "$(extra)" "tls:8443,tls:8441"
refuse "$CALLS" "procd capabilities"

begin "legacy switch, bad name"
set_option enabled 1
set_option legacy 1
add_list legacy_domain 'x/y$(reboot)'
start_service
refuse "$DNS_STATE" reboot

begin "legacy switch, no LAN yet"
set_option enabled 1
set_option legacy 1
address_now=
start_service
refuse "$CALLS" "uci"
refuse "$(properties)" "server.host"
address_now=192.168.1.1

begin "removal takes the names back"
echo /blynk-cloud.com/192.168.1.1 > "$DNS_STATE"
dns_off
expect "$CALLS" "uci -q del_list dhcp.@dnsmasq[0].address=/blynk-cloud.com/192.168.1.1"

[ "$failures" = 0 ] || { echo "$failures failures"; exit 1; }
echo "init script: all cases passed"
