"""When and how often: deadlines, concurrency, bugs survived.

Law: knows no kind of probe; time is the event loop's.
"""
