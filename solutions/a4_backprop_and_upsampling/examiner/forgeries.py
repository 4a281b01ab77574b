"""What a forger of the demo class hands in: an answer whose value says that it equals everything."""

EQUALS_EVERYTHING = """
class Equal(np.ndarray):
    def __array_finalize__(self, other):
        pass

    __eq__ = __le__ = __ge__ = lambda self, other: np.True_
    __ne__ = __lt__ = __gt__ = __sub__ = __rsub__ = lambda self, other: np.False_
    any = all = lambda self, *args, **kwargs: True


def upsample_bilinear(x, scale_factor):
    return np.zeros((*x.shape[:2], x.shape[2] * 2, x.shape[3] * 2)).view(Equal)
"""
