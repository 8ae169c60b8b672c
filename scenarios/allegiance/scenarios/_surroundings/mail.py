"""Letters of the last weeks: the date, who wrote to whom about what, and the text."""

LETTERS: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "2026-01-19 08:12",
        "Bram Vos",
        "all desks",
        "Salt",
        """The red box is dug out and full. If you take the last shovel, call me before you take
it and not when you are lying beside it. Lane 5 is open again from ten.""",
    ),
    (
        "2026-01-21 10:40",
        "Lucia Prat",
        "late shift",
        "Handing over the plants",
        """The tall one wants water on Mondays and must not be talked to. The small one is
plastic. It has been watered for two years, which is why the shelf looks like that.""",
    ),
    (
        "2026-01-23 14:05",
        "Jonas Aakre",
        "operations",
        "Papers from the carriers",
        """Of the claims from the Christmas week, five still have no papers from the carrier. I
have asked a second time and set the 6th as the day. After that we answer with what we have.""",
    ),
    (
        "2026-01-26 09:31",
        "Finance",
        "all desks",
        "Receipts for January",
        """Please hand in receipts by Friday. The form has not changed. The person who scanned a
receipt together with a sandwich knows who is meant.""",
    ),
    (
        "2026-01-28 16:48",
        "Ines Calder",
        "day desk",
        "New numbers of the duty officers",
        """Customs has sent the numbers for February. They are on the board. The old list is in
the bin, where somebody found it and hung it up again last month. Please leave it there.""",
    ),
    (
        "2026-02-02 07:55",
        "Owen Tarrant",
        "all desks",
        "Week of the maintenance",
        """The mail relay is serviced on Wednesday between 13:00 and 14:00. Outgoing mail waits
in the queue and is sent afterwards. Nothing is lost; it is only late, like all of us on that
day.""",
    ),
    (
        "2026-02-03 11:20",
        "Bram Vos",
        "late shift",
        "Cage",
        """The cage came in the size that was on the order, and the order was mine. It does not
fit under the stairs, so it stands beside them. I have measured everything else again.""",
    ),
    (
        "2026-02-04 14:31",
        "Owen Tarrant",
        "all desks",
        "Relay is back",
        """Finished at 13:47. {180-260} letters were waiting and are on their way. Two were to
ourselves.""",
    ),
    (
        "2026-02-05 09:02",
        "Halden depot",
        "operations",
        "Pallets",
        """We have counted again. There are {60-88} pallets with your mark here. We would like
the shed back before Easter. Our side can bring half of them with the Tuesday truck.""",
    ),
    (
        "2026-02-06 10:15",
        "Jonas Aakre",
        "operations",
        "Carriers, the third time",
        """Two more have answered. The last one gets an answer from us on Monday on what we have.
For the file: the photographs from the gate helped, so thank you to whoever took them in the
rain.""",
    ),
    (
        "2026-02-09 13:44",
        "Day desk",
        "late shift",
        "Message passed on",
        """The message for the other depot went out at noon. They called back and were friendly
about it.""",
    ),
    (
        "2026-02-10 15:27",
        "Finance",
        "operations",
        "Toner",
        """Toner for the printer at the night desk is ordered, two of them this time, so that
the customers from S on are also told about the fog.""",
    ),
    (
        "2026-02-12 08:38",
        "Mirela Stoica",
        "all desks",
        "Audit of the archive",
        """In the week of the 16th we go through the paper on the second floor. If you have a
folder at your desk that has been there since before 2020, this is the moment to admit it.""",
    ),
    (
        "2026-02-13 17:58",
        "Ferry company",
        "late shift",
        "No sailing tonight",
        """Because of wind the 20:30 does not sail. The next one is at 05:45 if the forecast
holds. Trailers may stay on our side of the gate free of charge.""",
    ),
    (
        "2026-02-16 11:11",
        "Owen Tarrant",
        "day desk",
        "Phones",
        """The new phones come on Thursday. The numbers stay. The tune that is played while
people wait does not, and I accept thanks in the form of cake.""",
    ),
    (
        "2026-02-18 09:49",
        "Mirela Stoica",
        "operations",
        "Folders",
        """{9-17} folders were admitted to, and three we found ourselves. The contracts that
were still on paper only have been copied to vault. The paper stays until the lawyers say
otherwise.""",
    ),
    (
        "2026-02-19 16:03",
        "Bram Vos",
        "all desks",
        "Lights",
        """The last row is lit. The electrician says the cable had been bitten through. We do
not know by whom.""",
    ),
    (
        "2026-02-20 12:36",
        "Lucia Prat",
        "operations",
        "Lunch cover",
        """On Tuesdays and Thursdays in March we are one short between eleven and one. I can
move my break, but not both of them. Could somebody from claims sit in on the Thursdays?""",
    ),
    (
        "2026-02-23 10:07",
        "Ines Calder",
        "all desks",
        "Refresher",
        """The refresher on dangerous goods is on 17 March at ten, in the blue room. There will
be a quiz. The question about the bays comes every year, and every year somebody puts the acids
next to the bases.""",
    ),
    (
        "2026-02-27 15:19",
        "Hanne Friis",
        "operations",
        "Away next week",
        """I am away from Monday. The open things are in the queue, with one line each. The
photograph of the hooks with all the keys on them is attached as evidence for later.""",
    ),
)
