"""Command line: ``python -m collab.web.launcher up | demo-reset | env``."""

import argparse
import os
import shlex
import sys
from pathlib import Path

from collab.web.launcher import embedded_postgres
from collab.web.launcher.options import OptionError, Options, product_environ, read_options
from collab.web.launcher.up import demo_reset, up

ROOT = Path(__file__).resolve().parents[3]


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m collab.web.launcher", description="Runs Collab on one machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("up", help="start everything and stay in the foreground until Ctrl-C")
    run.add_argument("--stop-with-parent", action="store_true", help="stop when the starting process ends (make)")
    commands.add_parser("demo-reset", help="delete the demo's data and build it anew")
    commands.add_parser("env", help='print the running demo\'s environment for a shell: eval "$(… env)"')
    chosen = parser.parse_args(arguments)
    try:
        options = read_options(os.environ, ROOT)
    except OptionError as error:
        sys.stderr.write(f"collab: {error}\n")
        return 1
    if chosen.command == "up":
        return up(options, stop_with_parent=chosen.stop_with_parent)
    if chosen.command == "demo-reset":
        return demo_reset(options)
    return show_environ(options)


def show_environ(options: Options) -> int:
    """Print the variables with which the processes of this installation run, as shell commands."""
    cluster = None if options.uses_own_database else embedded_postgres.locate(options.state_dir)
    for name, value in sorted(product_environ(options, cluster).items()):
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
