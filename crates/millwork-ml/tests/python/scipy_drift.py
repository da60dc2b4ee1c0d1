"""Measures every case: `scipy_drift.py QUESTION.json ANSWER.json`."""

import json
import sys
from pathlib import Path

import numpy as np
from scipy.spatial.distance import jensenshannon
from scipy.special import kolmogorov
from scipy.stats import chi2_contingency, ks_2samp, wasserstein_distance


def numbers(case):
    reference, current = case["reference"], case["current"]
    statistic = ks_2samp(reference, current).statistic
    rows, others = len(reference), len(current)
    p_value = kolmogorov(np.sqrt(rows * others / (rows + others)) * statistic)
    return [statistic, p_value, wasserstein_distance(reference, current)]


def counts(case):
    table = np.array([case["reference"], case["current"]], dtype=float)
    table = table[:, table.sum(axis=0) > 0]
    test = chi2_contingency(table, correction=False)
    shares = table / table.sum(axis=1, keepdims=True)
    floored = np.maximum(np.array([case["reference"], case["current"]], dtype=float), 0)
    floored = np.maximum(floored / floored.sum(axis=1, keepdims=True), 1e-4)
    stability = float(((floored[1] - floored[0]) * np.log(floored[1] / floored[0])).sum())
    return [test.statistic, test.pvalue, jensenshannon(*shares, base=2), stability]


question = json.loads(Path(sys.argv[1]).read_text())
answers = [[float(value) for value in (numbers if case["numbers"] else counts)(case)] for case in question]
Path(sys.argv[2]).write_text(json.dumps(answers))
