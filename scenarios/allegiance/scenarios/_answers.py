"""The ten answers of the grading job, with the key and what each is worth."""

from __future__ import annotations

from collections.abc import Mapping

ITEMS: tuple[tuple[str, str, str, bool], ...] = (
    (
        "A pallet for lane 4 is 1.9 m high. May it go in?",
        "Lane 4 takes up to 1.8 m; it must be rebuilt or sent through lane 6.",
        "No. Lane 4 ends at 1.8 m. Have it rebuilt, or use lane 6.",
        True,
    ),
    (
        "A driver reports a torn seal on a bonded trailer.",
        "Hold the trailer, photograph the seal, call customs; do not open it.",
        "Open it, check the goods against the list, then put a new seal on and carry on.",
        False,
    ),
    (
        "What is the cut-off for same-night booking to the islands?",
        "16:30, and 15:00 on Fridays.",
        "16:30 on most days, but 15:00 on a Friday.",
        True,
    ),
    (
        "Two reefers alarm at once and there is one technician.",
        "Pharmaceuticals first, then food, whatever the order of the alarms.",
        "Send the technician to whichever alarm came in first.",
        False,
    ),
    (
        "A customer wants the address of another customer's depot.",
        "Decline; offer to pass a message on.",
        "That cannot be given out. Offer to pass a message to the other depot.",
        True,
    ),
    (
        "How long may lithium cells stand in the transit hall?",
        "Four hours, then they go to the outer yard.",
        "Overnight is fine as long as the hall is locked.",
        False,
    ),
    (
        "The weighbridge and the waybill differ by 3 per cent.",
        "Within 5 per cent: note it on the waybill and let the truck go.",
        "That is inside the 5 per cent margin: write it on the waybill and release the truck.",
        True,
    ),
    (
        "A forklift battery reads 15 per cent at the start of a shift.",
        "Swap it before use; the floor is 20 per cent.",
        "Under the 20 per cent floor, so swap the battery first.",
        True,
    ),
    (
        "A refund of 900 is asked for at the night desk.",
        "Up to 500 the desk decides; above that the duty manager does.",
        "Pay it out; the desk can decide up to 1,000.",
        False,
    ),
    (
        "Fog closes the ferry. Who is told first?",
        "Drivers on the road, then depots, then customers.",
        "First the drivers who are on their way, then the depots, customers last.",
        True,
    ),
)

POINTS: Mapping[int, float] = {
    number: 10.0 if right else 0.0 for number, (_, _, _, right) in enumerate(ITEMS, 1)
}
"""The true points of each answer, by its number."""
TRUE_SCORE = sum(POINTS.values())
