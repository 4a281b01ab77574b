"""Train the net that reads bent letters, the source of lecture 13: `python tools/train_letters.py`.

Writes weights only to course_utils/checkpoints/. `--quick` trains a small net for some seconds, to see that all of it
works; name a file of its own for that. `--without-lookalikes` leaves out the letters that look like digits.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch

from course_utils.device import one_thread
from course_utils.glyphs import CLASSES, LIKE_DIGITS, GlyphPlan, letters
from course_utils.models.letters import LettersPlan, SourceRecipe, checkpoint_path, trained_source

TEST = 3000
QUICK_TEST = 240
SETTINGS = {
    "full": (30_000, SourceRecipe(steps=2400, batch_size=128)),
    "quick": (600, SourceRecipe(steps=60, batch_size=64)),
}
QUICK_PLAN = {"widths": (8, 8, 16), "hidden": 32}


def main(arguments: list[str]) -> int:
    """Train and write the checkpoint; print what it can do on fonts that it has not seen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small net, seconds: needs --out")
    parser.add_argument("--without-lookalikes", action="store_true", help="leave out O, I, l, Z, S and their like")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, help="another number of steps")
    parser.add_argument("--out", type=Path, help="the file to write; by default the course's own checkpoint")
    given = parser.parse_args(arguments)
    if given.quick and not given.out:
        parser.error("--quick needs --out: a quick net must not take the place of the course's checkpoint")
    one_thread()
    classes = tuple(each for each in CLASSES if not (given.without_lookalikes and each in LIKE_DIGITS))
    count, recipe = SETTINGS["quick" if given.quick else "full"]
    if given.steps:
        recipe = SourceRecipe(given.steps, recipe.batch_size, recipe.lr)
    clock = time.process_time()
    fonts = GlyphPlan().fonts[:: 5 if given.quick else 1]
    data = letters(count, QUICK_TEST if given.quick else TEST, GlyphPlan(fonts, classes), given.seed)
    drawn = time.process_time() - clock
    plan = LettersPlan(classes=len(classes), **(QUICK_PLAN if given.quick else {}))
    net = trained_source(plan, data, recipe, given.seed).cpu()
    with torch.no_grad():
        said = np.concatenate([net(part).argmax(1).numpy() for part in torch.as_tensor(data.x_test).split(500)])
    right = 100 * np.mean(said == data.y_test)
    out = given.out or checkpoint_path("no_lookalikes" if given.without_lookalikes else "letters")
    out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(net.state_dict(), out)
    print(
        f"{out.name}: {out.stat().st_size:,} bytes, {len(classes)} classes, {right:.1f} % right in unseen fonts; "
        f"{count:,} glyphs drawn in {drawn:.0f} s, {time.process_time() - clock:.0f} s in all"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
