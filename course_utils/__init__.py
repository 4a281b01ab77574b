"""What the notebooks of ConvNets, Computed import.

The rooms and the one direction of their imports are listed in CONTRIBUTING.md.
"""
