"""Rehearsals on a throw-away scheduler."""
