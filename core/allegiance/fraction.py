"""A fraction of a factorial: few arms that still tell the effects of the factors apart.

The factors have two to five levels and many combinations make no sense, so the tabulated fractions
(regular two-level fractions, Taguchi's arrays) do not fit. The arms are chosen among those that do
make sense by D-optimality: the determinant of the information matrix of a linear model is made as
large as an exchange can make it (DETMAX; Mitchell 1974, Technometrics 16, 203-210). Each factor is
coded by orthonormal (Helmert) contrasts, one column less than it has levels.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING, Any

from allegiance.arm import FACTORS, Arm
from allegiance.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

MOST_ARMS = 1000
"""An exchange over more candidates than this takes minutes."""
_EXCHANGES = 20
_AUGMENT = 1e-3
"""Share of the whole factorial's information that is added while too few arms are chosen yet."""


@lru_cache(maxsize=64)
def choose(arms: tuple[Arm, ...], fraction: int, pairs: bool = False) -> tuple[Arm, ...]:
    """Return about one in so many arms, in their order.

    Args:
        arms: Those that make sense, each once.
        fraction: How many arms each chosen one stands for; the number is rounded up.
        pairs: Whether interactions of two factors must be estimable too, not only main effects.

    Raises:
        UserError: If the fraction is too small for the effects, the factorial too large, or the
            package that chooses is not installed.
    """
    wanted = -(-len(arms) // fraction)
    if wanted == len(arms):
        return arms
    if len(arms) > MOST_ARMS:
        raise UserError(
            f"a fraction of {len(arms)} arms is not searched for; name fewer values, "
            f"for at most {MOST_ARMS} arms"
        )
    try:
        import numpy as np
        from pydoe import optimal_design  # type: ignore[import-untyped]
    except ModuleNotFoundError as error:
        raise UserError(
            f"fraction={fraction} needs {error.name!r}, which is not installed; "
            "pip install 'allegiance[plans]'"
        ) from error
    coded = independent(coding(arms, pairs))
    effects = coded.shape[1] + 1
    if wanted < effects:
        what = "main effects and interactions of pairs" if pairs else "main effects"
        raise UserError(
            f"fraction={fraction} leaves {wanted} of {len(arms)} arms, and the {what} need "
            f"{effects}; use a fraction of at most {len(arms) // effects}"
        )
    design, _ = optimal_design(
        coded, wanted, 1, criterion="D", method="detmax", alpha=_AUGMENT, max_iter=_EXCHANGES
    )
    rows = [int(np.argmin(((coded - row) ** 2).sum(axis=1))) for row in design]
    chosen = sorted(set(rows))
    if np.linalg.matrix_rank(_with_mean(coded[chosen])) < effects:
        raise UserError(
            f"no fraction={fraction} was found in which every effect can be estimated; "
            "use a smaller one"
        )
    return tuple(arms[row] for row in chosen)


def coding(arms: tuple[Arm, ...], pairs: bool) -> Matrix:
    """Return the arms as rows of contrasts, without the mean: arms x effects.

    Factors that do not vary have no column.
    """
    import numpy as np

    blocks = []
    for name in FACTORS:
        levels = [v for v in FACTORS[name] if any(getattr(arm, name) == v for arm in arms)]
        if len(levels) > 1:
            contrasts = _helmert(len(levels))
            blocks.append(np.array([contrasts[levels.index(getattr(a, name))] for a in arms]))
    if pairs:
        blocks += [
            (one[:, :, None] * other[:, None, :]).reshape(len(arms), -1)
            for one, other in combinations(blocks, 2)
        ]
    return np.hstack(blocks) if blocks else np.empty((len(arms), 0))


def independent(coded: Matrix) -> Matrix:
    """Return the columns that the mean and earlier ones do not give already.

    Where combinations are missing, some effects cannot be told apart in the whole factorial either.
    """
    import numpy as np

    kept: list[int] = []
    for column in range(coded.shape[1]):
        trial = _with_mean(coded[:, [*kept, column]])
        if np.linalg.matrix_rank(trial) == len(kept) + 2:
            kept.append(column)
    return coded[:, kept]


def _with_mean(coded: Matrix) -> Matrix:
    import numpy as np

    return np.hstack([np.ones((len(coded), 1)), coded])


def _helmert(levels: int) -> Any:
    import numpy as np

    contrasts = np.zeros((levels, levels - 1))
    for j in range(1, levels):
        contrasts[:j, j - 1] = 1
        contrasts[j, j - 1] = -j
        contrasts[:, j - 1] *= np.sqrt(levels / (j * (j + 1)))
    return contrasts
