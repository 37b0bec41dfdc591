"""What the proofs have in common: an upstream, a data folder, the program as a process."""

import contextlib
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

import upstream

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[3]

# An answer counts as bought for good once the process has lived this long after it: the program commits
# in groups. An unoptimised build has been seen to take 250 ms on a machine that compiled other things.
MARGIN = 0.1
MARGIN_UNOPTIMISED = 0.3


def most_files():
    """As many descriptors as are allowed."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class World:
    """A folder, an upstream with its ledger, and how the program is called."""

    def __init__(self, binary, **settings):
        most_files()
        self.binary = str(pathlib.Path(binary).resolve())
        self.margin = MARGIN_UNOPTIMISED if "debug" in self.binary.split(os.sep) else MARGIN
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chaski-proof-"))
        self.data = self.folder / "data"
        self.ledger = self.folder / "ledger.jsonl"
        self.port = free_port()
        self.kills = []
        self.extra = {}
        self.processes = []
        self.upstream = subprocess.Popen(
            [sys.executable, HERE / "upstream.py", "--port", str(self.port), "--ledger", self.ledger],
            stdout=subprocess.PIPE,
        )
        assert self.upstream.stdout.readline() == b"ready\n"
        self.control(**settings)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for process in [*self.processes, self.upstream]:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()
        if kind is None:
            shutil.rmtree(self.folder)
        else:
            print(f"left for looking at: {self.folder}", file=sys.stderr)

    def control(self, **settings):
        request(f"http://127.0.0.1:{self.port}/_control", json.dumps(settings).encode())

    def use_postgres(self, folder, database):
        """Keeps the data in a new database of a server from now on."""
        address = f"postgres://postgres@localhost/{database}?host={folder}"
        subprocess.run(["createdb", "-h", folder, "-U", "postgres", database], check=True)
        self.extra["CHASKI_DATABASE_URL"] = address

    def environment(self, **more):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CHASKI_")}
        return {
            **kept,
            "HOME": str(self.folder),
            "XDG_DATA_HOME": str(self.folder / "share"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "CHASKI_DIR": str(self.data),
            "CHASKI_MIGO_TOKEN": "a-token-of-the-proof",
            "CHASKI_MIGO_BASE_URL": f"http://127.0.0.1:{self.port}/api",
            "CHASKI_MIGO_TIMEOUT": "1s",
            "CHASKI_MIGO_DEADLINE": "6s",
            **{name: str(value) for name, value in {**self.extra, **more}.items()},
        }

    def start(self, *words, env=None, **options):
        process = subprocess.Popen(
            [self.binary, *map(str, words)],
            env=self.environment(**(env or {})),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            **options,
        )
        self.processes.append(process)
        return process

    def run(self, *words, env=None, timeout=120):
        """Runs to the end; exit code, output, errors."""
        done = subprocess.run(
            [self.binary, *map(str, words)],
            env=self.environment(**(env or {})),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        return done.returncode, done.stdout, done.stderr

    def kill(self, process):
        """kill -9, and when."""
        self.kills.append(time.time())
        process.send_signal(signal.SIGKILL)
        process.wait()

    def server(self, env=None, words=()):
        """A gateway that answers; the process and its address."""
        port = free_port()
        said = open(self.folder / f"serve-{port}.log", "wb")
        process = self.start("serve", "--listen", f"127.0.0.1:{port}", *words, env=env, stdout=said, stderr=said)
        address = f"http://127.0.0.1:{port}"
        # A machine that builds other things has been seen to take half a minute.
        until = time.time() + 120
        while True:
            if process.poll() is not None or time.time() > until:
                raise AssertionError(pathlib.Path(said.name).read_text())
            with contextlib.suppress(OSError):
                request(f"{address}/salud/vivo")
                return process, address
            time.sleep(0.02)

    # --- The ledger ---

    def rows(self):
        """(requests by number, answers by number) so far."""
        asked, answered = {}, {}
        if not self.ledger.exists():
            return asked, answered
        for line in self.ledger.read_text().splitlines():
            row = json.loads(line)
            if "answered" in row:
                answered[row["n"]] = row
            else:
                asked[row["n"]] = row
        return asked, answered

    def paid(self):
        """How many calls were paid for."""
        return len(self.rows()[0])

    def faults_met(self):
        return {row["fault"] for row in self.rows()[0].values()} - {None}

    def paid_twice(self):
        """Numbers asked again although a whole good answer was there and the process lived on."""
        asked, answered = self.rows()
        had, twice = {}, []
        for n, row in sorted(asked.items()):
            for number in row["numbers"]:
                sent, before = had.get(number, (None, None))
                if before is None or row["t"] <= before + self.margin or self.killed_in(sent, before):
                    continue
                twice.append((number, before, row["t"]))
            answer = answered.get(n)
            if answer:
                # Documented: a refusal may be doubted and asked again, and SUNAT's own number is
                # asked to find out whether refusals are to be believed.
                known = [it for it in answer["good"] if upstream.truth(it) and it != upstream.SUNAT]
                had.update(dict.fromkeys(known, (row["t"], answer["answered"])))
        return twice

    def killed_in(self, sent, answered):
        """Whether whoever asked died before the answer came, or before it could be written down: the
        kernel takes an answer for a process that is gone."""
        return any(sent - 0.02 <= kill <= answered + self.margin for kill in self.kills)

    def under_way_at_a_kill(self):
        """Calls that a kill may have kept off the record."""
        asked, answered = self.rows()

        def may_miss(n, row):
            end = answered.get(n, {}).get("answered", row["t"] + 4)
            return any(row["t"] - 0.05 <= kill <= end + self.margin for kill in self.kills)

        return sum(may_miss(n, row) for n, row in asked.items())

    def record(self):
        """Calls that the program has on record as sent."""
        sent, cursor = 0, None
        while True:
            words = ["llamadas", "--enviadas", "--operacion", "ruc", "--limite", "250", "--format", "ndjson"]
            code, out, err = self.run(*words, *(["--cursor", cursor] if cursor else []))
            assert code == 0, err
            sent += len(out.splitlines())
            found = re.search(r"--cursor[= ](\S+)", err)
            if not found:
                return sent
            cursor = found.group(1)


def free_port():
    import socket

    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


def request(url, body=None, headers=(), method=None, timeout=60):
    """(status, headers, body as text) of one request."""
    asked = urllib.request.Request(url, data=body, headers=dict(headers), method=method)
    try:
        with urllib.request.urlopen(asked, timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.headers, answer.read().decode(errors="replace")


def companies(first, how_many):
    return [upstream.ruc(first + n) for n in range(how_many)]


WORDS = {("ACTIVO", "HABIDO"): "SÍ", None: "NO EXISTE"}
UNANSWERED = ("SIN RESPUESTA", "NO CONSULTADO")


def word(number):
    """The verdict that is right."""
    return WORDS.get(upstream.truth(number), "NO")


def write_list(path, numbers, seed=0):
    """A list as people have them: a name with a comma, some damage."""
    random.seed(seed)
    with open(path, "w") as out:
        out.write("CLIENTE;RUC;IMPORTE\n")
        for n, number in enumerate(numbers):
            shown = random.choice([number, f"{number[:2]}-{number[2:]}", f" {number}", number])
            out.write(f"CLIENTE {n}, S.A.;{shown};{random.randint(1, 9999)}.50\n")


def read_result(path):
    """{ruc: word} of a result in ndjson."""
    result = {}
    for line in pathlib.Path(path).read_text().splitlines():
        row = json.loads(line)
        result[row["ruc_normalizado"]] = row["apto_para_facturar"]
    return result
