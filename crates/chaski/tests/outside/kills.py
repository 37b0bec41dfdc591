"""kill -9 under every kind of fault: lists, single look-ups and partners.

    python3 crates/chaski/tests/outside/kills.py --kills 500

Must come out: no wrong verdict, nothing paid twice, the record equal to the upstream's ledger.
"""

import argparse
import json
import random
import threading
import time
from subprocess import DEVNULL

import upstream
import world
from world import World, companies, request, word


def lists(at, kills, seed):
    """Lists, killed and taken up again until they end; then once more without faults."""
    wrong, rows, cycle = [], 0, 0
    while kills > 0:
        cycle += 1
        numbers = companies(seed * 1_000_000 + cycle * 1_000, 250)
        world.write_list(at.folder / "list.csv", numbers, cycle)
        for attempt in range(random.randint(2, 6)):
            upset(at)
            again = ["--reanudar"] if attempt and random.random() < 0.6 else []
            process = ask_list(at, again)
            if random.random() < 0.97 and kills > 0:
                time.sleep(random.uniform(0.02, 0.5))
                if process.poll() is None:
                    at.kill(process)
                    kills -= 1
            process.wait(timeout=120)
            if process.returncode in (0, 8):
                wrong += judge(at, numbers, may_lack=True)
        at.control(faults=[])
        code, _, err = at.run("ruc", "lote", "list.csv", "-o", "result.ndjson", "--no-input", "--reemplazar")
        assert code == 0, err
        wrong += judge(at, numbers, may_lack=False)
        rows += len(numbers)
    return wrong, rows


def ask_list(at, again):
    words = ["ruc", "lote", "list.csv", "-o", "result.ndjson", "--no-input", "--reemplazar", "-q", *again]
    return at.start(*words, stdout=DEVNULL, stderr=DEVNULL)


def judge(at, numbers, may_lack):
    """Rows whose verdict is not the right one, or that are not there."""
    result = world.read_result(at.folder / "result.ndjson")
    missing = set(numbers) - set(result)
    wrong = [
        (number, said, word(number))
        for number, said in result.items()
        if said != word(number) and not (may_lack and said in world.UNANSWERED)
    ]
    return wrong + [(number, "no row", word(number)) for number in missing]


def upset(at):
    faults = random.sample(upstream.FAULTS, random.randint(1, len(upstream.FAULTS)))
    at.control(faults=faults, rate=random.choice([0.1, 0.3, 0.6]), latency=random.choice([0, 0.02, 0.1]))


def singles(at, kills, seed):
    """Single look-ups at a server that is killed and started again."""
    numbers = companies(seed * 1_000_000 + 500_000, 3_000)
    wrong, asked, over = [], [0], threading.Event()
    address = [None]

    def ask(place):
        mine = random.Random(place)
        while not over.is_set():
            number = mine.choice(numbers)
            try:
                status, _, body = request(f"{address[0]}/api/v1/ruc/{number}", timeout=8)
            except Exception:
                time.sleep(0.01)
                continue
            asked[0] += 1
            problem = wrong_answer(number, status, body)
            if problem:
                wrong.append(problem)

    process, address[0] = at.server()
    threads = [threading.Thread(target=ask, args=(place,)) for place in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(kills):
        upset(at)
        time.sleep(random.uniform(0.1, 0.8))
        at.kill(process)
        process, address[0] = at.server()
    over.set()
    for thread in threads:
        thread.join()
    process.terminate()
    assert process.wait(timeout=60) == 0
    return wrong, asked[0]


def wrong_answer(number, status, body):
    """What a single answer says wrongly, if anything."""
    known = upstream.truth(number)
    said = json.loads(body) if body.startswith("{") else {}
    if status == 200:
        told = (said.get("data") or said).get("estado_del_contribuyente")
        condition = (said.get("data") or said).get("condicion_de_domicilio")
        return None if known == (told, condition) else (number, status, told, known)
    if status == 404 and known is not None:
        return (number, status, said.get("code"), known)
    return None


def partners(at, kills, seed):
    """Partners brought up to date, more of them each time, killed in between."""
    wrong, first = [], seed * 1_000_000 + 900_000
    while kills > 0:
        world.write_list(at.folder / "partners.csv", companies(first, 300))
        first += 300
        code, _, err = at.run("partners", "importar", "partners.csv")
        assert code == 0, err
        upset(at)
        process = at.start("partners", "actualizar", "--todos", "--yes", "-q", stdout=DEVNULL, stderr=DEVNULL)
        time.sleep(random.uniform(0.02, 0.4))
        if process.poll() is None:
            at.kill(process)
            kills -= 1
        process.wait()
        wrong += judge_partners(at, may_lack=True)
    at.control(faults=[])
    code, _, err = at.run("partners", "actualizar", "--todos", "--yes")
    assert code == 0, err
    return wrong + judge_partners(at, may_lack=False), first % 100_000


def judge_partners(at, may_lack):
    code, out, err = at.run("partners", "exportar", "--format", "ndjson")
    assert code == 0, err
    wrong = []
    for line in out.splitlines():
        row = json.loads(line)
        number, known = row["num_document"], upstream.truth(row["num_document"])
        exists = row["sunat_valid"] if row["sunat_last_check"] else None
        said = (row.get("estado_del_contribuyente"), row.get("condicion_de_domicilio"))
        if exists is None:
            right = may_lack
        elif not exists:
            right = known is None
        else:
            right = said == known
        if not right:
            wrong.append((number, exists, said, known))
    return wrong


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--binary", default=world.ROOT / "target/debug/chaski")
    words.add_argument("--kills", type=int, default=50)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--postgres", help="folder of the socket of a server: the data go there")
    words = words.parse_args()
    random.seed(words.seed)
    failed, faults = 0, set()
    shares = ((lists, 0.5), (singles, 0.3), (partners, 0.2))
    for what, share in shares:
        began = time.time()
        with World(words.binary) as at:
            if words.postgres:
                at.use_postgres(words.postgres, f"kills_{what.__name__}")
            wrong, judged = what(at, max(1, round(words.kills * share)), words.seed)
            twice = at.paid_twice()
            paid, record = at.paid(), at.record()
            may_miss = at.under_way_at_a_kill()
            faults |= at.faults_met()
            print(
                f"{what.__name__}: {len(at.kills)} kills, {paid} calls paid, {judged} answers judged, "
                f"{len(wrong)} wrong, {len(twice)} paid twice, {record} on record "
                f"({may_miss} under way at a kill), {time.time() - began:.0f} s",
                flush=True,
            )
            for row in [*wrong, *twice][:5]:
                print("   ", row)
            off = not paid - may_miss <= record <= paid
            failed += bool(wrong) + bool(twice) + off
            assert not off, (paid, may_miss, record)
            assert not wrong and not twice
    print(f"kinds of fault met: {len(faults)} of {len(upstream.FAULTS)}")
    print(f"{3 - failed} passed, {failed} failed")


if __name__ == "__main__":
    main()
