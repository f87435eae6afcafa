"""The only I/O: TCP, TLS, SSH, files, the Kubernetes API.

Law: understands no content; every wait has a deadline, every buffer a bound; failures are ``LinkError``.
"""
