#!/usr/bin/env bash
# Builds chaski.exe on Debian and runs the README's first minute with it under wine.
#
#     paquetes/windows/probar.sh            # another profile: paquetes/windows/probar.sh dist
#
# Needs Debian's gcc-mingw-w64-x86-64 and wine64, and the target x86_64-pc-windows-gnu of rustup.
set -euo pipefail
cd "$(dirname "$0")/../.."

profile="${1:-dev}"
target=x86_64-pc-windows-gnu
rustup target add "$target"
cargo build --locked --profile "$profile" --target "$target" -p chaski --bin chaski
folder="target/$target/$([[ "$profile" == dev ]] && echo debug || echo "$profile")"
# The script of Debian's package is not on the path.
wine="$(command -v wine64 || command -v wine || echo /usr/lib/wine/wine64)"

place="$(mktemp -d)"
trap 'kill "${served:-}" 2>/dev/null || true; wineserver -k 2>/dev/null || true; rm -rf "$place"' EXIT
cp "$folder/chaski.exe" ejemplos/clientes.xlsx "$place"
x86_64-w64-mingw32-gcc -shared -o "$place/bcryptprimitives.dll" paquetes/windows/bcryptprimitives.c -ladvapi32
export WINEPREFIX="$place/wine" WINEDEBUG=-all WINEDLLOVERRIDES="bcryptprimitives=n;mscoree=;mshtml="
cd "$place"
chaski() { "$wine" chaski.exe "$@"; }

echo "== version"
chaski version
echo "== the first minute: a list of Excel"
chaski ruc lote clientes.xlsx -o resultado.xlsx
[[ -s resultado.xlsx ]]
echo "== one RUC, out of what is kept by now"
chaski ruc 20100070970
echo "== the same list as text, twice the same"
chaski ruc lote clientes.xlsx --format csv >uno.csv
chaski ruc lote clientes.xlsx --format csv >dos.csv
cmp uno.csv dos.csv
here="$OLDPWD/target/debug/chaski"
if [[ -x "$here" ]]; then
    echo "== the same as on this machine, but for the time"
    "$here" --dir "$place/aqui" ruc lote clientes.xlsx --format csv >aqui.csv 2>/dev/null
    python3 - <<'PY'
import csv, re
def rows(name):
    told = list(csv.reader(open(name, encoding="utf-8-sig", newline="")))
    return [[re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*|MEMORIA|memoria|sandbox.*", "", cell) for cell in row] for row in told]
uno, aqui = rows("uno.csv"), rows("aqui.csv")
for one, other in zip(uno, aqui, strict=True):
    assert one == other, (one, other)
print(len(uno), "rows")
PY
fi
echo "== doctor"
chaski doctor || true
echo "== a server, asked from this side, told to read its configuration again"
"$wine" chaski.exe serve --listen 127.0.0.1:18429 2>err &
served=$!
for _ in $(seq 100); do
    grep -q curl err && break
    sleep 0.2
done
cat err
python3 - <<'PY'
import urllib.request
print(urllib.request.urlopen("http://127.0.0.1:18429/api/v1/ruc/20100070970", timeout=20).read()[:200].decode())
PY
chaski config recargar
echo "== done: $folder/chaski.exe"
