"""Measurements of mailpath beside its peers and beside the limit, a bare program in C.

Law: nothing here is imported by ``monitor`` or by a test; every figure is CPU time and a ratio of one run.
"""
