"""Predicts with our model and trains one of its own: `xgboost_exchange.py TRAIN.npz TEST.npz OURS.json OUT_DIR`."""

import json
import sys
from pathlib import Path

import numpy as np
import scipy.sparse
import xgboost

train_path, test_path, ours_path, out = *sys.argv[1:4], Path(sys.argv[4])


def load(path):
    with np.load(path) as arrays:
        return scipy.sparse.load_npz(path), arrays["targets"]


train, train_targets = load(train_path)
test, test_targets = load(test_path)

ours = xgboost.Booster(model_file=ours_path)
theirs = xgboost.XGBRegressor(n_estimators=20, eval_metric="mae")
theirs.fit(train, train_targets, eval_set=[(train, train_targets), (test, test_targets)], verbose=False)
theirs.save_model(out / "theirs.json")
booster = theirs.get_booster()
fine = xgboost.XGBRegressor(n_estimators=20, max_bin=16384)
fine.fit(train, train_targets)

answer = {
    "version": xgboost.__version__,
    "ours_on_test": ours.predict(xgboost.DMatrix(test)).tolist(),
    "theirs_on_test": theirs.predict(test).tolist(),
    "theirs_on_train": theirs.predict(train).tolist(),
    "fine_on_train": fine.predict(train).tolist(),
    "fine_on_test": fine.predict(test).tolist(),
    "mae": [curve["mae"] for curve in theirs.evals_result().values()],
    "gain": booster.get_score(importance_type="gain"),
    "ours_gain": ours.get_score(importance_type="gain"),
}
(out / "answer.json").write_text(json.dumps(answer))
