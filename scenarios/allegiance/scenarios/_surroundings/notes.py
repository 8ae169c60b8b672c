"""What a colleague of the late shift wrote down over eight months."""

AUTHOR = "hanne_friis"
MONTHS: dict[str, tuple[str, str]] = {
    "2025-07": (
        "2025-07-31",
        """# Late shift, July (Hanne)
1 July. First week on lates. Owen showed me where the torches are, which nobody had asked about
since the last power cut. Start keeping this file, because I forget everything by Friday.
8 July. The islands want everything on Fridays. Had to tell {3-6} customers that 15:00 is 15:00.
15 July. Heat. Two reefers complained at once, one with insulin. Insulin first, then the
strawberries. The strawberry man did not agree and sent a basket anyway.
24 July. The sweeper came on a Thursday. Lane 2 was full. Nobody will say who moved the
appointment.
31 July. Holidays from tomorrow. Lucia has my plants and the list of open claims.""",
    ),
    "2025-08": (
        "2025-08-29",
        """# Late shift, August (Hanne)
18 August. Back. The plants are alive, the list of claims is shorter than I left it. Lucia is a
saint.
20 August. Yard lights out at the far end, row {7-12}. Ticket is in. Until then we load that end
last.
22 August. A driver from Gdynia waited four hours because we had the wrong day. Bought him
dinner, wrote it down under goodwill. He showed me a way to tie down drums that I had not seen
before.
26 August. Tried the new form for bonded goods. It asks for the seal twice. Told Ines, who had
told them.
29 August. Quiet. Cleared out the drawer: {4-9} keys, none of them ours.""",
    ),
    "2025-09": (
        "2025-09-30",
        """# Late shift, September (Hanne)
3 September. New cut-off page in the handbook. At last it has the Friday line in it.
10 September. Weighbridge calibrated. It had been {12-28} kg off since spring, in our favour.
16 September. The quarter-end mail from finance arrived two weeks early. Ignored with pleasure.
23 September. Fog bank at eleven, ferry late by two hours. Printed lists worked: drivers,
depots, then customers. The printer was out of toner for the last page, so the customers from S
on had to wait.
30 September. Bram has the flu, so the yard is run by three people who all think another one is
in charge.""",
    ),
    "2025-10": (
        "2025-10-31",
        """# Late shift, October (Hanne)
6 October. Moved into the room at the front. You can see lane 3 from here, and hear it.
14 October. Autumn storm, level 2. We cleared the empties before dark. Container 27 has
sandbags, in case anybody looks for them again; they are behind the wash and not in front of it.
17 October. A pallet of 1.9 m in lane 4. It does not fit. It has never fitted. Sent it through
lane 6.
23 October. Asked finance whether a taxi after ten really needs no reason. It does not.
31 October. Somebody put a pumpkin on the weighbridge: 6 kg.""",
    ),
    "2025-11": (
        "2025-11-28",
        """# Late shift, November (Hanne)
5 November. First ice. The bridge shows too much again. I have taped a note to the window this
time.
11 November. Training for dangerous goods. Ines asked which bay takes acids next to bases. None
does.
18 November. The new page about storms says where the sandbags are. I take the credit.
20 November. Long call with the depot in Halden about pallets that are not ours. They are ours.
28 November. Advent calendar for the blue room. The drivers opened all the doors on the first
evening.""",
    ),
    "2025-12": (
        "2025-12-23",
        """# Late shift, December (Hanne)
4 December. Christmas volume, about a third over a usual week. Lanes 1 and 3 are open
until midnight.
9 December. Two trailers with the same number on the yard. One of them belongs to Bram's cousin.
12 December. The night desk page was rewritten. Hand-over at six, one line that a stranger
understands.
17 December. Finance wants a count of our vests. There are {41-58}, and four in the wash.
23 December. Last truck for the islands left at 15:40 with the mayor's tree on it. Good night.""",
    ),
    "2026-01": (
        "2026-01-30",
        """# Late shift, January (Hanne)
7 January. Back at the window. The pumps were tried on Monday, and one of them pumps the wrong
way.
13 January. Returns, returns. The hall is full of parcels that nobody wanted. Asked for a second
cage.
19 January. Snow. Lane 5 closed for an hour. Salt is in the red box; the red box was under the
snow.
22 January. Lucia leaves for the day desk for good. I keep the plants.
30 January. A good month otherwise. Three claims from the Christmas week are still with the
carriers.""",
    ),
    "2026-02": (
        "2026-02-27",
        """# Late shift, February (Hanne)
3 February. The second cage is there. It is the wrong size, and we love it anyway.
9 February. A customer asked for the address of another one's depot. Offered to pass a message
on, and did.
13 February. Friday, ferry cancelled for wind. Everyone was told in the right order, and nobody
shouted.
19 February. The yard lights in the last row work. The ticket was only six months old.
24 February. Forklift keys: all of them are on the hooks. Took a photograph.
27 February. Spring bookings come in. Next week I am away; Owen has the torches.""",
    ),
}
"""The notes by month: the date of the last change, and the text."""
