"""The power goes while documents are handed over: what was not synced is forgotten, what callers were told is not.

    python3 crates/chaski/tests/outside/power_loss.py --cycles 50

`forget.c` keeps what was synced of the database, its log and the files of documents. At a random moment the server is
killed and each of those files gets that content again; what was never synced is empty. Once with syncs of the log
left out, as `synchronous=NORMAL` leaves them out: that has to lose documents, or the proof would prove nothing.
"""

import argparse
import itertools
import random
import shutil
import subprocess
import threading
import time

import world
from gateway_issue import Gateway, judge


def cycle(at, number, library, synced, seconds, more=()):
    """One life of the server, ended by a power cut."""
    shutil.rmtree(synced, ignore_errors=True)
    synced.mkdir()
    files = [at.data / "chaski.db", at.data / "chaski.db-wal", *at.data.rglob("comprobantes/**/*")]
    for path in files:
        # What stood before this life is on the disk.
        if path.is_file():
            shutil.copy(path, synced / str(path.stat().st_ino))
    at.process, at.address = at.server(env={"FORGET_TO": synced, "LD_PRELOAD": library, **dict(more)})
    over = threading.Event()

    def caller():
        while not over.is_set():
            at.post(next(number), timeout=5)

    callers = [threading.Thread(target=caller) for _ in range(4)]
    for it in callers:
        it.start()
    time.sleep(seconds)
    at.kill(at.process)
    over.set()
    for it in callers:
        it.join()
    forgotten = 0
    for path in [at.data / "chaski.db", at.data / "chaski.db-wal", *at.data.rglob("comprobantes/**/*")]:
        if path.is_file():
            kept = synced / str(path.stat().st_ino)
            content = kept.read_bytes() if kept.exists() else b""
            forgotten += content != path.read_bytes()
            path.write_bytes(content)
    (at.data / "chaski.db-shm").unlink(missing_ok=True)
    return forgotten


def lost(at):
    there = {bytes(row[0]).hex() for row in at.query("SELECT id FROM documents")}
    return [key for key, told in at.told.items() if told.replace("-", "") not in there]


def main():
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--binary", default=world.ROOT / "target/debug/chaski")
    words.add_argument("--cycles", type=int, default=50)
    words.add_argument("--seed", type=int, default=1)
    words = words.parse_args()
    random.seed(words.seed)
    number = itertools.count(1)
    for cycles, more in ((1, {"FORGET_SYNCS": 1}), (words.cycles, {})):
        began, forgotten = time.time(), 0
        with Gateway(words.binary) as at:
            library, synced = at.folder / "forget.so", at.folder / "synced"
            source = world.HERE / "forget.c"
            subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
            for _ in range(cycles):
                seconds = 3 if more else random.uniform(0.3, 2)
                forgotten += cycle(at, number, library, synced, seconds, more.items())
            missing = lost(at)
            how = "syncs of the log left out" if more else "as it is"
            print(
                f"{how}: {cycles} power cuts, {len(at.told)} documents told, {forgotten} files went back, "
                f"{len(missing)} lost, {time.time() - began:.0f} s",
                flush=True,
            )
            if more:
                assert missing, "the proof does not see what is lost"
                continue
            assert not missing, missing[:5]
            at.up()
            left = at.until_quiet(300)
            wrong = judge(at)[0]
            print(f"{left} on their way, {len(wrong)} wrong")
            for row in wrong[:20]:
                print("   ", row)
            assert not wrong


if __name__ == "__main__":
    main()
