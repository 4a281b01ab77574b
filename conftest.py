"""Let nbval run lectures as they are meant: a warning or a progress bar on stderr is no difference."""


def pytest_collectstart(collector):
    """Add stderr to what nbval does not compare."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("stderr",)
