"""The instructor's side: exercises and their examiner, the class, feedback and the command line.

A student's copy of the course has no such package, and nothing outside it imports it.
"""
