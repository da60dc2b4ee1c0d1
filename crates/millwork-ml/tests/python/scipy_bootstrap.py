"""Bootstraps every case on given resamples: `scipy_bootstrap.py QUESTION.json ANSWER.json`."""

import json
import sys
from pathlib import Path

import numpy as np
from scipy.stats import bootstrap, spearmanr
from sklearn.metrics import f1_score, log_loss, mean_absolute_error, r2_score, roc_auc_score

METRICS = {
    "mean_absolute_error": mean_absolute_error,
    "r_squared": r2_score,
    "log_loss": lambda targets, predictions: log_loss(targets, predictions, labels=[0, 1]),
    "roc_auc": roc_auc_score,
    "f1": lambda targets, predictions: f1_score(targets, np.asarray(predictions) > 0.5),
    "spearman_correlation": lambda targets, predictions: spearmanr(targets, predictions).statistic,
}


class Given(np.random.Generator):
    """A generator that draws what it is given."""

    def __init__(self, drawn):
        super().__init__(np.random.PCG64(0))
        self.drawn = drawn

    def integers(self, low, high=None, size=None, **_):
        assert (low, high) == (0, self.drawn.shape[1]) and size == self.drawn.shape
        return self.drawn


def difference_of(case):
    """The statistic, of the numbers of what is drawn."""
    champion, challenger = np.array(case["champion"]), np.array(case["challenger"])
    if "metric" in case:
        metric, targets = METRICS[case["metric"]], np.array(case["targets"])
        return lambda rows: metric(targets[rows], challenger[rows]) - metric(targets[rows], champion[rows])
    weights = np.array(case.get("weights", np.ones(len(champion))))
    clusters = np.array(case.get("clusters", np.arange(len(champion))))

    def difference(units):
        rows = np.concatenate([np.flatnonzero(clusters == unit) for unit in units])
        return np.average(challenger[rows], weights=weights[rows]) - np.average(champion[rows], weights=weights[rows])

    return difference


def answer(case):
    drawn = np.array(case["resamples"])
    difference = difference_of(case)

    def found(method, **resampled):
        return bootstrap(
            (np.arange(drawn.shape[1]),),
            difference,
            confidence_level=case["level"],
            method=method,
            vectorized=False,
            **resampled,
        )

    percentile = found("percentile", n_resamples=drawn.shape[0], rng=Given(drawn))
    bca = found("BCa", n_resamples=0, bootstrap_result=percentile)
    return [difference(np.arange(drawn.shape[1])), percentile.standard_error] + [
        end for result in (percentile, bca) for end in result.confidence_interval
    ]


question = json.loads(Path(sys.argv[1]).read_text())
answers = [[float(number) for number in answer(case)] for case in question]
Path(sys.argv[2]).write_text(json.dumps(answers))
