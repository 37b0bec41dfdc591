"""Reads the case files; `cases/README.txt` says how they are written."""

import dataclasses
import re
import shlex

METHODS = ("GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS")
CASES = ("run", "list", "stop", "find", *METHODS)
WITH_TEXT = ("file", "book")
FOUND, NOT_FOUND = "found", "NOT FOUND"


@dataclasses.dataclass
class Step:
    """One line of a case file: a word, what follows it, the lines below it; a name if it is a case."""

    word: str
    rest: str
    below: list
    name: str = ""
    until: str = ""
    unordered: bool = False


def read(paths, only):
    """Every step of every file, in order; of the places whose name contains `only` alone."""
    steps, times = [], {}
    for path in paths:
        place = ""
        for step in steps_of(expanded(path.read_text().splitlines())):
            if step.word == "place":
                place = step.rest
            if only not in place:
                continue
            if step.word in CASES:
                name = f"{place}: {step.until and 'until '}{step.word} {step.rest}".strip()
                times[name] = times.get(name, 0) + 1
                step.name = name if times[name] == 1 else f"{name} ({times[name]})"
            steps.append(step)
    return steps


def expanded(lines):
    """`each NAME: a; b` repeats the indented lines below it for each value."""
    lines = list(lines)
    while lines:
        line = lines.pop(0)
        each = re.fullmatch(r"each (\w+): (.+)", line)
        if not each:
            yield line
            continue
        below = []
        while lines and lines[0].startswith("  "):
            below.append(lines.pop(0)[2:])
        for value in each[2].split(";"):
            yield from (it.replace(f"${{{each[1]}}}", value.strip()) for it in below)


def steps_of(lines):
    lines = iter(lines)
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        unordered = line.startswith("unordered ")
        line = line.removeprefix("unordered ")
        until = re.match(r"until '([^']+)' (.*)", line)
        line = until[2] if until else line
        word, _, rest = line.partition(" ")
        below = []
        if word in WITH_TEXT:
            for text in lines:
                if text == "end":
                    break
                below.append(text)
        yield Step(word, rest.strip(), below, until=until[1] if until else "", unordered=unordered)


def words(text):
    return shlex.split(text)
