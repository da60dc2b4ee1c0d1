"""The peers' side of `just bench-ml`: `bench_ml.py vectorize TITLES THREADS RUNS`,
`bench_ml.py boost DATA THREADS ROUNDS LIBRARY CATEGORIES RUNS` (columns with a comma between, or nothing),
`bench_ml.py paired ROWS THREADS RUNS`, or `bench_ml.py job STORIES RUNS`."""

import json
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


def boost(data, threads, rounds, library, categories, runs):
    import numpy as np
    import scipy.sparse

    matrix = scipy.sparse.load_npz(data)
    with np.load(data) as arrays:
        targets = arrays["targets"]
    if matrix.nnz == matrix.shape[0] * matrix.shape[1]:
        matrix = matrix.toarray()
    columns = [int(column) for column in categories.split(",") if column]
    # As ours does: the peak memory is counted from here on.
    Path("/proc/self/clear_refs").write_text("5")
    trained = {"xgboost": xgboost_of, "lightgbm": lightgbm_of}[library]
    train, predict = trained(matrix, targets, int(threads), int(rounds), columns)
    booster, row = train(), matrix[0:1]
    loss = float(np.sqrt(np.mean((predict(booster, matrix) - targets) ** 2)))
    seconds = [
        ("train", median(int(runs), train)),
        ("predict all rows", median(3 * int(runs), lambda: predict(booster, matrix))),
        ("predict one row", median(30 * int(runs), lambda: predict(booster, row))),
    ]
    return seconds, loss


def xgboost_of(matrix, targets, threads, rounds, columns):
    """How XGBoost trains, and how it predicts."""
    import xgboost

    types = ["c" if column in columns else "q" for column in range(matrix.shape[1])] if columns else None

    def made(rows, targets=None):
        return xgboost.DMatrix(
            rows, targets, nthread=threads, feature_types=types, enable_categorical=bool(columns)
        )

    def train():
        return xgboost.train({"nthread": threads}, made(matrix, targets), rounds)

    def predict(booster, rows):
        return booster.predict(made(rows)) if columns else booster.inplace_predict(rows)

    return train, predict


def lightgbm_of(matrix, targets, threads, rounds, columns):
    """How LightGBM trains trees of the same size and penalties, and how it predicts."""
    import lightgbm

    params = {
        "objective": "regression",
        "learning_rate": 0.3,
        "max_depth": 6,
        "num_leaves": 64,
        "min_data_in_leaf": 1,
        "min_sum_hessian_in_leaf": 1.0,
        "lambda_l2": 1.0,
        "num_threads": threads,
        "verbosity": -1,
    }

    def train():
        data = lightgbm.Dataset(matrix, targets, categorical_feature=columns or "auto")
        return lightgbm.train(params, data, rounds)

    return train, lambda booster, rows: booster.predict(rows, num_threads=threads)


def paired(rows, _threads, runs):
    import numpy as np
    from scipy.stats import bootstrap
    from sklearn.metrics import mean_absolute_error

    rng = np.random.default_rng(0)
    targets = rng.uniform(0, 10, int(rows))
    champion, challenger = (targets + rng.uniform(-size, size, int(rows)) for size in (2, 1.75))

    def mean_loss():
        # The difference of means is the mean of the differences: half of the work.
        differences = np.abs(targets - challenger) - np.abs(targets - champion)
        return bootstrap((differences,), np.mean, n_resamples=10_000, batch=100, method="BCa", rng=rng)

    def both():
        return mean_absolute_error(targets, champion), mean_absolute_error(targets, challenger)

    return [("both MAE", median(int(runs) * 30, both)), ("MAE, 10000 draws", median(int(runs), mean_loss))]


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


part = {"vectorize": vectorize, "boost": boost, "paired": paired, "job": job}[sys.argv[1]]
found = part(*sys.argv[2:])
seconds, loss = found if isinstance(found, tuple) else (found, None)
status = Path("/proc/self/status").read_text().splitlines()
memory = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
print(json.dumps({"seconds": seconds, "memory": memory, "loss": loss}))
