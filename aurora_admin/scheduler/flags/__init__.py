"""The flags of aurora-reference-scheduler: the parser, the readers of values, and each group of flags."""
