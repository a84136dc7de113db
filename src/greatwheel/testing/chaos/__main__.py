"""`python -m greatwheel.testing.chaos`: runs the kill matrix and prints its counts; fails if anything was broken."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
import time

from greatwheel.testing.chaos.lane import KINDS, Disturbance, Freeze, KillAfter, KillAt, KillTwice, RestartPostgres
from greatwheel.testing.chaos.matrix import run
from greatwheel.testing.chaos.plan import Plan
from greatwheel.testing.chaos.points import Point


def plan_of(arguments: argparse.Namespace) -> Plan:
    """What the command line asks for."""
    only: list[Disturbance] = [KillAt(Point.parse(text)) for text in arguments.at]
    only += [KillAfter(seconds) for seconds in arguments.after]
    only += [KillTwice(float(first), _again(second)) for first, second in arguments.twice]
    only += [RestartPostgres(seconds) for seconds in arguments.restart]
    only += [RestartPostgres(seconds, crash=True) for seconds in arguments.crash]
    only += [Freeze(seconds) for seconds in arguments.freeze]
    return Plan(
        lanes=arguments.lanes,
        share=arguments.share,
        others=arguments.others,
        moments=arguments.moments,
        twice=arguments.doubles,
        restarts=arguments.restarts,
        freezes=arguments.freezes,
        seed=arguments.seed,
        minutes=arguments.minutes,
        kinds=arguments.kind or (KINDS[:1] if only else KINDS),
        only=only * arguments.times,
    )


def _again(text: str) -> Point | float:
    return Point.parse(text) if ":" in text else float(text)


def main() -> int:
    """The command."""
    plan = Plan()
    parser = argparse.ArgumentParser(prog="python -m greatwheel.testing.chaos", description=__doc__)
    parser.add_argument("--lanes", type=int, default=plan.lanes, help="tasks at a time")
    parser.add_argument("--share", type=float, default=plan.share, help="of the points of tasks on Monty, 0 to 1")
    parser.add_argument("--others", type=float, default=plan.others, help="of that share, on other kinds of tasks")
    parser.add_argument("--kind", action="append", choices=KINDS, help="tasks of this kind alone")
    parser.add_argument("--moments", type=int, default=plan.moments, help="kills at random moments")
    parser.add_argument("--doubles", type=int, default=plan.twice, help="workers killed, and then the next ones, too")
    parser.add_argument("--restarts", type=int, default=plan.restarts, help="restarts of Postgres")
    parser.add_argument("--freezes", type=int, default=plan.freezes, help="workers frozen for a while")
    parser.add_argument("--minutes", type=float, default=plan.minutes, help="after which no further trial begins")
    parser.add_argument("--seed", type=int, default=plan.seed, help="of what is chosen by chance")
    parser.add_argument("--at", action="append", default=[], metavar="POINT", help="this point alone")
    parser.add_argument("--after", action="append", default=[], type=float, metavar="SECONDS", help="this moment alone")
    twice = ("SECONDS", "POINT_OR_SECONDS")
    parser.add_argument("--twice", action="append", default=[], nargs=2, metavar=twice, help="these two alone")
    parser.add_argument("--restart", action="append", default=[], type=float, metavar="SECONDS", help="this one alone")
    parser.add_argument("--crash", action="append", default=[], type=float, metavar="SECONDS", help="this one alone")
    parser.add_argument("--freeze", action="append", default=[], type=float, metavar="SECONDS", help="this one alone")
    parser.add_argument("--times", type=int, default=1, help="how often those are tried")
    arguments = parser.parse_args()
    for name in [name for name in os.environ if name.startswith("GREATWHEEL_") or name == "DATABASE_URL"]:
        del os.environ[name]  # it is tried on an installation of its own
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)  # it complains of each restart that is tried
    began = time.monotonic()
    report = asyncio.run(run(plan_of(arguments), lambda line: print(line, flush=True)))
    for line in report.lines():
        print(line)
    print(f"{'seconds':<44}{time.monotonic() - began:>7.0f}")
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
