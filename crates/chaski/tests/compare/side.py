"""One program, its folders and its processes: carries out the steps and keeps what it answered."""

import collections
import contextlib
import hashlib
import http.client
import io
import os
import pathlib
import re
import signal
import socket
import subprocess
import time
import zipfile
from xml.sax.saxutils import escape

import alike
import cases

TESTS = pathlib.Path(__file__).resolve().parents[1]

# What is waited for comes sooner, or the case says that it did not.
PATIENCE = 60
# A folder with one of these is a data folder: what is in it is the program's own.
DATA_FOLDER = ("chaski.db", "llave", "procesos")


class Side:
    def __init__(self, binary, before, root):
        self.own, self.before = str(binary), str(before)
        self.binary = self.own
        self.root = root
        self.answers = collections.OrderedDict()
        self.processes = {}
        self.known = {}
        self.addresses = []
        self.last = ""
        self.over = False
        self.server = None
        self.environment = {}
        self.place = root
        self.seen = {}

    def run(self, steps):
        for step in steps:
            if self.over:
                return
            filled = self.filled(step.rest)
            if step.until:
                text = self.until(step, filled)
            elif step.word in cases.METHODS:
                text = self.request(step.word, filled)
            else:
                text = getattr(self, f"do_{step.word}")(filled, step)
            if step.name:
                self.last = text if step.word != "find" else self.last
                text = alike.made_alike(text, self.places())
                self.answers[step.name] = alike.unordered(text) if step.unordered else text

    def until(self, step, filled):
        """The first answer in which the text is found; the last one, if it is in none."""
        begun = time.time()
        while True:
            text = self.request(step.word, filled) if step.word != "run" else self.do_run(filled, step)
            if re.search(step.until, text) or time.time() > begun + PATIENCE or self.over:
                return text
            time.sleep(0.05)

    def filled(self, text):
        return re.sub(r"\$\{(\w+)\}", lambda it: self.known.get(it[1], it[0]), text)

    def places(self):
        return [*self.addresses, (str(self.place), "<place>"), (str(self.root), "<root>")]

    # --- Folders and files ---

    def do_place(self, name, _step):
        """A folder with a home and no data."""
        self.binary = self.own
        self.place = self.root / name.replace(" ", "-")
        (self.place / "home").mkdir(parents=True, exist_ok=True)
        self.environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": f"{self.place}/home",
            "XDG_DATA_HOME": f"{self.place}/home/share",
            "XDG_CONFIG_HOME": f"{self.place}/home/config",
            "CHASKI_DIR": f"{self.place}/data",
            "TZ": "UTC",
        }
        self.seen = self.files()

    def do_env(self, text, _step):
        name, _, value = text.partition("=")
        self.environment.pop(name, None)
        if value:
            self.environment[name] = value

    def write(self, name, content):
        path = self.place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o600)
        self.seen = self.files()

    def do_file(self, name, step):
        name, _, coding = name.partition(" ")
        self.write(name, "".join(f"{it}\n" for it in step.below).encode(coding or "utf-8"))

    def do_book(self, name, step):
        self.write(name, workbook([it.split(";") for it in step.below]))

    def do_numbers(self, text, _step):
        """`numbers NAME HOW-MANY SEED`: a list of companies whose check digit is right."""
        name, count, seed = text.split()
        rows = [f"CLIENTE {n};{ruc}" for n, ruc in enumerate(companies(int(seed), int(count)), 1)]
        self.write(name, "\n".join(["CLIENTE;RUC", *rows, ""]).encode())

    def do_copy(self, text, _step):
        source, _, name = text.partition(" ")
        self.write(name or pathlib.Path(source).name, (TESTS / source).read_bytes())

    def do_folder(self, name, _step):
        (self.place / name).mkdir(parents=True, exist_ok=True)

    def do_spoil(self, name, _step):
        """One byte in the middle of a file is another one."""
        content = bytearray((self.place / name).read_bytes())
        content[len(content) // 2] ^= 0xFF
        self.write(name, content)

    def do_list(self, name, _step):
        """The names and modes of what is in a folder."""
        found = sorted((self.place / name).rglob("*"))
        return "\n".join(f"{it.stat().st_mode & 0o7777:o} {it.relative_to(self.place)}" for it in found)

    def files(self):
        """Files of the place and what they are, those of data folders aside."""
        found = {}
        for folder, folders, names in os.walk(self.place):
            inside = pathlib.Path(folder)
            if any((inside / it).exists() for it in DATA_FOLDER):
                folders[:] = [it for it in folders if it not in ("procesos", "sandbox")]
                if inside != self.place:
                    names = []
            for name in names:
                with contextlib.suppress(OSError):
                    at = (inside / name).stat()
                    found[str((inside / name).relative_to(self.place))] = (at.st_mtime_ns, at.st_size, at.st_mode)
        return found

    def changed(self):
        """Files that were written or are gone since the last look, as text."""
        now = self.files()
        shown = [f"file {name} is gone" for name in self.seen if name not in now]
        for name in sorted(now):
            if self.seen.get(name) != now[name]:
                content = (self.place / name).read_bytes()
                shown.append(f"file {name} ({now[name][2] & 0o777:o}):\n{alike.file_text(name, content)}")
        self.seen = now
        return shown

    # --- Commands ---

    def do_run(self, text, _step):
        """`run [NAME=value…] words… [< file]`"""
        words, environment, given = self.taken_apart(text)
        content = (self.place / given).read_bytes() if given else b""
        process = self.start(words, environment, stdin=subprocess.PIPE if given else subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            out, err = process.communicate(content if given else None, timeout=PATIENCE)
            code = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            code = "never ended"
        out = alike.file_text("output", out)
        shown = [f"exit {code}", "stdout:", out, "stderr:", err.decode(errors="replace"), *self.changed()]
        return "\n".join(shown)

    def taken_apart(self, text):
        words, environment, given = cases.words(text), dict(self.environment), None
        if "<" in words[-2:]:
            given = words.pop()
            words.pop()
        while words and re.match(r"[A-Z_]+=", words[0]):
            name, _, value = words.pop(0).partition("=")
            environment[name] = value
        return words, environment, given

    def start(self, words, environment, **streams):
        return subprocess.Popen([self.binary, *words], cwd=self.place, env=environment, start_new_session=True,
                                **streams)

    def do_program(self, which, _step):
        """`program before`: from here on the first program, on both sides; `program own`: each its own."""
        self.binary = self.before if which == "before" else self.own

    def do_find(self, shape, _step):
        """Whether the last answer holds it: wrong on either side if it does not."""
        return cases.FOUND if re.search(shape, self.last) else f"{cases.NOT_FOUND}: {shape}"

    def do_keep(self, text, _step):
        """`keep NAME regex`: the group of the first match in the last answer."""
        name, _, shape = text.partition(" ")
        found = re.search(shape, self.last)
        self.known[name] = found[1] if found else "not-found"

    # --- Servers ---

    def do_serve(self, text, _step):
        """`serve NAME words…`: a gateway of the place; requests go to it until another one is named."""
        self.raise_server(text, "serve", "/salud/vivo")

    def do_sandbox(self, text, _step):
        """`sandbox NAME words…`: a sandbox on a port of its own."""
        self.raise_server(text, "sandbox", "/_sandbox/estado")

    def raise_server(self, text, order, sign):
        name, _, rest = text.partition(" ")
        words, environment, _ = self.taken_apart(rest) if rest else ([], self.environment, None)
        port = free_port()
        log = open(self.root / f"{name}.log", "wb")
        words = [order, "--listen", f"127.0.0.1:{port}", *words]
        process = self.start(words, environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.processes[name] = (process, log)
        self.known[name] = str(port)
        self.addresses.insert(0, (f"127.0.0.1:{port}", f"<{name}>"))
        if order == "serve":
            self.server = name
        begun = time.time()
        while process.poll() is None and time.time() < begun + PATIENCE:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.request("GET", f"{sign} @{name}").startswith("status 200"):
                    break
            time.sleep(0.02)
        self.seen = self.files()

    def do_stop(self, name, _step):
        """Asks it to end; its exit code and what it said."""
        process, log = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait() and "never ended"
        log.close()
        return f"exit {code}\n{pathlib.Path(log.name).read_text(errors='replace')}"

    def end(self):
        """Ends whatever was started and still runs."""
        for process, log in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()
            log.close()
        self.processes = {}

    # --- Requests ---

    def request(self, method, text):
        """`METHOD path [@server] [key=…] [Header:value] [json=…] [form=…] [field=name=value] [file=name@path]`"""
        path, *rest = cases.words(text)
        server, headers, body, parts = self.server, {}, None, []
        for word in rest:
            kind, _, value = word.partition("=")
            if word.startswith("@"):
                server = word[1:]
            elif kind == "key":
                headers["X-API-Key"] = value
            elif kind in ("json", "form", "body"):
                sent = {"json": "application/json", "form": "application/x-www-form-urlencoded", "body": ""}[kind]
                body = value.encode()
                if sent:
                    headers["Content-Type"] = sent
            elif kind == "raw":
                body = (self.place / value).read_bytes()
            elif kind in ("field", "file"):
                parts.append((kind, *re.split("[=@]", value, maxsplit=1)))
            else:
                name, _, value = word.partition(":")
                headers[name] = value
        if parts:
            body, headers["Content-Type"] = self.form(parts)
        return self.exchange(int(self.known[server]), method, path, headers, body)

    def exchange(self, port, method, path, headers, body):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            return f"no answer: {type(error).__name__}"
        finally:
            connection.close()
        shown = [f"status {answer.status}"]
        for name, value in sorted(answer.getheaders(), key=lambda it: it[0].lower()):
            value = "…" if name.lower() in alike.VALUES_OF_NO_MEANING else value
            shown.append(f"{name.lower()}: {value}")
        return "\n".join([*shown, "", alike.body_text(answer.headers.get("Content-Type", ""), content)])

    def form(self, parts):
        edge = "a-boundary-of-the-comparison"
        body = io.BytesIO()
        for kind, name, value in parts:
            body.write(f'--{edge}\r\nContent-Disposition: form-data; name="{name}"'.encode())
            if kind == "file":
                body.write(f'; filename="{value}"\r\nContent-Type: application/octet-stream'.encode())
            body.write(b"\r\n\r\n")
            body.write((self.place / value).read_bytes() if kind == "file" else value.encode())
            body.write(b"\r\n")
        body.write(f"--{edge}--\r\n".encode())
        return body.getvalue(), f"multipart/form-data; boundary={edge}"


def free_port():
    """One of five digits: how wide a table is must not depend on it."""
    while True:
        with socket.socket() as it:
            it.bind(("127.0.0.1", 0))
            if it.getsockname()[1] >= 10_000:
                return it.getsockname()[1]


def companies(seed, count):
    """So many companies with a right check digit, the same for one seed."""
    found = []
    while len(found) < count:
        digest = hashlib.sha256(f"{seed}/{len(found)}".encode()).digest()
        body = f"20{int.from_bytes(digest[:6], 'big') % 100_000_000:08}"
        weighed = sum(int(digit) * weight for digit, weight in zip(body, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)))
        found.append(body + str((11 - weighed % 11) % 10))
    return found


def workbook(rows):
    """A workbook with one sheet; a cell that begins with `#` is a number."""
    shown = []
    for number, row in enumerate(rows, 1):
        cells = []
        for column, value in enumerate(row):
            at = f"{chr(65 + column)}{number}"
            if value.startswith("#"):
                cells.append(f'<c r="{at}"><v>{value[1:]}</v></c>')
            elif value:
                cells.append(f'<c r="{at}" t="inlineStr"><is><t>{escape(value)}</t></is></c>')
        shown.append(f'<row r="{number}">{"".join(cells)}</row>')
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    types = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'{head}<Types xmlns="{package}/content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override '
        f'PartName="/xl/workbook.xml" ContentType="{types}.sheet.main+xml"/><Override '
        f'PartName="/xl/worksheets/sheet1.xml" ContentType="{types}.worksheet+xml"/></Types>',
        "_rels/.rels": f'{head}<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{head}<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="Hoja1" '
        f'sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{head}<Relationships xmlns="{package}/relationships"><Relationship '
        f'Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'{head}<worksheet xmlns="{main}"><sheetData>{"".join(shown)}</sheetData>'
        "</worksheet>",
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text)
    return content.getvalue()
