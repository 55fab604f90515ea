#!/usr/bin/env bash
# Packs a prebuilt static binary (cross/build.sh) for OpenWrt, without OpenWrt's build system:
#
#   openwrt/pack.sh ARCH BINARY [OUTDIR]     eyelet_VERSION_ARCH.ipk and eyelet-VERSION.ARCH.apk
#   openwrt/pack.sh luci [OUTDIR]            luci-app-eyelet_VERSION_all.ipk and luci-app-eyelet-VERSION.apk
#
# ARCH is what `opkg print-architecture` or `apk --print-arch` says on the router, for example mipsel_24kc (MT7621),
# aarch64_cortex-a53 (MT7622, MT798x), arm_cortex-a7_neon-vfpv4 (IPQ40xx). OUTDIR is target/openwrt unless told otherwise.
#
# .ipk (opkg, OpenWrt up to 24.10) is a gzipped tar of debian-binary, control.tar.gz and data.tar.gz.
# .apk (apk, OpenWrt from 25.12) is the "v2" form of that format, gzipped tar segments, which apk 3 still installs;
# it is not signed: apk add --allow-untrusted FILE.
#
# Needs bash, GNU tar, gzip and Python 3.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() { sed -n '2,9p' "$0" | cut -c3-; exit 2; }
[ $# -ge 1 ] || usage
value() { sed -n "s/^$1:=//p" openwrt/eyelet/Makefile; }
version="$(value PKG_VERSION)-r$(value PKG_RELEASE)"
maintainer=$(value PKG_MAINTAINER)
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root meta=$work/meta
mkdir -p "$root" "$meta"

if [ "$1" = luci ]; then
    name=luci-app-eyelet arch=all depends="eyelet luci-base" user=""
    description="LuCI page for the Eyelet server"
    out=${2:-target/openwrt}
    mkdir -p "$root/www"
    cp -r openwrt/luci-app-eyelet/htdocs/. "$root/www/"
    cp -r openwrt/luci-app-eyelet/root/. "$root/"
    : > "$meta/conffiles"
else
    [ $# -ge 2 ] || usage
    name=eyelet arch=$1 binary=$2 depends="ca-bundle" user="eyelet=8442:eyelet=8442"
    description="Server for legacy Blynk apps and devices"
    out=${3:-target/openwrt}
    files=openwrt/eyelet/files
    # The same files as Package/eyelet/install of the Makefile; tests/packaging compares.
    install -D -m 755 "$binary" "$root/usr/bin/eyelet"
    install -D -m 755 $files/eyelet.init "$root/etc/init.d/eyelet"
    install -D -m 600 $files/eyelet.config "$root/etc/config/eyelet"
    install -D -m 600 $files/server.properties "$root/etc/eyelet/server.properties"
    install -D -m 644 $files/eyelet.json "$root/etc/capabilities/eyelet.json"
    install -D -m 644 $files/eyelet.keep "$root/lib/upgrade/keep.d/eyelet"
    printf '%s\n' /etc/config/eyelet /etc/eyelet/server.properties > "$meta/conffiles"
    # shellcheck disable=SC2016 # for the router's shell
    printf '%s\n' '[ -n "${IPKG_INSTROOT}" ] || [ "${PKG_UPGRADE}" = 1 ] || /etc/init.d/eyelet dns_off' > "$meta/prerm-pkg"
fi
find "$root" -type d -exec chmod 755 {} +
mkdir -p "$out"
out=$(cd "$out" && pwd)

# Reproducible: names in order, nobody's user, one date.
packed() {
    tar --format=gnu --numeric-owner --owner=0 --group=0 --sort=name --mtime="@$SOURCE_DATE_EPOCH" -cf - -C "$1" "${@:2}" |
        gzip -9n
}

make_ipk() {
    local control=$work/control parts=$work/ipk size file
    mkdir -p "$control" "$parts"
    size=$(find "$root" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')
    {
        echo "Package: $name"
        echo "Version: $version"
        echo "Depends: libc, ${depends// /, }"
        echo "License: GPL-3.0-or-later"
        echo "Section: net"
        [ -z "$user" ] || echo "Require-User: $user"
        echo "Maintainer: $maintainer"
        echo "Architecture: $arch"
        echo "Installed-Size: $size"
        echo "Description: $description"
    } > "$control/control"
    [ ! -s "$meta/conffiles" ] || cp "$meta/conffiles" "$control/conffiles"
    # OpenWrt's own scripts do the work: user, enable, start, stop; prerm-pkg is called by default_prerm.
    cat > "$control/postinst" <<'END'
#!/bin/sh
[ "${IPKG_NO_SCRIPT}" = "1" ] && exit 0
[ -s "${IPKG_INSTROOT}/lib/functions.sh" ] || exit 0
. "${IPKG_INSTROOT}/lib/functions.sh"
default_postinst "$0" "$@"
END
    cat > "$control/prerm" <<'END'
#!/bin/sh
[ -s "${IPKG_INSTROOT}/lib/functions.sh" ] || exit 0
. "${IPKG_INSTROOT}/lib/functions.sh"
default_prerm "$0" "$@"
END
    if [ -f "$meta/prerm-pkg" ]; then
        { echo '#!/bin/sh'; cat "$meta/prerm-pkg"; } > "$control/prerm-pkg"
    fi
    for file in postinst prerm prerm-pkg; do [ ! -f "$control/$file" ] || chmod 755 "$control/$file"; done
    packed "$root" . > "$parts/data.tar.gz"
    packed "$control" . > "$parts/control.tar.gz"
    echo "2.0" > "$parts/debian-binary"
    packed "$parts" ./debian-binary ./data.tar.gz ./control.tar.gz > "$out/${name}_${version}_$arch.ipk"
    echo "$out/${name}_${version}_$arch.ipk"
}

make_apk() {
    local scripts=$work/scripts lists=$root/lib/apk/packages file apk_arch=$arch apk=$out/$name-$version.$arch.apk
    [ "$arch" != all ] || { apk_arch=noarch; apk=$out/$name-$version.apk; }
    mkdir -p "$scripts" "$lists"
    # What OpenWrt's scripts look for under apk, in place of opkg's control file.
    [ -z "$user" ] || echo "$user" > "$lists/$name.rusers"
    if [ -s "$meta/conffiles" ]; then
        cp "$meta/conffiles" "$lists/$name.conffiles"
        while read -r file; do
            echo "$file $(sha256sum "$root$file" | cut -d' ' -f1)"
        done < "$meta/conffiles" > "$lists/$name.conffiles_static"
    fi
    (cd "$root" && find . -type f -printf '/%P\n' | LC_ALL=C sort) > "$work/list"
    mv "$work/list" "$lists/$name.list"
    chmod 755 "$root/lib/apk" "$lists"
    chmod 644 "$lists"/*

    cat > "$scripts/.post-install" <<END
#!/bin/sh
[ "\${IPKG_NO_SCRIPT}" = "1" ] && exit 0
[ -s "\${IPKG_INSTROOT}/lib/functions.sh" ] || exit 0
. "\${IPKG_INSTROOT}/lib/functions.sh"
export root="\${IPKG_INSTROOT}"
export pkgname="$name"
add_group_and_user
default_postinst
END
    { echo '#!/bin/sh'; echo 'export PKG_UPGRADE=1'; sed 1d "$scripts/.post-install"; } > "$scripts/.post-upgrade"
    cat > "$scripts/.pre-deinstall" <<END
#!/bin/sh
[ -s "\${IPKG_INSTROOT}/lib/functions.sh" ] || exit 0
. "\${IPKG_INSTROOT}/lib/functions.sh"
export root="\${IPKG_INSTROOT}"
export pkgname="$name"
default_prerm
$(cat "$meta/prerm-pkg" 2> /dev/null || true)
END
    python3 openwrt/apk.py --name "$name" --version "$version" --arch "$apk_arch" --description "$description" \
        --depends "$depends" --maintainer "$maintainer" --scripts "$scripts" --root "$root" "$apk"
    echo "$apk"
}

make_ipk
make_apk
