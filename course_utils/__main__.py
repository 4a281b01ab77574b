"""Let `python -m course_utils` do what `course` does, where the course is unpacked and not installed."""

from course_utils.cli import main

if __name__ == "__main__":
    main(prog_name="course")
