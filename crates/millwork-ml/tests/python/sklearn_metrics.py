"""Computes scikit-learn's metrics of pairs: `sklearn_metrics.py PAIRS.json OUT.json`."""

import json
import sys
from pathlib import Path

import numpy as np
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

answers = [
    [metric(np.array(targets), np.array(predictions, dtype=np.float32)) for metric in (mean_absolute_error, root_mean_squared_error, r2_score)]
    for targets, predictions in json.loads(Path(sys.argv[1]).read_text())
]
Path(sys.argv[2]).write_text(json.dumps(answers))
