"""Writes the small models of `tests/models`, which `tests/damaged/models.rs` damages: `xgboost_damaged.py FOLDER VERSION`.

They are what our own training doesn't write. Run with XGBoost 1.7, 2.1 and 3.4.
"""

import sys
from pathlib import Path

import numpy as np
import xgboost

folder, version = Path(sys.argv[1]), sys.argv[2]
rows = np.arange(72).reshape(24, 3) * 5 % 11
labels = (np.arange(24) % 3).astype(np.float32)
usual = {"max_depth": 2, "nthread": 1}
classes = {**usual, "objective": "multi:softprob", "num_class": 3}
vectors = {**classes, "multi_strategy": "multi_output_tree", "tree_method": "hist"}
categories = {**usual, "max_cat_to_onehot": 1, "tree_method": "hist"}
KINDS = {
    "1.7": {
        "categories": categories,
        "dart": {**usual, "booster": "dart", "rate_drop": 0.5},
        "taken_back": {**usual, "tree_method": "exact", "gamma": 1.0, "max_depth": 4},
    },
    "2.1": {"vectors": vectors},
    "3.4": {
        "vectors": vectors,
        "categories": categories,
        "dart": {**classes, "booster": "dart", "rate_drop": 0.5},
        "forests": {**classes, "num_parallel_tree": 2},
        "aft": {**usual, "objective": "survival:aft"},
    },
}
for name, settings in KINDS[version].items():
    types = ["c", "q", "c"] if name == "categories" else None
    data = xgboost.DMatrix(
        rows, labels, feature_names=["a", "b", "é"], feature_types=types, enable_categorical=types is not None
    )
    if name == "aft":
        data.set_float_info("label_lower_bound", labels + 1)
        data.set_float_info("label_upper_bound", labels + 2)
    booster = xgboost.train(settings, data, 2)
    booster.set_attr(note="a note")
    booster.save_model(str(folder / f"{version}.{name}.json"))
    booster.save_model(str(folder / f"{version}.{name}.ubj"))
