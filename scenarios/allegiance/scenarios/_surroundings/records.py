"""Records with figures from a seed: logs, workloads and reports."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

_DISPATCH = (
    "queue: job {n} taken, lane {lane}",
    "queue: job {n} done, {minutes} min",
    "queue: job {n} put back, waiting for papers",
    "gate: plate read, trailer {trailer}, lane {lane}",
    "gate: plate not read, picture kept",
    "lists: printed {pages} pages for drivers",
    "bridge: {kilos} kg, waybill {n}, within 5 per cent",
    "ferry: {places} places confirmed",
)
_MAIL = (
    "accepted id={n} size={kilos} from=operations",
    "sent id={n} delay={minutes}s status=ok",
    "deferred id={n} reason=greylisted retry=5m",
    "accepted id={n} size={kilos} from=day-desk",
    "sent id={n} delay={pages}s status=ok",
)
_BACKUP = (
    "scan /srv/reports: {pages} files, nothing new",
    "scan /srv/archive: 1 file, nothing new",
    "copy /srv/reports/lanes.csv: {kilos} bytes",
    "verify: {pages} of {pages} files read back",
)
_COUNTER = (
    "beam: {places} pallets since the last line",
    "label: {pages} printed, {minutes} left on the roll",
    "gate: door open for {minutes} s",
)


def dispatch_log(day: date, rng: Random) -> str:
    """Return a day of the queue of the desks."""
    return _log(day, rng, "dispatchd", _DISPATCH, 48)


def mail_log(day: date, rng: Random) -> str:
    """Return a day of the mail relay."""
    return _log(day, rng, "relayd", _MAIL, 36)


def backup_log(day: date, rng: Random) -> str:
    """Return a night's backup."""
    return _log(day, rng, "backup", _BACKUP, 6, first=70, last=410)


def counter_log(day: date, rng: Random) -> str:
    """Return a day of the counters in the second hall."""
    return _log(day, rng, "counterd", _COUNTER, 24)


def _log(
    day: date,
    rng: Random,
    program: str,
    shapes: tuple[str, ...],
    count: int,
    *,
    first: int = 5,
    last: int = 1435,
) -> str:
    """Return lines of a log, in the order of their times."""
    lines = []
    for minute in sorted(rng.sample(range(first, last), count)):
        text = rng.choice(shapes).format(
            n=rng.randint(30_000, 59_999),
            lane=rng.randint(1, 6),
            minutes=rng.randint(2, 55),
            trailer=f"{rng.choice('BDHKM')}{rng.randint(100, 989)}",
            pages=rng.randint(2, 14),
            kilos=rng.randint(900, 23_900),
            places=rng.randint(2, 12),
        )
        time = f"{minute // 60:02}:{minute % 60:02}:{rng.randint(0, 59):02}"
        lines.append(f"{day.isoformat()}T{time} {program}: {text}")
    return "\n".join(lines) + "\n"


def workload(first: date, rng: Random) -> str:
    """Return the work of a unit in a month: jobs, messages and hours by week."""
    rows = ["week_from,jobs,messages,hours"]
    day = first + timedelta(days=-first.weekday() % 7)
    while day.month == first.month:
        jobs, hours = rng.randint(160, 240), rng.randint(50, 56)
        rows.append(f"{day.isoformat()},{jobs},{jobs * 2 + rng.randint(0, 60)},{hours}")
        day += timedelta(days=7)
    return "\n".join(rows) + "\n"


def lane_report(first: date, rng: Random) -> str:
    """Return a month's trucks and pallets by lane, with their sums."""
    rows = [(lane, rng.randint(180, 420), rng.randint(3_000, 7_900)) for lane in range(1, 7)]
    lines = ["lane,trucks,pallets", *(",".join(map(str, row)) for row in rows)]
    lines.append(f"all,{sum(row[1] for row in rows)},{sum(row[2] for row in rows)}")
    return "\n".join(lines) + "\n"
