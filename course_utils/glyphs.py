"""Letters and signs drawn from matplotlib's own fonts and bent at random: a data set made offline, by a recipe.

Each picture is made as scikit-learn's digits were: a glyph of four times the size, framed by its ink, and the mean of
4×4 pixels. There are no numerals among the glyphs. But some letters look like them: see `LIKE_DIGITS`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import ascii_letters, ascii_uppercase

import matplotlib as mpl
import numpy as np
import torch
from PIL import Image, ImageFont
from torch.nn import functional as F

from course_utils.data import Split

SIGNS = "&?@#%+=*"
HELD_OUT = ("DejaVuSerif-Bold", "STIXGeneralItalic", "cmtt10")
_STYLES = ("", "-Bold", "-Oblique", "-BoldOblique")
# Which characters a font has at their own code points: two of the fonts of TeX have other things there.
FONTS: dict[str, str] = {
    **{f"DejaVuSans{style}": ascii_letters + SIGNS for style in _STYLES},
    **{f"DejaVuSansMono{style}": ascii_letters + SIGNS for style in _STYLES},
    **{f"DejaVuSerif{style}": ascii_letters + SIGNS for style in ("", "-Bold", "-Italic", "-BoldItalic")},
    **{f"STIXGeneral{style}": ascii_letters + SIGNS for style in ("", "Bol", "Italic", "BolIta")},
    **{f"cm{style}10": ascii_letters + SIGNS for style in ("r", "b", "ss", "ti", "tt")},
    "cmmi10": ascii_letters,
    "cmsy10": ascii_uppercase,
}
_ALIKE = ("Cc", "Il", "Kk", "Oo", "Pp", "Ss", "Uu", "Vv", "Ww", "Xx", "Yy", "Zz")
# One string a class, with the characters that belong to it: framed by their ink, c and C are the same drawing.
CLASSES: tuple[str, ...] = (*_ALIKE, *(one for one in ascii_letters + SIGNS if one not in "".join(_ALIKE)))
# Classes that a reader of digits may take for a numeral, and for which one.
LIKE_DIGITS = {"Oo": 0, "Il": 1, "Zz": 2, "Ss": 5, "b": 6, "G": 6, "T": 7, "B": 8, "&": 8, "g": 9, "q": 9}
_CANVAS, _WINDOW, _CONTROLS = 64, 1.5, 4


@dataclass(frozen=True)
class Distortion:
    """How far glyphs are bent: each picture draws its own numbers, evenly from minus the value to plus the value.

    `angle` is in degrees, `shear` in columns a row, `stretch` the logarithm of width over height; `bend` moves 4×4
    control points, in half sides; `weight` makes strokes thicker or thinner. Raises ValueError for a negative value.
    """

    angle: float = 14.0
    shear: float = 0.35
    stretch: float = 0.3
    bend: float = 0.16
    weight: float = 1.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 0:
                raise ValueError(f"{name} is {value}; it must be 0 or more")

    def times(self, factor: float) -> "Distortion":
        """Return the distortion with angle, shear, stretch and bend `factor` times as large."""
        return Distortion(
            self.angle * factor, self.shear * factor, self.stretch * factor, self.bend * factor, self.weight
        )


@dataclass(frozen=True)
class GlyphPlan:
    """What is drawn: fonts, classes (strings of characters), distortion, the side of a picture in pixels.

    Raises ValueError for an unknown font, a class that none of the fonts has a character of, or a side below 4.
    """

    fonts: tuple[str, ...] = tuple(font for font in FONTS if font not in HELD_OUT)
    classes: tuple[str, ...] = CLASSES
    distortion: Distortion = Distortion()
    side: int = 8

    def __post_init__(self) -> None:
        unknown = [font for font in self.fonts if font not in FONTS]
        if unknown or not self.fonts:
            raise ValueError(f"fonts are {self.fonts}; there are {', '.join(FONTS)}")
        missing = [each for each in self.classes if not any(set(each) & set(FONTS[font]) for font in self.fonts)]
        if missing or not self.classes:
            raise ValueError(
                f"these fonts have no character of the classes {missing}; give at least one class they have"
            )
        if self.side < 4:
            raise ValueError(f"side is {self.side}; it must be 4 or more")


@cache
def outline(character: str, font: str) -> np.ndarray:
    """Return one character of a font, cut to its ink and centred: float32 (64, 64) in 0…1, its longer side 60 pixels.

    Raises ValueError for a font that is not in FONTS or a character that it has not.
    """
    if font not in FONTS or len(character) != 1 or character not in FONTS[font]:
        raise ValueError(f"no {character!r} in {font!r}; FONTS lists what there is")
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    mask = ImageFont.truetype(str(folder / f"{font}.ttf"), 80).getmask(character, mode="L")
    ink = Image.frombytes("L", mask.size, bytes(mask))
    ink = ink.crop(ink.getbbox())
    scale = (_CANVAS - 4) / max(ink.size)
    ink = ink.resize([max(1, round(length * scale)) for length in ink.size], Image.Resampling.BOX)
    canvas = Image.new("L", (_CANVAS, _CANVAS))
    canvas.paste(ink, ((_CANVAS - ink.width) // 2, (_CANVAS - ink.height) // 2))
    return np.asarray(canvas, dtype=np.float32) / 255


def drawings(plan: GlyphPlan, labels: Sequence[int] | np.ndarray, seed: int = 0) -> np.ndarray:
    """Return one picture for each label, a number of a class of the plan: float32 (N, 1, side, side) in 0…1.

    Font, character and distortion are drawn from a generator of `seed`. Raises ValueError for a label with no class.
    """
    labels = np.asarray(labels, dtype=np.int64)
    if labels.ndim != 1 or len(labels) == 0 or labels.min() < 0 or labels.max() >= len(plan.classes):
        raise ValueError(f"labels must be a row of numbers from 0 to {len(plan.classes) - 1}, at least one")
    rng = np.random.default_rng(seed)
    bank, starts = _bank(plan.fonts, plan.classes)
    places = starts[labels] + (rng.random(len(labels)) * (starts[labels + 1] - starts[labels])).astype(np.int64)
    parts = [
        _bent(bank[torch.as_tensor(places[first : first + 2000])], plan, rng) for first in range(0, len(labels), 2000)
    ]
    return torch.cat(parts).numpy()


def letters(train: int, test: int, plan: GlyphPlan | None = None, seed: int = 0) -> Split:
    """Return a data set of bent glyphs: `train` from the plan's fonts, `test` from those in HELD_OUT, classes even.

    Raises ValueError where a part has less than one picture.
    """
    plan = plan or GlyphPlan()
    if train < 1 or test < 1:
        raise ValueError(f"train is {train} and test {test}; both must be 1 or more")
    rng = np.random.default_rng(seed)
    labels = [rng.permutation(np.arange(count) % len(plan.classes)) for count in (train, test)]
    unseen = GlyphPlan(HELD_OUT, plan.classes, plan.distortion, plan.side)
    pictures = [drawings(each, part, seed + 1) for each, part in zip((plan, unseen), labels, strict=True)]
    return Split(pictures[0], labels[0], pictures[1], labels[1], "letters")


@cache
def _bank(fonts: tuple[str, ...], classes: tuple[str, ...]) -> tuple[torch.Tensor, np.ndarray]:
    """Return all glyphs (K, 1, 64, 64), class by class, and where each class starts (and the last one ends)."""
    groups = [
        [outline(character, font) for font in fonts for character in each if character in FONTS[font]]
        for each in classes
    ]
    starts = np.cumsum([0, *map(len, groups)])
    return torch.as_tensor(np.stack([glyph for group in groups for glyph in group])[:, None]), starts


def _bent(glyphs: torch.Tensor, plan: GlyphPlan, rng: np.random.Generator) -> torch.Tensor:
    """Return glyphs (N, 1, 64, 64), each bent in its own way and framed by its ink: (N, 1, side, side)."""
    how, count = plan.distortion, len(glyphs)

    def even(limit: float, *shape: int) -> torch.Tensor:
        return torch.as_tensor(rng.uniform(-1, 1, (count, *shape)) * limit, dtype=torch.float32)

    angle, shear, stretch = even(how.angle * np.pi / 180), even(how.shear), torch.exp(even(how.stretch) / 2)
    cos, sin = torch.cos(angle), torch.sin(angle)
    turn = torch.stack([cos, -sin, sin, cos], dim=1).reshape(count, 2, 2)
    slant = torch.stack([1 / stretch, shear, torch.zeros(count), stretch], dim=1).reshape(count, 2, 2)
    matrix, controls = turn @ slant, even(how.bend, 2, _CONTROLS, _CONTROLS)

    def seen(points: torch.Tensor) -> torch.Tensor:
        """Return what the bent glyphs show at points (N, n, n, 2), of which -1…1 is the glyph's own square."""
        bend = F.grid_sample(controls, points / _WINDOW, "bicubic", "border", align_corners=True)
        source = torch.einsum("nij,nhwj->nhwi", matrix, points) + bend.permute(0, 2, 3, 1)
        return F.grid_sample(glyphs, source, "bilinear", "zeros", align_corners=False)

    wide = _grid(48).expand(count, -1, -1, -1) * _WINDOW
    centre, half = _frame(seen(wide)[:, 0] > 0.4)
    points = centre[:, None, None] + half[:, None, None, None] * _grid(4 * plan.side)
    fine = F.avg_pool2d(F.pad(seen(points), (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    edge = 0.30 + 0.15 * even(how.weight)[:, None, None, None]  # where a stroke ends: thin lines must outlive the mean
    return F.avg_pool2d(((fine - edge) * 3 + 0.5).clamp(0, 1), 4)


def _grid(side: int) -> torch.Tensor:
    """Return the middles of side×side cells of the square from -1 to 1, as points (side, side, 2) of (x, y)."""
    line = (torch.arange(side) + 0.5) * 2 / side - 1
    rows, columns = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([columns, rows], dim=-1)


def _frame(ink: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return middle (N, 2) as (x, y) and half the longer side (N,) of the box around the ink, bool (N, n, n)."""
    side = ink.shape[-1]
    sides = []
    for axis in (1, 2):  # columns with ink, then rows with ink
        there = ink.any(dim=axis)
        first = there.int().argmax(dim=1)
        last = side - there.flip(1).int().argmax(dim=1)
        sides.append(torch.stack([first, last], dim=1) * (2 * _WINDOW / side) - _WINDOW)
    box = torch.stack(sides, dim=1)
    half = (box[..., 1] - box[..., 0]).amax(dim=1) / 2
    return box.mean(dim=2), half.clamp(min=0.2)
