"""Computes scikit-learn's folds of generated cases: `splits.py CASES.json ANSWERS.json`."""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold, TimeSeriesSplit


def sizes(folds, rows, **what):
    return sorted(len(test) for _, test in folds.split(np.zeros(rows), **what))


def answer(compute):
    try:
        return compute()
    except ValueError:
        return None


def class_counts(labels, folds):
    tests = (test for _, test in StratifiedKFold(folds).split(np.zeros(len(labels)), labels))
    return [[int((labels[test] == label).sum()) for label in np.unique(labels)] for test in tests]


def answers(case):
    labels, folds, gap = np.array(case["labels"]), case["folds"], case["gap"]
    rows = len(labels)
    series = TimeSeriesSplit(folds, gap=gap)
    return {
        "sizes": answer(lambda: sizes(KFold(folds), rows)),
        "class_counts": answer(lambda: class_counts(labels, folds)),
        "group_sizes": answer(lambda: [len(test) for _, test in GroupKFold(folds).split(np.zeros(rows), groups=labels)]),
        "past": answer(lambda: [[train.tolist(), test.tolist()] for train, test in series.split(np.zeros(rows))]),
    }


warnings.simplefilter("ignore")
cases = json.loads(Path(sys.argv[1]).read_text())
Path(sys.argv[2]).write_text(json.dumps([answers(case) for case in cases]))
