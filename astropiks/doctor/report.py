"""Findings for a person to read, and for a machine."""

import dataclasses
import json
import sys
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from astropiks.doctor.finding import Finding, Level, Section, count_of

SIGNS = {Level.OK: "✓", Level.WARNING: "!", Level.FAILED: "✗"}
PLAIN_SIGNS = {Level.OK: "+", Level.WARNING: "!", Level.FAILED: "x"}
STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.FAILED: "bold red"}

WIDEST = 100
"""Longer lines are hard to read, however wide the terminal is."""


def console() -> Console:
    """Open stdout, with no markup: what is found may have brackets in it."""
    opened = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    opened.width = min(opened.width, WIDEST)
    return opened


def show(out: Console, section: Section) -> None:
    """Print what was found about one subject, if anything was.

    In a terminal with colour and line breaks; elsewhere each sentence in one line, for `grep`.
    """
    if not section.findings:
        return
    if out.is_terminal:
        table = Table.grid()
        for finding in section.findings:
            mark, words = _words(finding, out.encoding)
            style = STYLES[finding.level]
            table.add_row(Text(mark, style), Text.assemble((finding.subject, "bold"), words))
        out.print(Text(section.title, style="bold"), table, "", sep="\n")
        return
    lines = [section.title]
    for finding in section.findings:
        mark, words = _words(finding, out.encoding)
        lines.append(f"{mark}{finding.subject}{words}".replace("\n", f"\n{' ' * len(mark)}"))
    print(*lines, "", sep="\n", file=out.file, flush=True)


def _words(finding: Finding, encoding: str) -> tuple[str, str]:
    """Give the mark of a finding, which is not by colour alone, and what follows its subject."""
    mark = f"  {_sign(finding.level, encoding)} {finding.level.value:<7} "
    advice = f"\n-> {finding.advice}" if finding.advice else ""
    return mark, f": {finding.sentence}{advice}"


def _sign(level: Level, encoding: str) -> str:
    try:
        SIGNS[level].encode(encoding)
    except UnicodeError:
        return PLAIN_SIGNS[level]
    return SIGNS[level]


def summary(sections: Sequence[Section], *, is_usable: bool) -> str:
    """Give the last line."""
    levels = counts(sections)
    wrong, warnings = levels[Level.FAILED], count_of(levels[Level.WARNING], "warning")
    if not is_usable:
        things = count_of(wrong, "thing")
        return f"It cannot be used: {things} to put right. .env.example describes each variable."
    if wrong:
        return f"{count_of(wrong, 'check')} failed, {warnings}."
    return f"It can be used, with {warnings}." if levels[Level.WARNING] else "It can be used."


def as_json(sections: Sequence[Section], *, is_usable: bool) -> str:
    """Give all of it as one JSON object."""
    levels = counts(sections)
    findings = [
        {"section": section.title, **dataclasses.asdict(finding)}
        for section in sections
        for finding in section.findings
    ]
    result = {
        "usable": is_usable,
        "counts": {level.value: levels[level] for level in Level},
        "findings": findings,
    }
    return json.dumps(result, indent=2, ensure_ascii=False)


def counts(sections: Sequence[Section]) -> Counter[Level]:
    """Count the findings of each level."""
    return Counter(finding.level for section in sections for finding in section.findings)
