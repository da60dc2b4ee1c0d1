"""The peers' side of `just bench-ml`: `bench_ml.py vectorize TITLES THREADS RUNS` or `bench_ml.py boost DATA THREADS ROUNDS RUNS`."""

import json
import resource
import statistics
import sys
import time
from pathlib import Path


def median(runs, run):
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def vectorize(titles, _threads, runs):
    from sklearn.feature_extraction.text import TfidfVectorizer

    lines = Path(titles).read_text(encoding="utf-8").split("\n")
    return [("fit_transform", median(int(runs), lambda: TfidfVectorizer().fit_transform(lines)))]


def boost(data, threads, rounds, runs):
    import numpy as np
    import scipy.sparse
    import xgboost

    matrix = scipy.sparse.load_npz(data)
    with np.load(data) as arrays:
        targets = arrays["targets"]
    if matrix.nnz == matrix.shape[0] * matrix.shape[1]:
        matrix = matrix.toarray()
    params = {"nthread": int(threads)}

    def train():
        return xgboost.train(params, xgboost.DMatrix(matrix, targets, nthread=int(threads)), int(rounds))

    booster, row = train(), matrix[0:1]
    booster.set_param(params)
    return [
        ("train", median(int(runs), train)),
        ("predict all rows", median(3 * int(runs), lambda: booster.inplace_predict(matrix))),
        ("predict one row", median(30 * int(runs), lambda: booster.inplace_predict(row))),
    ]


part = {"vectorize": vectorize, "boost": boost}[sys.argv[1]]
seconds = part(*sys.argv[2:])
print(json.dumps({"seconds": seconds, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
