"""Mutants of right answers that are right as well, each with its reason; the mutation tests look here."""

ORDER = "the order makes no difference"
EDGE = "no run, and no number that is drawn, lies exactly on the threshold"
BETWEEN = "the loss at the start is near ln C or twenty times as large: this threshold lies between the two as well"
PYTHON = "Python, NumPy or torch raises the ValueError itself, before anything is scored or measured"
SEED = "another seed draws other numbers, as random as these"
FIRST = "the first trial is kept whatever the start is"
TIES = "trials differ in their first three entries, or the first of the best is wanted anyhow"
NAN = "the entry before says that it is no number, and decides"
NEG = "NumPy takes any negative length as: as many as are left"
ZEROS = "zeros have the mean 0, however many there are"
SAMPLE = "any sample will do to see whether all are the same"
UNITS = "all units have as many samples"
MEAN = "the deviations add up to 0, so the other factor may be moved"
SIGN = "only whether it is zero matters"
FLOAT32 = "x comes as float32, and the conversion makes a copy in any case"
BIAS = "the third number is taken as bias, which is true"
SHIFT = "a softmax does not change when all scores are moved alike"
AXES = "of two axes, 1 and −1 are the same"
TENSORS = "NumPy takes tensors for arrays"
CUT = "the list of losses is cut at the same place afterwards"
ALONE = "p is read by dropout alone"

EQUIVALENT: dict[str, dict[str, str]] = {
    "gradient_check_module": {
        "pair exchanged in for sign in (1, -1):": ORDER,
        "pair exchanged in for name, tensor in (('input', x), *module.named_parameters()):": ORDER,
        "pair exchanged in norms = (np.linalg.norm(claimed), np.linalg.norm(measured))": ORDER,
        "True to False in x = nn.Parameter(x.detach().to(torch.float64, copy=True))": FLOAT32,
    },
    "activation_stats": {
        "pair exchanged in if hidden.dim() not in (2, 4) or hidden.numel() < 2 * hidden.shape[1] or hidden.shape[1] == 0:": ORDER,
        "0 to -1 in if hidden.ndim not in {2, 4} or 0 in hidden.shape:": PYTHON,
        "2 to 3 in r = np.abs(np.corrcoef(table[~still])) if (~still).sum() > 1 else np.zeros((2, 2)) #2": ZEROS,
        "1 to 2 in table = np.moveaxis(hidden.numpy(), 1, 0).reshape(hidden.shape[1], -1).astype(float) #2": NEG,
        "0 to 1 in varied = (hidden != hidden[0]).any(0) #2": SAMPLE,
        "0 to -1 in varied = (hidden != hidden[0]).any(0) #2": SAMPLE,
        "pair exchanged in if hidden.dim() not in (2, 4):": ORDER,
        "0 to -1 in if not columns or len(columns[0]) < 2:": UNITS,
        "Sub to Add in found.append(float(abs(((a - a.mean()) * (b - b.mean())).sum() / size[i] / size[j])))": MEAN,
        "Sub to Add in found.append(float(abs(((a - a.mean()) * (b - b.mean())).sum() / size[i] / size[j]))) #2": MEAN,
    },
    "dead_fraction": {
        "Add to Sub in spoken[name] = spoken.get(name, 0) + loud": SIGN,
    },
    "overfit_small_batch": {
        "LtE to Lt in if loss <= wanted:": EDGE,
        "Gt to GtE in while losses[-1] > wanted and len(losses) <= steps:": EDGE,
        "LtE to Lt in while losses[-1] > wanted and len(losses) <= steps:": EDGE,
        "LtE to Lt in return (len(found) == len(losses) and found[-1] <= wanted, found)": EDGE,
        "LtE to Lt in if losses[-1] <= wanted:": EDGE,
        "LtE to Lt in if loss.item() <= wanted:": EDGE,
        "branch never taken in if loss.item() <= wanted:": CUT,
        "branch always taken in if type(each) is nn.Dropout:": ALONE,
        "LtE to Lt in good = [place for place, each in enumerate(losses) if each <= wanted]": EDGE,
    },
    "random_search": {
        "0 to 1 in def random_search(score, space, n, seed=0):": SEED,
        "USub to UAdd in best, most = (None, -math.inf)": FIRST,
        "Or to And in wrong = any((low > high or (kind == 'log' and low <= 0) for kind, low, high in ranges))": PYTHON,
        "LtE to Lt in wrong = any((low > high or (kind == 'log' and low <= 0) for kind, low, high in ranges))": PYTHON,
        "0 to -1 in wrong = any((low > high or (kind == 'log' and low <= 0) for kind, low, high in ranges))": PYTHON,
        "branch never taken in if n < 1 or len(space) < 1:": PYTHON,
        "Or to And in if n < 1 or len(space) < 1:": PYTHON,
        "Lt to LtE in if n < 1 or len(space) < 1: #2": PYTHON,
        "branch never taken in if len(each) == 0:": PYTHON,
        "1 to 0 in if n < 1 or len(space) < 1:": PYTHON,
        "1 to 2 in if n < 1 or len(space) < 1: #2": PYTHON,
        "1 to 0 in if n < 1 or len(space) < 1: #2": PYTHON,
        "8 to 9 in rng, columns = (np.random.default_rng([seed, 8]), {})": SEED,
        "8 to 7 in rng, columns = (np.random.default_rng([seed, 8]), {})": SEED,
        "0 to -1 in if len(each) == 0:": PYTHON,
        "0 to -1 in def random_search(score, space, n, seed=0):": SEED,
        "branch never taken in if setting[0] == 'log' and isinstance(setting, tuple) and (setting[1] <= 0):": PYTHON,
        "LtE to Lt in if n <= 0 or not space:": PYTHON,
        "LtE to Lt in if not space or n <= 0:": PYTHON,
        "0 to -1 in if not space or n <= 0:": PYTHON,
        "0 to -1 in if n <= 0 or not space:": PYTHON,
        "LtE to Lt in if setting[0] == 'log' and isinstance(setting, tuple) and (setting[1] <= 0):": PYTHON,
        "0 to -1 in if setting[0] == 'log' and isinstance(setting, tuple) and (setting[1] <= 0):": PYTHON,
        "second value always in tried.append((not math.isnan(value), 0.0 if math.isnan(value) else value, -trial, settings))": NAN,
        "0 to -1 in if setting[0] == 'log' and isinstance(setting, tuple) and (setting[1] <= 0): #2": PYTHON,
        "1 to 2 in if setting[0] == 'log' and isinstance(setting, tuple) and (setting[1] <= 0):": PYTHON,
        "3 to 4 in _, value, _, settings = max(tried, key=lambda each: each[:3])": TIES,
        "3 to 2 in _, value, _, settings = max(tried, key=lambda each: each[:3])": TIES,
    },
    "patient_2": {
        "2 to 3 in self.first = nn.Linear(*sizes[:2])": BIAS,
    },
    "patient_3": {
        "Sub to Add in z = z - z.max(axis=1, keepdims=True)": SHIFT,
    },
    "patient_4": {
        "USub to UAdd in accuracies.append(float((model.eval()(x_val).argmax(-1) == y_val).float().mean()))": AXES,
    },
    "name_the_bug": {
        "Gt to GtE in yield ('one class rules', run['file_y'].bincount().max() > 0.75 * len(run['file_y']))": EDGE,
        "Lt to LtE in yield ('dead ReLUs', hidden.any(dim=0).float().mean() < 0.5)": EDGE,
        "Lt to LtE in yield ('wrong sign', lr < 0)": EDGE,
        "Gt to GtE in yield ('learning rate too large', lr > 1.0)": EDGE,
        "Lt to LtE in softmax = [bool((run['scores'].sum(axis) - 1).abs().max() < 0.001) for axis in (0, 1)]": EDGE,
        "Gt to GtE in yield ('inputs not normalised', run['x'].std() > 10.0)": EDGE,
        "Gt to GtE in yield ('images transposed', (run['x'] - due).abs().max() > 0.001)": EDGE,
        "Gt to GtE in yield ('data changed in place', (run['x_later'] - due).abs().mean() > 0.1)": EDGE,
        "Gt to GtE in yield ('one class rules', run['file_y'].bincount(minlength=c).double().std() > 35.0)": EDGE,
        "Lt to LtE in yield ('constant initialisation', run['hidden'].std(dim=1).max() < 0.001)": EDGE,
        "Lt to LtE in yield ('no zero_grad', (c2 + rate * (g1 + g2)).norm() < 0.1 * c1.norm())": EDGE,
        "Gt to GtE in yield ('learning rate too large', rate > 2.0)": EDGE,
        "Gt to GtE in yield ('batch norm in training mode', (run['test'][:5] - run['test_few']).abs().max() > 0.001)": EDGE,
        "second value always in run = {name: each.numpy() if torch.is_tensor(each) else each for name, each in run.items()}": TENSORS,
        "Gt to GtE in note('one class rules', np.bincount(run['file_y']).max() > 85.0)": EDGE,
        "Lt to LtE in note('dead ReLUs', np.median(h.max(axis=0)) < 1e-09)": EDGE,
        "Lt to LtE in note('wrong sign', rate < 0.0)": EDGE,
        "Gt to GtE in note('no zero_grad', np.linalg.norm(c2 + rate * g2) > 0.5 * np.linalg.norm(c1))": EDGE,
        "Gt to GtE in note('learning rate too large', rate > 1.0)": EDGE,
        "Lt to LtE in if run['body_gradient'] < 1e-12:": EDGE,
        "Lt to LtE in if ratio < -2.0:": EDGE,
        "Gt to GtE in if (c2 - ratio * g2).norm() > 0.5 * c1.norm():": EDGE,
        "Gt to GtE in ratio = (c1 / g1)[g1.abs() > 0.5 * g1.abs().max()].mean()": EDGE,
        "Lt to LtE in return a.shape == b.shape and bool(((a - b).abs() < 0.001).all())": EDGE,
        "Mult to Add in yield ('loss summed', run['losses'][0] > 9.0 * math.log(len(c1)))": BETWEEN,
        "Mult to FloorDiv in yield ('loss summed', run['losses'][0] > 9.0 * math.log(len(c1)))": BETWEEN,
        "Lt to LtE in yield ('dead ReLUs', living < 0.5 * run['hidden'].shape[1])": EDGE,
        "Lt to LtE in yield ('gradient cut', run['body_gradient'] < 1e-12)": EDGE,
        "Lt to LtE in yield ('wrong sign', rate < 0.0)": EDGE,
        "Gt to GtE in yield ('loss summed', run['losses'][0] > 9.0 * math.log(c))": EDGE,
        "Mult to Add in yield ('loss summed', run['losses'][0] > 9.0 * math.log(c))": BETWEEN,
        "Mult to FloorDiv in yield ('loss summed', run['losses'][0] > 9.0 * math.log(c))": BETWEEN,
        "Gt to GtE in note('loss summed', run['losses'][0] > 9.0 * np.log(len(c1)))": EDGE,
        "Mult to Add in note('loss summed', run['losses'][0] > 9.0 * np.log(len(c1)))": BETWEEN,
        "Mult to FloorDiv in note('loss summed', run['losses'][0] > 9.0 * np.log(len(c1)))": BETWEEN,
        "Gt to GtE in if losses[0] > 9.0 * math.log(c):": EDGE,
        "Mult to Add in if losses[0] > 9.0 * math.log(c):": BETWEEN,
        "Mult to FloorDiv in if losses[0] > 9.0 * math.log(c):": BETWEEN,
        "Gt to GtE in yield ('loss summed', run['losses'][0] > 9.0 * math.log(len(c1)))": EDGE,
        "Gt to GtE in if (run['file_y'] == run['file_y'].mode().values).double().mean() > 0.75:": EDGE,
        "Gt to GtE in if (hidden.count_nonzero(dim=0) == 0).double().mean() > 0.5:": EDGE,
        "Gt to GtE in if ratio > 0.0:": EDGE,
    },
}
