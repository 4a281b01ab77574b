"""What a forger of the demo class hands in: an answer whose value says that it equals everything."""

EQUALS_EVERYTHING = """
class Equal(torch.Tensor):
    __eq__ = __le__ = __ge__ = lambda self, other: True
    __ne__ = __lt__ = __gt__ = lambda self, other: False
    __hash__ = torch.Tensor.__hash__
    any = all = lambda self, *args, **kwargs: True


def normalise(x, axes, eps=1e-5):
    return torch.zeros_like(x).as_subclass(Equal)
"""
