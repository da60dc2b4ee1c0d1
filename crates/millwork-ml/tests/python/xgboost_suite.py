"""Trains every case as Rust did: `xgboost_suite.py CASES.json OUT_DIR`; the models are compared there."""

import json
import sys
from pathlib import Path

import numpy as np
import scipy.sparse
import xgboost

cases = json.loads(Path(sys.argv[1]).read_text())
out = Path(sys.argv[2])
answers = []
for case in cases:
    path = out / case["data"]
    with np.load(path) as arrays:
        labels = arrays["targets"]
        weights = arrays["weights"] if "weights" in arrays else None
        groups = arrays["groups"] if "groups" in arrays else None
    features = scipy.sparse.load_npz(path)
    data = xgboost.DMatrix(features, labels, weight=weights)
    if groups is not None:
        data.set_group(groups)
    booster = xgboost.train({**case["settings"], "nthread": 1}, data, case["rounds"])
    name = case["data"].removesuffix(".npz")
    booster.save_model(out / f"{name}.theirs.json")
    booster.save_model(out / f"{name}.theirs.ubj")
    plain = xgboost.DMatrix(features)
    ours = xgboost.Booster(model_file=out / f"{name}.ours.json")
    compact = xgboost.Booster(model_file=out / f"{name}.ours.ubj")
    answers.append(
        {
            "theirs": booster.predict(plain).ravel().tolist(),
            "ours": ours.predict(plain).ravel().tolist(),
            "compact": compact.predict(plain).ravel().tolist(),
            "contributions": booster.predict(plain, pred_contribs=True).ravel().tolist(),
            "leaves": booster.predict(plain, pred_leaf=True).ravel().astype(int).tolist(),
        }
    )
(out / "answers.json").write_text(json.dumps(answers))
