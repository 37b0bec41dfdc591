"""What cannot be equal in two runs, made alike, and files as text."""

import io
import re
import zipfile
import zlib
import xml.etree.ElementTree as xml

# Applied in this order to everything that is captured; each says why it is here.
TABLE = [
    # Instants of the clock; their shape stays, so that another way to write them is seen.
    (r"\b\d{4}-\d\d-\d\d([T ])\d\d:\d\d:\d\d(\.\d+)?", lambda it: f"<date>{it[1]}<time>" + (".N" if it[2] else "")),
    (r"\b\d{4}-\d\d-\d\d([T ])\d\d:\d\d\b", lambda it: f"<date>{it[1]}<hour>"),
    (r"\b\d\d/\d\d/\d{4}([ ,]+)\d\d:\d\d(:\d\d)?", lambda it: f"<day>{it[1]}<time>"),
    (r"\banterior-\d{8}-\d{6}\b", "anterior-<date>-<time>"),
    # Dates of headers, as HTTP writes them.
    (r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", "HTTP-DATE"),
    # Durations that are measured. Whole seconds and longer are settings and stay.
    (r"\b\d+([.,]\d+)? ?(ms|µs)\b", r"N \2"),
    (r"\b\d+[.,]\d+ ?(s|segundos|seconds|min)\b", r"N \1"),
    (r"(<time>,,?)\d+\.\d+(?=\r?$)", r"\1N"),
    (r"(,)\d+\.\d(,[A-Z]+,)", r"\1N\2"),
    (r"┆ +\d+\.\d +┆ (?=[A-Z])", "┆ N ┆ "),
    (r"^([A-Z]\d+ inlineStr s\d+ )'\d+\.\d'$", r"\1'N'"),
    (r'("(?:ms|\w+_ms|segundos|\w*seconds\w*)":\s*"?)[\d.]+', r"\1N"),
    # How long ago, and how long until midnight.
    (r'("age":\s*)\d+', r"\1N"),
    (r"^(retry-after: )\d{4,}$", r"\1N"),
    # Keys of the gateway, whole and their visible beginning; the name of a key in the record.
    (r"\bchk_(live|test)_[A-Za-z0-9_-]+…?", r"chk_\1_KEY"),
    (r"\bllave:[0-9a-f]{12}\b", "llave:ID"),
    # Where a page went on: sealed, and another one each time.
    (r'("next_cursor":\s*)"[^"]+"', r'\1"CURSOR"'),
    (r"(--cursor[= ])\S+", r"\1CURSOR"),
    # Requests by their identifier.
    (r'("request_id":\s*)"[0-9a-f]{24}"', r'\1"REQUEST"'),
    # Hashes of files and folders, and what is sealed.
    (r"\b[0-9a-f]{64}\b", "HASH"),
    (r"sellado:[A-Za-z0-9+/=_-]+", "sellado:TEXT"),
    # Sizes of a database and what a disk has left.
    (r"((?:espacio libre|free space): )[\d.,]+ \w+", r"\1N"),
    (r"\b[\d.,]+ [KMG]iB(?=, (?:esquema|schema))", "N KiB"),
    (r'("(?:bytes|bytes_libres|registro)":\s*)\d+', r"\1N"),
    (r"(\.zip \()\d+ KiB", r"\1N KiB"),
    (r'("(?:huella|sal)":\s*)"[0-9a-f]{32}"', r'\1"HASH"'),
    # Processes by their id, and the files that bear it.
    (r"\bservidor-\d+\.json", "servidor-PID.json"),
    (r"\bprocesos/[0-9a-f]{16}\b", "procesos/NAME"),
    (r"\b(pid|proceso|process) \d+\b", r"\1 PID"),
    (r'("pid":\s*)\d+', r"\1PID"),
]
COMPILED = [(re.compile(shape, re.M), become) for shape, become in TABLE]

# Identifiers are numbered as they come, case by case: which one is which is compared too.
IDENTIFIER = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")

# Headers whose value tells nothing: when, how long a body with ids and times is, which request it was.
VALUES_OF_NO_MEANING = {"date", "content-length", "x-request-id", "age", "x-ratelimit-reset"}

# Samples of metrics: names and labels, in whatever order. Only what was asked of the upstream and of memory
# is the same count each time; how often a server is polled is not.
COUNTED = "upstream_requests|upstream_retries|cache_requests"
SAMPLE = re.compile(rf"^((?!chaski_(?:{COUNTED}))\w+(?:\{{.*\}})?) [-+.\deE]+$", re.M)


def made_alike(text, places):
    """The text without what differs by chance; `places` are paths and addresses of this run."""
    for place, name in places:
        text = text.replace(place, name)
    for shape, become in COMPILED:
        text = shape.sub(become, text)
    seen = {}
    return IDENTIFIER.sub(lambda it: f"ID-{seen.setdefault(it[0], len(seen) + 1)}", text)


def unordered(text):
    """For what comes side by side: the lines sorted, whichever identifier, widths of columns aside."""
    text = re.sub(r"\bID-\d+\b", "ID", text)
    text = text.replace("[{", "[\n{").replace("},{", "},\n{").replace("}]", "},\n]")
    text = re.sub(r"([─═╌]|-(?=-)| (?= ))+", "", text)
    return "\n".join(sorted(text.splitlines()))


def file_text(name, content):
    """A file as text: the cells of a workbook, the entries of an archive, or the text itself."""
    if content[:2] == b"PK":
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                names = archive.namelist()
                if "xl/workbook.xml" in names:
                    return workbook_text(archive)
                return archive_text(archive, names)
        except (zipfile.BadZipFile, KeyError, xml.ParseError) as error:
            return f"(cannot be read: {error})"
    try:
        return content.decode()
    except UnicodeDecodeError:
        return f"({name}: {len(content)} bytes, not text, crc {zlib.crc32(content):08x})"


def archive_text(archive, names):
    shown = []
    for name in names:
        shown.append(f"entry {name}")
        if name.endswith((".json", ".toml")):
            shown.append(archive.read(name).decode())
    return "\n".join(shown)


def workbook_text(archive):
    """Sheet by sheet: reference, style and text of each cell, then what else a sheet declares."""
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    shared = []
    if "xl/sharedStrings.xml" in archive.namelist():
        root = xml.fromstring(archive.read("xl/sharedStrings.xml"))
        shared = ["".join(part.text or "" for part in it.iter(f"{space}t")) for it in root]
    shown = [f"part {name}" for name in archive.namelist()]
    names = [it.get("name") for it in xml.fromstring(archive.read("xl/workbook.xml")).iter(f"{space}sheet")]
    for number, name in enumerate(names, 1):
        shown.append(f"sheet {name}")
        root = xml.fromstring(archive.read(f"xl/worksheets/sheet{number}.xml"))
        for row in root.iter(f"{space}row"):
            for cell in row.iter(f"{space}c"):
                value = "".join(part.text or "" for part in cell.iter() if part.tag in (f"{space}v", f"{space}t"))
                if cell.get("t") == "s":
                    value = shared[int(value)]
                shown.append(f"{cell.get('r')} {cell.get('t', 'n')} s{cell.get('s', '0')} {value!r}")
    return "\n".join(shown)


def body_text(kind, content):
    """A body as text; samples of metrics without their values."""
    text = file_text("body", content)
    if "openmetrics" in kind:
        text = "\n".join(sorted(SAMPLE.sub(r"\1 N", text).splitlines()))
    return text
