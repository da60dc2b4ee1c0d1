//! Executes a plan: dispatcher, executors, values at rest, logs.
