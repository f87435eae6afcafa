"""What others read: metrics, HTTP, the status page, log events.

Law: renders what it is given; concludes nothing.
"""
