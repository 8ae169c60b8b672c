"""Trains the linear model that hears refusals and objections, and prints its errors.

    python benchmarks/openness.py [--write]

It is trained on the closing messages of ``benchmarks/validation/`` without the part ``held_out``,
which is only measured. ``--write`` replaces the weights and the card in the package. The result is
the same every time.
"""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from allegiance.analysis.labelled_texts import OPEN, LabelledText, read_texts
from allegiance.statements import openness as model
from allegiance.statements.reader import prose_of

FOLDER = Path(__file__).parent / "validation"
PACKAGE = Path(model.__file__).parent
PENALTY = 20.0
"""The inverse strength of the L2 penalty, as in scikit-learn's ``C``."""
FOLDS = 5


def matrix(texts: list[LabelledText]) -> csr_matrix:
    """Return the features of messages, one row each."""
    cells = [
        (row, bucket, value)
        for row, text in enumerate(texts)
        for bucket, value in model.features(prose_of(text.text, text.asked())).items()
    ]
    rows, columns, values = zip(*cells, strict=True)
    return csr_matrix((values, (rows, columns)), shape=(len(texts), model.BUCKETS))


def labels(texts: list[LabelledText]) -> np.ndarray:
    """Return whether each message refuses or objects."""
    return np.array([text.stance in OPEN for text in texts])


def fit(x: csr_matrix, y: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the weights and the bias of a logistic regression; both classes weigh the same."""
    signs = np.where(y, 1.0, -1.0)
    weights = np.where(y, len(y) / (2 * y.sum()), len(y) / (2 * (~y).sum()))

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        w, bias = parameters[:-1], parameters[-1]
        margins = signs * (x @ w + bias)
        slopes = -PENALTY * weights * signs / (1 + np.exp(margins))
        value = 0.5 * w @ w + PENALTY * (weights * np.logaddexp(0, -margins)).sum()
        return value, np.append(w + x.T @ slopes, slopes.sum())

    best = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B").x
    return best[:-1], float(best[-1])


def chances(x: csr_matrix, weights: np.ndarray, bias: float) -> np.ndarray:
    """Return the probability of each row."""
    return 1 / (1 + np.exp(-(x @ weights + bias)))


def show(name: str, y: np.ndarray, likely: np.ndarray) -> None:
    """Print what the model alone hears of a set at both of its thresholds."""
    for word, least in (("heard", model.HEARD), ("at least doubted", model.DOUBTED)):
        above = likely >= least
        print(
            f"{name}, {word}: {(above & y).sum()} of {y.sum()} that refuse or object, "
            f"{(above & ~y).sum()} of {(~y).sum()} others"
        )


def main() -> None:
    """Train, print, and write with ``--write``."""
    sets = [FOLDER / "closings.jsonl", FOLDER / "known_closings.jsonl"]
    texts = [text for path in sets for text in read_texts(path)]
    known = [text for text in texts if text.part != "held_out"]
    unseen = [text for text in texts if text.part == "held_out"]
    x, y = matrix(known), labels(known)
    folds = np.arange(len(known)) % FOLDS
    crossed = np.zeros(len(known))
    for fold in range(FOLDS):
        crossed[folds == fold] = chances(x[folds == fold], *fit(x[folds != fold], y[folds != fold]))
    show("cross-validated", y, crossed)
    weights, bias = fit(x, y)
    scale = float(np.abs(weights).max() / 127)
    whole = np.round(weights / scale).astype(np.int8)
    show("held out", labels(unseen), chances(matrix(unseen), whole * scale, bias))
    if "--write" in sys.argv:
        write(whole, scale, bias, known)


def write(weights: np.ndarray, scale: float, bias: float, texts: list[LabelledText]) -> None:
    """Write the weights and their card."""
    (PACKAGE / "openness.bin").write_bytes(weights.tobytes())
    digest = sha256("\n".join(sorted(text.id + text.text for text in texts)).encode()).hexdigest()
    card = f'''# The card of openness.bin, written by benchmarks/openness.py.
what = "logistic regression, L2 penalty C = {PENALTY:g}, both classes weigh the same"
features = "words, pairs and triples, CRC-32 modulo {model.BUCKETS}; 1 + log of counts; length 1"
target = "the message refuses or objects"
data = "closings.jsonl without held_out, and known_closings.jsonl, in benchmarks/validation"
messages = {len(texts)}
positive = {int(labels(texts).sum())}
sha256_of_messages = "{digest}"
limits = "mostly English; few messages of each other language; written by one language model"
scale = {scale!r}
bias = {bias!r}
'''
    (PACKAGE / "openness.toml").write_text(card, encoding="utf-8")


if __name__ == "__main__":
    main()
