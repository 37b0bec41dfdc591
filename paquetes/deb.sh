#!/usr/bin/env bash
# Packs a program that is built already as a Debian package, into target/publicar.
#
#     paquetes/deb.sh target/x86_64-unknown-linux-musl/dist/chaski amd64
#
# Needs dpkg-deb and a machine that can run the program: it prints its own manual and completions.
set -euo pipefail
cd "$(dirname "$0")/.."

program="${1:?the program}"
arch="${2:?amd64 or arm64}"
version="$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)"
maintainer="The Chaski developers <chaski@example.invalid>"
out="$PWD/target/publicar"
root="$(mktemp -d)"
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"

install -D -m 755 "$program" "$root/usr/bin/chaski"
for unit in chaski.service chaski-backup.service chaski-backup.timer; do
    install -D -m 644 "paquetes/systemd/$unit" "$root/lib/systemd/system/$unit"
    sed -i 's#/usr/local/bin/chaski#/usr/bin/chaski#' "$root/lib/systemd/system/$unit"
done
install -D -m 644 paquetes/systemd/chaski.sysusers.conf "$root/usr/lib/sysusers.d/chaski.conf"
install -D -m 644 paquetes/systemd/chaski.tmpfiles.conf "$root/usr/lib/tmpfiles.d/chaski.conf"

doc="$root/usr/share/doc/chaski"
install -D -m 644 README.md "$doc/README.md"
install -D -m 644 README.en.md "$doc/README.en.md"
install -D -m 644 CHANGELOG.md "$doc/CHANGELOG.md"
printf 'chaski (%s) stable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- %s  %s\n' \
    "$version" "$maintainer" "$(date -R -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}")" >"$doc/changelog"
gzip -9n "$doc/CHANGELOG.md" "$doc/changelog"
{
    cat NOTICE
    printf '\nUnder the Apache License 2.0, which is in /usr/share/common-licenses/Apache-2.0, or, as you prefer:\n\n'
    cat LICENSE-MIT
} >"$doc/copyright"
mkdir -p "$doc/examples"
cp -r ejemplos/. "$doc/examples"
find "$doc" -type d -exec chmod 755 {} + -o -type f -exec chmod 644 {} +

man="$root/usr/share/man/man1"
mkdir -p "$man"
"$program" man --to "$man" >/dev/null
gzip -9n "$man"/*.1
for shell in "bash:bash-completion/completions/chaski" "zsh:zsh/vendor-completions/_chaski" \
    "fish:fish/vendor_completions.d/chaski.fish"; do
    file="$root/usr/share/${shell#*:}"
    mkdir -p "$(dirname "$file")"
    "$program" completions "${shell%%:*}" >"$file"
done

mkdir -p "$root/DEBIAN"
# What a program needs that is linked to the C library; a static one needs nothing.
needs=""
if ldd "$program" >/dev/null 2>&1; then
    needs="Depends: libc6 (>= 2.35), libgcc-s1"
fi
size="$(du -ks "$root" | cut -f 1)"
{
    printf 'Package: chaski\nVersion: %s\nArchitecture: %s\nSection: net\nPriority: optional\n' "$version" "$arch"
    printf 'Maintainer: %s\n' "$maintainer"
    printf 'Installed-Size: %s\n' "$size"
    [[ -z "$needs" ]] || printf '%s\n' "$needs"
    printf 'Homepage: https://github.com/chaski-pe/chaski\n'
    printf 'Description: relay between software and the tax services of Peru\n'
    printf ' Looks up RUC, DNI and exchange rates, and issues electronic invoices\n'
    printf ' exactly once, with a cache, quota and rate control, retries, lists of\n'
    printf ' Excel and an audit trail.\n'
} >"$root/DEBIAN/control"
cat >"$root/DEBIAN/postinst" <<'SH'
#!/bin/sh
set -e
if [ "$1" = configure ]; then
    if command -v systemd-sysusers >/dev/null; then systemd-sysusers chaski.conf || true; fi
    if command -v systemd-tmpfiles >/dev/null; then systemd-tmpfiles --create chaski.conf || true; fi
    if [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi
fi
SH
cat >"$root/DEBIAN/prerm" <<'SH'
#!/bin/sh
set -e
# The data in /var/lib/chaski stay, whatever is removed.
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
    systemctl stop chaski.service chaski-backup.timer || true
fi
SH
chmod 755 "$root/DEBIAN/postinst" "$root/DEBIAN/prerm"
(cd "$root" && find usr lib -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)

mkdir -p "$out"
package="$out/chaski_${version}_$arch.deb"
dpkg-deb --root-owner-group --build "$root" "$package"
(cd "$out" && sha256sum "$(basename "$package")" >"$package.sha256" && cat "$package.sha256")
