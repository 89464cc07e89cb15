#!/usr/bin/env python3
"""What the firewall collector says, against what real connections do.

Makes a network namespace with one Ethernet interface and a neighbour behind it, loads rulesets with
the real nft, opens listeners, runs the collector, and connects. "drop" must never be reached and
"accept" must always be; "conditional" may be either. Ends with 77 where namespaces cannot be made.

    firewall_namespace.py PATH_TO_collect_facts [SEED]
"""

import json
import os
import random
import re
import selectors
import shutil
import socket
import subprocess
import sys
import time

SKIP = 77
PORTS = (22, 80, 443, 1000, 5353, 8080, 9100, 25000)
INTERFACE = "eth0"
MACHINE = {4: "192.0.2.10", 6: "2001:db8::10"}
MACHINE_LINK_LOCAL = "fe80::10"
NEIGHBOUR_LINK_LOCAL = "fe80::11"
# The senders that the collector thinks of: the neighbours of our addresses, and the internet.
SENDERS = {
    "lan": {4: ("192.0.2.9",), 6: ("2001:db8::11", NEIGHBOUR_LINK_LOCAL)},
    "internet": {
        4: ("31.77.12.9", "93.184.216.34", "185.220.33.71"),
        6: ("2001:a98:1234:1::9", "2606:2800:220:1::1", "2a02:a47:5678:1::7"),
    },
}
RANDOM_SECONDS = 20


def run(*command, **options):
    return subprocess.run(command, check=True, text=True, capture_output=True, **options)


# ---- The neighbour: a process in a namespace of its own, told by lines of JSON what to send.


def source_address(family, source, target_is_link_local):
    if family == 4:
        return (source, 0)
    return (source, 0, 0, socket.if_nametoindex("peer0") if target_is_link_local else 0)


def target_address(family, source, port):
    if family == 4:
        return (MACHINE[4], port)
    if source == NEIGHBOUR_LINK_LOCAL:
        return (MACHINE_LINK_LOCAL, port, 0, socket.if_nametoindex("peer0"))
    return (MACHINE[6], port)


def is_connected(sock):
    """Whether the first packet was answered; SO_ERROR would also tell of later ones."""
    try:
        sock.getpeername()
    except OSError:
        return False
    return True


def connect_all(family, sources, seconds):
    """The ports that accept a TCP connection from one of the sources."""
    reached = set()
    selector = selectors.DefaultSelector()
    open_sockets = []
    for source in sources:
        for port in PORTS:
            link_local = source == NEIGHBOUR_LINK_LOCAL
            sock = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6)
            sock.setblocking(False)
            sock.bind(source_address(family, source, link_local))
            sock.connect_ex(target_address(family, source, port))
            selector.register(sock, selectors.EVENT_WRITE, port)
            open_sockets.append(sock)
    deadline = time.monotonic() + seconds
    while selector.get_map() and time.monotonic() < deadline:
        for key, _ in selector.select(deadline - time.monotonic()):
            if is_connected(key.fileobj):
                reached.add(key.data)
            selector.unregister(key.fileobj)
    for sock in open_sockets:
        sock.close()
    return sorted(reached)


def send_all(family, sources):
    for source in sources:
        kind = socket.AF_INET if family == 4 else socket.AF_INET6
        with socket.socket(kind, socket.SOCK_DGRAM) as sock:
            sock.bind(source_address(family, source, source == NEIGHBOUR_LINK_LOCAL))
            for port in PORTS:
                sock.sendto(b"x", target_address(family, source, port))


def neighbour():
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        answer = []
        if order["do"] == "connect":
            answer = connect_all(order["family"], order["sources"], order["seconds"])
        elif order["do"] == "send":
            send_all(order["family"], order["sources"])
        elif order["do"] == "setup":
            set_up_neighbour(order["machine_mac"])
        print(json.dumps(answer), flush=True)


def set_up_neighbour(machine_mac):
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "set", "peer0", "addrgenmode", "none")
    run("ip", "link", "set", "peer0", "up")
    for kind in SENDERS.values():
        for address in kind[4]:
            run("ip", "address", "add", f"{address}/32", "dev", "peer0")
        for address in kind[6]:
            size = 64 if address == NEIGHBOUR_LINK_LOCAL else 128
            run("ip", "address", "add", f"{address}/{size}", "dev", "peer0", "nodad")
    run("ip", "route", "add", MACHINE[4], "dev", "peer0")
    run("ip", "route", "add", MACHINE[6], "dev", "peer0")
    for address in (MACHINE[4], MACHINE[6], MACHINE_LINK_LOCAL):
        run("ip", "neigh", "replace", address, "lladdr", machine_mac, "dev", "peer0")


# ---- The machine.


def mac_of(interface):
    return json.loads(run("ip", "-j", "link", "show", interface).stdout)[0]["address"]


def set_up_machine():
    """Makes the pair of interfaces and answers the neighbour's process."""
    process = subprocess.Popen(
        ["unshare", "-n", sys.executable, __file__, "--neighbour"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", INTERFACE, "type", "veth", "peer", "name", "peer0")
    neighbour_mac = mac_of("peer0")
    run("ip", "link", "set", "peer0", "netns", str(process.pid))
    run("ip", "link", "set", INTERFACE, "addrgenmode", "none")
    run("ip", "link", "set", INTERFACE, "up")
    run("ip", "address", "add", f"{MACHINE[4]}/24", "dev", INTERFACE)
    run("ip", "address", "add", f"{MACHINE[6]}/64", "dev", INTERFACE, "nodad")
    run("ip", "address", "add", f"{MACHINE_LINK_LOCAL}/64", "dev", INTERFACE, "nodad")
    run("ip", "route", "add", "default", "dev", INTERFACE)
    run("ip", "-6", "route", "add", "default", "dev", INTERFACE)
    for kind in SENDERS.values():
        for address in kind[4] + kind[6]:
            run("ip", "neigh", "replace", address, "lladdr", neighbour_mac, "dev", INTERFACE)
    ask(process, do="setup", machine_mac=mac_of(INTERFACE))
    return process


def ask(process, **order):
    process.stdin.write(json.dumps(order) + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def open_listeners():
    """TCP and UDP sockets on every port, IPv4 and IPv6 apart."""
    listeners, receivers = [], {}
    for family, kind, anywhere in ((4, socket.AF_INET, "0.0.0.0"), (6, socket.AF_INET6, "::")):
        for port in PORTS:
            for protocol in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                sock = socket.socket(kind, protocol)
                sock.setblocking(False)
                if family == 6:
                    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                sock.bind((anywhere, port))
                if protocol == socket.SOCK_STREAM:
                    sock.listen(64)
                    listeners.append(sock)
                else:
                    receivers[(family, port)] = sock
    return listeners, receivers


def drain(listeners):
    for sock in listeners:
        while True:
            try:
                sock.accept()[0].close()
            except BlockingIOError:
                break


def received(receivers, family):
    ports = set()
    for (of_family, port), sock in receivers.items():
        while True:
            try:
                sock.recv(16)
            except BlockingIOError:
                break
            if of_family == family:
                ports.add(port)
    return ports


class Machine:
    def __init__(self, program):
        self.program = program
        self.neighbour = set_up_machine()
        self.listeners, self.receivers = open_listeners()

    def collect(self, *wrapper):
        result = run(*wrapper, self.program, "firewall")
        return json.loads(result.stdout)

    def reached(self, protocol, family, sources, seconds):
        if protocol == "tcp":
            ports = ask(self.neighbour, do="connect", family=family, sources=sources,
                        seconds=seconds)
            drain(self.listeners)
            return set(ports)
        received(self.receivers, family)
        ask(self.neighbour, do="send", family=family, sources=sources)
        time.sleep(seconds / 5)
        return received(self.receivers, family)

    def disagreements(self, facts, seconds=0.1):
        """Each port that the collector and a real packet answer differently."""
        found = []
        for sender, families in SENDERS.items():
            for family, sources in families.items():
                for protocol in ("tcp", "udp"):
                    verdicts = verdicts_of(facts, sender, family, protocol)
                    reached = self.reached(protocol, family, sources, seconds)
                    for port, verdict in verdicts.items():
                        if verdict != "conditional" and (verdict == "accept") != (port in reached):
                            found.append(f"{sender} IPv{family} {protocol}/{port}: says {verdict}, "
                                         f"is {'reached' if port in reached else 'not reached'}")
        return found

    def compare(self, facts):
        """Once more, slowly, before it counts: the machine may be busy."""
        found = self.disagreements(facts)
        return self.disagreements(facts, 2.0) if found else found


def verdicts_of(facts, sender, family, protocol):
    verdicts = {
        item["port"]: item[sender]
        for item in facts["sockets"]
        if item["protocol"] == protocol and item["family"] == f"ipv{family}"
    }
    missing = [port for port in PORTS if port not in verdicts]
    if missing:
        raise AssertionError(f"ports {missing} of IPv{family} {protocol} are not listed")
    return verdicts


def load(ruleset):
    """Loads it in place of what was there. nft wants a line end or ';' after statements and blocks,
    which rulesets on one line leave out before and after '}'."""
    statement = r"(?<!: )(accept|drop|return|notrack|0x10|:80|admin-prohibited|port-unreachable) }"
    ruleset = re.sub(statement, r"\1; }", ruleset)
    ruleset = re.sub(r"}\s*(?=}|chain |set |map |table )", "}; ", ruleset)
    subprocess.run(["nft", "-f", "-"], input="flush ruleset\n" + ruleset, text=True, check=True)


# ---- Rulesets that machines have, with the state that each must give.

CHAIN = "type filter hook input priority 0; policy %s;"
BASICS = 'ct state established,related accept; iif lo accept;'
RULESETS = {
    "empty": ("", "not_filtering"),
    "policy_drop": (
        "table inet f { chain i { " + CHAIN % "drop" + BASICS + " tcp dport 22 accept } }",
        "filtering"),
    "ipv4_only": (
        "table ip f { chain i { " + CHAIN % "drop" + BASICS + " tcp dport { 22, 80 } accept } }",
        "partial"),
    "early_accept_does_not_save": (
        "table inet a { chain i { type filter hook input priority -10; accept; } }"
        "table inet b { chain i { " + CHAIN % "drop" + "udp dport 5353 accept; } }",
        "filtering"),
    "fail2ban": (
        "table inet f2b-table { set addr-set-sshd { type ipv4_addr; elements = { 198.51.100.7 } }"
        " chain f2b-chain { type filter hook input priority -1; policy accept;"
        " tcp dport 22 ip saddr @addr-set-sshd reject with icmp port-unreachable } }",
        "not_filtering"),
    "accept_policy_and_final_reject": (
        "table inet f { set open { type inet_service; elements = { 22, 443 } }"
        " chain i { " + CHAIN % "accept" + "ct state vmap { invalid : drop, established : accept };"
        " tcp dport @open accept; tcp dport vmap { 80 : accept, 1000 : drop };"
        " tcp dport 8000-8100 accept; reject with icmpx admin-prohibited } }",
        "filtering"),
    "interval_sets_and_addresses": (
        "table inet f { set ports { type inet_service; flags interval;"
        " elements = { 20-30, 400-499, 9100 } }"
        " set friends { type ipv4_addr; flags interval; elements = { 192.0.2.0/28, 93.184.0.0/16 } }"
        " chain i { " + CHAIN % "drop" + "ip saddr @friends tcp dport @ports accept;"
        " ip6 saddr 2001:db8::/32 udp dport != { 80, 443 } accept } }",
        "conditional"),
    "concatenations": (
        "table inet f { set a { type ipv4_addr . inet_service; elements = { 192.0.2.9 . 22 } }"
        " set b { type ipv4_addr . inet_service; flags interval;"
        " elements = { 192.0.2.0/24 . 400-500, 31.77.0.0-31.78.0.0 . 8080 } }"
        " chain i { " + CHAIN % "drop" + "ip saddr . tcp dport @a accept;"
        " ip saddr . tcp dport @b accept } }",
        "filtering"),
    "maps_of_verdicts_and_jumps": (
        "table inet f { chain web { tcp dport { 80, 443 } accept; return }"
        " chain mail { drop }"
        " map by_port { type inet_service : verdict; elements = { 80 : jump web, 443 : goto web,"
        " 1000 : goto mail } }"
        " chain i { " + CHAIN % "accept" + "tcp dport vmap @by_port; tcp dport 8080 drop;"
        " meta l4proto udp jump { udp dport 5353 accept; drop } } }",
        "conditional"),
    "a_wide_range_is_open": (
        "table inet f { chain i { " + CHAIN % "drop" + BASICS + " tcp dport 1024-19999 accept } }",
        "conditional"),
    "another_wide_range_is_open": (
        "table inet f { chain i { " + CHAIN % "drop" + BASICS + " udp dport 32768-36000 accept } }",
        "conditional"),
    "a_few_ports_in_a_row_are_open": (
        "table inet f { chain i { " + CHAIN % "drop" + BASICS + " tcp dport 1714-1764 accept;"
        " udp dport 60000-61000 accept } }",
        "filtering"),
    "interface_wildcard": (
        'table inet f { chain i { ' + CHAIN % "drop" + 'iifname "eth*" tcp dport 22 accept;'
        ' iifname "wg*" accept; iifname { "eth0", "wlan0" } udp dport 5353 accept;'
        ' iifname != "lo" tcp dport 9100 accept } }',
        "filtering"),
    "outgoing_interface_is_empty": (
        'table inet f { chain i { ' + CHAIN % "drop" + 'oifname "eth0" accept;'
        ' oifname != "eth0" tcp dport 80 accept } }',
        "filtering"),
    "dropped_before_routing": (
        "table inet f { chain p { type filter hook prerouting priority raw; policy drop;"
        " tcp dport 22 accept } }",
        "filtering"),
    "connection_state_is_not_there_yet": (
        "table inet f { chain p { type filter hook prerouting priority raw; policy accept;"
        " ct state new tcp dport 22 drop; ct state invalid tcp dport 80 drop }"
        " chain i { " + CHAIN % "accept" + "ct state new tcp dport 443 drop } }",
        "not_filtering"),
    "untracked": (
        "table inet f { chain p { type filter hook prerouting priority raw; tcp dport 22 notrack }"
        " chain i { " + CHAIN % "drop" + "ct state untracked accept; ct state new tcp dport 80 accept }"
        "}",
        "filtering"),
    "dropped_at_the_device": (
        "table netdev f { chain n { type filter hook ingress device eth0 priority 0;"
        " policy accept; tcp dport { 22, 80 } drop } }",
        "not_filtering"),
    "device_of_another_interface": (
        "table netdev f { chain n { type filter hook ingress device lo priority 0; policy drop; } }",
        "not_filtering"),
    "switched_off": (
        "table inet f { flags dormant; chain i { " + CHAIN % "drop" + "} }",
        "not_filtering"),
    "marks": (
        "table inet f { chain p { type filter hook prerouting priority mangle;"
        " tcp dport { 22, 80 } meta mark set 0x7; tcp dport 443 meta mark set 0x10 }"
        " chain i { " + CHAIN % "drop" + "meta mark 0x7 accept; meta mark & 0xf0 == 0x10 accept } }",
        "filtering"),
    "half_of_all_rates": (
        "table inet f { chain i { " + CHAIN % "drop" + "limit rate 1/hour burst 1 packets accept } }",
        "conditional"),
    "marked_where_a_rate_is_exceeded": (
        "table inet f { chain p { type filter hook prerouting priority mangle;"
        " limit rate 1/hour burst 1 packets accept; meta mark set 0x7; }"
        " chain i { " + CHAIN % "drop" + "meta mark 0x7 accept } }",
        "conditional"),
    "redirected": (
        "table inet n { chain p { type nat hook prerouting priority dstnat;"
        " tcp dport 8080 redirect to :80 } }"
        "table inet f { chain i { " + CHAIN % "drop" + "tcp dport 80 accept } }",
        "filtering"),
    "reverse_path": (
        "table inet f { chain p { type filter hook prerouting priority raw;"
        " fib saddr . iif oif missing drop; fib saddr oif != eth0 drop; fib saddr oifname != \"eth0\" drop;"
        " fib saddr type local drop; fib daddr type != local drop }"
        " chain i { " + CHAIN % "accept" + "tcp dport 22 drop } }",
        "not_filtering"),
    "source_ports": (
        "table inet f { chain i { " + CHAIN % "drop" + "udp sport 53 accept; tcp sport 20 tcp dport 22"
        " accept } }",
        "conditional"),
    "header_fields": (
        "table inet f { chain i { " + CHAIN % "drop" + "meta nfproto ipv4 tcp dport 22 accept;"
        " ip protocol udp udp dport 5353 accept; ip6 nexthdr tcp tcp dport 443 accept;"
        " tcp flags & (fin | syn | rst | ack) == syn tcp dport 80 accept;"
        " tcp flags ! syn tcp dport 8080 accept; meta pkttype host tcp dport 1000 accept;"
        " exthdr frag exists accept; rt type 0 accept } }",
        "filtering"),
    "one_port_more_than_half": (
        "table inet f { chain i { " + CHAIN % "drop" + "tcp dport 1024-65535 accept } }",
        "conditional"),
    "everything_by_range": (
        "table inet f { chain i { " + CHAIN % "drop" + "tcp dport 0-65535 accept;"
        " udp dport >= 0 accept } }",
        "not_filtering"),
}


IPTABLES = (
    "-P INPUT ACCEPT", "-N LOGGING", "-A INPUT -i lo -j ACCEPT",
    "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "-A INPUT -m state --state INVALID -j DROP",
    "-A INPUT -p tcp -m tcp --dport 22 -m comment --comment ssh -j ACCEPT",
    "-A INPUT -p tcp -m multiport --dports 80,400:500 -j ACCEPT",
    "-A INPUT -m addrtype --dst-type LOCAL -p udp --dport 5353 -j ACCEPT",
    "-A INPUT -p tcp --dport 8080 -m limit --limit 1/hour -j ACCEPT",
    "-A INPUT -j LOGGING", "-A LOGGING -m limit --limit 3/min -j LOG",
    "-A LOGGING -j REJECT",
)


def check_iptables(machine):
    """iptables over nf_tables for IPv4 alone."""
    load("")
    for arguments in IPTABLES:
        run("iptables-nft", *arguments.split())
    facts = machine.collect()["facts"]
    problems = machine.compare(facts)
    if facts["state"] != "partial" or facts["inbound_internet_ipv4"] != "drop":
        problems.append(f"state is {facts['state']}, IPv4 {facts['inbound_internet_ipv4']}")
    return problems


def check_legacy(machine):
    """Tables of the older iptables are seen, not made, and not guessed about."""
    load("")
    if machine.collect()["facts"]["engines"] != []:
        return ["looking made a table"]
    run("iptables-legacy", "-P", "INPUT", "DROP")
    result = machine.collect()
    run("iptables-legacy", "-P", "INPUT", "ACCEPT")
    problems = []
    if result["facts"]["engines"] != ["xtables"] or result["unknown"].get("state") != "unsupported":
        problems.append(f"engines {result['facts']['engines']}, state {result['unknown']}")
    return problems


def check_without_privileges(machine):
    load(RULESETS["policy_drop"][0])
    result = machine.collect("setpriv", "--bounding-set=-all", "--inh-caps=-all")
    unknown = result["unknown"]
    problems = [name for name in ("state", "engines", "rules", "chains", "exposed_lan",
                                  "inbound_lan_ipv4", "published_ports")
                if unknown.get(name) != "not_permitted"]
    if result["facts"]["listening_tcp"] != 2 * len(PORTS):
        problems.append(f"listening_tcp is {result['facts']['listening_tcp']}")
    return problems


def check_same_twice(machine):
    load(RULESETS["accept_policy_and_final_reject"][0])
    first = machine.collect()
    machine.reached("tcp", 4, SENDERS["lan"][4], 0.1)
    return [] if machine.collect() == first else ["a second look gave other facts"]


def check_ruleset(machine, name):
    ruleset, state = RULESETS[name]
    load(ruleset)
    facts = machine.collect()["facts"]
    problems = machine.compare(facts)
    if facts["state"] != state:
        problems.append(f"state is {facts['state']}, not {state}: " + ", ".join(
            f"{key} {facts[key]}" for key in facts if key.startswith("inbound")))
    return problems


# ---- Rulesets that nobody has, from a seed.


def random_match(rng):
    port = rng.choice(PORTS)
    several = ", ".join(str(p) for p in rng.sample(PORTS, rng.randint(1, 4)))
    protocol = rng.choice(("tcp", "udp", "th"))
    return rng.choice((
        "", f"{protocol} dport {port}", f"{protocol} dport != {port}",
        f"{protocol} dport {{ {several} }}", f"{protocol} dport != {{ {several} }}",
        f"{protocol} dport {rng.randint(1, 500)}-{rng.randint(501, 30000)}",
        f"{protocol} dport >= {rng.randint(1, 10000)}", f"{protocol} dport < {rng.randint(1, 10000)}",
        "meta l4proto udp", "meta l4proto { tcp, udp }", "meta nfproto ipv6",
        "ct state new", "ct state established", "ct state { new, related }", 'iifname "eth0"',
        'iifname "wlan*"', 'iifname != "e*"', "meta mark 0", "meta mark 0x5", "fib daddr type local",
        "ip saddr 192.0.2.0/24", "ip saddr != 93.0.0.0/8", "ip6 saddr fe80::/10",
        "ip6 saddr { 2001:db8::/32, 2a02::/16 }", "limit rate 1000000/second", "ip ttl > 3",
        "tcp flags syn", f"tcp sport {rng.choice(PORTS)}", "meta pkttype host",
        "ip saddr . tcp dport { 192.0.2.9 . 22, 31.77.12.9 . 80 }",
        "ip saddr . th dport { 192.0.2.0/24 . 20-100, 93.184.0.0/16 . 400-9000 }",
    ))


def random_verdict(rng, chains):
    targets = [f"jump {name}" for name in chains] + [f"goto {name}" for name in chains]
    plain = ["accept", "accept", "drop", "drop", "reject", "return", "meta mark set 0x5", "counter"]
    several = ", ".join(f"{port} : {rng.choice(targets + ['accept', 'drop', 'return'])}"
                        for port in rng.sample(PORTS, 3))
    return rng.choice(plain + targets * 2 + [f"th dport vmap {{ {several} }}"])


def fits(family, match):
    """ip rules in an ip6 table, and the other way round, are no rules."""
    if family == "inet":
        return True
    return not match.startswith(("meta nfproto", "ip6 " if family == "ip" else "ip "))


def random_rules(rng, family, hook, chains):
    lines = []
    for _ in range(rng.randint(0, 5)):
        match = random_match(rng)
        verdict = random_verdict(rng, chains)
        if not fits(family, match) or (verdict == "reject" and hook != "input"):
            continue
        lines.append(f"{match} {verdict}")
    return "\n    ".join(lines)


def random_table(rng, number):
    family = rng.choice(("inet", "inet", "ip", "ip6"))
    hook = rng.choice(("input", "input", "input", "prerouting"))
    names = ["c0", "c1", "c2"][: rng.randint(0, 3)]
    text = f"table {family} t{number} {{\n"
    for index, name in reversed(list(enumerate(names))):
        text += f"  chain {name} {{\n    {random_rules(rng, family, hook, names[index + 1:])}\n  }}\n"
    text += (f"  chain base {{\n    type filter hook {hook} priority {rng.randint(-310, 60)};"
             f" policy {rng.choice(('accept', 'accept', 'drop'))};\n"
             f"    {random_rules(rng, family, hook, names)}\n  }}\n}}\n")
    return text


def check_random(machine, seed):
    rng = random.Random(seed)
    deadline = time.monotonic() + RANDOM_SECONDS
    rounds = decided = asked = 0
    while time.monotonic() < deadline:
        ruleset = "".join(random_table(rng, number) for number in range(rng.randint(1, 3)))
        load(ruleset)
        facts = machine.collect()["facts"]
        problems = machine.compare(facts)
        if problems:
            return [f"seed {seed}, round {rounds}", ruleset, *problems]
        rounds += 1
        for item in facts["sockets"]:
            asked += 2
            decided += sum(item[sender] in ("accept", "drop") for sender in SENDERS)
    print(f"     {rounds} random rulesets, {decided} of {asked} verdicts decided")
    return [] if decided > asked // 2 else ["the collector decided less than half"]


def enter_namespace():
    """Starts this program again inside a network namespace, as root or with a user namespace."""
    options = ["-n"] if os.geteuid() == 0 else ["-r", "-n"]
    # Its own first process makes the namespace the machine's, where the collector may look.
    whole_machine = ["-p", "-f", "--mount-proc"]
    for tool in ("unshare", "ip", "nft"):
        if shutil.which(tool) is None:
            print(f"skipped: there is no {tool}")
            return SKIP
    if subprocess.run(["unshare", *options, *whole_machine, "true"], capture_output=True,
                      check=False).returncode == 0:
        options += whole_machine
    if subprocess.run(["unshare", *options, "nft", "list", "ruleset"], capture_output=True,
                      check=False).returncode != 0:
        print("skipped: no network namespace can be made here")
        return SKIP
    return subprocess.call(["unshare", *options, sys.executable, __file__, "--inside",
                            *sys.argv[1:]])


def inside(program, seed):
    machine = Machine(program)
    checks = {name: lambda name=name: check_ruleset(machine, name) for name in RULESETS}
    checks["same_twice"] = lambda: check_same_twice(machine)
    checks["without_privileges"] = lambda: check_without_privileges(machine)
    if shutil.which("iptables-nft"):
        checks["iptables_nft"] = lambda: check_iptables(machine)
    checks["random"] = lambda: check_random(machine, seed)
    if shutil.which("iptables-legacy"):
        checks["legacy"] = lambda: check_legacy(machine)  # last: its table stays
    failed = 0
    for name, check in checks.items():
        problems = check()
        failed += bool(problems)
        print(f"{'FAIL' if problems else 'ok  '} {name}")
        for problem in problems[:12]:
            print(f"     {problem}")
    machine.neighbour.stdin.close()
    machine.neighbour.wait()
    return 1 if failed else 0


def main():
    if sys.argv[1:] == ["--neighbour"]:
        neighbour()
        return 0
    if sys.argv[1] == "--inside":
        return inside(sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 20261123)
    return enter_namespace()


if __name__ == "__main__":
    sys.exit(main())
