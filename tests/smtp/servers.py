"""Two mail servers on loopback for tests/smtp.sh: a plain one, and one that wants STARTTLS and a name
with a password. Each mail becomes a file in the folder given; the ports are printed, one a line."""

import asyncio
import itertools
import ssl
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

BOX = Path(sys.argv[1])
CERTIFICATE, KEY = sys.argv[2], sys.argv[3]
NUMBERS = itertools.count()


class Box:
    """Writes each mail into a file of its own, with what the envelope and the connection said."""

    async def handle_DATA(self, server, session, envelope):
        said = [f"X-RcptTo: {to}" for to in envelope.rcpt_tos]
        said.append(f"X-Over-Tls: {'yes' if session.ssl else 'no'}")
        if session.auth_data:
            said.append(f"X-Signed-In: {session.auth_data}")
        text = envelope.content.decode("utf-8", "replace")
        target = BOX / f"{next(NUMBERS)}.eml"
        part = target.with_suffix(".part")
        part.write_text("\n".join(said) + "\n" + text)
        part.rename(target)
        return "250 taken"


def sign_in(server, session, envelope, mechanism, given):
    good = isinstance(given, LoginPassword) and given == LoginPassword(b"console", b"mail secret")
    return AuthResult(success=good, auth_data="console" if good else None, handled=good)


def plain():
    return SMTP(Box())


def secured():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE, KEY)
    return SMTP(
        Box(),
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=sign_in,
    )


async def serve():
    loop = asyncio.get_running_loop()
    for protocol in (plain, secured):
        server = await loop.create_server(protocol, "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


asyncio.run(serve())
