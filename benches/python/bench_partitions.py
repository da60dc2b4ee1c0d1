"""The peers' side of `just bench-partitions`: `bench_partitions.py rivers 1000`, `… barca 1000` or `… dagster 50`, and after
that words of the cases to run, if not all.

A chain of three assets, `first`, `second` and `third`, partitioned by day from 2020-01-01, is made for DAYS days in a new
temporary folder: each value a file of its own, everything else in the database that the product brings. Every case is a
process of its own. Seconds are from the request until all is made, without imports and the set-up of an empty database;
where a case is a command, with the start of its process. Bytes are lengths of files, not blocks on disk: database and logs
less what was there before the request, and values, for each of the three partitions of a day.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import date, datetime, timedelta
from importlib import metadata, util
from pathlib import Path

ASSETS = ("first", "second", "third")


def days_of(count):
    return [str(date(2020, 1, 1) + timedelta(days=day)) for day in range(count)]


def bytes_below(folder):
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


def files_below(folder):
    return sum(path.is_file() for path in Path(folder).rglob("*"))


def rivers(folder, days, case):
    """Its backfill, with a run for each day or one run, in this process: `rivers backfill` makes the same call."""
    import pickle

    from rivers import (
        Asset,
        AssetExecutionContext,
        BackfillStrategy,
        CodeRepository,
        PartitionKeyRange,
        PartitionsDefinition,
        Storage,
    )
    from obstore.store import LocalStore
    from rivers.io_handlers import BaseIOHandler, PickleIOHandler

    values, database = folder / "values", folder / "database"
    values.mkdir()
    single = case == "single run"

    def days_in(context):
        return [day for key in context.partition.keys for day in key.key]

    class PickleOfEach(BaseIOHandler):
        """The pickle handler's files, of a run with many partitions: a dictionary by day."""

        def path(self, context, day):
            return values / context.asset_name / day / "data.pkl"

        def handle_output(self, context, obj):
            for day, value in obj.items():
                path = self.path(context, day)
                path.parent.mkdir(parents=True)
                path.write_bytes(pickle.dumps(value))

        def load_input(self, context):
            return {day: pickle.loads(self.path(context, day).read_bytes()) for day in days_in(context)}

    handler = PickleOfEach() if single else PickleIOHandler(store=LocalStore(str(values)))
    daily = PartitionsDefinition.daily(datetime(2020, 1, 1))
    asset = Asset(partitions_def=daily, io_handler=handler)
    if single:

        def first(context: AssetExecutionContext):
            return {day: 1 for day in days_in(context)}

        def second(first: dict):
            return {day: value + 1 for day, value in first.items()}

        def third(second: dict):
            return {day: value + 1 for day, value in second.items()}
    else:

        def first() -> int:
            return 1

        def second(first: int) -> int:
            return first + 1

        def third(second: int) -> int:
            return second + 1

    repository = CodeRepository(assets=[asset(first), asset(second), asset(third)])
    storage = Storage.embedded(str(database))
    repository.resolve(storage=storage)
    before = bytes_below(database)
    started = time.perf_counter()
    result = repository.backfill(
        partition_range=PartitionKeyRange.single(days[0], days[-1]),
        strategy=BackfillStrategy.single_run() if single else BackfillStrategy.multi_run(),
        max_concurrency=8,
    )
    seconds = time.perf_counter() - started
    made = sum(storage.count_materialized_partitions(asset) for asset in ASSETS)
    repository.shutdown()
    if result.failed or result.num_runs != (1 if single else len(days)):
        sys.exit(f"{result.status}: {result.num_runs} runs, {result.failed} partitions failed")
    return {
        "seconds": seconds,
        "recorded": made,
        "stored": files_below(values),
        "database": bytes_below(database) - before,
        "values": bytes_below(values),
    }


BARCA = """
from datetime import date, timedelta

from barca import asset, partitions, partitions_from


@asset(partitions={"day": partitions([str(date(2020, 1, 1) + timedelta(days=day)) for day in range(DAYS)])})
def first(day: str) -> int:
    return 1


@asset(partitions={"day": partitions_from(first)})
def second(day: str, first: int) -> int:
    return first + 1


@asset(partitions={"day": partitions_from(second)})
def third(day: str, second: int) -> int:
    return second + 1
"""

BARCA_BATCH = """
from datetime import date, timedelta

from barca import asset, partitions, partitions_from


@asset(
    partitions={"day": partitions([str(date(2020, 1, 1) + timedelta(days=day)) for day in range(DAYS)])}, batch="all"
)
def first(day: list[str]) -> dict:
    return {key: 1 for key in day}


@asset(partitions={"day": partitions_from(first)}, batch="all")
def second(day: list[str], first: dict[str, int]) -> dict:
    return {key: first[key] + 1 for key in day}


@asset(partitions={"day": partitions_from(second)}, batch="all")
def third(day: list[str], second: dict[str, int]) -> dict:
    return {key: second[key] + 1 for key in day}
"""


def barca(folder, days, case):
    """`barca get` of all keys: it has no backfills, a run makes whatever isn't made. The process's start is in it."""
    source = BARCA_BATCH if case == "one run, a call of all keys" else BARCA
    (folder / "pipeline.py").write_text(source.replace("DAYS", str(len(days))))
    command = [Path(sys.executable).with_name("barca"), "get", "third", "pipeline.py", "-o", "path"]
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    seconds = time.perf_counter() - started
    home = folder / ".barca"
    values = bytes_below(home / "artifacts")
    stored = files_below(home / "artifacts")
    database = bytes_below(home) - values
    count = "SELECT count(DISTINCT node_id) FROM materializations WHERE status = 'success'"
    with sqlite3.connect(home / "metadata.db") as connection:
        (made,) = connection.execute(count).fetchone()
    return {"seconds": seconds, "recorded": made, "stored": stored, "database": database, "values": values}


DAGSTER = """
import pickle

from dagster import (
    AssetExecutionContext,
    BackfillPolicy,
    DailyPartitionsDefinition,
    Definitions,
    FilesystemIOManager,
    UPathIOManager,
    asset,
    in_process_executor,
    multiprocess_executor,
)
from upath import UPath


class PickleOfEach(UPathIOManager):
    # The default manager's files, of a run with many partitions: a dictionary by day.
    def handle_output(self, context, obj):
        for day, path in self._get_paths_for_partitions(context).items():
            path.parent.mkdir(parents=True, exist_ok=True)
            self.dump_to_path(context, obj[day], path)

    def dump_to_path(self, context, obj, path):
        path.write_bytes(pickle.dumps(obj))

    def load_from_path(self, context, path):
        return pickle.loads(path.read_bytes())


policy = BackfillPolicy.single_run() if SINGLE else BackfillPolicy.multi_run()
settings = {"partitions_def": DailyPartitionsDefinition("2020-01-01"), "backfill_policy": policy}

if SINGLE:

    @asset(**settings)
    def first(context: AssetExecutionContext):
        return {day: 1 for day in context.partition_keys}

    @asset(**settings)
    def second(first: dict):
        return {day: value + 1 for day, value in first.items()}

    @asset(**settings)
    def third(second: dict):
        return {day: value + 1 for day, value in second.items()}

else:

    @asset(**settings)
    def first() -> int:
        return 1

    @asset(**settings)
    def second(first: int) -> int:
        return first + 1

    @asset(**settings)
    def third(second: int) -> int:
        return second + 1


assets = [first, second, third]
resources = {"io_manager": PickleOfEach(UPath(VALUES)) if SINGLE else FilesystemIOManager(base_dir=VALUES)}
executor = in_process_executor if IN_PROCESS else multiprocess_executor
defs = Definitions(assets=assets, resources=resources, executor=executor)
"""


def dagster(folder, days, case):
    """Through the daemon, which launches a process for each run, or by `materialize` in this process."""
    home, values = folder / "home", folder / "values"
    home.mkdir()
    values.mkdir()
    os.environ["DAGSTER_HOME"] = str(home)
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    settings = {"SINGLE": "single run" in case, "IN_PROCESS": "for each step" not in case, "VALUES": str(values)}
    source = "\n".join(f"{name} = {value!r}" for name, value in settings.items()) + DAGSTER
    (folder / "pipeline.py").write_text(source)
    sys.path.insert(0, str(folder))

    import logging

    import pipeline
    from dagster import AssetKey, DagsterInstance, materialize

    logging.disable(logging.CRITICAL)
    with DagsterInstance.get() as instance:

        def made():
            keys = [AssetKey(asset) for asset in ASSETS]
            return sum(len(instance.get_materialized_partitions(key)) for key in keys)

        made()
        before = bytes_below(home)
        if case.startswith("daemon"):
            seconds = daemon_backfill(folder, days, instance, pipeline.defs, made)
        else:
            ranges = {"dagster/asset_partition_range_start": days[0], "dagster/asset_partition_range_end": days[-1]}
            runs = [{"tags": ranges}] if settings["SINGLE"] else [{"partition_key": day} for day in days]
            started = time.perf_counter()
            for run in runs:
                materialize(pipeline.assets, instance=instance, resources=pipeline.resources, **run)
            seconds = time.perf_counter() - started
        recorded = made()
    logs = sum(bytes_below(logs) for logs in home.rglob("compute_logs"))
    return {
        "seconds": seconds,
        "recorded": recorded,
        "stored": files_below(values),
        "database": bytes_below(home) - before - logs,
        "values": bytes_below(values),
        "logs": logs,
    }


def daemon_backfill(folder, days, instance, definitions, made):
    """From the start of the daemon, which finds the request, until the backfill has come to its end."""
    from dagster import AssetKey
    from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill

    backfill = PartitionBackfill.from_asset_partitions(
        backfill_id="backfill",
        asset_graph=definitions.resolve_asset_graph(),
        partition_names=days,
        asset_selection=[AssetKey(asset) for asset in ASSETS],
        backfill_timestamp=time.time(),
        tags={},
        dynamic_partitions_store=instance,
        all_partitions=False,
        title=None,
        description=None,
        run_config=None,
    )
    instance.add_backfill(backfill)
    command = [Path(sys.executable).with_name("dagster-daemon"), "run", "-f", str(folder / "pipeline.py")]
    started = time.perf_counter()
    with open(folder / "daemon.log", "wb") as log:
        daemon = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)
    try:
        # The daemon looks at a backfill only twice a minute: what counts is when the last partition is recorded.
        while made() < 3 * len(days):
            status = instance.get_backfill(backfill.backfill_id).status
            if daemon.poll() is not None or status not in (BulkActionStatus.REQUESTED, BulkActionStatus.COMPLETED_SUCCESS):
                sys.exit(f"{status}, {made()} made: {(folder / 'daemon.log').read_text()[-3000:]}")
            time.sleep(0.25)
        seconds = time.perf_counter() - started
        while any(not run.is_finished for run in instance.get_runs()):
            time.sleep(0.25)
    finally:
        end_session(daemon)
    return seconds


def end_session(process):
    """Ends a process and what it has started, which else writes while the folder is removed."""
    for stop in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            process.poll()
            try:
                os.killpg(process.pid, stop)
            except ProcessLookupError:
                return
            time.sleep(0.25)


PRODUCTS = {
    "rivers": (rivers, ["a run for each day", "single run"]),
    "barca": (barca, ["one run, a call for each key", "one run, a call of all keys"]),
    "dagster": (
        dagster,
        [
            "materialize in process, a run for each day",
            "materialize in process, single run",
            "daemon, single run, a process for each step",
            "daemon, a run for each day, a process for each run",
            "daemon, a run for each day, a process for each step",
        ],
    ),
}


def measured(product, days, case):
    """What a case takes, in a process of its own, from which only its last line counts."""
    command = [sys.executable, __file__, product, str(days), "--here", case]
    quiet = {**os.environ, "RUST_LOG": "error", "PYTHONWARNINGS": "ignore"}
    child = subprocess.run(command, env=quiet, capture_output=True, text=True)
    if child.returncode != 0:
        return f"failed: {child.stderr.strip()[-2000:]}"
    found = json.loads(child.stdout.splitlines()[-1])
    partitions = 3 * days
    if (found["recorded"], found["stored"]) != (partitions, partitions):
        return f"failed: {found['recorded']} partitions recorded and {found['stored']} stored of {partitions}"
    logs = f", logs {found['logs'] / partitions:.0f} bytes" if found.get("logs") else ""
    return (
        f"{days} days, {found['seconds']:.2f} s, {found['seconds'] * 1e3 / partitions:.2f} ms a partition, "
        f"database {found['database'] / partitions:.0f} bytes, values {found['values'] / partitions:.1f} bytes{logs}"
    )


def main(product, days, *cases):
    run, all_cases = PRODUCTS[product]
    days = int(days)
    if cases[:1] == ("--here",):
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(run(Path(folder).resolve(), days_of(days), cases[1])))
        return
    if util.find_spec(product) is None:
        print(f"{product} is left out: this Python doesn't have it")
        return
    version = metadata.version(product)
    for case in all_cases:
        if not cases or any(part in case for part in cases):
            print(f"{product} {version}, {case}: {measured(product, days, case)}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
