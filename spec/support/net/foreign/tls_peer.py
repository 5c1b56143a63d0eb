"""A TLS peer of another make: Python's. It says in lines of JSON what it does.

tls_peer.py client|server OPTIONS, which are JSON:
  port      the client's: where to dial
  name      the client's: whom it expects
  says      the client's: the lines that it sends, each of which is answered
  starttls  whether it begins in clear
  ca        whom to trust; a server then asks for a certificate
  cert, key who it is
  alpn      what it speaks
"""

import json
import socket
import ssl
import sys


def say(**what):
    print(json.dumps(what), flush=True)


def read_line(connection):
    line = b""
    while not line.endswith(b"\n"):
        byte = connection.recv(1)
        if not byte:
            break
        line += byte
    return line.decode().rstrip("\n")


def send_line(connection, line):
    connection.sendall(f"{line}\n".encode())


def context_of(purpose, options):
    context = ssl.create_default_context(purpose, cafile=options.get("ca"))
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # The certificates of the specs are of the simplest.
    if "cert" in options:
        context.load_cert_chain(options["cert"], options["key"])
    if "ca" in options:
        context.verify_mode = ssl.CERT_REQUIRED
    if "alpn" in options:
        context.set_alpn_protocols(options["alpn"])
    return context


def say_settled(secure):
    subject = (secure.getpeercert() or {}).get("subject", ())
    peer = [value for names in subject for name, value in names if name == "commonName"]
    say(protocol=secure.version(), alpn=secure.selected_alpn_protocol(), peer=peer)


def client(options):
    context = context_of(ssl.Purpose.SERVER_AUTH, options)
    with socket.create_connection(("127.0.0.1", options["port"])) as clear:
        if options.get("starttls"):
            send_line(clear, "STARTTLS")
            say(clear=read_line(clear))
        secure = context.wrap_socket(clear, server_hostname=options["name"])
        say_settled(secure)
        for line in options["says"]:
            send_line(secure, line)
            say(heard=read_line(secure))
        secure.unwrap()
        say(ended="in order")


def server(options):
    context = context_of(ssl.Purpose.CLIENT_AUTH, options)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        say(port=listener.getsockname()[1])
        clear, _ = listener.accept()
        if options.get("starttls"):
            say(clear=read_line(clear))
            send_line(clear, "220 go ahead")
        secure = context.wrap_socket(clear, server_side=True)
        say_settled(secure)
        while line := read_line(secure):
            send_line(secure, line.upper())
        secure.unwrap()
        say(ended="in order")


try:
    {"client": client, "server": server}[sys.argv[1]](json.loads(sys.argv[2]))
except ssl.SSLError as error:
    say(error=error.reason or str(error))
except OSError as error:
    say(error=error.strerror or str(error))
