"""The VGG nets, to be read beside Simonyan and Zisserman (2015), Table 1: columns A to E, and small ones to train."""

from collections.abc import Sequence

import torch
from torch import nn

# One string a block, one letter a layer: 3 is a 3×3 convolution, 1 a 1×1 convolution, L a normalisation (LRN).
# Every block ends with a max pool.
COLUMNS: dict[str, tuple[str, ...]] = {
    "A": ("3", "3", "33", "33", "33"),
    "A-LRN": ("3L", "3", "33", "33", "33"),
    "B": ("33", "33", "33", "33", "33"),
    "C": ("33", "33", "331", "331", "331"),
    "D": ("33", "33", "333", "333", "333"),
    "E": ("33", "33", "3333", "3333", "3333"),
}
WIDTHS = (64, 128, 256, 512, 512)


class VeryDeepNet(nn.Module):
    """A VGG net of five blocks or fewer: (N, C, side, side) float to scores (N, classes).

    Every 3×3 convolution has padding 1, every pool halves the side, and three fully connected layers follow.
    Raises ValueError where the pools leave nothing of the picture, or a block has an unknown letter.
    """

    def __init__(
        self,
        blocks: Sequence[str],
        widths: Sequence[int] = WIDTHS,
        in_channels: int = 3,
        side: int = 224,
        hidden: int = 4096,
        classes: int = 1000,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        left = side // 2 ** len(blocks)
        if left < 1:
            raise ValueError(f"{len(blocks)} pools leave nothing of a side of {side}; give {2 ** len(blocks)} or more")
        layers: list[nn.Module] = []
        arriving = in_channels
        for block, width in zip(blocks, widths, strict=True):
            for letter in block:
                if letter in "31":
                    size = int(letter)
                    layers += [nn.Conv2d(arriving, width, size, padding=size // 2), nn.ReLU()]
                    arriving = width
                elif letter == "L":
                    layers.append(nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2))
                else:
                    raise ValueError(f"a block {block!r} has the letter {letter!r}; there are 3, 1 and L")
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(arriving * left**2, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, classes),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the scores, (N, classes)."""
        return self.classifier(self.features(x))


def _column(name: str) -> tuple[str, ...]:
    if name not in COLUMNS:
        raise ValueError(f"no column {name!r} in VGG's table; there are {', '.join(COLUMNS)}")
    return COLUMNS[name]


def build_vgg(column: str = "D") -> VeryDeepNet:
    """Return the net of a column of VGG's Table 1, "A", "A-LRN", "B", "C", "D" or "E", at full size.

    Raises ValueError where there is no such column. On torch's meta device it costs no memory.
    """
    return VeryDeepNet(_column(column))


def build_small_vgg(column: str = "D", blocks: int = 3, width: int = 8, weights: str = "He") -> VeryDeepNet:
    """Return the first blocks of a column, narrow, for grey digits of 8×8: widths are `width`, twice that, and so on.

    `weights` are "He" (2015), with which the deep columns train from the start, or "0.01", the spread that AlexNet's
    paper used. Raises ValueError where `blocks` is not 1 to 3 or `weights` is another.
    """
    if not 1 <= blocks <= 3 or weights not in ("He", "0.01"):
        raise ValueError(
            f"blocks is {blocks} and weights {weights!r}; an 8×8 digit takes 1 to 3, weights are He or 0.01"
        )
    widths = [width * factor // 64 for factor in WIDTHS[:blocks]]
    net = VeryDeepNet(_column(column)[:blocks], widths, in_channels=1, side=8, hidden=48, classes=10, dropout=0.0)
    set_weights(net, weights)
    return net


def set_weights(net: nn.Module, weights: str) -> None:
    """Draw the weights of convolutions and fully connected layers anew, biases 0: "He", or a spread such as "0.01"."""
    for layer in net.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            if weights == "He":
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            else:
                nn.init.normal_(layer.weight, std=float(weights))
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def weight_layers(net: nn.Module) -> int:
    """Return how many layers of a net have weights of their own: its convolutions and fully connected layers."""
    return sum(isinstance(layer, (nn.Conv2d, nn.Linear)) for layer in net.modules())
