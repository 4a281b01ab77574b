"""What a forger of the demo class hands in: an answer whose value says that it equals everything."""

EQUALS_EVERYTHING = """
class Equal(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return True

    __eq__ = __ge__ = __le__ = lambda self, other: True
    __ne__ = __lt__ = __gt__ = lambda self, other: False
    __hash__ = None


def edge_detector(x):
    return np.zeros(x.shape).view(Equal), np.zeros(x.shape).view(Equal)
"""
