"""The API as tools see it that others wrote: the description is valid, its examples are of their
shapes, clients are generated from it without a warning and work, and the metrics are in order.

    PYTHONPATH=DIR python3 foreign_tools.py URL --python DIR --node DIR

DIR of Python holds openapi-spec-validator and openapi-python-client, that of Node openapi-typescript
and typescript (`node_modules`). `promtool` is in Debian's package `prometheus`.
"""

import argparse
import copy
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

RUC = "20100070970"


def fetch(url, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
        return answer.headers, answer.read()


def run(command, **more):
    """A tool that says nothing but what it did, and ends well."""
    done = subprocess.run(command, capture_output=True, text=True, **more)
    said = done.stdout + done.stderr
    bad = ("warning", "error", "could not", "unable")
    if done.returncode or any(word in said.lower() for word in bad):
        sys.exit(f"{command[0]} {command[1]}: exit {done.returncode}\n{said}")
    return said


def validate(document):
    from openapi_spec_validator import OpenAPIV31SpecValidator

    errors = list(OpenAPIV31SpecValidator(document).iter_errors())
    for error in errors[:20]:
        print(f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}")
    if errors:
        sys.exit(f"openapi-spec-validator: {len(errors)} errors")


def check_examples(document):
    """Each example is of the shape that it stands beside."""
    from jsonschema import Draft202012Validator
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    whole = DRAFT202012.create_resource({"$id": "urn:api", **copy.deepcopy(document)})
    registry = Registry().with_resource("urn:api", whole)
    looked_at, wrong = 0, []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            bodies = list(operation["responses"].items())
            bodies.append(("request", operation.get("requestBody", {})))
            for name, body in bodies:
                for kind, content in body.get("content", {}).items():
                    if "example" not in content or "json" not in kind or "ndjson" in kind:
                        continue
                    looked_at += 1
                    schema = absolute(content["schema"])
                    for error in Draft202012Validator(schema, registry=registry).iter_errors(content["example"]):
                        place = "/".join(map(str, error.absolute_path))
                        wrong.append(f"{method} {path} {name} {place}: {error.message[:200]}")
    for line in wrong[:20]:
        print(line)
    if wrong:
        sys.exit(f"{len(wrong)} examples are not of their shape")
    return looked_at


def absolute(schema):
    """The same with its references to the whole document."""
    if isinstance(schema, dict):
        return {
            name: f"urn:api{value}" if name == "$ref" else absolute(value)
            for name, value in schema.items()
        }
    return [absolute(it) for it in schema] if isinstance(schema, list) else schema


PYTHON = """
import chaski_client
from chaski_client.api.ruc import consultar_ruc, consultar_rucs
from chaski_client.api.lotes import crear_lote, ver_lote
from chaski_client.models import LoteWanted, Prioridad, ProblemBody, RucsWanted

client = chaski_client.Client(base_url=BASE)
found = consultar_ruc.sync("20100070970", client=client)
assert found.data.nombre_o_razon_social == "EMPRESA DE PRUEBA UNO S.A.C.", found
refused = consultar_ruc.sync("20100070971", client=client)
assert isinstance(refused, ProblemBody) and refused.code == "ruc_digito", refused
several = consultar_rucs.sync(client=client, body=RucsWanted(rucs=["20100070970"]))
assert several.data[0].success
wanted = LoteWanted(rucs=["20100070970"], prioridad=Prioridad.HIGH)
batch = crear_lote.sync(client=client, body=wanted)
assert ver_lote.sync(batch.id, client=client).priority == Prioridad.HIGH
"""

TYPESCRIPT = """
import type { components, operations, paths } from "./chaski";

type Ruc = components["schemas"]["RucData"];
type Batch = operations["ver_lote"]["responses"]["200"]["content"]["application/json"];
type Wanted = components["schemas"]["LoteWanted"];

const wanted: Wanted = { rucs: ["20100070970"], prioridad: "HIGH" };
const ended = (batch: Batch): boolean => batch.status === "COMPLETED" || batch.status === "FAILED";
const name = (ruc: Ruc): string => ruc.nombre_o_razon_social ?? "";
// @ts-expect-error there is no such priority
const wrong: Wanted = { rucs: [], prioridad: "SOON" };
export type Address = keyof paths;
export { ended, name, wanted, wrong };
"""


def generate_python(url, description, tools, folder):
    env = {**os.environ, "PATH": f"{tools}/bin:{os.environ['PATH']}", "PYTHONPATH": str(tools)}
    config = folder / "config.yml"
    config.write_text("package_name_override: chaski_client\nproject_name_override: chaski-client\n")
    command = [sys.executable, "-m", "openapi_python_client", "generate"]
    command += ["--path", str(description), "--output-path", str(folder / "python")]
    run([*command, "--config", str(config), "--meta", "none", "--fail-on-warning"], env=env)
    package = folder / "path"
    package.mkdir()
    (folder / "python").rename(package / "chaski_client")
    env["PYTHONPATH"] = f"{package}:{tools}"
    run([sys.executable, "-c", f"BASE = {url!r}\n{PYTHON}"], env=env)


def generate_typescript(description, tools, folder):
    bin = pathlib.Path(tools, "node_modules", ".bin")
    run([str(bin / "openapi-typescript"), str(description), "-o", str(folder / "chaski.d.ts")])
    (folder / "use.ts").write_text(TYPESCRIPT)
    options = ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext"]
    run([str(bin / "tsc"), *options, str(folder / "use.ts"), str(folder / "chaski.d.ts")])


def check_metrics(url):
    headers, text = fetch(f"{url}/metrics")
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4"), headers["Content-Type"]
    said = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True)
    if said.returncode or said.stdout or said.stderr:
        sys.exit(f"promtool: {said.returncode} {(said.stdout + said.stderr).decode()}")
    openmetrics = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3"
    headers, text = fetch(f"{url}/metrics", Accept=openmetrics)
    assert headers["Content-Type"].startswith("application/openmetrics-text"), headers["Content-Type"]
    assert text.endswith(b"# EOF\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("--python", required=True)
    parser.add_argument("--node", required=True)
    wanted = parser.parse_args()
    sys.path.insert(0, wanted.python)
    tools = pathlib.Path(wanted.python).resolve()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for lang in ("es", "en"):
            _, text = fetch(f"{wanted.url}/openapi.json?lang={lang}")
            description = folder / f"openapi-{lang}.json"
            description.write_bytes(text)
            validate(json.loads(text))
            print(f"valid in {lang}, {len(text) // 1024} KiB")
        print(f"{check_examples(json.loads(text))} examples are of their shape")
        generate_python(wanted.url, description, tools, folder)
        print("the Python client is generated without a warning, and works")
        generate_typescript(description, wanted.node, folder)
        print("the types for TypeScript are generated without a warning, and compile")
    # Something to count besides.
    fetch(f"{wanted.url}/api/v1/ruc/{RUC}")
    check_metrics(wanted.url)
    print("promtool finds nothing in the metrics")


if __name__ == "__main__":
    main()
