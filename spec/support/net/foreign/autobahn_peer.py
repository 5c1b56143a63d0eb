"""A WebSocket peer of another make: Autobahn. It says in lines of JSON what it does.

autobahn_peer.py client|server OPTIONS, which are JSON:
  port       the client's: where to dial
  sizes      the client's: how long the messages are that it sends, each of which is echoed
  last       the client's: what it sends at the end; without it, it closes with 4002
  protocols  what it speaks
  deflate    whether messages may be compressed
  fragment   the size of the fragments in which it sends

A server echoes, but for these texts: !ping, !fragments, and !close CODE WHY, which it does.
"""

import asyncio
import json
import sys

from autobahn.asyncio.websocket import (
    WebSocketClientFactory,
    WebSocketClientProtocol,
    WebSocketServerFactory,
    WebSocketServerProtocol,
)
from autobahn.websocket.compress import (
    PerMessageDeflateOffer,
    PerMessageDeflateOfferAccept,
    PerMessageDeflateResponse,
    PerMessageDeflateResponseAccept,
)

options = json.loads(sys.argv[2])
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)


def say(**what):
    print(json.dumps(what), flush=True)


def messages():
    for size in options.get("sizes", []):
        yield ("é" * (size // 2) + "x" * (size % 2)).encode(), False
        yield bytes(index & 0xFF for index in range(size)), True


def offer_accept(offers):
    for offer in offers:
        if isinstance(offer, PerMessageDeflateOffer):
            return PerMessageDeflateOfferAccept(offer)


def response_accept(response):
    if isinstance(response, PerMessageDeflateResponse):
        return PerMessageDeflateResponseAccept(response)


def agreed(protocol):
    deflate = protocol.websocket_extensions_in_use
    say(protocol=protocol.websocket_protocol_in_use or "", extensions=[each.EXTENSION_NAME for each in deflate])


class Common:
    def onPong(self, payload):
        say(pong=payload.decode())
        self.goOn()

    def goOn(self):
        pass

    def onClose(self, clean, code, reason):
        say(closed=code, reason=reason or "")
        self.wasClosed()

    def wasClosed(self):
        pass


class Server(Common, WebSocketServerProtocol):
    def onConnect(self, request):
        return next((each for each in request.protocols if each in options.get("protocols", [])), None)

    def onOpen(self):
        agreed(self)

    def onMessage(self, payload, isBinary):
        if payload == b"!ping":
            self.sendPing(b"are you there")
        elif payload == b"!fragments":
            self.sendMessage("grüße".encode(), False, fragmentSize=3)
            self.sendMessage(b"onetwo", True, fragmentSize=1)
        elif payload.startswith(b"!close"):
            _, code, why = payload.decode().split(" ", 2)
            self.sendClose(int(code), why)
        else:
            self.sendMessage(payload, isBinary)


class Client(Common, WebSocketClientProtocol):
    def onOpen(self):
        agreed(self)
        self.steps = self.play()
        self.goOn()

    def goOn(self, heard=None):
        try:
            self.steps.send(heard)
        except StopIteration:
            pass

    def play(self):
        for payload, isBinary in messages():
            self.sendMessage(payload, isBinary)
            if (yield) != (payload, isBinary):
                say(wrong=len(payload))
        say(echoed=len(options.get("sizes", [])))
        self.sendMessage("grüße".encode(), False, fragmentSize=3)
        payload, _ = yield
        say(fragments=payload.decode())
        self.sendPing(b"are you there")
        yield
        if "last" in options:
            self.sendMessage(options["last"].encode(), False)
        else:
            self.sendClose(4002, "that was all")

    def onMessage(self, payload, isBinary):
        self.goOn((payload, isBinary))

    def wasClosed(self):
        loop.stop()


uri = f"ws://127.0.0.1:{options.get('port', 80)}/"
isServer = sys.argv[1] == "server"
factory = (WebSocketServerFactory if isServer else WebSocketClientFactory)(uri, protocols=options.get("protocols"))
factory.protocol = Server if isServer else Client
factory.setProtocolOptions(autoFragmentSize=options.get("fragment", 0))
if options.get("deflate") and isServer:
    factory.setProtocolOptions(perMessageCompressionAccept=offer_accept)
elif options.get("deflate"):
    factory.setProtocolOptions(
        perMessageCompressionOffers=[PerMessageDeflateOffer()], perMessageCompressionAccept=response_accept
    )
if isServer:
    bound = loop.run_until_complete(loop.create_server(factory, "127.0.0.1", 0))
    say(port=bound.sockets[0].getsockname()[1])
else:
    loop.run_until_complete(loop.create_connection(factory, "127.0.0.1", options["port"]))
loop.run_forever()
