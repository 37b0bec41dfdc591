"""Caps and quota, attacked: callers that leave, two processes, collections that fail, clocks that jump.

    python3 crates/chaski/tests/outside/spending.py

What counts is the upstream's ledger. The clock is moved by libfaketime (Debian: faketime); where it is not
installed those attacks are said to be not run.
"""

import argparse
import pathlib
import re
import socket
import subprocess
import threading
import time
from subprocess import DEVNULL

import world
from world import World, companies, request

FAKETIME = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


def key(at, *words):
    code, out, err = at.run("llaves", "crear", f"prueba-{time.time_ns()}", *words)
    assert code == 0, err
    return re.search(r"chk_live_\w+", out + err).group(0)


def leave_early(address, key, number, after):
    """Asks, and closes the connection before an answer can have come."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as it:
        it.sendall(f"GET /api/v1/ruc/{number} HTTP/1.1\r\nHost: {host}\r\nX-API-Key: {key}\r\n\r\n".encode())
        time.sleep(after)


def together(deed, many):
    threads = [threading.Thread(target=deed, args=(one,)) for one in many]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def callers_that_leave(at):
    """A key with ten calls a day, 300 callers that leave after 4 ms."""
    at.control(latency=0.5)
    mine = key(at, "--por-dia", "10")
    process, address = at.server()
    together(lambda number: leave_early(address, mine, number, 0.004), companies(1, 300))
    time.sleep(1.5)
    stop(process)
    return 10


def two_servers_one_cap(at):
    """The same key at two servers on one folder."""
    mine = key(at, "--por-dia", "10")
    servers = [at.server(), at.server()]

    def ask(one):
        n, number = one
        request(f"{servers[n % 2][1]}/api/v1/ruc/{number}", headers=[("X-API-Key", mine)])

    together(ask, enumerate(companies(1_000, 60)))
    for process, _ in servers:
        stop(process)
    return 10


def two_servers_one_quota(at):
    """Two servers and a command on a folder whose month has twenty calls."""
    at.extra = {"CHASKI_MIGO_QUOTA": 20}
    servers = [at.server(), at.server()]
    together(
        lambda one: request(f"{servers[one[0] % 2][1]}/api/v1/ruc/{one[1]}"),
        enumerate(companies(2_000, 30)),
    )
    world.write_list(at.folder / "list.csv", companies(3_000, 1_500))
    at.run("ruc", "lote", "list.csv", "-o", "result.csv", "--no-input")
    for process, _ in servers:
        stop(process)
    return 20


def collections_that_fail(fault):
    def attack(at):
        at.control(faults=[fault], rate=1.0)
        mine = key(at, "--por-dia", "10")
        process, address = at.server()
        import json

        body = json.dumps({"rucs": companies(4_000, 1_000)}).encode()
        headers = [("X-API-Key", mine), ("Content-Type", "application/json")]
        status, _, answer = request(f"{address}/api/v1/lotes", body, headers)
        if status == 202:
            batch = json.loads(answer)["id"]
            until = time.time() + 20
            while time.time() < until:
                _, _, answer = request(f"{address}/api/v1/lotes/{batch}", headers=headers)
                if json.loads(answer)["status"] not in ("PENDING", "PROCESSING"):
                    break
                time.sleep(0.1)
        stop(process)
        return 10

    attack.__doc__ = f"A list of 1,000 under a key with ten calls a day; collections come with {fault}."
    return attack


def lists_cost_what_was_said(fault):
    def attack(at):
        at.control(faults=[fault], rate=1.0)
        world.write_list(at.folder / "list.csv", companies(6_000, 300))
        _, _, err = at.run("ruc", "lote", "list.csv", "-o", "result.csv", "--no-input")
        line = next(line for line in err.splitlines() if "consulta" in line.lower() and "RUC" in line and "300" in line)
        said = [int(it) for it in re.findall(r"\d+", line) if int(it) != 300]
        print("   ", line)
        return max(said)

    attack.__doc__ = f"A list of 300 on the command line; collections come with {fault}: no more than announced."
    return attack


def spending_limit(at):
    """`--gastar-hasta 2` on a list that needs three."""
    world.write_list(at.folder / "list.csv", companies(7_000, 300))
    at.run("ruc", "lote", "list.csv", "-o", "result.csv", "--no-input", "--gastar-hasta", "2")
    return 2


def jumping(limit, moments, words=()):
    """A server whose clock jumps while it runs, in days from now; `limit` calls in each period."""

    def attack(at):
        clock = at.folder / "clock"
        clock.write_text("+0d")
        faked = {"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": clock, "FAKETIME_NO_CACHE": 1,
                 "FAKETIME_DONT_FAKE_MONOTONIC": 1}  # fmt: skip
        headers = [("X-API-Key", key(at, *words))]
        at.extra = {} if words else {"CHASKI_MIGO_QUOTA": limit}
        process, address = at.server(env=faked)
        for n, moment in enumerate(moments):
            clock.write_text(moment)
            for number in companies(8_000 + 100 * n, limit + 5):
                request(f"{address}/api/v1/ruc/{number}", headers=headers)
        stop(process)
        return limit * len(set(moments))

    return attack


def killed_again_and_again(at):
    """Quota of ten at a server that is killed every 50 ms."""
    at.extra = {"CHASKI_MIGO_QUOTA": 10}
    numbers = iter(companies(10_000, 2_000))
    for _ in range(8):
        process, address = at.server()
        over = threading.Event()

        def ask():
            while not over.is_set():
                try:
                    request(f"{address}/api/v1/ruc/{next(numbers)}", timeout=2)
                except Exception:
                    return

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.05)
        at.kill(process)
        over.set()
        for thread in threads:
            thread.join()
    return 10


def stop(process):
    process.terminate()
    assert process.wait(timeout=60) == 0


ATTACKS = [
    callers_that_leave,
    two_servers_one_cap,
    two_servers_one_quota,
    killed_again_and_again,
    spending_limit,
    *(collections_that_fail(fault) for fault in ("status_422", "garbled", "left_out", "bare_404", "no_number")),
    *(lists_cost_what_was_said(fault) for fault in ("status_422", "left_out", "twice_in_one", "garbled", "status_503")),
]
back_over_the_month = jumping(10, ("+0d", "+32d", "+0d", "+32d", "+64d", "+0d"))
back_over_the_month.__doc__ = "Quota of ten; the clock goes over the month's end and back, again and again: ten a month."
back_over_midnight = jumping(10, ("+0d", "+1d", "+0d", "+1d", "-1d", "+0d"), ("--por-dia", "10"))
back_over_midnight.__doc__ = "Cap of ten a day; the clock goes over midnight and back, again and again: ten a day."
CLOCKS = [back_over_the_month, back_over_midnight]


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--binary", default=world.ROOT / "target/debug/chaski")
    words.add_argument("--only", default="", help="only those whose description holds this text")
    words = words.parse_args()
    attacks = ATTACKS + (CLOCKS if FAKETIME else [])
    if not FAKETIME:
        print("NOT RUN: clocks that jump (libfaketime is not installed)")
    attacks = [attack for attack in attacks if words.only in attack.__doc__]
    failed = 0
    for attack in attacks:
        with World(words.binary) as at:
            allowed = attack(at)
            paid = at.paid()
        failed += paid > allowed
        print(f"{'BROKEN' if paid > allowed else 'held'}: {paid} paid of {allowed} allowed: {attack.__doc__}", flush=True)
    print(f"{len(attacks) - failed} passed, {failed} failed")
    raise SystemExit(failed > 0)


if __name__ == "__main__":
    main()
