"""Mutants of right answers that are right as well, each with its reason; the mutation tests look here."""

IN_PLACE = "what the ReLU overwrites is the block's own and is read by nobody else: in place or not is the same"
STRIDE_IS_WINDOW = "one number left is window and stride, and both are 2"
EITHER = "a membership test of two things, in either order"
ANY_ORDER = "a mean over two axes, in either order"
ODD = "the kernel is odd: k // 2 and (k - 1) // 2 are the same"
STOPS_AT_ODD = (
    "a range of odd numbers that stops one later has no further odd number for an odd kernel, and never an even one"
)
ZERO_IS_EVEN = "a kernel of 0 is refused all the same, because 0 is even"
TORCH_REFUSES_GROUPS = "nn.Conv2d refuses groups below 1 with a ValueError of its own"
NO_REST = "the division has no rest, and a mean may be divided by a float"
DTYPE_ALONE = "only the dtype and the device of this tensor are looked at"
NO_MINIMUM = "Python refuses the minimum of nothing with a ValueError of its own"
ANY_KERNEL = "all kernels of a layer have the same number of weights"
ANY_MAP = "the batch holds one example, and all its maps have the same size"
LAST_IS_FIRST = "there is one element, so the last one is the first"

EQUIVALENT: dict[str, dict[str, str]] = {
    "vgg": {
        "True to False in net.add_module(f'relu{place}', nn.ReLU(inplace=True))": IN_PLACE,
        "pair exchanged in return self.head(x.mean((2, 3)))": ANY_ORDER,
        "argument 0 left out in stages += [nn.MaxPool2d(2, 2)]": STRIDE_IS_WINDOW,
        "argument 1 left out in stages += [nn.MaxPool2d(2, 2)]": STRIDE_IS_WINDOW,
    },
    "Inception": {
        "inplace= left out in made += [nn.Conv2d(before, after, (size, size), 1, 'same'), nn.ReLU(inplace=True)]": IN_PLACE,
        "True to False in made += [nn.Conv2d(before, after, (size, size), 1, 'same'), nn.ReLU(inplace=True)]": IN_PLACE,
        "1 to 0 in self.convs = nn.ModuleList((nn.Conv2d(a, b, k, padding=(k - 1) // 2) for a, b, k in sizes))": ODD,
    },
    "ResidualBlock": {
        "inplace= left out in y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)), inplace=True)))": IN_PLACE,
        "True to False in y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)), inplace=True)))": IN_PLACE,
    },
    "DenseBlock": {
        "inplace= left out in return torch.hstack([x, self.conv(F.relu(self.norm(x), inplace=True))])": IN_PLACE,
        "True to False in return torch.hstack([x, self.conv(F.relu(self.norm(x), inplace=True))])": IN_PLACE,
    },
    "Transition": {
        "inplace= left out in self.steps = nn.Sequential(nn.BatchNorm2d(in_channels), nn.ReLU(inplace=True), nn.Conv2d(in_channels, self.half, 1, bias=False))": IN_PLACE,
        "True to False in self.steps = nn.Sequential(nn.BatchNorm2d(in_channels), nn.ReLU(inplace=True), nn.Conv2d(in_channels, self.half, 1, bias=False))": IN_PLACE,
    },
    "SEBlock": {
        "pair exchanged in means = x.mean(dim=(2, 3))": ANY_ORDER,
        "inplace= left out in self.mlp = nn.Sequential(nn.Linear(channels, width), nn.ReLU(inplace=True), nn.Linear(width, channels))": IN_PLACE,
        "True to False in self.mlp = nn.Sequential(nn.Linear(channels, width), nn.ReLU(inplace=True), nn.Linear(width, channels))": IN_PLACE,
        "pair exchanged in gate = 1 / (1 + torch.exp(-self.mlp(last.mean((1, 2), keepdim=True))))": ANY_ORDER,
    },
    "SpatialAttention": {
        "1 to 0 in if kernel_size < 1 or kernel_size % 2 == 0:": ZERO_IS_EVEN,
        "1 to 2 in if kernel_size not in range(1, kernel_size + 1, 2): #2": STOPS_AT_ODD,
        "LtE to Lt in if kernel_size <= 0 or not kernel_size % 2:": ZERO_IS_EVEN,
        "0 to -1 in if kernel_size <= 0 or not kernel_size % 2:": ZERO_IS_EVEN,
    },
    "normalise": {
        "FloorDiv to Div in each = x.numel() // number": NO_REST,
        "pair exchanged in try:": EITHER,
    },
    "DepthwiseSeparable": {
        "argument 0 left out in if min(in_channels, out_channels, kernel_size, stride) < 1 or kernel_size % 2 == 0:": TORCH_REFUSES_GROUPS,
        "1 to 0 in if in_channels < 1 or out_channels < 1 or stride < 1 or (kernel_size not in range(1, kernel_size + 1, 2)):": TORCH_REFUSES_GROUPS,
        "1 to 0 in half = (kernel_size - 1) // 2": ODD,
        "1 to 2 in if in_channels < 1 or out_channels < 1 or stride < 1 or (kernel_size not in range(1, kernel_size + 1, 2)): #5": STOPS_AT_ODD,
    },
    "ConvNeXtBlock": {
        "1 to 0 in if channels < 1 or layer_scale < 0:": TORCH_REFUSES_GROUPS,
        "Gt to GtE in if not channels > 0 <= layer_scale:": TORCH_REFUSES_GROUPS,
        "LtE to Lt in if channels <= 0 or layer_scale < 0:": TORCH_REFUSES_GROUPS,
        "0 to -1 in if channels <= 0 or layer_scale < 0:": TORCH_REFUSES_GROUPS,
    },
    "count_macs": {
        "pair exchanged in return output.numel() * layer.weight[0].numel() if isinstance(layer, (nn.Conv2d, nn.Linear)) else 0": EITHER,
        "1 to 0 in if len(input_shape) < 1 or min(input_shape) < 1:": NO_MINIMUM,
        "1 to 2 in like = next(model.parameters(), torch.zeros(1))": DTYPE_ALONE,
        "1 to 0 in like = next(model.parameters(), torch.zeros(1))": DTYPE_ALONE,
        "0 to -1 in return output.numel() * layer.weight[0].numel() if isinstance(layer, (nn.Conv2d, nn.Linear)) else 0 #2": ANY_KERNEL,
        "0 to -1 in return total[0]": LAST_IS_FIRST,
        "0 to -1 in x = inputs[0]": LAST_IS_FIRST,
        "0 to -1 in total[0] += x.numel() * layer.out_features": LAST_IS_FIRST,
        "0 to -1 in total[0] += layer.weight.numel() * layer._conv_forward(x, layer.weight, None)[0, 0].numel()": LAST_IS_FIRST,
        "0 to -1 in total[0] += layer.weight.numel() * layer._conv_forward(x, layer.weight, None)[0, 0].numel() #2": ANY_MAP,
        "0 to -1 in total[0] += layer.weight.numel() * layer._conv_forward(x, layer.weight, None)[0, 0].numel() #3": ANY_MAP,
        "pair exchanged in if function in (F.linear, F.conv2d):": EITHER,
        "pair exchanged in layers = [each for each in model.modules() if isinstance(each, (nn.Conv2d, nn.Linear))]": EITHER,
    },
}
