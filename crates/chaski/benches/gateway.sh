#!/usr/bin/env bash
# Cached look-ups through the gateway, beside nginx that serves the same body from its cache, in
# turns: requests per second and the slowest of a hundred, and the ratio of each pair. Key check,
# audit and metrics are on.
#
#   cargo build --release && crates/chaski/benches/gateway.sh [ROUNDS [SECONDS]]
#
# Needs wrk and nginx (apt-get install wrk nginx-light). Only loopback, ports 18430 and 18431.
set -euo pipefail
cd "$(dirname "$0")/../../.."
rounds="${1:-5}" seconds="${2:-5}"
chaski="$PWD/target/release/chaski"
folder="$(mktemp -d)"
stop() {
    [[ -z "${served:-}" ]] || kill "$served" 2>/dev/null || true
    [[ ! -f "$folder/nginx.pid" ]] || kill "$(<"$folder/nginx.pid")" 2>/dev/null || true
    sleep 0.5
    rm -rf "$folder"
}
trap stop EXIT

# The folder is ours alone, and nginx started by root would work as nobody.
{ ((EUID)) || echo "user root;"; } >"$folder/nginx.conf"
cat >>"$folder/nginx.conf" <<CONF
worker_processes auto;
pid $folder/nginx.pid;
error_log $folder/nginx.log;
events { worker_connections 4096; }
http {
    access_log off;
    proxy_cache_path $folder/cache keys_zone=answers:10m;
    keepalive_requests 100000000;
    server {
        listen 127.0.0.1:18431;
        location / {
            proxy_pass http://127.0.0.1:18430;
            proxy_cache answers;
            proxy_cache_key \$uri;
            proxy_cache_valid 200 60m;
            proxy_ignore_headers Cache-Control Expires Vary;
        }
    }
}
CONF

key="$("$chaski" --dir "$folder/datos" llaves crear carga --permisos consultas 2>/dev/null)"
"$chaski" --dir "$folder/datos" serve --listen 127.0.0.1:18430 2>"$folder/err" &
served=$!
path=/api/v1/ruc/20100070970
for _ in $(seq 100); do
    curl -sf -o /dev/null -H "X-API-Key: $key" "http://127.0.0.1:18430$path" && break
    sleep 0.1
done
nginx -c "$folder/nginx.conf" -p "$folder" -e "$folder/nginx.log"
curl -sf -o /dev/null -H "X-API-Key: $key" "http://127.0.0.1:18431$path"

# One run: "requests-per-second slowest-of-a-hundred".
measure() {
    wrk -t2 -c64 -d"${seconds}s" --latency -H "X-API-Key: $key" "http://127.0.0.1:$1$path" |
        awk '/ 99%/ { slow = $2 } /Requests\/sec/ { print $2, slow } /Non-2xx/ { exit 1 }'
}
ratios=()
for _ in $(seq "$rounds"); do
    read -r ours our_p99 <<<"$(measure 18430)"
    read -r theirs their_p99 <<<"$(measure 18431)"
    ratio="$(awk "BEGIN { printf \"%.2f\", $ours / $theirs }")"
    ratios+=("$ratio")
    echo "chaski $ours/s p99 $our_p99   nginx $theirs/s p99 $their_p99   ratio $ratio"
done
printf '%s\n' "${ratios[@]}" | sort -n | awk '{ all[NR] = $1 } END { print "median ratio", all[int((NR + 1) / 2)] }'
awk '/VmRSS/ { print "memory of chaski:", $2 / 1024, "MiB" }' "/proc/$served/status"
