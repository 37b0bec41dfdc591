#!/usr/bin/env bash
# Fills in the templates of winget and Homebrew from the checksums in a folder, into that folder.
#
#     paquetes/plantillas.sh target/publicar
set -euo pipefail
out="$(cd "${1:?the folder of the archives}" && pwd)"
cd "$(dirname "$0")/.."

version="$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)"
for template in paquetes/winget/*.plantilla paquetes/homebrew/*.plantilla; do
    text="$(sed "s/@VERSION@/$version/g" "$template")"
    while [[ "$text" =~ @SHA256:([a-z0-9_-]+)@ ]]; do
        target="${BASH_REMATCH[1]}"
        file="$(find "$out" -maxdepth 1 -name "chaski-$version-$target.*.sha256" | head -n 1)"
        [[ -n "$file" ]] || { printf '%s needs the archive of %s\n' "$template" "$target" >&2; exit 1; }
        sum="$(cut -d ' ' -f 1 "$file")"
        # winget writes them in capitals.
        [[ "$template" != *winget* ]] || sum="${sum^^}"
        text="${text//@SHA256:$target@/$sum}"
    done
    printf '%s\n' "$text" >"$out/$(basename "$template" .plantilla)"
    printf '%s\n' "$out/$(basename "$template" .plantilla)"
done
