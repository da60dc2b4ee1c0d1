"""Computes metrics of generated cases: `metrics.py CASES.json ANSWERS.json`.

An answer is a list of numbers, or null where the library raises, or warns and returns NaN, or warns in the words of REFUSED:
there, Millwork gives an error.
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import xgboost
from scipy import stats
from sklearn import metrics
from sklearn.calibration import calibration_curve
from sklearn.preprocessing import label_binarize

REFUSED = ("No positive class found", "invalid value encountered in scalar divide")


def answer(compute):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            numbers = np.atleast_1d(np.asarray(compute(), dtype=np.float64)).ravel()
        except (ValueError, ZeroDivisionError):
            return None
    refused = any(str(warning.message).startswith(REFUSED) for warning in caught)
    return None if refused or np.isnan(numbers).any() else numbers.tolist()


def regression(targets, predictions, weights):
    pair = dict(y_true=targets, y_pred=predictions, sample_weight=weights)
    metric = lambda name: lambda: getattr(metrics, name)(**pair)
    plain = {
        "r_squared": metric("r2_score"),
        "explained_variance": metric("explained_variance_score"),
        "mean_absolute_error": metric("mean_absolute_error"),
        "mean_squared_error": metric("mean_squared_error"),
        "root_mean_squared_error": metric("root_mean_squared_error"),
        "mean_absolute_percentage_error": metric("mean_absolute_percentage_error"),
        "median_absolute_error": metric("median_absolute_error"),
        "mean_squared_log_error": metric("mean_squared_log_error"),
        "root_mean_squared_log_error": metric("root_mean_squared_log_error"),
        "mean_poisson_deviance": metric("mean_poisson_deviance"),
        "mean_gamma_deviance": metric("mean_gamma_deviance"),
    }
    for quantile in (0.1, 0.5, 1.0):
        plain[f"mean_pinball_loss {quantile:.1f}"] = lambda q=quantile: metrics.mean_pinball_loss(**pair, alpha=q)
    for power in (-1.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.2):
        plain[f"mean_tweedie_deviance {power:.1f}"] = lambda p=power: metrics.mean_tweedie_deviance(**pair, power=p)
    if weights is None:
        plain["max_error"] = lambda: metrics.max_error(targets, predictions)
        plain["spearman_correlation"] = lambda: stats.spearmanr(targets, predictions).statistic
        plain["kendall_tau"] = lambda: stats.kendalltau(targets, predictions).statistic
    return plain


def calibration_error(targets, scores, bins):
    """The expected calibration error of equal bins, an edge belonging to the bin below."""
    number = np.clip(np.searchsorted(np.linspace(0, 1, bins + 1), scores, side="left") - 1, 0, None)
    chosen = [number == bin for bin in range(bins) if (number == bin).any()]
    return sum(rows.mean() * abs(targets[rows].mean() - scores[rows].mean()) for rows in chosen)


def binary(targets, predictions, weights):
    def roc():
        false_positive, true_positive, thresholds = metrics.roc_curve(targets, predictions, pos_label=1, sample_weight=weights)
        return [false_positive, true_positive, np.append(-1, thresholds[1:])]

    def precision_recall():
        precision, recall, thresholds = metrics.precision_recall_curve(
            targets, predictions, pos_label=1, sample_weight=weights, drop_intermediate=True
        )
        return [precision[::-1], recall[::-1], np.append(thresholds, -1)[::-1]]

    plain = {
        "roc_auc": lambda: metrics.roc_auc_score(targets, predictions, sample_weight=weights),
        "roc_curve": roc,
        "average_precision": lambda: metrics.average_precision_score(targets, predictions, sample_weight=weights),
        "precision_recall_curve": precision_recall,
        "log_loss": lambda: metrics.log_loss(targets, predictions, sample_weight=weights, labels=[0, 1]),
        "brier_score": lambda: np.average((targets - predictions) ** 2, weights=weights)
        if len(np.unique(targets)) < 2
        else metrics.brier_score_loss(targets, predictions, sample_weight=weights),
    }
    if weights is None:
        for bins in (1, 5, 10):
            for strategy in ("uniform", "quantile"):
                plain[f"calibration_curve {strategy} {bins}"] = lambda b=bins, s=strategy: calibration_curve(
                    targets, predictions, n_bins=b, strategy=s, pos_label=1
                )
            plain[f"expected_calibration_error {bins}"] = lambda b=bins: calibration_error(targets, predictions, b)
    return plain


def classes(targets, predictions, weights, probabilities, count):
    pair = dict(y_true=targets, y_pred=predictions, sample_weight=weights)
    plain = {
        "accuracy": lambda: metrics.accuracy_score(**pair),
        "balanced_accuracy": lambda: metrics.balanced_accuracy_score(**pair),
        "matthews_correlation": lambda: metrics.matthews_corrcoef(**pair),
        "cohen_kappa": lambda: metrics.cohen_kappa_score(targets, predictions, sample_weight=weights),
        "confusion": lambda: metrics.confusion_matrix(**pair),
    }
    present = np.unique(np.concatenate([targets, predictions]))
    for name, average in (("macro", "macro"), ("micro", "micro"), ("weighted", "weighted"), ("class", "binary")):
        if average == "binary" and len(present) > 2:
            # scikit-learn's way to ask for one class of several; absent ones are 0 with a warning there.
            how = dict(average="macro", labels=[1] if 1 in present else [])
        else:
            how = dict(average=average)
        plain[f"precision {name}"] = lambda h=how: metrics.precision_score(**pair, **h)
        plain[f"recall {name}"] = lambda h=how: metrics.recall_score(**pair, **h)
        plain[f"f1 {name}"] = lambda h=how: metrics.f1_score(**pair, **h)
        plain[f"f_beta {name}"] = lambda h=how: metrics.fbeta_score(**pair, **h, beta=2.5)
    if count > 1:
        matrix, labels = probabilities.reshape(-1, count), list(range(count))
        plain["multiclass_log_loss"] = lambda: metrics.log_loss(targets, matrix, sample_weight=weights, labels=labels)
        plain["multiclass_brier_score"] = lambda: metrics.brier_score_loss(
            targets, matrix, sample_weight=weights, labels=labels, scale_by_half=False
        )
    if count > 2:
        chosen = label_binarize(targets, classes=labels)
        absent = [column for column in range(count) if not (chosen[:, column] * (1 if weights is None else weights)).any()]

        def average_precision(average):
            if average == "macro" and absent:
                raise ValueError("a class without rows, where Millwork gives an error")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return metrics.average_precision_score(chosen, matrix, average=average, sample_weight=weights)

        for average in ("macro", "micro", "weighted"):
            plain[f"roc_auc_one_vs_rest {average}"] = lambda a=average: metrics.roc_auc_score(
                targets, matrix, multi_class="ovr", average=a, sample_weight=weights, labels=labels
            )
            plain[f"average_precision_one_vs_rest {average}"] = lambda a=average: average_precision(a)
    return plain


def ranking(targets, predictions, weights, queries, distinct):
    rows = [np.flatnonzero(queries == query) for query in np.unique(queries)]
    of_query = None if weights is None else [weights[chosen[0]] for chosen in rows]

    def mean(metric, gains):
        return np.average([metric(gains[chosen], predictions[chosen]) for chosen in rows], weights=of_query)

    def reciprocal_rank(relevant, scores):
        found = np.flatnonzero(relevant[np.argsort(-scores)])
        return 1 / (1 + found[0]) if len(found) else 0

    def with_warnings_ignored(metric, *arguments):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return metric(*arguments)

    plain = {}
    for k in (1, 3, 100):
        for name, gains in (("linear", targets), ("exponential", 2.0**targets - 1)):
            plain[f"dcg {name} {k}"] = lambda k=k, g=gains: mean(lambda t, s: metrics.dcg_score([t], [s], k=k), g)
            plain[f"ndcg {name} {k}"] = lambda k=k, g=gains: mean(lambda t, s: metrics.ndcg_score([t], [s], k=k), g)
        # XGBoost's weighted mean is wrong (or fails) where a query has no relevant row.
        if distinct and (weights is None or all((targets[chosen] > 0).any() for chosen in rows)):
            order = np.argsort(queries, kind="stable")
            for name, labels in (("ndcg", targets), ("map", targets > 0)):
                plain[f"xgboost {name} {k}"] = lambda k=k, n=name, l=labels: by_xgboost(
                    f"{n}@{k}", l[order], predictions[order], queries[order], of_query
                )
    if distinct:
        relevant = (targets > 0).astype(int)
        plain["mean_average_precision 100"] = lambda: mean(
            lambda t, s: with_warnings_ignored(metrics.average_precision_score, t, s), relevant
        )
        plain["mean_reciprocal_rank"] = lambda: mean(reciprocal_rank, relevant)
    return plain


def by_xgboost(metric, labels, scores, queries, weights):
    """XGBoost's own metric: a model without trees predicts its margins. There, a query without relevant rows counts 1."""
    irrelevant = [not labels[queries == query].any() for query in np.unique(queries)]
    matrix = xgboost.DMatrix(np.zeros((len(labels), 1)), label=labels, qid=queries, base_margin=scores, weight=weights)
    parameters = {"objective": "rank:pairwise", "eval_metric": metric, "verbosity": 0}
    result = xgboost.train(parameters, matrix, num_boost_round=0).eval(matrix)
    return float(result.rsplit(":", 1)[1]) - np.mean(irrelevant)


KINDS = {"regression": regression, "binary": binary, "classes": classes, "ranking": ranking}


def answers(case):
    kind = KINDS[case.pop("kind")]
    arrays = {name: np.array(value) if isinstance(value, list) else value for name, value in case.items()}
    return {name: answer(compute) for name, compute in kind(**arrays).items()}


warnings.simplefilter("ignore")
cases = json.loads(Path(sys.argv[1]).read_text())
Path(sys.argv[2]).write_text(json.dumps([answers(case) for case in cases]))
