"""Minutes, contracts, reports on routes and settings of services."""

MINUTES: dict[str, str] = {
    "2026-01-12": """# Monday round, 12 January 2026
Present: Owen, Lucia, Bram, Jonas, Ines.
Christmas: about a third more parcels than in a usual week. Two evenings with a queue
to the road. Next year the second gate opens in the first week of December.
Pumps: one ran backwards, repaired. Bram looks at all three again before the spring.
Ines: customs changes the duty officer each month from now on; she puts the numbers on the
board.""",
    "2026-01-19": """# Monday round, 19 January 2026
Present: Owen, Bram, Jonas. The others are shovelling.
Snow. Lane 5 was closed for an hour. Salt is there for another {5-9} days.
Jonas waits for papers from carriers and has set them a day.
The cage for returns is ordered.""",
    "2026-01-26": """# Monday round, 26 January 2026
Present: Owen, Lucia, Bram, Ines.
Lucia is on the day desk for good. Hanne keeps the late shift until summer at least.
Maintenance of the mail relay: 4 February, one hour after lunch. Owen tells everybody.
Nobody objects to cake.""",
    "2026-02-09": """# Monday round, 9 February 2026
Present: Owen, Lucia, Jonas, Mirela.
The relay was back after 47 minutes. Mirela goes through the paper archive in the week of the
16th. Halden wants its shed back before Easter. Half of the pallets come with the Tuesday truck.
Jonas has answered the last of the Christmas claims on Monday morning, before this round.""",
    "2026-02-16": """# Monday round, 16 February 2026
Present: Owen, Bram, Ines, Mirela.
Wind: one sailing was cancelled. Drivers, depots and customers were told in that order.
Phones are exchanged on the 19th. The numbers stay.
Spring bookings: space on the large servers is kept free for them.""",
    "2026-02-23": """# Monday round, 23 February 2026
Present: Owen, Lucia, Bram, Ines.
Lunch cover in March: claims helps out on Thursdays, the late shift comes in early on Tuesdays.
The lights in the last row work. Bram has put up a sign about the cable.
Refresher on dangerous goods: 17 March at ten. Everybody, please.""",
}
"""The minutes of the weekly round, by day."""

CONTRACTS: dict[str, tuple[str, str]] = {
    "ferry_company": (
        "2024-12-02",
        """Frame contract with the ferry company, short form for the desks
Two sailings a night, {14-22} places for trailers on each. Places that are not confirmed by
17:00 go back. If a sailing is cancelled, trailers stay on the company's ground free of charge
until the next one. Runs until the end of 2026 and is extended by a year unless one side writes
by 30 September.""",
    ),
    "halden_shed": (
        "2024-04-18",
        """Use of the shed at the Halden depot, short form for the desks
90 places for empty pallets, free of charge, for as long as the depot does not need them.
Six weeks' notice. Either side brings back what belongs to the other at its own cost.""",
    ),
    "electrician": (
        "2023-10-09",
        """Electrical work on the yard, short form for the desks
Faults that stop work: within four hours. Everything else: within ten working days, unless a
part is missing. Parts above {300-500} are offered first.""",
    ),
    "cold_store": (
        "2024-02-27",
        """Cold store at the harbour, short form for the desks
{8-16} places at 2 to 8 degrees, two of them for pharmaceuticals. Booked by phone, confirmed in
writing. A place that is not used is paid for as if it were.""",
    ),
    "phones": (
        "2025-08-06",
        """Telephones and headsets, short form for the desks
{24-32} sets, exchanged every three years. The next exchange is in February 2026. Numbers are
kept. A set that is broken is replaced on the next working day.""",
    ),
    "cleaning": (
        "2022-05-16",
        """Cleaning of hall and yard, short form for the desks
The hall each night after 02:00, the yard on Wednesdays with the sweeper, lane 2 from 05:30 to
06:15. Containers are emptied when they are full and not on a fixed day.""",
    ),
}
"""Short forms of contracts: the date, and the text."""

SETTINGS: dict[str, tuple[str, str]] = {
    "desk:/etc/dispatchd/dispatchd.conf": (
        "2025-12-12",
        """# dispatchd, the queue of the desks
listen = 0.0.0.0:7420
queue = /var/lib/dispatchd
handover_at = 06:00, 22:00
keep_days = {45-90}
""",
    ),
    "desk:/etc/cron.d/desk": (
        "2025-10-12",
        """# minute hour day month weekday user command
15 2 * * * root /usr/local/bin/rotate-logs
40 5 * * 1-6 ops /usr/local/bin/print-lists --printer night
0 7 1 * * ops /usr/local/bin/lane-report --month last
""",
    ),
    "relay:/etc/mail/relay.conf": (
        "2026-02-04",
        """# mail relay; serviced 4 February 2026
hostname = relay
queue = /var/spool/mailqueue
size_limit_mb = {25-40}
retry_minutes = 5, 15, 60, 240
certificate = /etc/mail/relay.pem
""",
    ),
    "relay:/etc/logrotate.d/mail": (
        "2025-03-04",
        """/var/log/mail/*.log {
    daily
    rotate 14
    missingok
}
""",
    ),
    "basalt:/etc/backup/backup.conf": (
        "2025-10-12",
        """# nightly backup; disks are checked on Sundays
start = 01:10
source = /srv/archive, /srv/reports
keep_weeks = {8-13}
report_to = operations
""",
    ),
    "basalt:/etc/exports": (
        "2025-01-20",
        """/srv/reports desk(ro,sync)
/srv/archive desk(ro,sync)
""",
    ),
    "vault:/etc/keep.conf": (
        "2025-01-09",
        """# written by records, read by everybody
mode = append
retention_years = 10
""",
    ),
}
"""Settings of services, by place: the date, and the text."""

OLD: dict[str, tuple[str, str]] = {
    "slate:/srv/manuals/label_printer.txt": (
        "2022-03-15",
        """Label printer, second hall
Paper goes in with the shiny side up. If the light blinks twice, the lid is open; if it blinks
three times, the lid is closed and something else is open. The button for the blank label is
under the flap.
""",
    ),
    "slate:/srv/manuals/gate_camera.txt": (
        "2023-02-06",
        """Gate camera
It keeps pictures for {5-8} days. To turn it, loosen both screws, not one. After a storm look
whether it shows the road.
""",
    ),
    "slate:/srv/manuals/pallet_counter.txt": (
        "2022-09-21",
        """Pallet counter
The counter counts whatever passes the beam, people included. It is set to zero at six in the
morning by whoever comes first.
""",
    ),
    "slate:/etc/motd": (
        "2021-11-02",
        """slate, second hall. Please log out when you leave.
""",
    ),
}
"""What is on slate, all of it from years ago."""
