"""``exitsearch certify``: what is read and asked for, the certificate, and how it is shown."""
