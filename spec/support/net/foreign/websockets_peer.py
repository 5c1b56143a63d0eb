"""A WebSocket peer of another make: the package websockets. It says in lines of JSON what it does.

websockets_peer.py client|server OPTIONS, which are JSON:
  port       the client's: where to dial
  sizes      the client's: how long the messages are that it sends, each of which is echoed
  last       the client's: what it sends at the end; without it, it closes with 4002
  protocols  what it speaks
  deflate    whether messages may be compressed

A server echoes, but for these texts: !ping, !fragments, and !close CODE WHY, which it does.
"""

import asyncio
import json
import sys

import websockets


def say(**what):
    print(json.dumps(what), flush=True)


def text(size):
    return "é" * (size // 2) + "x" * (size % 2)


def binary(size):
    return bytes(index & 0xFF for index in range(size))


def settings(options):
    return {
        "subprotocols": options.get("protocols"),
        "compression": "deflate" if options.get("deflate") else None,
        "max_size": 16 * 2**20,
        "ping_interval": None,
        "close_timeout": 5,
    }


def say_agreed(connection):
    names = [extension.name for extension in connection.extensions]
    say(protocol=connection.subprotocol or "", extensions=names)


async def say_pong(connection):
    await (await connection.ping(b"are you there"))
    say(pong="are you there")


def say_closed(connection):
    say(closed=connection.close_code, reason=connection.close_reason)


async def serve(connection):
    say_agreed(connection)
    try:
        async for message in connection:
            if message == "!ping":
                await say_pong(connection)
            elif message == "!fragments":
                await connection.send(["gr", "ü", "", "ße"])
                await connection.send([b"one", b"", b"two"])
            elif isinstance(message, str) and message.startswith("!close"):
                _, code, why = message.split(" ", 2)
                await connection.close(int(code), why)
            else:
                await connection.send(message)
    except websockets.ConnectionClosed:
        pass
    say_closed(connection)


async def server(options):
    async with websockets.serve(serve, "127.0.0.1", 0, **settings(options)) as bound:
        say(port=bound.sockets[0].getsockname()[1])
        await asyncio.Future()


async def client(options):
    uri = f"ws://127.0.0.1:{options['port']}/"
    async with websockets.connect(uri, **settings(options)) as connection:
        say_agreed(connection)
        for size in options.get("sizes", []):
            for message in (text(size), binary(size)):
                await connection.send(message)
                if await connection.recv() != message:
                    say(wrong=size)
        say(echoed=len(options.get("sizes", [])))
        await connection.send(["gr", "ü", "", "ße"])
        say(fragments=await connection.recv())
        await say_pong(connection)
        if "last" in options:
            await connection.send(options["last"])
            await connection.wait_closed()
        else:
            await connection.close(4002, "that was all")
        say_closed(connection)


asyncio.run({"client": client, "server": server}[sys.argv[1]](json.loads(sys.argv[2])))
