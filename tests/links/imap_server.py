"""An IMAP server that says what a test tells it, command by command."""

import asyncio


class Mailstore:
    """A tame server: a login, a folder, messages by uid."""

    def __init__(self, **messages: bytes) -> None:
        """Hold headers, by uid (``u7``)."""
        self.messages = {uid[1:]: header for uid, header in messages.items()}
        self.said: list[str] = []
        self.capabilities = "IMAP4rev1 UIDPLUS WITHIN"
        self.found: dict[str, str] = {}
        self.answers: dict[str, bytes | None] = {}
        self.greeting = b"* OK ready\r\n"

    def __call__(self, command: str) -> bytes | None:
        """Answer a command (``TAG`` is its tag, ``None`` closes); ``answers`` wins, by how the command begins."""
        self.said.append(command)
        for begin, answer in self.answers.items():
            if command.startswith(begin):
                return answer
        return self._usual(command)

    def _usual(self, command: str) -> bytes:
        ok = b"TAG OK done\r\n"
        if command == "CAPABILITY":
            return f"* CAPABILITY {self.capabilities}\r\n".encode() + ok
        if command.startswith("AUTHENTICATE"):
            return b"+ \r\n"
        if command.startswith("UID SEARCH"):
            uids = next((uids for words, uids in self.found.items() if words in command), "")
            return f"* SEARCH {uids}\r\n".encode() + ok
        if command.startswith("UID FETCH"):
            header = self.messages.get(command.split()[2], b"")
            return f"* 1 FETCH (UID 1 BODY[HEADER]<0> {{{len(header)}}}\r\n".encode() + header + b")\r\n" + ok
        if command.startswith("LOGOUT"):
            return b"* BYE\r\n" + ok
        return ok

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak to one client, until it or an answer of ``None`` ends the connection."""
        writer.write(self.greeting)
        tag = ""
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            first, _, rest = line.partition(" ")
            # What answers a ``+`` are the credentials, in one word and without a tag.
            tag, command = (first, rest) if rest else (tag, f"<{line}>")
            said = self(command)
            if said is None:
                return
            writer.write(said.replace(b"TAG", tag.encode()))
            await writer.drain()
