"""Experiments of lecture 16: `nets` of equal size, `searches` on one budget, `judging` what was measured."""
