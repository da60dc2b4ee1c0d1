"""Trains cases as Rust did: `xgboost_suite.py CASES.json FOLDER ANSWERS.json`; the models are compared there."""

import json
import sys
from pathlib import Path

import numpy as np
import scipy.sparse
import xgboost

cases = json.loads(Path(sys.argv[1]).read_text())
out = Path(sys.argv[2])
xgboost.set_config(verbosity=0)
answers = []


def listed(values):
    """JSON has no infinity, nor what is no number."""
    return np.nan_to_num(values.ravel(), nan=0).tolist()


for case in cases:
    name = f"case{case['number']}"
    path = out / f"{name}.npz"
    with np.load(path) as arrays:
        labels = arrays["targets"]
        weights = arrays["weights"] if "weights" in arrays else None
        groups = arrays["groups"] if "groups" in arrays else None
    features = scipy.sparse.load_npz(path)
    types = None
    if case["categories"]:
        types = ["c" if column in case["categories"] else "q" for column in range(features.shape[1])]
    made = {"feature_types": types, "enable_categorical": types is not None, "nthread": 1}
    data = xgboost.DMatrix(features, labels, weight=weights, **made)
    if groups is not None:
        data.set_group(groups)
    booster = xgboost.train({**case["settings"], "nthread": 1}, data, case["rounds"])
    booster.save_model(out / f"{name}.theirs.json")
    booster.save_model(out / f"{name}.theirs.ubj")
    plain = xgboost.DMatrix(features, **made)
    ours = xgboost.Booster({"nthread": 1}, model_file=out / f"{name}.ours.json")
    compact = xgboost.Booster({"nthread": 1}, model_file=out / f"{name}.ours.ubj")
    contributions = booster.predict(plain, pred_contribs=True) if case["explain"] else np.array([])
    answers.append(
        {
            "number": case["number"],
            "theirs": listed(booster.predict(plain)),
            "ours": listed(ours.predict(plain)),
            "compact": listed(compact.predict(plain)),
            "contributions": listed(contributions),
            "leaves": booster.predict(plain, pred_leaf=True).ravel().astype(int).tolist(),
        }
    )
Path(sys.argv[3]).write_text(json.dumps(answers))
