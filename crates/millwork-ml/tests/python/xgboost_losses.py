"""Trains every case and predicts its test rows: `xgboost_losses.py CASES.json OUT.json`."""

import json
import sys
from pathlib import Path

import numpy as np
import scipy.sparse
import xgboost

cases_path, out = Path(sys.argv[1]), Path(sys.argv[2])


def load(name):
    path = cases_path.parent / name
    with np.load(path) as arrays:
        return xgboost.DMatrix(scipy.sparse.load_npz(path), arrays["targets"])


answers = []
for case in json.loads(cases_path.read_text()):
    booster = xgboost.train({**case["settings"], "nthread": 1}, load(case["data"]), case["rounds"])
    answers.append(booster.predict(load(case["test"])).tolist())
out.write_text(json.dumps(answers))
