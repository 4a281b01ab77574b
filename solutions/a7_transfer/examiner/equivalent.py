"""Mutants of right answers that are right as well, each with its reason; the mutation tests look here."""

ANY_ORDER = "the order makes no difference"
PYTHON_REFUSES = "Python raises the ValueError itself: a range in steps of 0"
BEHIND = "what the layers behind are given is not looked at"
DEAD = "a column without variance has the weight 0, whatever it is divided by"
SHIFTED = "a softmax does not change when all scores of an example are shifted"
INTERCEPT = "the intercept makes up for what is added to all examples alike"
TWO_CLASSES = "there are two classes or more, so there are two examples or more"
ANY_SEED = "one seed is as good as another"
ENOUGH = "a step more or less makes no worse network"
HEAD_ALONE = "a new head on the copied layers as they are reads well enough, and how is free"
FREE = "class means that keep their common middle read well enough too, and how is free"
CLOSE_ENOUGH = "a step more or less at the minimum changes nothing that counts"
NO_SUCH_CHILD = "`index` raises the ValueError itself where there is no such child"
GRADIENTS_FREE = "gradients of thawed parameters are free"
GIVEN = "`here` is given, and for the tests: no answer"
NO_PARAMETER = "no parameter has a parent of the name None"
ALL_THAWED = "a slice up to None is all, and all from None on is thawed afterwards"

EQUIVALENT: dict[str, dict[str, str]] = {
    "extract_features": {
        "LtE to Lt in if layer not in modules or not len(x) or batch_size <= 0:": PYTHON_REFUSES,
        "1 to 0 in return kept[-1].clone()": BEHIND,
        "0 to -1 in if layer not in modules or not len(x) or batch_size <= 0:": PYTHON_REFUSES,
    },
    "freeze": {
        "branch never taken in if upto not in names:": NO_SUCH_CHILD,
        "branch never taken in if upto is not None and upto not in children:": NO_SUCH_CHILD,
        "branch always taken in if name in frozen:": GRADIENTS_FREE,
        "branch always taken in if not parameter.requires_grad:": GRADIENTS_FREE,
        "argument 1 left out in cut = places.get(upto, 0)": ALL_THAWED,
        "first value always in return result if then is None else globals()[then](args[0], result)": GIVEN,
        "argument 0 left out in return result if then is None else globals()[then](args[0], result)": GIVEN,
        "argument 1 left out in return result if then is None else globals()[then](args[0], result)": GIVEN,
        "0 to 1 in return result if then is None else globals()[then](args[0], result)": GIVEN,
        "0 to -1 in return result if then is None else globals()[then](args[0], result)": GIVEN,
    },
    "linear_probe": {
        "20 to 21 in search = torch.optim.LBFGS(layer.parameters(), lr=0.5, max_iter=20)": CLOSE_ENOUGH,
        "20 to 19 in search = torch.optim.LBFGS(layer.parameters(), lr=0.5, max_iter=20)": CLOSE_ENOUGH,
        "500 to 499 in for _ in range(500):": CLOSE_ENOUGH,
        "500 to 501 in for _ in range(500):": CLOSE_ENOUGH,
        "30 to 31 in for _ in range(30):": CLOSE_ENOUGH,
        "30 to 29 in for _ in range(30):": CLOSE_ENOUGH,
        "6 to 7 in for _ in range(6):": CLOSE_ENOUGH,
        "6 to 5 in for _ in range(6):": CLOSE_ENOUGH,
        "1 to 2 in spread[spread == 0] = 1": DEAD,
        "1 to 2 in deviation[deviation == 0] = 1": DEAD,
        "300 to 301 in options = {'max_iter': 300, 'tolerance_grad': 1e-09, 'tolerance_change': 1e-12}": CLOSE_ENOUGH,
        "300 to 299 in options = {'max_iter': 300, 'tolerance_grad': 1e-09, 'tolerance_change': 1e-12}": CLOSE_ENOUGH,
        "0 to 1 in if not 0 < len(features) == len(labels) or new_features.shape[1:] != features.shape[1:] or penalty <= 0: #2": TWO_CLASSES,
        "Sub to Add in p = np.exp(new @ w - (new @ w).max(axis=1, keepdims=True))": SHIFTED,
        "Sub to Add in p = np.exp(rows @ w - (rows @ w).max(axis=1, keepdims=True))": SHIFTED,
        "0 to 1 in if not 0 < len(x) == len(y) or x.shape[1] != new.shape[1] or penalty <= 0: #2": TWO_CLASSES,
        "Sub to Add in rows, new = (np.c_[(each - mean) / spread, np.ones(len(each))] for each in (x, new))": INTERCEPT,
    },
    "replace_head": {
        "pair exchanged in if classes < 1 or not isinstance(old, (nn.Linear, nn.Conv2d)):": ANY_ORDER,
        "pair exchanged in if classes < 1 or type(layer) not in (nn.Linear, nn.Conv2d):": ANY_ORDER,
        "pair exchanged in try:": ANY_ORDER,
    },
    "train_norms_only": {
        "branch always taken in if head is not None:": NO_PARAMETER,
        "pair exchanged in if not chosen or head not in (None, *modules):": ANY_ORDER,
    },
    "transfer": {
        "0 to 1 in def transfer(model, x, y, classes, seed=0):": ANY_SEED,
        "0 to -1 in def transfer(model, x, y, classes, seed=0):": ANY_SEED,
        "100 to 101 in for _ in range(100):": ENOUGH,
        "100 to 99 in for _ in range(100):": ENOUGH,
        "40 to 41 in for _ in range(40):": ENOUGH,
        "40 to 39 in for _ in range(40):": ENOUGH,
        "0 to 1 in if not 0 < len(x) == len(y) or classes < 2 or y.min() < 0 or (y.max() >= classes): #2": TWO_CLASSES,
        "0 to 1 in if not 0 < len(x) == len(y) or classes <= 1 or set(y.tolist()) - set(range(classes)):": TWO_CLASSES,
        "1 to 2 in if len(x) < 1 or len(x) != len(y) or classes < 2 or (int(y.max()) > classes - 1) or (int(y.min()) < 0):": TWO_CLASSES,
        "Lt to LtE in if len(x) < 1 or len(x) != len(y) or classes < 2 or (int(y.max()) > classes - 1) or (int(y.min()) < 0):": TWO_CLASSES,
        "True to False in new = copy.deepcopy(model).requires_grad_(True).eval()": HEAD_ALONE,
        "Sub to Add in means = torch.stack([features[y == c].mean(0) for c in range(classes)]) - middle": FREE,
        "pair exchanged in norms = [p for m in new.modules() if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d)) for p in m.parameters()]": ANY_ORDER,
    },
}
