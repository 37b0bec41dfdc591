"""The worst allowed files, uploads, downloads and silent connections together: under 512 MiB.

    python3 crates/chaski/tests/outside/memory.py
"""

import argparse
import http.client
import io
import json
import re
import socket
import threading
import time
import zipfile

import upstream
import world
from world import World, companies, request

MOST_MIB = 512


def workbook(rows, columns, text):
    """A small archive that unpacks to much: the same cells again and again."""
    cells = "".join(
        f'<c r="{chr(65 + column)}ROW" t="inlineStr"><is><t>{text}{column}</t></is></c>' for column in range(1, columns)
    )
    sheet = io.StringIO()
    sheet.write('<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>')
    for row in range(1, rows + 1):
        number = "RUC" if row == 1 else upstream.ruc(row % 500)
        sheet.write(f'<row r="{row}"><c r="A{row}" t="inlineStr"><is><t>{number}</t></is></c>')
        sheet.write(cells.replace("ROW", str(row)))
        sheet.write("</row>")
    sheet.write("</sheetData></worksheet>")
    parts = {
        "[Content_Types].xml": '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
        "_rels/.rels": '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": '<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Lista" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": sheet.getvalue(),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return packed.getvalue()


def form(file, name="lista.xlsx"):
    edge = "----edge----"
    head = f'--{edge}\r\nContent-Disposition: form-data; name="archivo"; filename="{name}"\r\n\r\n'
    return head.encode() + file + f"\r\n--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"


def upload(address, body, kind, codes, attempts=1):
    for _ in range(attempts):
        try:
            status, _, answer = request(f"{address}/api/v1/lotes", body, [("Content-Type", kind)], timeout=120)
        except OSError:
            status, answer = 0, ""
        codes[status] = codes.get(status, 0) + 1
        if status != 503:
            break
        time.sleep(0.5)
    return answer


def slow_body(address, seconds):
    """A form that comes at a crawl."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as it:
        it.sendall(
            b"POST /api/v1/lotes HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 60000000\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
        )
        until = time.time() + seconds
        try:
            while time.time() < until:
                it.sendall(b"x" * 50_000)
                time.sleep(1)
        except OSError:
            pass


def slow_download(address, path, seconds):
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as it:
        it.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        it.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        time.sleep(seconds)


def silent(address, how_many, first=b""):
    host, port = address.removeprefix("http://").split(":")
    held = []
    for _ in range(how_many):
        it = socket.create_connection((host, int(port)))
        it.sendall(first)
        held.append(it)
    return held


def peak(process):
    status = open(f"/proc/{process.pid}/status").read()
    return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--binary", default=world.ROOT / "target/debug/chaski")
    words.add_argument("--rows", type=int, default=20_000, help="of the result that is downloaded")
    words.add_argument("--seconds", type=int, default=15, help="of the slow ones")
    words.add_argument("--large", type=int, default=1, help="workbooks of nearly four million cells")
    words.add_argument("--small", type=int, default=12, help="workbooks of half a million")
    words = words.parse_args()
    with World(words.binary) as at:
        process, address = at.server()
        print(f"idle: {peak(process):.0f} MiB", flush=True)
        # 1. Long lists at once, and the large result of one to download.
        batches = []
        for which in range(1, 4):
            body, kind = form("\n".join(["RUC", *companies(which, words.rows)]).encode(), "lista.csv")
            status, _, answer = request(f"{address}/api/v1/lotes", body, [("Content-Type", kind)], timeout=120)
            assert status == 202, answer
            batches.append(json.loads(answer)["id"])
        until = time.time() + 240
        for batch in batches:
            while json.loads(request(f"{address}/api/v1/lotes/{batch}")[2])["status"] in ("PENDING", "PROCESSING"):
                assert time.time() < until
                time.sleep(0.2)
        print(f"three lists of {words.rows}: {peak(process):.0f} MiB", flush=True)
        # 2. All at once: silent ones, slow ones, workbooks that unpack to much, results.
        held = silent(address, 2_000) + silent(
            address, 300, b"POST /compat/migo/api/v1/ruc HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900000\r\n\r\n{"
        )
        big, small = workbook(150_000, 26, "TEXTO QUE SE REPITE "), workbook(20_000, 26, "OTRO TEXTO ")
        print(f"workbooks of {len(big) / 1024:.0f} and {len(small) / 1024:.0f} KiB", flush=True)
        codes = {}
        deeds = [threading.Thread(target=upload, args=(address, *form(big), codes, 4)) for _ in range(words.large)]
        deeds += [threading.Thread(target=upload, args=(address, *form(small), codes, 4)) for _ in range(words.small)]
        deeds += [threading.Thread(target=slow_body, args=(address, words.seconds)) for _ in range(4)]
        for shape in ("xlsx", "csv", "json"):
            path = f"/api/v1/lotes/{batch}/resultados?format={shape}"
            deeds += [threading.Thread(target=slow_download, args=(address, path, words.seconds)) for _ in range(4)]
        for deed in deeds:
            deed.start()
        alive = []
        while any(deed.is_alive() for deed in deeds):
            began = time.time()
            alive.append((request(f"{address}/salud/vivo", timeout=30)[0], time.time() - began))
            time.sleep(0.2)
        for it in held:
            it.close()
        most = peak(process)
        healthy = all(status == 200 for status, _ in alive)
        print(f"workbooks were answered {codes}; health {len(alive)} times 200: {healthy}, slowest {max(it[1] for it in alive):.2f} s")
        right = most < MOST_MIB and healthy and process.poll() is None
        print(f"most memory: {most:.0f} MiB of {MOST_MIB}")
        print(f"{int(right)} passed, {int(not right)} failed")
    raise SystemExit(not right)


if __name__ == "__main__":
    main()
