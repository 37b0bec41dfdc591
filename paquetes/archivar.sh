#!/usr/bin/env bash
# Builds the program for one target and packs what is handed out, with its checksum, into target/publicar.
#
#     paquetes/archivar.sh x86_64-unknown-linux-musl
#     paquetes/archivar.sh x86_64-pc-windows-gnu release   # another profile than dist
set -euo pipefail
cd "$(dirname "$0")/.."

target="${1:?the target, such as x86_64-unknown-linux-musl}"
profile="${2:-dist}"
version="$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)"
name="chaski-$version-$target"
out="$PWD/target/publicar"

cargo build --locked --profile "$profile" --target "$target" -p chaski --bin chaski
program="chaski"
[[ "$target" != *windows* ]] || program="chaski.exe"

rm -rf "${out:?}/$name"
mkdir -p "$out/$name"
cp "target/$target/$profile/$program" README.md README.en.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT NOTICE "$out/$name"
cp -r ejemplos "$out/$name/ejemplos"
if [[ "$target" == *linux* ]]; then
    mkdir "$out/$name/systemd"
    cp paquetes/systemd/* "$out/$name/systemd"
fi

cd "$out"
if [[ "$target" == *windows* ]]; then
    archive="$name.zip"
    rm -f "$archive"
    python3 -m zipfile -c "$archive" "$name"
else
    archive="$name.tar.gz"
    # The same content is the same archive: no user, no time of its own, one order.
    tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@${SOURCE_DATE_EPOCH:-0}" -cf - "$name" 2>/dev/null |
        gzip -9n >"$archive" || tar -czf "$archive" "$name"
fi
if command -v sha256sum >/dev/null; then
    sha256sum "$archive" >"$archive.sha256"
else
    shasum -a 256 "$archive" >"$archive.sha256"
fi
cat "$archive.sha256"
