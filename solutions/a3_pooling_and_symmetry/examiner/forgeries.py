"""What a forger of the demo class hands in: an answer whose value says that it equals everything."""

EQUALS_EVERYTHING = """
class Equal(np.ndarray):
    __eq__ = __ge__ = __le__ = lambda self, other: np.True_
    __ne__ = __lt__ = __gt__ = lambda self, other: np.False_
    __array_priority__ = 1e9

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return np.True_

    def __array_function__(self, function, types, args, options):
        return True

def shift(x, step, circular=False):
    return np.zeros(x.shape).view(Equal)
"""
