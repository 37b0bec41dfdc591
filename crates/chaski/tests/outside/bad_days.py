"""Days on which the machine itself is at fault: documents wait, and go on by themselves.

    python3 crates/chaski/tests/outside/bad_days.py --seconds 60

A full disk, a folder that cannot be written, a sync that fails, a database that somebody keeps locked for that long,
a clock that is set back two hours and forward forty days. Each day documents are handed over before, meanwhile and
afterwards; then database, ledger and what callers were told are compared as in `gateway_issue.py`.
"""

import argparse
import contextlib
import itertools
import json
import os
import random
import signal
import sqlite3
import subprocess
import threading
import time

import world
from gateway_issue import Clock, Gateway, judge
from world import request


def answer_to(at, n, timeout=30):
    """Status and code of the answer to a document."""
    sale = json.dumps(at.sale(n)[0]).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": f"pedido-{n}", "Chaski-Allow-Duplicate": "true"}
    try:
        status, _, body = request(f"{at.address}/api/v1/comprobantes", sale, headers, timeout=timeout)
    except OSError as error:
        return None, type(error).__name__
    with contextlib.suppress(ValueError):
        return status, json.loads(body).get("code")
    return status, body[:80]


def settled(at, told, seconds=60):
    """Everything that was handed over is issued, without anybody's help."""
    began = time.time()
    left = at.until_quiet(seconds)
    assert not left, f"{left} on their way {seconds} s after all was well"
    return f"{told} documents, all settled {time.time() - began:.1f} s later"


def disk(at):
    library = at.folder / "bad_disk.so"
    if not library.exists():
        words = ["cc", "-shared", "-fPIC", "-O1", "-o", library, world.HERE / "bad_disk.c", "-ldl"]
        subprocess.run(words, check=True)
    at.disk = at.folder / "disk"
    return {"DISK_IS": at.disk, "LD_PRELOAD": library}


def disk_full(at, number, seconds):
    at.up(more=disk(at))
    at.post_until_told(next(number))
    at.disk.write_text("full")
    turned_away = next(number)
    status, code = answer_to(at, turned_away)
    assert status and status >= 500 and code, f"a full disk is answered with {status} {code}"
    time.sleep(seconds)
    assert at.process.poll() is None, "it ended"
    at.disk.unlink()
    at.post_until_told(turned_away)
    return f"{status} {code}; {settled(at, 2)}"


def folder_read_only(at, number, _):
    """As root every folder can be written; so it is somebody else's."""
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    at.folder.chmod(0o755)
    for path in [*at.data.rglob("*"), at.data]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    words = [*as_nobody, at.binary, "serve", "--listen", "127.0.0.1:0"]
    done = subprocess.run(words, env=at.environment(), cwd="/", capture_output=True, text=True, timeout=60)
    said = done.stderr.strip()
    assert done.returncode not in (0, -6, 101) and str(at.data) in said, (done.returncode, said)
    for path in [at.data, *at.data.rglob("*")]:
        path.chmod(0o700 if path.is_dir() else 0o600)
    at.up()
    at.post_until_told(next(number))
    return f"refused with {done.returncode} and the folder's name; then {settled(at, 1)}"


def sync_fails(at, number, _):
    """The process ends, whatever else it was doing, and begins again from what is on the disk."""
    at.up(more=disk(at))
    told = [at.post_until_told(next(number)) for _ in range(3)]
    at.disk.write_text("lost")
    n = next(number)
    status, code = answer_to(at, n)
    assert status is None or status >= 500, f"a document is confirmed that the disk did not take: {status}"
    with contextlib.suppress(subprocess.TimeoutExpired):
        at.process.wait(timeout=10)
    assert at.process.poll() == -signal.SIGABRT, f"it lives on: {at.process.poll()}, {status} {code}"
    at.disk.unlink()
    at.up()
    at.post_until_told(n)
    return f"ended at once ({status or code}); {settled(at, len(told) + 1)}"


def locked(at, number, seconds):
    at.up()
    at.post_until_told(next(number))
    with contextlib.closing(sqlite3.connect(at.data / "chaski.db", timeout=30, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        n, said = next(number), []
        caller = threading.Thread(target=lambda: said.append(answer_to(at, n, timeout=seconds + 30)))
        caller.start()
        time.sleep(seconds)
        status, _, _ = request(f"{at.address}/salud/vivo", timeout=10)
        assert status == 200, "it does not answer while the database is locked"
        other.execute("ROLLBACK")
    caller.join()
    at.post_until_told(n)
    return f"{said[0]}; {settled(at, 2)}"


def clock_set(at, number, _):
    """Both clocks go forward; back goes only ours, while an account is held and one document is in doubt."""
    clock = Clock(at.folder)
    if not clock.library:
        return "not done: no libfaketime"
    at.up(more=clock.environment())
    at.post_until_told(next(number))
    at.fault("50@generar_comprobante x1")
    at.post_until_told(next(number))
    at.until_held()
    clock.forward(-2 * 3600)
    for _ in range(2):
        at.post_until_told(next(number))
    back = settled(at, 4, 90)
    for days in (40, 0):
        clock.forward(days * 86400 + 2 * 3600 * (days == 40))
        if days:
            request(f"{at.url}/_sandbox/reloj", f"{days}d".encode())
        for _ in range(2):
            at.post_until_told(next(number))
        settled(at, 2)
        at.kill(at.process)
        at.up(more=clock.environment())
    return f"back: {back}; forward: {settled(at, 4)}"


DAYS = [disk_full, folder_read_only, sync_fails, locked, clock_set]


def main():
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--binary", default=world.ROOT / "target/debug/chaski")
    words.add_argument("--seconds", type=float, default=5, help="how long the disk is full, the database locked")
    words.add_argument("--only", help="one day: " + ", ".join(it.__name__ for it in DAYS))
    words = words.parse_args()
    random.seed(1)
    failed = 0
    for day in DAYS:
        if words.only not in (None, day.__name__):
            continue
        began = time.time()
        with Gateway(words.binary) as at:
            said = day(at, itertools.count(1), words.seconds)
            if at.process.poll() is None:
                at.kill(at.process)
            wrong = judge(at)[0]
            failed += bool(wrong)
            print(f"{day.__name__}: {said}; {len(wrong)} wrong, {time.time() - began:.0f} s", flush=True)
            for row in wrong[:10]:
                print("   ", row)
    assert not failed


if __name__ == "__main__":
    main()
