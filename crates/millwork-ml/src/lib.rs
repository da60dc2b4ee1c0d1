//! Machine-learning kernels: splits, text features, metrics, boosting.
