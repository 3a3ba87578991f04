"""The command line: list · run · report · inspect · bench. Bad input is one line on stderr and exit status 2."""

import io
import shlex
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr
from dataclasses import fields
from itertools import takewhile
from typing import Any

import tyro
from tyro.conf import FlagCreatePairsOff, OmitArgPrefixes

from rewire import __version__, commands
from rewire.errors import choice
from rewire.options import COMMANDS, Bench, Command, Inspect, List, Report, Run

ACTIONS = {
    List: commands.list_recipes,
    Run: commands.run,
    Report: commands.report,
    Inspect: commands.inspect,
    Bench: commands.bench,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 a run failed, 2 bad input, 130 stopped by Ctrl-C."""
    words = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    if words == ["--version"]:
        print(__version__)
        return 0
    try:
        options = parse(words)
        return ACTIONS[type(options)](options)
    except (ValueError, OSError) as error:
        from rewire.experiments.worker import one_line

        print(f"rewire: {one_line(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"rewire: stopped; to resume: {shlex.join(['rewire', *words])}", file=sys.stderr)
        return 130


def parse(words: list[str]) -> Any:
    """The command's options. Raises ValueError, in one line, for what cannot be understood; exits for --help."""
    if words[0] not in (*COMMANDS, "-h", "--help"):
        raise choice("command", COMMANDS, words[0], "`rewire --help` explains them")
    complaint = io.StringIO()
    try:
        with redirect_stderr(complaint):
            options, unknown = tyro.cli(
                Command,
                prog="rewire",
                description="Train a network's wiring: which weights are on, for which task, and where each one sits.",
                args=words,
                return_unknown_args=True,
                config=(FlagCreatePairsOff, OmitArgPrefixes),
            )
    except SystemExit as stop:
        if not stop.code:
            raise
        raise ValueError(f"{_unboxed(complaint.getvalue())} (`rewire {words[0]} --help` explains)") from None
    if unknown:
        raise choice(f"option of `rewire {words[0]}`", _flags(type(options)), unknown[0].partition("=")[0])
    return options


def _flags(kind: type) -> list[str]:
    positional = {"ids", "names", "path", "runs"}
    return [f"--{item.name.replace('_', '-')}" for item in fields(kind) if item.name not in positional]


def _unboxed(complaint: str) -> str:
    """The words of a boxed, many-line message of tyro's, up to its first rule."""
    lines = [line.strip("│ ") for line in complaint.splitlines()[1:]]
    return " ".join(takewhile(lambda line: line.strip("─╰╯"), lines))
