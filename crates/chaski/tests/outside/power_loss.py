"""The power goes while documents are handed over: what was not synced is forgotten, what callers were told is not.

    python3 crates/chaski/tests/outside/power_loss.py --cycles 50

`forget.c` keeps what was synced of the database, its log, the files of documents and their folders. The moment a
caller is told of a document, a row names a file, or a sync is asked for and not done, by turns, the server is killed
and each file gets that content again; what was never synced is empty, and a name that its folder was not synced with
is gone. Each document that somebody was told of must be there, and each file that a row names, with its content. Once
with syncs of the log left out, as `synchronous=NORMAL` leaves them out: that has to lose documents, or the proof would
prove nothing.
"""

import argparse
import itertools
import os
import random
import shutil
import subprocess
import threading
import time
import uuid

import world
from gateway_issue import Gateway, judge
from world import request


def kept_in(at):
    """Files and folders whose content counts."""
    shelf = at.data / "comprobantes"
    inside = sorted(shelf.rglob("*")) if shelf.exists() else []
    folders = [at.data, *([shelf] if shelf.exists() else []), *(it for it in inside if it.is_dir())]
    files = [at.data / "chaski.db", at.data / "chaski.db-wal", *(it for it in inside if it.is_file())]
    return folders, [it for it in files if it.exists()]


def cut(at, synced):
    """What was not synced is forgotten; how many files and names that were."""
    forgotten = 0
    folders, files = kept_in(at)
    for path in files:
        kept = synced / str(path.stat().st_ino)
        content = kept.read_bytes() if kept.exists() else b""
        forgotten += content != path.read_bytes()
        path.write_bytes(content)
    for folder in folders[1:]:
        kept = synced / str(folder.parent.stat().st_ino)
        if folder.exists() and folder.name not in kept.read_text().split():
            forgotten += 1
            shutil.rmtree(folder)
    for path in files[2:]:
        names = synced / str(path.parent.stat().st_ino) if path.exists() else None
        if names and (not names.exists() or path.name not in names.read_text().split()):
            forgotten += 1
            path.unlink()
    (at.data / "chaski.db-shm").unlink(missing_ok=True)
    return forgotten


def cycle(at, number, library, synced, turn, more=()):
    """One life of the server, ended by a power cut; what was forgotten, and what had been told of files."""
    shutil.rmtree(synced, ignore_errors=True)
    synced.mkdir()
    # What stood before this life is on the disk.
    folders, files = kept_in(at)
    for path in files:
        shutil.copy(path, synced / str(path.stat().st_ino))
    for path in folders:
        (synced / str(path.stat().st_ino)).write_text("\n".join(os.listdir(path)))
    # Which moment: after a document, after a file, before the sync of either.
    by_file = random.randint(1, 12) if turn % 4 == 1 else 0
    dies = {2: f"log:{random.randint(12, 90)}", 3: f"file:{random.randint(1, 9)}"}.get(turn % 4)
    env = {"FORGET_TO": synced, "LD_PRELOAD": library, **dict(more), **({"FORGET_DIES": dies} if dies else {})}
    try:
        at.process, at.address = at.server(env=env)
    except AssertionError:
        # It began with more syncs than that.
        if at.processes[-1].wait() == -9:
            return cut(at, synced)
        raise
    over, left = threading.Event(), itertools.count(random.randint(3, 25), -1)

    def caller():
        while not over.is_set():
            if at.post(next(number), timeout=5) and turn % 4 == 0 and not next(left):
                # Not a moment later than somebody was told.
                at.process.kill()
                over.set()

    callers = [threading.Thread(target=caller) for _ in range(4)]
    for it in callers:
        it.start()
    count = "SELECT count(*) FROM document_files"
    before, until = at.query(count)[0][0], time.time() + 20
    while not over.is_set() and time.time() < until and at.process.poll() is None:
        if by_file and at.query(count)[0][0] > before + by_file:
            over.set()
        time.sleep(0.002 if by_file else 0.05)
    at.kill(at.process)
    over.set()
    for it in callers:
        it.join()
    return cut(at, synced)


def damaged(at):
    """Files that a row names and that are not there as they were."""
    rows, wrong, seals = at.query("SELECT hash, size FROM document_files"), [], set()
    for digest, size in rows:
        path = at.data / "comprobantes" / digest[:2] / digest
        length = path.stat().st_size if path.exists() else -1
        if length <= size:
            wrong.append(f"{digest}: {length} bytes of {size}")
        else:
            seals.add(length - size)
    # A seal is as long as another.
    return wrong + ([f"cut short: {sorted(seals)}"] if len(seals) > 1 else []), len(rows)


def handed_out(at):
    """How many files the server hands out as they were when they were fetched, of all that rows name."""
    rows = at.query("SELECT document, kind FROM document_files ORDER BY document")
    for document, kind in rows:
        name = uuid.UUID(bytes=bytes(document))
        status, _, _ = request(f"{at.address}/api/v1/comprobantes/{name}/{kind}")
        assert status == 200, (status, kind)
    said = b"".join(it.read_bytes() for it in at.folder.glob("serve-*.log"))
    return len(rows), said.count(b"missing or damaged")


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
        began, forgotten, met, broken, files = time.time(), 0, 0, [], 0
        with Gateway(words.binary) as at:
            library, synced = at.folder / "forget.so", at.folder / "synced"
            source = world.HERE / "forget.c"
            subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
            for turn in range(cycles):
                went = cycle(at, number, library, synced, turn, more.items())
                forgotten, met = forgotten + went, met + bool(went)
                if not more:
                    found, files = damaged(at)
                    broken += found
            missing = lost(at)
            how = "syncs of the log left out" if more else "as it is"
            print(
                f"{how}: {cycles} power cuts, {met} with anything not on the disk ({forgotten} files went back), "
                f"{len(at.told)} documents told, {len(missing)} lost; {files} files, {len(broken)} damaged; "
                f"{time.time() - began:.0f} s",
                flush=True,
            )
            if more:
                assert missing, "the proof does not see what is lost"
                continue
            assert not missing and not broken, (missing[:5], broken[:5])
            at.up()
            left = at.until_quiet(300)
            wrong = judge(at)[0]
            files, again = handed_out(at)
            print(f"{left} on their way, {len(wrong)} wrong; {files} files handed out, {again} were damaged")
            for row in wrong[:20]:
                print("   ", row)
            assert not wrong and not again and files


if __name__ == "__main__":
    main()
