"""The peers' side of `just bench-ml`: `bench_ml.py vectorize TITLES THREADS RUNS`,
`bench_ml.py boost DATA THREADS ROUNDS BACKEND RUNS`, or `bench_ml.py job STORIES RUNS`."""

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


def boost(data, threads, rounds, _backend, runs):
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


def job(stories, runs):
    import csv

    import xgboost
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.metrics import r2_score
    from sklearn.model_selection import train_test_split

    def all_of_it():
        with open(stories, encoding="utf-8", newline="") as file:
            rows = [(row["title"], float(row["num_comments"])) for row in csv.DictReader(file)]
        titles, comments = zip(*rows)
        train, test, train_comments, test_comments = train_test_split(
            titles, comments, test_size=0.2, random_state=42
        )
        vectorizer = TfidfVectorizer()
        features = vectorizer.fit_transform(train)
        booster = xgboost.train({}, xgboost.DMatrix(features, train_comments), 20)
        predictions = booster.predict(xgboost.DMatrix(vectorizer.transform(test)))
        return r2_score(test_comments, predictions)

    return [("all of it", median(int(runs), all_of_it))]


part = {"vectorize": vectorize, "boost": boost, "job": job}[sys.argv[1]]
seconds = part(*sys.argv[2:])
print(json.dumps({"seconds": seconds, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
