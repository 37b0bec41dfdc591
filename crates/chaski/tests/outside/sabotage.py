"""Protections taken away one by one: each has to be missed by a proof, or its zeros would say nothing.

    cargo build -p chaski --locked --features sabotage --example sabotaged
    python3 crates/chaski/tests/outside/sabotage.py

One build has all the switches (`sabotage.rs`); the program that is shipped has none. For each switch the smallest proof
that should miss the protection runs twice: it passes with the protection, and fails without it. What the pure rules
protect (R1 to R7) is taken away one by one in the model: `cargo test -p chaski-client --lib each_protection_is_missed`.
"""

import argparse
import contextlib
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time

import bad_days
import world
from gateway_issue import ISSUER, Gateway, judge
from issue_kills import TOKEN, canaries
from world import request

OTHER, OTHER_RUTA = "20100070970", "22222222-2222-3333-4444-555555555555"


def second_server(at):
    """Another server on the same folder."""
    process, _ = at.server()
    return process


def sent_since(at, sequence):
    entries = at.ledger_of_nubefact(sequence)
    return [it for it in entries if it["operation"] == "generar_comprobante"]


def fence(at):
    """A server that was taken for dead, while the one that took its place stands still, sends nothing more."""
    at.up()
    at.post_until_told(1)
    at.until_quiet(60)
    # Its seat is another file now, as if somebody had thrown it away.
    (at.data / "emision.turno").unlink()
    second = second_server(at)
    until = time.time() + 20
    while not (at.data / "emision.turno").exists() and time.time() < until:
        time.sleep(0.05)
    time.sleep(1)
    second.send_signal(signal.SIGSTOP)
    mark = at.ledger_of_nubefact(at.began)[-1]["sequence"]
    at.post(2, timeout=5)
    time.sleep(3)
    assert not sent_since(at, mark), "whoever was replaced still sends"
    second.send_signal(signal.SIGCONT)
    at.post_until_told(2)
    assert not at.until_quiet(60)
    assert not (wrong := judge(at)[0]), wrong


def seat(at):
    """A second server does not issue: what the first one has is sent although the second stands still."""
    at.up()
    at.post_until_told(1)
    at.until_quiet(60)
    second = second_server(at)
    time.sleep(3)
    second.send_signal(signal.SIGSTOP)
    at.post_until_told(2)
    left = at.until_quiet(10)
    second.send_signal(signal.SIGCONT)
    assert not left, "the second one took the place of the first"
    # One that was succeeded says so, and takes its place again: they would send by turns.
    said = "".join(it.read_text() for it in at.folder.glob("serve-*.log"))
    assert "stands down" not in said, "they take the place from each other"


def seal(at):
    """No token, DNI or name rests in clear."""
    at.up()
    for n in range(1, 4):
        at.post_until_told(n)
    at.until_quiet(60)
    at.until_filed(60)
    at.kill(at.process)
    shown = canaries(at)
    assert not shown, shown[:3]


def keys_of_two(at):
    """A key of the company, one of another company, one of a single series."""
    added = ["empresas", "agregar", OTHER, "--ruta", f"{at.url}/api/v1/{OTHER_RUTA}", "--series", "BBB1=0"]
    subprocess.run(
        [at.binary, *added], env=at.environment(), cwd=at.folder, input=TOKEN, check=True, capture_output=True, text=True
    )
    keys = []
    for name, more in (("una", []), ("otra", []), ("serie", ["--series", "BBB1"])):
        company = OTHER if name == "otra" else ISSUER
        code, out, err = at.run("llaves", "crear", name, "--empresa", company, *more, "--yes")
        assert code == 0, err
        keys.append(re.search(r"chk_\w+", out).group())
    return keys


def tenant(at):
    """A document of another company does not exist."""
    own, other, _ = keys_of_two(at)
    at.up()
    at.key = own
    document = at.post_until_told(2)
    status = {}
    for key in (own, other):
        headers = {"Authorization": f"Bearer {key}"}
        status[key], _, body = request(f"{at.address}/api/v1/comprobantes/{document}", headers=headers)
        assert "POLO" not in body or key == own, "shown to another company"
    assert status == {own: 200, other: 404}, list(status.values())


def key_scope(at):
    """A key of one series issues in no other."""
    _, _, narrow = keys_of_two(at)
    at.up()
    at.key = narrow
    at.post_until_told(2)
    sale = json.dumps(at.sale(1)[0]).encode()
    headers = {"Authorization": f"Bearer {narrow}", "Content-Type": "application/json", "Idempotency-Key": "pedido-1"}
    status, _, _ = request(f"{at.address}/api/v1/comprobantes", sale, headers)
    assert status in (403, 404), status


def recovery(at):
    """What was on its way when the process died is asked about at once."""
    at.armed.touch()
    at.up("send:1:after")
    at.post(1, timeout=5)
    with contextlib.suppress(subprocess.TimeoutExpired):
        at.process.wait(timeout=10)
    at.up()
    at.post_until_told(1)
    assert not at.until_quiet(15), "still on its way"
    assert not (wrong := judge(at)[0]), wrong


def lost_sync(at):
    """A disk that did not take what was issued ends the process."""
    print(bad_days.sync_fails(at, itertools.count(1), 0))


OWN = {it.__name__: it for it in (fence, seat, seal, tenant, key_scope, recovery, lost_sync)}
PROOFS = {
    "Fence": ["fence"],
    "Seat": ["seat"],
    "Seal": ["seal"],
    "Tenant": ["tenant"],
    "KeyScope": ["key_scope"],
    "Recovery": ["recovery"],
    "LostSync": ["lost_sync"],
    "FullSync": ["power_loss.py", "--cycles", "1"],
    "FileSync": ["power_loss.py", "--cycles", "2"],
    "Review": ["copies.py", "--documents", "20", "--rounds", "0"],
}


def run(proof, binary, without=None):
    """Whether a proof passes, and what it says last."""
    env = {name: value for name, value in os.environ.items() if name != "SABOTAGE_WITHOUT"}
    env |= {"SABOTAGE_WITHOUT": without} if without else {}
    script, more = (proof[0], proof[1:]) if proof[0].endswith(".py") else ("sabotage.py", ["--proof", proof[0]])
    words = [sys.executable, world.HERE / script, *more, "--binary", binary]
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=600)
    last = (done.stderr.strip().splitlines() or [""])[-1]
    left = re.search(r"left for looking at: (\S+)", done.stderr)
    if without and left:
        subprocess.run(["rm", "-rf", left.group(1)], check=True)
    return done.returncode, last, done.stdout


def main():
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--binary", default=world.ROOT / "target/debug/examples/sabotaged")
    words.add_argument("--shipped", default=world.ROOT / "target/debug/chaski")
    words.add_argument("--only", help="one switch: " + ", ".join(PROOFS))
    words.add_argument("--brief", action="store_true", help="what has a script of its own is not run whole as well")
    words.add_argument("--proof", help="one proof by itself: " + ", ".join(OWN))
    words = words.parse_args()
    if words.proof:
        with Gateway(words.binary) as at:
            OWN[words.proof](at)
        return
    # 1. The switches are where they should be and nowhere else.
    name = b"SABOTAGE_WITHOUT"
    assert name in open(words.binary, "rb").read(), "not the build with the switches"
    assert name not in open(words.shipped, "rb").read(), "the program has switches"
    # 2. Each proof passes, and misses what is taken away.
    caught, passed = 0, set()
    for switch, proof in PROOFS.items():
        if words.only not in (None, switch):
            continue
        began = time.time()
        is_known = words.brief and proof[0].endswith(".py")
        if proof[0] not in passed and not is_known:
            code, last, out = run(proof, words.binary)
            assert code == 0, f"{proof} fails although nothing is taken away: {last}\n{out[-2000:]}"
            passed.add(proof[0])
        code, last, _ = run(proof, words.binary, without=switch)
        is_caught = code == 1 and last.startswith("AssertionError")
        caught += is_caught
        print(f"{'caught' if is_caught else 'MISSED'}: without {switch}, {' '.join(proof)}: {last[:110]}; "
              f"{time.time() - began:.0f} s", flush=True)
    wanted = 1 if words.only else len(PROOFS)
    print(f"{caught} of {wanted} caught")
    assert caught == wanted


if __name__ == "__main__":
    main()
