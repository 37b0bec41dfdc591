"""A copy taken while documents are issued, and put in place after many more: nothing is issued a second time.

    python3 crates/chaski/tests/outside/copies.py --documents 500 --rounds 20

Whoever takes the copy and whoever puts it in place is killed as well, so many times (F16 of reliability.md §3.9).
Judged by the ledger of the other side: every sale is there once, the restored folder knows every number that is
there, and it goes on after the last of them (rule R6).
"""

import argparse
import collections
import itertools
import random
import subprocess
import threading
import time

import world
from gateway_issue import EXISTS, SERIES, Gateway


def killed(at, words, rounds, name):
    """Runs it so often, dead at a random moment; then once to its end."""
    began = time.time()
    code, _, err = at.run(*words)
    assert code == 0, err
    whole = time.time() - began
    tries = itertools.count()
    while at.hit[name] < rounds:
        assert next(tries) < 10 * rounds, f"{name}: always sooner done"
        process = at.start(*words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0, whole))
        process.kill()
        at.hit[name] += process.wait() == -9
    code, _, err = at.run(*words)
    assert code == 0, err


def accepted(at, since):
    """The names that came into being, and how often each."""
    entries = at.ledger_of_nubefact(since)
    made = (it for it in entries if it["operation"] == "generar_comprobante" and it["decision"] == "aceptado")
    return collections.Counter(it["comprobante"] for it in made)


def main():
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--binary", default=world.ROOT / "target/debug/chaski")
    words.add_argument("--documents", type=int, default=60, help="after the copy")
    words.add_argument("--rounds", type=int, default=2, help="kills of whoever copies, and of whoever restores")
    words.add_argument("--seed", type=int, default=1)
    words = words.parse_args()
    random.seed(words.seed)
    began, number, over = time.time(), itertools.count(1), threading.Event()
    with Gateway(words.binary) as at:
        at.up()

        def caller():
            while not over.is_set():
                at.post(next(number))

        # 1. The copy, while documents are handed over and sent.
        callers = [threading.Thread(target=caller) for _ in range(3)]
        for it in callers:
            it.start()
        time.sleep(1)
        copy = at.folder / "copia.chaski"
        killed(at, ["backup", copy, "--con-llave", "--yes"], words.rounds, "F16 copying")
        waiting = at.query("SELECT count(*) FROM documents WHERE state IN ('EN_COLA', 'ENVIANDO')")[0][0]
        over.set()
        for it in callers:
            it.join()
        before = len(at.told)
        # 2. Many more, which the copy does not know.
        for _ in range(words.documents):
            at.post_until_told(next(number))
        left = at.until_quiet(300)
        assert not left, left
        at.kill(at.process)
        sales, old = len(at.told), at.data
        # 3. In a folder of its own, where it goes on.
        at.data = at.folder / "restored"
        killed(at, ["restaurar", copy, "--reemplazar", "--yes"], words.rounds, "F16 restoring")
        since = at.ledger_of_nubefact(at.began)[-1]["sequence"]
        known = at.query("SELECT count(*) FROM documents")[0][0]
        at.up()
        more = [at.post_until_told(next(number)) for _ in range(2 * len(SERIES))]
        left = at.until_quiet(120)
        # 4. What the other side says.
        wrong, all_of_them, again = [], accepted(at, at.began), accepted(at, since)
        if left:
            wrong.append(f"{left} on their way")
        wrong += [f"{name} accepted {times} times" for name, times in all_of_them.items() if times > 1]
        if sum(again.values()) != len(more):
            wrong.append(f"{len(more)} sales handed over after the copy was put in place, {sum(again.values())} issued")
        if len(all_of_them) != sales + len(more):
            wrong.append(f"{sales + len(more)} sales, {len(all_of_them)} documents")
        rows = at.query("SELECT serie, numero, state FROM documents WHERE deed = 'issue' AND numero IS NOT NULL")
        bearers = collections.Counter(f"{serie}-{numero}" for serie, numero, state in rows if state in EXISTS)
        wrong += [f"{name} is not known in the restored folder" for name in all_of_them if bearers[name] != 1]
        wrong += [f"{name} is only in the restored folder" for name in bearers if name not in all_of_them]
        tried = collections.defaultdict(set)
        for it in at.ledger_of_nubefact(at.began):
            if it["operation"] == "generar_comprobante":
                tried[it["comprobante"]].add(it["bytes_hash"])
        wrong += [f"{name} with other bytes" for name, hashes in tried.items() if len(hashes) > 1]
        for name, times in at.hit.items():
            print(f"{times:5} {name}")
        print(
            f"{before} sales until the copy, {waiting} of them on their way about then; {known} documents in the copy; "
            f"{sales - before} after it, {len(more)} once it was in place: {len(all_of_them)} documents, {len(wrong)} "
            f"wrong, {time.time() - began:.0f} s"
        )
        for row in wrong[:10]:
            print("   ", row)
        assert old.exists() and not wrong and not at.wrong, at.wrong[:5]
        assert known < sales, "the copy has to be of before"


if __name__ == "__main__":
    main()
