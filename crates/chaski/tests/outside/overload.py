"""More callers than a healthy upstream can serve.

    python3 crates/chaski/tests/outside/overload.py --seconds 120

Must come out: no breaker, no answer paid and lost, and as many answers as the window can give. How many
they are is a matter of time: where the machine itself stood still for a quarter of a second (`stalls.py`)
too few are measured again, twice at most. Nothing may ever be lost.
"""

import argparse
import asyncio
import json
import time

import world
from stalls import Stalls
from world import World, companies


async def get(address, path, timeout=90):
    """(status, body) of one request on a connection of its own."""
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(), timeout)
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


async def at_once(address, numbers):
    """All at once; what each got and after how long."""
    began = time.monotonic()

    async def ask(number):
        status, body = await get(address, f"/api/v1/ruc/{number}")
        code = None if status in (200, 404) else json.loads(body).get("code")
        return number, status, code, time.monotonic() - began

    return await asyncio.gather(*map(ask, numbers))


async def in_pace(address, numbers, per_second):
    """One each 1/per_second, whatever became of those before."""
    began = time.monotonic()
    tasks = []

    async def ask(number):
        status, body = await get(address, f"/api/v1/ruc/{number}")
        code = None if status in (200, 404) else json.loads(body).get("code")
        return number, status, code, time.monotonic() - began

    for n, number in enumerate(numbers):
        await asyncio.sleep(max(0, began + n / per_second - time.monotonic()))
        tasks.append(asyncio.create_task(ask(number)))
    return await asyncio.gather(*tasks)


def useful(outcomes):
    return [it for it in outcomes if it[1] == 200 or it[2] == "no_encontrado" or it[1] == 404]


# Seconds without a processor or a synced write, beyond which a measure of time is worth nothing.
STOOD_STILL = 0.25


def judge(at, address, what, outcomes, least, still, bins=()):
    """Prints the figures; whether they are as they must be, and whether it is worth another try."""
    codes = {}
    for _, status, code, _ in outcomes:
        codes[code or status] = codes.get(code or status, 0) + 1
    # What was paid is in memory: asking again costs nothing. Calls under way come in first.
    time.sleep(2)
    asked, answered = at.rows()
    paid = {row["numbers"][0] for n, row in asked.items() if n in answered}
    before = len(asked)
    again = asyncio.run(at_once(address, sorted(paid)))
    lost = max(at.paid() - before, len(again) - len(useful(again)))
    if lost:
        print("    lost:", [it for it in again if it not in useful(again)], list(at.rows()[0].values())[before:])
    good = len(useful(outcomes))
    broken = codes.get("proveedor_caido", 0)
    kept = lost == 0 and broken == 0
    enough = good >= least and all(it >= 0.9 * max(bins) for it in bins)
    print(f"{what}: {len(outcomes)} asked, {before} paid, {good} useful (at least {least}), {lost} paid and lost, "
          f"by outcome {codes}{f', each ten seconds {bins}' if bins else ''}; "
          f"the machine stood still for {still:.2f} s", flush=True)  # fmt: skip
    return kept and enough, kept and not enough and still > STOOD_STILL


def measured(measure, *words):
    for _ in range(3):
        right, again = measure(*words)
        if not again:
            break
    return right


def many_at_once(binary, callers, deadline):
    env = {"CHASKI_MIGO_TIMEOUT": "10s", "CHASKI_MIGO_DEADLINE": f"{deadline}s"}
    with World(binary, latency=1.0) as at:
        at.extra = env
        _, address = at.server()
        with Stalls(at.folder) as stalls:
            outcomes = asyncio.run(at_once(address, companies(1, callers)))
        # A window of fifty calls of one second each; the last ones would end just after the deadline.
        can = min(callers, 50 * (deadline - 1))
        return judge(at, address, f"{callers} at once, deadline {deadline} s", outcomes, int(0.95 * can), stalls.longest)


def above_capacity(binary, seconds):
    """30 a second where 20 are possible."""
    env = {"CHASKI_MIGO_TIMEOUT": "10s", "CHASKI_MIGO_DEADLINE": "5s", "CHASKI_MIGO_CONCURRENCY": "20"}
    with World(binary, latency=1.0) as at:
        at.extra = env
        _, address = at.server()
        with Stalls(at.folder) as stalls:
            outcomes = asyncio.run(in_pace(address, companies(1, 30 * seconds), 30))
        bins = [0] * (seconds // 10)
        for *_, after in useful(outcomes):
            if int(after // 10) < len(bins):
                bins[int(after // 10)] += 1
        least = int(0.9 * 20 * (seconds - 1))
        what = f"30/s on a capacity of 20/s for {seconds} s"
        return judge(at, address, what, outcomes, least, stalls.longest, bins[1:])


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--binary", default=world.ROOT / "target/debug/chaski")
    words.add_argument("--seconds", type=int, default=30, help="of the steady overload")
    words = words.parse_args()
    right = [
        measured(many_at_once, words.binary, 2_000, 30),
        measured(many_at_once, words.binary, 200, 3),
        measured(above_capacity, words.binary, words.seconds),
    ]
    print(f"{sum(right)} passed, {len(right) - sum(right)} failed")
    raise SystemExit(not all(right))


if __name__ == "__main__":
    main()
