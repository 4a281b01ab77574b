"""What every test run sets: one thread, no device but the CPU, and slow tests marked."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("COURSE_DEVICE", "cpu")
