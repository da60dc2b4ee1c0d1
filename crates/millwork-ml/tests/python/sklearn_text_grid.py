"""Runs scikit-learn's vectorizers for many parameters: `sklearn_text_grid.py DOCUMENTS.json CASES.json OUT.json OUT.bin`.

A case has a kind (`count`, `tfidf` or `hashing`), the names of its lists of documents, and parameters. Its answer is an
error, or the terms and the sizes of two matrices (the documents fitted on, and others), whose row offsets, indices and
values are appended to the binary file as 64-bit integers, 32-bit integers and doubles.
"""

import json
import re
import sys
import warnings
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer


class FirstOfEqual:
    """Keeps the first of equally frequent terms, where scikit-learn keeps those that NumPy's sort happens to leave first."""

    def _limit_features(self, X, vocabulary, high=None, low=None, limit=None):
        X = super()._limit_features(X, vocabulary, high, low)
        if limit is None or X.shape[1] <= limit:
            return X
        totals = np.asarray(X.sum(axis=0)).ravel()
        kept = np.sort(np.argsort(-totals, kind="stable")[:limit])
        names = sorted(vocabulary, key=vocabulary.get)
        vocabulary.clear()
        vocabulary.update((names[column], place) for place, column in enumerate(kept))
        return X[:, kept]


class Count(FirstOfEqual, CountVectorizer):
    pass


class Tfidf(FirstOfEqual, TfidfVectorizer):
    pass


KINDS = {"count": Count, "tfidf": Tfidf, "hashing": HashingVectorizer}

warnings.simplefilter("ignore")
documents = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
cases = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))


def sklearn_params(params):
    """`none` is `None` there, tuples are no lists, and no stop words are `None`."""
    params = {name: None if value == "none" else value for name, value in params.items()}
    if "ngram_range" in params:
        params["ngram_range"] = tuple(params["ngram_range"])
    return params


def run(case):
    vectorizer = KINDS[case["kind"]](**sklearn_params(case["params"]))
    train = vectorizer.fit_transform(documents[case["train"]])
    if case["kind"] == "tfidf" and case["params"].get("use_idf", True) and np.isinf(vectorizer.idf_).any():
        raise ValueError("a weight is infinite")
    test = vectorizer.transform(documents[case["test"]])
    terms = None if case["kind"] == "hashing" else list(vectorizer.get_feature_names_out())
    return terms, train, test


answers = []
with Path(sys.argv[4]).open("wb") as arrays:
    for case in cases:
        try:
            terms, *matrices = run(case)
        except (ValueError, re.error) as error:
            answers.append({"error": str(error)})
            continue
        for matrix in matrices:
            matrix.sort_indices()
            for array, kind in ((matrix.indptr, "<i8"), (matrix.indices, "<u4"), (matrix.data, "<f8")):
                arrays.write(array.astype(kind).tobytes())
        shapes = [[*matrix.shape, int(matrix.nnz)] for matrix in matrices]
        answers.append({"terms": terms, "shapes": shapes})
Path(sys.argv[3]).write_text(json.dumps(answers), encoding="utf-8")
