"""`python -m bench_checks`: spoil good annotations, check them all, count what is caught."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench_checks.ground import PROJECT_FOLDER, ground

GOOD = PROJECT_FOLDER / "samples" / "annotations"
SEVERITIES = ("block", "warn", "inform")


def main() -> int:
    options = _options()
    with ground(options.data.resolve(), with_runs=options.runs):
        report = _measure(options)
    if options.report:
        options.report.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    return _tell(report)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench_checks", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="default: samples/annotations/*.json")
    parser.add_argument("--seed", type=int, default=1, help="the same seed spoils the same places")
    parser.add_argument("--kind", action="append", help="only this kind of fault; may be repeated")
    parser.add_argument("--data", type=Path, default=PROJECT_FOLDER / "data" / "bench-checks")
    parser.add_argument(
        "--no-runs", dest="runs", action="store_false", help="do not run the sample batch's tests"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="write all as JSON")
    options = parser.parse_args()
    options.files = options.files or sorted(GOOD.glob("*.json"))
    if not options.files:
        parser.error(f"there is no annotation in {GOOD}")
    return options


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    from bench_checks.faults import KINDS
    from bench_checks.trying import Tally, check, count, derive, read_good

    started = time.monotonic()
    names = options.kind or list(KINDS)
    kinds = [KINDS[name] for name in names if options.runs or not KINDS[name].needs_runs]
    tallies = {kind.name: Tally(kind) for kind in kinds}
    alarms = []
    for path in options.files:
        content = read_good(path)
        tried = [(kind, spoilt) for kind in kinds for spoilt in derive(content, kind, options.seed)]
        good, *found = check([content, *(spoilt.content for _, spoilt in tried)])
        alarms.append(
            {
                "file": path.name,
                "refused": good.refusal,
                **{severity: len(good.of(severity)) for severity in SEVERITIES},
                "findings": [": ".join((each[0], each[3])) for each in good.findings],
            }
        )
        for (kind, spoilt), each in zip(tried, found, strict=True):
            count(tallies[kind.name], path.stem, good, spoilt, each)
        print(f"{path.name}: {len(tried)} faults", flush=True)
    return {
        "seed": options.seed,
        "seconds": round(time.monotonic() - started, 1),
        "good": alarms,
        "kinds": [tally.as_json() for tally in tallies.values()],
    }


def _tell(report: Mapping[str, Any]) -> int:
    print(f"\n{'fault':56} derived  caught  blocking  missed  by")
    for row in report["kinds"]:
        name = row["kind"] + ("" if row["is_decidable"] else " (not decidable)")
        by = ", ".join(sorted(row["by"]))
        print(
            f"{name:56} {row['derived']:7}  {row['caught']:6}  {row['caught_as_blocking']:8}"
            f"  {len(row['missed']):6}  {by}"
        )
        for missed in row["missed"]:
            print(f"    missed: {missed}")
    print(f"\n{'false alarms on good annotations':56} {'  '.join(SEVERITIES)}")
    for row in report["good"]:
        print(f"{row['file']:56} {row['block']:5}  {row['warn']:4}  {row['inform']:6}")
        for line in [row["refused"]] * bool(row["refused"]) + row["findings"]:
            print(f"    {line}")
    missed = [r["kind"] for r in report["kinds"] if r["is_decidable"] and r["missed"]]
    blocked = [row["file"] for row in report["good"] if row["block"] or row["refused"]]
    n_derived = sum(row["derived"] for row in report["kinds"])
    n_caught = sum(row["caught"] for row in report["kinds"])
    print(
        f"\n{n_caught} of {n_derived} faults of {len(report['kinds'])} kinds were caught at their "
        f"place, in {report['seconds']} s. Decidable kinds with misses: {len(missed)}; good "
        f"annotations that are blocked: {len(blocked)}."
    )
    return int(bool(missed or blocked))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"bench_checks: `{' '.join(error.cmd[1:])}` failed, see above.")
