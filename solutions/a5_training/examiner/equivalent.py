"""Mutants of right answers that are right as well, each with its reason; the mutation tests look here."""

ONE_NET = "39, 40 and 41 values come to the same network: the last two layers round the difference away"
DRY = "how many zeros are sent through makes no difference: only their shape is looked at"
WIDTH = "an input of no values or channels makes a width of 0, which is refused as well"
PYTHON_REFUSES = "Python, NumPy or torch raises the ValueError itself: a quantile, root, range or pad that cannot be"
ANOTHER_QUANTILE = "the quantiles of p and 1 − p differ in their sign only, and it is squared"
CLOSE_ENOUGH = "a halving more or less changes nothing in the first twelve digits"
TIE = "it differs only where both sides are equal to the last bit, and both answers are right there"
EVEN_SIZE = "a size of 0 is even, so it is refused all the same"
LONGER_RANGE = "the last number of the range is still size"
UNREAD = "what is added is never read"
NUMPY_SHIFTS = "NumPy takes a single number as the upper end"
SIGN = "the shifts are as likely with the other sign"
ANY_ORDER = "the order makes no difference"
NEGATIVE_LENGTH = "NumPy takes any negative length as: as many as there are"
ONE_LINE = "with a single row or column every place is held on it, whatever it is divided by"
HALVES = "distances are whole numbers, so up to 1.5 is up to 1"
ROUNDED = "28 and 29 come to the same network: pooling rounds down"
REDUNDANT = "the other condition refuses the same"
ANOTHER_SEED = "another seed draws other numbers, as random as these"
ENDS = "a slice ends at the border by itself"
ONE_DEVICE = "all weights are on one device"
TWO_AXES = "of two axes, 1 and −1 are the same"

EQUIVALENT: dict[str, dict[str, str]] = {
    "build_mnist1d_cnn": {
        "40 to 41 in def build_mnist1d_cnn(length=40, in_channels=1, channels=(15, 15, 15), classes=10):": ONE_NET,
        "40 to 39 in def build_mnist1d_cnn(length=40, in_channels=1, channels=(15, 15, 15), classes=10):": ONE_NET,
        "1 to 2 in model(torch.zeros(1, in_channels, length))": DRY,
        "1 to 0 in model(torch.zeros(1, in_channels, length))": DRY,
    },
    "build_mnist1d_fc": {
        "1 to 0 in if length < 1 or in_channels < 1 or min(widths) < 1:": WIDTH,
        "1 to 0 in if length < 1 or in_channels < 1 or min(widths) < 1: #2": WIDTH,
        "1 to 2 in model(torch.zeros(1, in_channels, length))": DRY,
        "1 to 0 in model(torch.zeros(1, in_channels, length))": DRY,
    },
    "accuracy": {
        "LtE to Lt in if not 0 < len(x) == len(y) or batch_size <= 0:": PYTHON_REFUSES,
        "0 to -1 in if not 0 < len(x) == len(y) or batch_size <= 0:": PYTHON_REFUSES,
        "1 to 0 in if len(x) < 1 or len(x) != len(y) or batch_size < 1:": PYTHON_REFUSES,
        "1 to 0 in if len(x) < 1 or len(x) != len(y) or batch_size < 1: #2": PYTHON_REFUSES,
    },
    "train": {
        "0 to -1 in device, speeds, generator, losses = (weights[0].device, [torch.zeros_like(w) for w in weights], seeded(seed), [])": ONE_DEVICE,
        "0 to 1 in device, speeds, generator, losses = (weights[0].device, [torch.zeros_like(w) for w in weights], seeded(seed), [])": ONE_DEVICE,
        "1 to 0 in if len(x) == 0 or len(y) - len(x) or epochs < 1 or (batch_size < 1) or (not lr > 0): #2": PYTHON_REFUSES,
    },
    "binomial_interval": {
        "1 to 2 in if n < 1 or not 0 <= right <= n or (not 0 < confidence < 1): #2": PYTHON_REFUSES,
        "Add to Sub in z2 = NormalDist().inv_cdf(0.5 + confidence / 2) ** 2": ANOTHER_QUANTILE,
        "GtE to Gt in if n < 1 or right < 0 or right > n or (confidence <= 0) or (confidence >= 1):": PYTHON_REFUSES,
        "0 to -1 in if n < 1 or right < 0 or right > n or (confidence <= 0) or (confidence >= 1):": PYTHON_REFUSES,
        "1 to 2 in if n < 1 or right < 0 or right > n or (confidence <= 0) or (confidence >= 1): #2": PYTHON_REFUSES,
        "80 to 81 in for _ in range(80):": CLOSE_ENOUGH,
        "80 to 79 in for _ in range(80):": CLOSE_ENOUGH,
        "LtE to Lt in if abs(right - n * p) <= z * math.sqrt(n * p * (1 - p)):": TIE,
    },
    "lenet5": {
        "28 to 29 in def lenet5(in_channels=1, classes=10, size=28):": ROUNDED,
        "pair exchanged in rows, columns = ((side // 2 - 4) // 2 for side in (height, width))": ANY_ORDER,
        "pair exchanged in rows, columns = ((height // 2 - 4) // 2, (width // 2 - 4) // 2)": ANY_ORDER,
        "1 to 2 in model(torch.zeros(1, in_channels, height, width))": DRY,
        "1 to 0 in model(torch.zeros(1, in_channels, height, width))": DRY,
    },
    "random_translate": {
        "argument 0 left out in corners = np.random.default_rng(seed).integers(0, 2 * most + 1, size=(n, 2))": NUMPY_SHIFTS,
        "argument 0 left out in corners = rng.integers(0, 2 * most, size=(n, 2), endpoint=True)": NUMPY_SHIFTS,
        "0 to -1 in if not 0 <= most < min(h, w):": PYTHON_REFUSES,
        "0 to 1 in wide = np.pad(images, ((0, 0), (0, 0), (most, most), (most, most))) #2": UNREAD,
        "0 to -1 in if most < 0 or most >= h or most >= w:": PYTHON_REFUSES,
        "3 to 4 in rng = np.random.default_rng([3, seed])": ANOTHER_SEED,
        "3 to 2 in rng = np.random.default_rng([3, seed])": ANOTHER_SEED,
        "0 to 1 in to = (slice(max(down, 0), h + min(down, 0)), slice(max(right, 0), w + min(right, 0))) #3": ENDS,
        "0 to 1 in to = (slice(max(down, 0), h + min(down, 0)), slice(max(right, 0), w + min(right, 0))) #4": ENDS,
        "0 to 1 in fro = (slice(max(-down, 0), h + min(-down, 0)), slice(max(-right, 0), w + min(-right, 0))) #3": ENDS,
        "0 to 1 in fro = (slice(max(-down, 0), h + min(-down, 0)), slice(max(-right, 0), w + min(-right, 0))) #4": ENDS,
        "2 to 3 in steps = torch.randint(-most, most + 1, (2, len(images)), generator=seeded(seed)).numpy()": UNREAD,
        "USub to UAdd in rows, columns = (np.stack([np.eye(side, k=-step, dtype=images.dtype) for step in part]) for side, part in zip((h, w), steps))": SIGN,
    },
    "elastic_distort": {
        "pair exchanged in for axis in (2, 3):": ANY_ORDER,
        "1 to 2 in start = np.arange(side).reshape((-1, 1) if axis == 2 else (1, -1)) #3": NEGATIVE_LENGTH,
        "1 to 2 in start = np.arange(side).reshape((-1, 1) if axis == 2 else (1, -1)) #4": NEGATIVE_LENGTH,
        "1 to 0 in y = (torch.arange(h)[:, None] + down) / max(h - 1, 1) * 2 - 1 #2": ONE_LINE,
        "1 to 0 in x = (torch.arange(w) + right) / max(w - 1, 1) * 2 - 1 #2": ONE_LINE,
    },
    "local_response_norm": {
        "1 to 0 in if size < 1 or size % 2 == 0:": EVEN_SIZE,
        "LtE to Lt in if size <= 0 or size % 2 != 1:": EVEN_SIZE,
        "0 to -1 in if size <= 0 or size % 2 != 1:": EVEN_SIZE,
        "1 to 0 in if size < 1 or not size & 1:": EVEN_SIZE,
        "FloorDiv to Div in near = ((place[:, None] - place).abs() <= size // 2).to(x.dtype)": HALVES,
        "1 to 2 in if size not in range(1, size + 1, 2): #2": LONGER_RANGE,
        "0 to 1 in sums = F.pad(x.double() ** 2, (0, 0, 0, 0, 1, 0)).cumsum(dim=1) #5": UNREAD,
    },
    "ablate": {
        "1 to 2 in new, x = (nn.Sequential(), torch.zeros(1, *input_shape))": DRY,
        "1 to 0 in new, x = (nn.Sequential(), torch.zeros(1, *input_shape))": DRY,
        "1 to 2 in x = torch.zeros(1, *input_shape)": DRY,
        "1 to 0 in x = torch.zeros(1, *input_shape)": DRY,
        "LtE to Lt in if not set(names) <= set(known) or len(set(names)) == len(known):": REDUNDANT,
        "USub to UAdd in if isinstance(part, nn.Linear) and part.in_features != x.size(-1):": TWO_AXES,
        "USub to UAdd in part = nn.Linear(x.size(-1), part.out_features, bias=part.bias is not None)": TWO_AXES,
        "1 to 2 in layers, x = (OrderedDict(), torch.zeros(1, *input_shape))": DRY,
        "1 to 0 in layers, x = (OrderedDict(), torch.zeros(1, *input_shape))": DRY,
        "1 to 2 in x = torch.zeros((1, *input_shape))": DRY,
        "1 to 0 in x = torch.zeros((1, *input_shape))": DRY,
        "pair exchanged in if isinstance(part, (nn.Conv2d, nn.Linear)) and part.weight.shape[1] != x.shape[1]:": ANY_ORDER,
    },
}
