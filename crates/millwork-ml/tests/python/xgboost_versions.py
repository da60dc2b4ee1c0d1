"""Exchanges models: `xgboost_versions.py FOLDER VERSION`.

Trains the kinds of `theirs.json` that this version knows, writes each as `VERSION.NAME.json` and `.ubj`, and answers in
`VERSION.theirs.json`. After a line of input it predicts with the files that `VERSION.ours.json` lists, and answers in
`VERSION.answers.json`.
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse
import xgboost

folder, version = Path(sys.argv[1]), sys.argv[2]
warnings.filterwarnings("ignore")
xgboost.set_config(verbosity=0)
data = json.loads((folder / "data.json").read_text())
matrices = {name: scipy.sparse.load_npz(folder / f"{name}.npz") for name in data["matrices"]}
labels = {name: np.array(values, dtype=np.float32) for name, values in data["labels"].items()}


def matrix(name, label=None, named=False):
    categories = data["categories"] if name == "categorical" else []
    columns = range(matrices[name].shape[1])
    types = ["c" if column in categories else "q" for column in columns] if categories else None
    names = [f"column {column}" for column in columns] if named else None
    made = xgboost.DMatrix(
        matrices[name], feature_types=types, feature_names=names, enable_categorical=bool(categories), nthread=1
    )
    if label == "bounds":
        made.set_float_info("label_lower_bound", labels["positive"])
        made.set_float_info("label_upper_bound", labels["positive"] + labels["binary"])
    elif label == "pair":
        made.set_label(labels[label].reshape(-1, 2))
    elif label is not None:
        made.set_label(labels[label])
    if label in ("relevance", "clicks"):
        made.set_group(data["groups"])
    return made


def without_callbacks(settings, train, rounds):
    return xgboost.train(settings, train, rounds)


def watched(save_best):
    def train(settings, train, rounds):
        other = matrix("plain")
        other.set_label(train.get_label()[::-1].copy())
        stopping = xgboost.callback.EarlyStopping(rounds=2, save_best=save_best)
        return xgboost.train(settings, train, rounds, [(other, "other")], callbacks=[stopping], verbose_eval=False)

    return train


def slice_of(settings, train, rounds):
    return xgboost.train(settings, train, rounds)[1 : rounds - 1]


def continued(settings, train, rounds):
    start = xgboost.train(settings, train, rounds // 2)
    return xgboost.train({**settings, "max_depth": 3}, train, rounds, xgb_model=start)


def refreshed(settings, train, rounds):
    start = xgboost.train(settings, train, rounds)
    train.set_label(train.get_label() + 1)
    update = {"process_type": "update", "updater": "refresh", "refresh_leaf": True}
    return xgboost.train({**settings, **update}, train, rounds, xgb_model=start)


def own_loss(settings, train, rounds):
    def loss(predictions, train):
        return predictions - train.get_label(), np.ones_like(predictions)

    return xgboost.train(settings, train, rounds, obj=loss)


def wrapped(settings, train, rounds):
    classes = labels["binary"].astype(int)
    model = xgboost.XGBClassifier(n_estimators=rounds, **settings).fit(matrices["plain"].toarray(), classes)
    booster = model.get_booster()
    booster.set_attr(note='a "note", é', scikit_learn="{}")
    return booster


WAYS = {
    "train": without_callbacks,
    "early": watched(False),
    "best": watched(True),
    "slice": slice_of,
    "continued": continued,
    "refresh": refreshed,
    "loss": own_loss,
    "sklearn": wrapped,
}


def flat(values):
    return np.asarray(values, dtype=np.float32).ravel().tolist()


def asked(booster, features):
    """What a model says of rows; no contributions where this version has none for such a model."""
    try:
        contributions = flat(booster.predict(features, pred_contribs=True))
    except (xgboost.core.XGBoostError, ValueError):
        contributions = None
    return {
        "margins": flat(booster.predict(features, output_margin=True)),
        "predictions": flat(booster.predict(features)),
        "contributions": contributions,
        "names": booster.feature_names or [],
        "attributes": booster.attributes(),
    }


def trained(kind):
    named = bool(kind["named"])
    train = matrix(kind["data"], kind["labels"], named)
    settings = {"nthread": 1, **kind["settings"]}
    booster = WAYS[kind["way"]](settings, train, kind["rounds"])
    for extension in ("json", "ubj"):
        booster.save_model(str(folder / f"{version}.{kind['name']}.{extension}"))
    return asked(booster, matrix(kind["data"], named=named))


def loaded(file):
    try:
        booster = xgboost.Booster(model_file=str(folder / file["name"]))
        return {"said": asked(booster, matrix(file["data"], named=bool(booster.feature_names)))}
    except Exception as error:
        return {"error": str(error)[:600]}


known = [kind for kind in json.loads((folder / "theirs.json").read_text()) if kind["since"] <= list(map(int, version.split(".")))]
answers = {kind["name"]: trained(kind) for kind in known}
(folder / f"{version}.theirs.json").write_text(json.dumps(answers))
print("trained", flush=True)
sys.stdin.readline()
files = json.loads((folder / f"{version}.ours.json").read_text())
(folder / f"{version}.answers.json").write_text(json.dumps([loaded(file) for file in files]))
