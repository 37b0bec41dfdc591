"""Two programs, the same commands and requests: what differs?

    python3 crates/chaski/tests/compare/compare.py OLD NEW [--only TEXT] [--brief] [--keep]

OLD and NEW are two binaries of chaski. Each runs all cases of `cases/*.txt`, in order, in a temporary folder
of its own; no token is needed and nothing leaves this machine. What cannot be equal is made so by the
table in `alike.py`. Each difference is printed as a unified diff with the name of its case; those that
`expected.txt` explains are marked so (`--brief` leaves them out). Exit 1 if any other is left, or if
a reason in `expected.txt` was needed by none.
`--only TEXT` runs the places whose name contains it; `--keep` leaves the folders, and all answers in
`old.txt` and `new.txt`.
Python 3.9 or newer, standard library only. `cases/README.txt` says how cases are written.
"""

import argparse
import collections
import contextlib
import difflib
import json
import pathlib
import re
import shutil
import signal
import sys
import tempfile
import threading

import alike
import cases
import side

# Texts of blocks that are much alike: a difference shifts lines that are the same in both.
ALIKE_BLOCKS = re.compile("help: run (completions|man) ")
HERE = pathlib.Path(__file__).resolve().parent


def main():
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("old")
    asked.add_argument("new")
    asked.add_argument("--only", default="", metavar="TEXT")
    asked.add_argument("--brief", action="store_true")
    asked.add_argument("--keep", action="store_true")
    asked = asked.parse_args()

    # Ended from outside, it still ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    steps = cases.read(sorted((HERE / "cases").glob("[0-9]*.txt")), asked.only)
    explained = Explained(HERE / "expected.txt")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="chaski-compare-"))
    try:
        old, new = both(steps, folder, asked.old, asked.new)
    finally:
        if asked.keep:
            print(f"left for looking at: {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return report(old, new, explained, asked.brief, some=bool(asked.only))


def both(steps, folder, *binaries):
    """What each program answered, case by case; they run side by side, so that their clocks agree."""
    before = pathlib.Path(binaries[0]).resolve()
    sides = [side.Side(pathlib.Path(it).resolve(), before, folder / name) for it, name in zip(binaries, ("old", "new"))]
    failed = []

    def run(one):
        try:
            one.run(steps)
        except BaseException as error:  # noqa: BLE001: told below, in the main thread
            failed.append(error)
            for it in sides:
                it.over = True

    threads = [threading.Thread(target=run, args=(it,)) for it in sides]
    try:
        for it in threads:
            it.start()
        for it in threads:
            it.join()
    finally:
        for it in sides:
            it.over = True
            it.end()
    if failed:
        raise failed[0]
    for it in sides:
        answers = (f"=== {name}\n{text}\n" for name, text in it.answers.items())
        it.root.with_suffix(".txt").write_text("\n".join(answers))
    return [it.answers for it in sides]


def report(old, new, explained, brief, some):
    """Prints the differences and the figures; the exit code."""
    different = unexpected = 0
    for name in [it for it, text in new.items() if text.startswith(cases.NOT_FOUND)]:
        unexpected += 1
        print(f"=== {name}\n{new[name]}\n")
    for name, before in old.items():
        after = new.get(name, "")
        if before == after:
            continue
        different += 1
        before, known = explained.rewritten(name, before)
        if flowed(before) != flowed(after):
            before, after = flowed(before), flowed(after)
        shown = list(difflib.unified_diff(lines(before), lines(after), "old", "new", lineterm="", n=2))
        others = explained.all_of(name, shown)
        reasons = known + others if others or before == after else []
        unexpected += not reasons
        if reasons and brief:
            continue
        print(f"=== {name}")
        for reason in reasons or []:
            print(f"    expected: {reason}")
        print("\n".join(shown[2:]), end="\n\n")
    print(f"{len(old)} cases: {len(old) - different} equal, {different} different, of these {unexpected} not expected")
    idle = [] if some else explained.idle()
    for reason in idle:
        print(f"never seen, must go from expected.txt: {reason}")
    return 1 if unexpected or idle else 0


def flowed(text):
    """Help without its layout: an option more makes the column of all of them wider."""
    if not re.search("^(Opciones|General options|Opciones generales|Options):$", text, re.M):
        return text
    text = re.sub(r"\n {12,}(?=[^ -])", " ", text)
    return re.sub(r"(?<=\S) {2,}", "  ", text)


def lines(text):
    """A line that is JSON is shown indented: a difference is then seen where it is."""
    shown = []
    for line in text.split("\n"):
        value = None
        if line.startswith(("{", "[")) and len(line) > 80:
            with contextlib.suppress(ValueError):
                value = json.loads(line)
        shown += [line] if value is None else json.dumps(value, ensure_ascii=False, indent=1).split("\n")
    return shown if shown != [text] else [text]


class Explained:
    """Differences that are meant to be: a reason, the cases (`?`), what is written in another way (`=`), and the
    lines (`-`, `+`) it is good for."""

    def __init__(self, path):
        self.rules = []
        for line in path.read_text().splitlines() if path.exists() else []:
            mark, text = line[:1], line[2:]
            if mark == ":":
                self.rules.append({"reason": text, "cases": [], "=": [], "-": [], "+": [], "used": False})
            elif mark == "?":
                self.rules[-1]["cases"].append(pattern(text))
            elif mark == "=":
                shape, _, become = text.partition(" =>")
                self.rules[-1]["="].append((re.compile(shape, re.M), become[1:]))
            elif mark in ("-", "+"):
                self.rules[-1][mark].append(pattern(text))

    def ruling(self, name):
        return [it for it in self.rules if not it["cases"] or any(case.fullmatch(name) for case in it["cases"])]

    def rewritten(self, name, before):
        """What OLD answered as NEW would write it, and the reasons of what was rewritten."""
        reasons = []
        for rule in self.ruling(name):
            for shape, become in rule["="]:
                before, count = shape.subn(become, before)
                if count:
                    rule["used"] = True
                    if rule["reason"] not in reasons:
                        reasons.append(rule["reason"])
        return before, reasons

    def all_of(self, name, diff):
        """The reasons, if they explain every line of a difference; else none."""
        ruling = self.ruling(name)
        reasons = []
        changed = [line for line in diff[2:] if line[:1] in ("-", "+")]
        if ALIKE_BLOCKS.match(name):
            changed = without_shifted(changed)
        for line in changed:
            rule = next((it for it in ruling if any(one.fullmatch(line[1:]) for one in it[line[0]])), None)
            if rule is None:
                return []
            rule["used"] = True
            if rule["reason"] not in reasons:
                reasons.append(rule["reason"])
        return reasons

    def idle(self):
        """Reasons of rules that explained nothing."""
        return [it["reason"] for it in self.rules if not it["used"]]


def without_shifted(changed):
    """What is left when lines that went and came are taken out, each as often as it did both."""
    went, came = (collections.Counter(it[1:] for it in changed if it[0] == mark) for mark in "-+")
    return [f"-{it}" for it in (went - came).elements()] + [f"+{it}" for it in (came - went).elements()]


def pattern(text):
    """A text in which `*` stands for anything."""
    return re.compile(".*".join(re.escape(part) for part in text.split("*")))


if __name__ == "__main__":
    sys.exit(main())
