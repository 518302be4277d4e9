"""Serves and tries SCTP inside one namespace of the lab, over raw sockets, since neither Node nor every kernel has it.

Answers INIT with INIT ACK; the state cookie carries the endpoint's address and the client's. No full handshake is
made. Commands and answers are those of wire.ts, a line of JSON each, over standard input and output.
"""
import json
import os
import select
import socket
import struct
import sys
import threading

SCTP = 132
INIT, INIT_ACK, COOKIE = 1, 2, 7
IP_RECVERR, IPV6_RECVERR = 11, 25


def crc32c_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


TABLE = crc32c_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def packet(sport, dport, tag, chunk):
    blank = struct.pack('!HHII', sport, dport, tag, 0) + chunk
    return blank[:8] + struct.pack('<I', crc32c(blank)) + blank[12:]


def chunk(kind, parameters):
    # Initiate tag, receive window, streams out and in, initial sequence number.
    body = struct.pack('!IIHHI', 0x6B706331, 65536, 1, 1, 1) + parameters
    return struct.pack('!BBH', kind, 0, 4 + len(body)) + body


def parameter(kind, value):
    padding = b'\0' * (-len(value) % 4)
    return struct.pack('!HH', kind, 4 + len(value)) + value + padding


def parse(data):
    """(source port, destination port, kind of the first chunk, initiate tag, parameters)"""
    if len(data) < 32:
        return None
    sport, dport = struct.unpack('!HH', data[:4])
    kind, _, length = struct.unpack('!BBH', data[12:16])
    tag = struct.unpack('!I', data[16:20])[0]
    return sport, dport, kind, tag, data[32:12 + length]


def raw_socket(ip):
    family = socket.AF_INET6 if ':' in ip else socket.AF_INET
    return socket.socket(family, socket.SOCK_RAW, SCTP)


def payload(sock, data):
    """IPv4 raw sockets give the IP header too."""
    return data[(data[0] & 15) * 4:] if sock.family == socket.AF_INET else data


def endpoint_text(ip, port):
    return f'[{ip}]:{port}' if ':' in ip else f'{ip}:{port}'


def serve(sock, ip, port):
    while True:
        data, peer = sock.recvfrom(65536)
        parsed = parse(payload(sock, data))
        if not parsed or parsed[1] != port or parsed[2] != INIT:
            continue
        sport, _, _, tag, _ = parsed
        cookie = json.dumps({'endpoint': endpoint_text(ip, port), 'peer': peer[0]}).encode()
        answer = packet(port, sport, tag, chunk(INIT_ACK, parameter(COOKIE, cookie)))
        sock.sendto(answer, (peer[0], 0))


def listen(command):
    sock = raw_socket(command['ip'])
    sock.bind((command['ip'], 0))
    threading.Thread(target=serve, args=(sock, command['ip'], command['port']), daemon=True).start()
    return {'ok': True}


def one_try(command, sport):
    sock = raw_socket(command['dst'])
    with sock:
        if sock.family == socket.AF_INET:
            sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
        sock.connect((command['dst'], 0))
        try:
            sock.send(packet(sport, command['port'], 0, chunk(INIT, b'')))
        except PermissionError:
            # So a sender hears that its own output chain took the packet; a refusal, if it was one, comes after.
            pass
        return await_answer(sock, command, sport)


def await_answer(sock, command, sport):
    end = os.times().elapsed + command['timeoutMs'] / 1000
    while True:
        left = end - os.times().elapsed
        if left <= 0 or not select.select([sock], [], [], left)[0]:
            return {'got': 'dropped'}
        parsed = parse(payload(sock, sock.recv(65536)))
        if not parsed or parsed[:3] != (command['port'], sport, INIT_ACK):
            continue
        parameters = parsed[4]
        kind, length = struct.unpack('!HH', parameters[:4])
        assert kind == COOKIE
        return {'got': 'answered', **json.loads(parameters[4:length])}


def attempt(command, sport):
    try:
        return one_try(command, sport)
    except ConnectionRefusedError:
        return {'got': 'refused'}
    except OSError as error:
        if error.errno in (113, 13):
            return {'got': 'prohibited'}
        raise


def probe(command):
    tries = []
    for index in range(command['tries']):
        tries.append(attempt(command, command['sport'] + index))
        if index == 2 and all(one['got'] != 'answered' for one in tries):
            break
    return {'tries': tries}


ANSWERS = threading.Lock()
# A raw socket has no ports: it would hear of the refusals that another probe to the same address meets.
PROBES = threading.Lock()


def obey(command):
    try:
        if command['do'] == 'listen':
            answer = listen(command)
        else:
            with PROBES:
                answer = probe(command)
    except Exception as error:
        answer = {'error': repr(error)}
    with ANSWERS:
        print(json.dumps({'id': command['id'], **answer}), flush=True)


for line in sys.stdin:
    threading.Thread(target=obey, args=(json.loads(line),), daemon=True).start()
