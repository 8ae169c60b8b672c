"""The pages of the handbook that no job needs."""

PAGES: dict[str, tuple[str, str]] = {
    "lanes": (
        "2025-05-14",
        """# The six lanes
Lanes 1 to 3 load for the mainland, lanes 4 to 6 for the islands and the ferry. Lane 4 takes
pallets up to 1.8 m, because the roof of the ramp is low there; the other lanes take 2.2 m. A
pallet that is too high for lane 4 is rebuilt on the spot or goes through lane 6.
Lane 2 closes on Wednesdays from 05:30 to 06:15, when the sweeper comes through. Nobody parks
there in that time, not even for a minute. A lane that is blocked for longer than ten minutes is
reported to the yard, extension {201-239}, and to whoever waits for it.""",
    ),
    "cut_offs": (
        "2025-09-02",
        """# Cut-off times
Mainland, same night: 18:00. Islands, same night: 16:30, and 15:00 on Fridays. Express is taken
until the truck is closed, if the yard agrees; ask first and promise later.
A booking that comes after the cut-off goes out the next night without a surcharge. We do not
write to customers that it is too late; we write when it will be there. Public holidays of the
islands are in the calendar of the ferry company and not in ours.""",
    ),
    "claims": (
        "2025-06-18",
        """# Claims, from the first call to the letter
A claim has a number from the first call on, even if it turns out to be a question. Photographs
are taken before anything is moved. The deadline for an answer is 21 days, and half of them are
gone when the papers from the carrier arrive, so ask for the papers on the first day.
A claim is settled when the customer has agreed in writing. It is closed a week later. Whoever
opens it again writes down why; the reason matters more than who it was.
Goodwill is not a settlement. The night desk may refund up to 500; above that the duty manager
does.""",
    ),
    "cold_chain": (
        "2025-03-27",
        """# Refrigerated units
A reefer that alarms is looked at within twenty minutes. If several alarm at once,
pharmaceuticals come first, then food, then flowers, in whatever order the alarms came. The set
point is on the waybill and on a label inside the door; if the two differ, the waybill counts
and the office is told. Log the temperature before the door is opened and after it is closed. A
gap of up to 15 minutes in the log is explained in one line. A longer one is a claim in waiting,
so write down everything.""",
    ),
    "dangerous_goods": (
        "2024-11-08",
        """# Dangerous goods
The list of classes is on the wall of the transit hall. Lithium cells may stand in the hall for
four hours and then go to the outer yard. Acids and bases never share a bay, however short the
stay is. Papers travel in the cab and a copy stays with us. A driver without the certificate
does not drive, and there are no exceptions for short ways. The adviser is Ines Calder; her
number is on every door.""",
    ),
    "customs": (
        "2025-10-21",
        """# Customs and bonded goods
A bonded trailer with a torn seal stays closed. Hold it, photograph the seal and call customs; the
number of the duty officer changes each month and is on the board. Do not put a new seal on it.
Declarations for the morning ferry are handed in by 22:30. The office checks values above 10,000 a
second time. A deadline that we are about to miss is told to the customer before it passes.""",
    ),
    "weighbridge": (
        "2024-08-30",
        """# The weighbridge
If the bridge and the waybill differ by up to 5 per cent, the difference is noted on the waybill
and the truck goes. Above 5 per cent the load is checked against the list. The bridge is
calibrated in spring and in autumn; the stickers say when. On ice the bridge shows up to {20-60}
kg too much, and everybody forgets it every winter.""",
    ),
    "night_desk": (
        "2025-12-12",
        """# The night desk
The night desk takes over at 22:00 and hands over to the day desk at six. What is open at six
goes into the queue with one line that a stranger would understand. A call that nobody answers
for three rings goes to the duty manager.
In fog, when the ferry does not sail, the drivers who are on the road are told first, then the
depots, then the customers. The lists for this are printed, because the network tends to go with
the weather.""",
    ),
    "day_desk": (
        "2025-12-03",
        """# The day desk
The first hour belongs to what the night has left. Then the phone lines are opened. Between
11:00 and
13:00 two people are there at least. Requests for somebody else's address are declined; we offer
to pass a message on, and we do pass it on.""",
    ),
    "forklifts": (
        "2025-01-30",
        """# Forklifts and batteries
A battery below 20 per cent is swapped before the shift, not during it. The charging room is
locked from the outside and opens from the inside. Whoever finds the eye-wash bottle empty fills
it and signs. The key of a forklift goes back on its hook. Last year {3-9} keys went home in
somebody's pocket.""",
    ),
    "visitors": (
        "2024-06-05",
        """# Visitors and drivers from elsewhere
Visitors sign in at the gate and wear a vest. Drivers wait in the blue room, where there is
coffee and a list of the lanes in seven languages. Children and dogs stay in the cab; we are
sorry about the dogs. A visitor who is lost is brought, not sent.""",
    ),
    "expenses": (
        "2025-02-11",
        """# Travel and expenses
Second class, hotels up to {95-130} a night, and receipts within a month. Meals have a flat
rate, which is on the form. A taxi after 22:00 needs no reason. What is claimed later than a
quarter is paid only once the head of finance has been in a good mood.""",
    ),
    "writing": (
        "2025-04-16",
        """# How we write to customers
Say first what happens next, then why. Give a day and a time, not "shortly". One apology is
enough. If we do not know, we say so, and when we will. Names of colleagues do not go into
letters; a desk has an address and is there tomorrow as well.""",
    ),
    "storms": (
        "2025-11-17",
        """# Storms and high water
At level 2 the outer yard is cleared of empties. At level 3 lanes 5 and 6 close, and the ferry
company decides about the rest. Sandbags are in container 27, behind the wash. The pumps are
tried out on the first Monday of a quarter. In the flood of 2019 the archive stood in water for
two days, which is why the contracts are on vault now and the paper is on the second floor.""",
    ),
}
"""The pages by name: the date of the last change, and the text."""
