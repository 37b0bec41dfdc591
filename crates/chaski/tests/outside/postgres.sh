# A server of PostgreSQL of the tests' own, on a socket in the folder $DIR, with the programs of $BIN and
# the further options $MORE. It says "ready", and ends when nobody writes to its input any more. One
# user needs a password. As root it runs as the user postgres, for it refuses root.
as=; test "$(id -u)" = 0 && as="setpriv --reuid=postgres --regid=postgres --clear-groups"
test -z "$as" || chown postgres "$DIR"
cd "$DIR"
$as "$BIN/initdb" -D "$DIR/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$DIR/log" 2>&1
{ echo "local all con_clave scram-sha-256"; cat "$DIR/data/pg_hba.conf"; } >"$DIR/hba"
cat "$DIR/hba" >"$DIR/data/pg_hba.conf"
$as "$BIN/postgres" $MORE -D "$DIR/data" -k "$DIR" -c listen_addresses= -c max_connections=400 >>"$DIR/log" 2>&1 &
for i in $(seq 300); do "$BIN/pg_isready" -q -h "$DIR" && break; sleep 0.1; done
"$BIN/pg_isready" -q -h "$DIR" && echo ready
cat >/dev/null
kill -QUIT $!; wait; rm -rf "$DIR"
