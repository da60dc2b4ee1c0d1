"""Encodes every case: `sklearn_encoders.py QUESTION.json ANSWER.json`. A null is `None` or `NaN`."""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

warnings.simplefilter("ignore")
SCALERS = {
    "standard": StandardScaler,
    "min_max": MinMaxScaler,
    "max_abs": MaxAbsScaler,
    "robust": RobustScaler,
}


def texts(values):
    return np.array(values, dtype=object).reshape(-1, 1)


def one_hot(case):
    encoder = OneHotEncoder(**case["settings"]).fit(texts(case["train"]))
    return encoder.transform(texts(case["test"])).toarray().tolist()


def target(case):
    encoder = TargetEncoder(smooth=case["smooth"], target_type=case["target_type"])
    encoder.fit(texts(case["train"]), np.array(case["targets"]))
    return encoder.transform(texts(case["test"])).tolist()


def ordinal(case):
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-7)
    encoder.fit(texts(case["train"]))
    return encoder.transform(texts(case["test"])).tolist()


def scaled(case):
    def numbers(name):
        return np.array(case[name], dtype=float).reshape(-1, 1)

    found = SCALERS[case["scaling"]]().fit(numbers("train")).transform(numbers("test"))
    return [[None if np.isnan(value) else value for value in row] for row in found.tolist()]


question = json.loads(Path(sys.argv[1]).read_text())
kinds = {"one_hot": one_hot, "target": target, "ordinal": ordinal, "scaled": scaled}
answers = [kinds[case["kind"]](case) for case in question]
Path(sys.argv[2]).write_text(json.dumps(answers))
