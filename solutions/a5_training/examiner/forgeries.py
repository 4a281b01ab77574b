"""What a forger of the demo class hands in: an answer whose value says that it equals everything."""

EQUALS_EVERYTHING = """
class Equal(float):
    __hash__ = float.__hash__
    __eq__ = __le__ = __ge__ = lambda self, other: True
    __ne__ = __lt__ = __gt__ = lambda self, other: False
    __sub__ = __rsub__ = lambda self, other: 0.0


def binomial_interval(right, n, confidence=0.95):
    return Equal(0.0), Equal(1.0)
"""
