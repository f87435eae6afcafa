"""The mail log, as docker-mailserver prints it: blocks of lines in, records of the lines of interest out.

Law: as for all of ``wire``; and a line is believed only from its beginning to its end (``template``), since helo, user
names and quoted bytes are written by whoever connects.
"""

from monitor.wire.maillog.parser import MaillogParser

__all__ = ["MaillogParser"]
