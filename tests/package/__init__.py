"""The package `softmax`: its functions, its classifier, its data sets, and the wheel."""
