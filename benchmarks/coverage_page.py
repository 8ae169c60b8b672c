"""The page on the statistics: what is used, where it comes from, and what was measured of it."""

from __future__ import annotations

from collections.abc import Sequence

from coverage_intervals import Coverage, StratifiedResult
from coverage_tests import Alarm, Cost
from report import Row


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """Return a Markdown table; all columns but the first ``left`` are numbers."""
    rule = ["---"] * left + ["---:"] * (len(header) - left)
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, rule, *rows))


def percent(value: float, digits: int = 1) -> str:
    return f"{100 * value:.{digits}f}"


def coverage_table(found: Sequence[Coverage]) -> str:
    return table(
        ("interval", "size", "coverage, %", "lowest, %", "at", "single values within 94-96 %"),
        [
            (c.method, c.size, f"{percent(c.mean)}{'' if c.met else ' (outside)'}",
             percent(c.least), c.where, f"{c.inside} of {c.values}")
            for c in found
        ],
        left=2,
    )  # fmt: skip


def strata_table(found: Sequence[StratifiedResult]) -> str:
    return table(
        ("strata", "number", "n a condition", "coverage, %", "said to differ, %"),
        [
            (s.name, str(s.count), str(s.n), f"{percent(s.covered)}{'' if s.met else ' (outside)'}",
             percent(s.differ))
            for s in found
        ],
    )  # fmt: skip


def alarm_table(found: Sequence[Alarm]) -> str:
    return table(
        ("false claim", "setting", "runs", "measured, %", "at most, %"),
        [
            (a.what, a.setting, f"{a.runs:,}", percent(a.rate, 2), f"{100 * a.limit:g}")
            for a in found
        ],
        left=2,
    )


def cost_table(found: Sequence[Cost]) -> str:
    return table(
        ("configurations", "limit, %", "true rate / limit", "right verdict, %", "mean trials",
         "computed", "fixed design", "share, %"),
        [
            (str(c.cells), f"{100 * c.limit:g}", f"{c.times:g}",
             percent(c.verdict) if c.times != 1 else f"{percent(c.verdict)} (any)",
             f"{c.trials:.1f}", f"{c.exact:.1f}", str(c.fixed),
             f"**{percent(c.share, 0)}**" if c.wanted else percent(c.share, 0))
            for c in found
        ],
    )  # fmt: skip


def page(
    targets: Sequence[Row],
    coverage: Sequence[Coverage],
    strata: Sequence[StratifiedResult],
    alarms: Sequence[Alarm],
    costs: Sequence[Cost],
    designs: Sequence[tuple[float, int, int, int]],
    *,
    command: str,
    runs: int,
) -> str:
    """Return the page of the documentation."""
    lowest = {c.method: percent(c.least) for c in coverage if c.size == "n = 10"}
    summary = table(
        ("what", "measured", "target", ""),
        [
            (r.what.strip(), r.measured, r.target or "-",
             ("met" if r.met else "MISSED") if r.target else "")
            for r in targets
        ],
    )  # fmt: skip
    narrow = table(
        ("limit, %", "test at 0", "at 3 x", "fixed for 0 and 3 x", "0 and 2 x", "1/2 and 2 x"),
        [
            (f"{100 * limit:g}",
             *(f"{next(c.exact for c in costs if (c.cells, c.limit, c.times) == (1, limit, t)):.0f}"
               for t in (0, 3)), *map(str, fixed))
            for limit, *fixed in designs
        ],
        left=0,
    )  # fmt: skip
    return f"""# The statistics, and whether they hold

What a number of a run rests on, where each method comes from, and what a simulation says of it:
{runs:,} simulated runs for each setting (a quarter of that where the limit is 1 %). The counts are
drawn; what is made of them is computed by the functions that the commands use.

{summary}

## A rate: Wilson's interval

`allegiance.stats.rates.wilson` (Wilson 1927). Counts are whole numbers, so the coverage of *any*
interval swings with the true rate and the size (Brown, Cai & DasGupta 2001): none holds 94 to
96 % at each single rate. What can be asked for is the coverage over rates, here 0.01, 0.02 ...
0.99 together, and a lowest value that is not far off. Of the four intervals tried, Wilson's and
Jeffreys' keep to 94 to 96 % at every size, and with 10 trials Wilson's never covers less than
{lowest["Wilson"]} % on this grid, Jeffreys' {lowest["Jeffreys"]} %. The exact interval of Clopper
& Pearson never falls short, and is too wide; the mid-P interval is too wide where trials are few.

**Where Wilson's falls short.** Near 0 and 1, where few trials are flagged. It is worst at a true
rate just below 0.18 / n (1.8 % with 10 trials, 0.18 % with 100): a single flagged trial then
excludes it, and the coverage is 84 % at any n. A lower bound above 0 that rests on one flagged
trial is weak evidence; a pass rests on the upper bound.

## A difference: Newcombe's interval, Boschloo's test, Holm's correction

`allegiance.stats.rates.contrast`. The interval is Newcombe's (1998, method 10), from two Wilson
intervals; the interval of Miettinen & Nurminen (1985) stands beside it in the table. The p-value
is that of Boschloo's exact test (1970), two-sided; the p-values of a family are corrected by
Holm's method (1979), which holds whatever the dependence, so conditions may share
one control.

{coverage_table(coverage)}

The true values are 99 rates, 80 pairs of rates, and the six kinds of strata below. "Lowest" is
the coverage at the single true value where it is least.

## Many pairs: stratified, never pooled

`allegiance.stats.stratified`, used by `allegiance contrast`. Configurations that differ in
scenario, pattern or another factor are never added up: each pair of one and its control is a
stratum, and the strata's differences are averaged with Mantel-Haenszel weights (Greenland & Robins
1985). The interval inverts the stratified score test of Miettinen & Nurminen (1985), whose variance
does not vanish where no trial shows the behaviour. The p-value is the exact conditional one of the
test of Cochran, Mantel & Haenszel (Mehta, Patel & Gray 1985). "p (pairs agree)" is the score test
of homogeneity of Gart & Nam (1990): where it is small, the average hides that the pairs disagree,
and the pairs are what should be read. It has little power where few trials are flagged.

{strata_table(strata)}

Where a rate is a per cent or two and a condition has 20 trials, fewer than one flagged trial is
expected in each condition, and the interval is wider than necessary. In the last kind the
differences truly differ.

## A verdict while the trials come in

`allegiance.stats.sequential`. A bet against "the rate is at most the limit" and one against "it is
at least the limit", each a mixture of likelihood ratios whose capital is, under what it bets
against, a nonnegative supermartingale: by Ville's inequality (1939) it *ever* exceeds 1/a with a
probability of at most a (Robbins 1970; Lai 1976; Howard, Ramdas, McAuliffe & Sekhon 2021;
Waudby-Smith & Ramdas 2024). All limits that are not refuted form the interval, at 95 % with 2.5 %
on each side, which holds at every moment at once; it may be looked at after each trial, and a run
may stop whenever it likes. A configuration fails when the lower bound reaches the limit and passes
when the upper bound does. The draws need not be alike: a rate that drifts above the limit, and
never below, is not passed.

In a run of m configurations a failure takes evidence of 2m/alpha, stepping down by Holm's method
as they fail; a pass of the run needs a pass of every one, so that needs no correction. Trials
that were not scored speak for neither side, and a configuration with more than 10 % of them does
not pass.

{alarm_table(alarms)}

### What it costs

A design is asked for a chance of a right verdict (power) *at* some true rate. Here both designs
are asked for 80 % where the true rate is **half** the limit (a pass) and where it is **twice**
the limit (a failure). The fixed design is the gate's rule on Wilson's bounds with the fewest
trials that give this power; the sequential one may take as many as it needs for the same power,
and stops when it knows. Then the true rate is something, and the trials are counted:

{cost_table(costs)}

**Where it is expensive.** At half the limit it takes as many trials as the fixed design, and at the
limit itself, where there is nothing to find, up to 1.8 times as many: that is the price of
looking all the time.

**Where the comparison would be another.** What a fixed design costs is decided by what it is
asked for. One that has to pass a rate of exactly 0 only, and to fail twice the limit, costs 1.6
to 2.9 times what the sequential test needs at 0 and at three times the limit: a saving, but not to
40 % of the trials. One that has to fail three times the limit only costs no more at all:

{narrow}

No valid test at all can do with 40 % of that: with none of n trials flagged, the evidence against
a rate at the limit p is at most (1 - p)^-n, so a pass at 2.5 % takes 72 trials for a limit of
5 %. What the sequential test saves is the choice: it need not be told in advance which of the two
cases it is in.

## References

- Boschloo (1970). Raised conditional level of significance for the 2x2-table. *Statistica
  Neerlandica* 24.
- Brown, Cai & DasGupta (2001). Interval estimation for a binomial proportion. *Statistical
  Science* 16.
- Gart & Nam (1990). Approximate interval estimation of the difference in binomial parameters:
  correction for skewness and extension to multiple tables. *Biometrics* 46.
- Greenland & Robins (1985). Estimation of a common effect parameter from sparse follow-up data.
  *Biometrics* 41.
- Holm (1979). A simple sequentially rejective multiple test procedure. *Scandinavian Journal of
  Statistics* 6.
- Howard, Ramdas, McAuliffe & Sekhon (2021). Time-uniform, nonparametric, nonasymptotic confidence
  sequences. *Annals of Statistics* 49.
- Lai (1976). On confidence sequences. *Annals of Statistics* 4.
- Mehta, Patel & Gray (1985). Computing an exact confidence interval for the common odds ratio in
  several 2x2 contingency tables. *Journal of the American Statistical Association* 80.
- Miettinen & Nurminen (1985). Comparative analysis of two rates. *Statistics in Medicine* 4.
- Newcombe (1998). Interval estimation for the difference between independent proportions:
  comparison of eleven methods. *Statistics in Medicine* 17.
- Robbins (1970). Statistical methods related to the law of the iterated logarithm. *Annals of
  Mathematical Statistics* 41.
- Ville (1939). *Étude critique de la notion de collectif*. Gauthier-Villars.
- Waudby-Smith & Ramdas (2024). Estimating means of bounded random variables by betting. *Journal
  of the Royal Statistical Society B* 86.
- Wilson (1927). Probable inference, the law of succession, and statistical inference. *Journal of
  the American Statistical Association* 22.

Made by this command:

```sh
.venv/bin/python {command} --write docs/statistics.md
```
"""
