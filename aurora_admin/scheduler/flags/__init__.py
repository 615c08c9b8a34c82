"""The flags of aurora-reference-scheduler: the parser, the types of values, and each group of flags."""
