"""The stories that are replayed; the format is told in ``tests/dns/replay.py``."""

STORIES = """
-- a stale answer is used until its TTL ends, and then the new one --
has b.tst: w.b.tst A 300 127.9.0.1
ask w.b.tst A -> 127.9.0.1
asked ns.root ns.tst ns.b.tst
has b.tst: w.b.tst A 300 127.9.0.2
pass 299
ask W.B.tst A -> 127.9.0.1
asked nobody
ttl 1
pass 1
ask w.b.tst A -> 127.9.0.2
asked ns.b.tst
ttl 300

-- a TTL of nothing serves one look-up and is not kept --
has b.tst: w.b.tst A 0 127.9.0.1
ask w.b.tst A -> 127.9.0.1
ttl 0
has b.tst: w.b.tst A 0 127.9.0.2
ask w.b.tst A -> 127.9.0.2
asked ns.b.tst

-- an RRset holds as long as its shortest TTL, and shows one TTL --
has b.tst: w.b.tst A 300 127.9.0.1
ns.b.tst adds answer w.b.tst A 20 127.9.0.2
ask w.b.tst A -> 127.9.0.1, 127.9.0.2
ttl 20
knows w.b.tst A: 127.9.0.1, 127.9.0.2 (20 s left)
pass 20
ask w.b.tst A -> 127.9.0.1, 127.9.0.2
asked ns.b.tst

-- nothing is kept for more than a week --
has b.tst: w.b.tst A 2000000 127.9.0.1
ask w.b.tst A -> 127.9.0.1
ttl 604800

-- a TTL with its highest bit set counts as nothing --
ns.b.tst adds answer w.b.tst A 2147483648 127.9.0.1
has b.tst: w.b.tst TXT 300 "here"
ask w.b.tst A -> 127.9.0.1
ttl 0
ask w.b.tst A -> 127.9.0.1
asked ns.b.tst

-- a name that does not exist does so for every type, until the SOA's time is over --
ask w.b.tst A -> NXDOMAIN
ttl 60
has b.tst: w.b.tst MX 300 10 w.c.tst
ask w.b.tst MX -> NXDOMAIN
asked nobody
pass 60
ask w.b.tst MX -> 10 w.c.tst
ask w.b.tst A -> nothing

-- that there are no such records is kept for one type alone --
has b.tst: w.b.tst TXT 300 "here"
ask w.b.tst A -> nothing
knows w.b.tst A: no such records (60 s left)
ask w.b.tst A -> nothing
asked nobody
ask w.b.tst TXT -> "here"
asked ns.b.tst

-- a no is kept for three hours at most --
has b.tst: b.tst SOA 90000 ns.b.tst hostmaster.b.tst 2 7200 900 1209600 90000
ask w.b.tst A -> NXDOMAIN
ttl 10800

-- a name that has come to be is no longer denied --
ask w.b.tst A -> NXDOMAIN
has b.tst: w.b.tst A 300 127.9.0.1
flush w.b.tst
ask w.b.tst A -> 127.9.0.1
asked ns.b.tst

-- an alias into another zone is asked for there, and each part ages by itself --
has b.tst: w.b.tst CNAME 100 w.c.tst
has c.tst: w.c.tst A 300 127.9.0.1
ask w.b.tst A -> 127.9.0.1
asked ns.root ns.tst ns.b.tst ns.tst ns.c.tst
walk has CNAME w.c.tst
has c.tst: w.c.tst A 300 127.9.0.2
has b.tst: w.b.tst CNAME 100 x.c.tst
has c.tst: x.c.tst A 300 127.9.0.3
pass 99
ask w.b.tst A -> 127.9.0.1
asked nobody
pass 1
ask w.b.tst A -> 127.9.0.3
asked ns.b.tst ns.c.tst
ask w.c.tst A -> 127.9.0.1
ttl 200

-- an alias in the cache leads to a name that is asked for again --
has b.tst: w.b.tst CNAME 3000 w.c.tst
has c.tst: w.c.tst A 10 127.9.0.1
ask w.b.tst A -> 127.9.0.1
pass 10
has c.tst: w.c.tst A 10 127.9.0.2
ask w.b.tst A -> 127.9.0.2
asked ns.c.tst
walk has in the cache: w.b.tst CNAME: w.c.tst (2990 s left)

-- an alias of nothing is a no of its target, and is kept as one --
has b.tst: w.b.tst CNAME 300 gone.c.tst
ask w.b.tst A -> NXDOMAIN
ask gone.c.tst A -> NXDOMAIN
asked nobody
ask w.b.tst CNAME -> gone.c.tst
asked nobody

-- a chain within one zone takes one question --
has b.tst: one.b.tst CNAME 300 two.b.tst
has b.tst: two.b.tst CNAME 300 w.b.tst
has b.tst: w.b.tst A 300 127.9.0.1
ask one.b.tst A -> 127.9.0.1
asked ns.root ns.tst ns.b.tst
ask two.b.tst A -> 127.9.0.1
asked nobody

-- what a parent says of a zone that it gave away is asked of the zone itself --
zone d.tst at ns.d.tst 127.1.0.5
has d.tst: w.d.tst A 300 127.9.0.1
ask w.d.tst A -> 127.9.0.1
flush w.d.tst
has tst: www.tst CNAME 300 w.d.tst
ns.tst adds answer w.d.tst A 300 127.6.6.6
ask www.tst A -> 127.9.0.1
asked ns.tst ns.d.tst

-- aliases in a circle over two zones end --
has b.tst: w.b.tst CNAME 300 w.c.tst
has c.tst: w.c.tst CNAME 300 w.b.tst
ask w.b.tst A -> SERVFAIL the aliases lead nowhere: w.b.tst -> w.c.tst -> w.b.tst
ask w.c.tst A -> SERVFAIL the aliases lead nowhere
asked nobody

-- an endless row of aliases is given up --
has b.tst: *.b.tst CNAME 0 x.y.b.tst
ns.b.tst adds answer x.y.b.tst CNAME 0 w.b.tst
ask w.b.tst A -> SERVFAIL the aliases lead nowhere

-- a lame server is passed over --
has tst: b.tst NS 3600 ns.c.tst, ns.b.tst
has b.tst: w.b.tst A 300 127.9.0.1
ns.c.tst adds no authority
ask w.b.tst A -> 127.9.0.1
asked ns.root ns.tst ns.c.tst ns.b.tst

-- of two servers one is dead --
has tst: b.tst NS 3600 ns0.b.tst, ns.b.tst
has tst: ns0.b.tst A 3600 127.1.0.66
has b.tst: w.b.tst A 300 127.9.0.1
ask w.b.tst A -> 127.9.0.1
took 0
walk has (127.1.0.66): unreachable

-- of two servers one refuses and one fails --
zone d.tst at ns.d.tst 127.1.0.5
has tst: d.tst NS 3600 ns.d.tst, ns2.d.tst
has tst: ns2.d.tst A 3600 127.1.0.6
zone e.tst at ns2.d.tst 127.1.0.6
ns.d.tst is refusing
ns2.d.tst is failing
ask w.d.tst A -> SERVFAIL ns.d.tst at 127.1.0.5: REFUSED; ns2.d.tst at 127.1.0.6: SERVFAIL
took 0

-- of two servers one is silent: it costs time once, and is asked last from then on --
has tst: b.tst NS 3600 ns.d.tst, ns.b.tst
zone d.tst at ns.d.tst 127.1.0.5
has b.tst: w.b.tst A 10 127.9.0.1
ns.d.tst is silent
ask w.b.tst A -> 127.9.0.1
asked ns.root ns.tst ns.d.tst ns.b.tst
took 1.5
pass 10
ask w.b.tst A -> 127.9.0.1
asked ns.b.tst
took 0

-- a server that answers late enough for its second chance --
has b.tst: w.b.tst A 300 127.9.0.1
ns.b.tst is late by 2
ask w.b.tst A -> 127.9.0.1
asked ns.root ns.tst ns.b.tst ns.b.tst
took 3.5

-- a late answer that comes before the time-out is taken --
has b.tst: w.b.tst A 300 127.9.0.1
ns.b.tst is late by 1.4
ask w.b.tst A -> 127.9.0.1
took 1.4

-- a zone whose only server is silent is given up, and not asked again at once --
ns.b.tst is silent
ask w.b.tst A -> SERVFAIL no server of b.tst. answered: ns.b.tst at 127.1.0.3: timed out after 10.5 s (3 tries)
took 10.5
ask w.b.tst A -> SERVFAIL (a moment ago)
asked nobody
ns.b.tst is well
has b.tst: w.b.tst A 300 127.9.0.1
pass 5
ask w.b.tst A -> 127.9.0.1
took 0

-- a zone whose server was switched off is asked as soon as it is on again --
has b.tst: w.b.tst A 300 127.9.0.1
ns.b.tst is off
ask w.b.tst A -> SERVFAIL unreachable
ns.b.tst is well
ask w.b.tst A -> 127.9.0.1
took 0

-- many silent servers do not hold a look-up for ever --
has tst: b.tst NS 3600 n1.b.tst, n2.b.tst, n3.b.tst, n4.b.tst, n5.b.tst
has tst: n1.b.tst A 3600 127.1.0.3
zone x1.tst at n2.b.tst 127.1.0.12
zone x2.tst at n3.b.tst 127.1.0.13
zone x3.tst at n4.b.tst 127.1.0.14
zone x4.tst at n5.b.tst 127.1.0.15
has tst: n2.b.tst A 3600 127.1.0.12
has tst: n3.b.tst A 3600 127.1.0.13
has tst: n4.b.tst A 3600 127.1.0.14
has tst: n5.b.tst A 3600 127.1.0.15
ns.b.tst is silent
n2.b.tst is silent
n3.b.tst is silent
n4.b.tst is silent
n5.b.tst is silent
ask w.b.tst A -> SERVFAIL gave up after 12 time-outs, at b.tst
took 34.5

-- a server that does not know EDNS is asked without, and that is remembered --
has b.tst: w.b.tst A 10 127.9.0.1
ns.b.tst is deaf to EDNS
ask w.b.tst A -> 127.9.0.1
asked ns.root ns.tst ns.b.tst ns.b.tst
walk has without EDNS
pass 10
ask w.b.tst A -> 127.9.0.1
asked ns.b.tst
pass 890
ask w.b.tst A -> 127.9.0.1
asked ns.b.tst ns.b.tst

-- an answer too long for a datagram is fetched over TCP --
has b.tst: w.b.tst TXT 300 "LONG", "LONG2", "LONG3", "LONG4", "LONG5", "LONG6", "LONG7"
ask w.b.tst TXT -> "LONG", "LONG2", "LONG3", "LONG4", "LONG5", "LONG6", "LONG7"
asked ns.root ns.tst ns.b.tst ns.b.tst
walk has over TCP

-- poison in every section is poured away --
has b.tst: w.b.tst A 300 127.9.0.1
has c.tst: w.c.tst A 300 127.9.0.2
ns.b.tst adds answer w.c.tst A 300 127.6.6.6
ns.b.tst adds authority c.tst NS 300 ns.b.tst
ns.b.tst adds authority tst NS 300 ns.b.tst
ns.b.tst adds additional ns.c.tst A 300 127.1.0.3
ns.b.tst adds additional w.c.tst A 300 127.6.6.6
ask w.b.tst A -> 127.9.0.1
ask w.c.tst A -> 127.9.0.2
asked ns.tst ns.c.tst

-- an alias brings no address of its target along --
has b.tst: w.b.tst CNAME 300 w.c.tst
has c.tst: w.c.tst A 300 127.9.0.2
ns.b.tst adds answer w.c.tst A 300 127.6.6.6
ask w.b.tst A -> 127.9.0.2

-- glue finds the way and answers nobody --
ask b.tst SOA -> ns.b.tst hostmaster.b.tst 1 7200 900 1209600 60
ask ns.b.tst A -> 127.1.0.3
asked ns.b.tst

-- what a zone says of its own server counts for more than the glue above it --
zone b.tst at ns.b.tst 127.1.0.7
has tst: ns.b.tst A 3600 127.1.0.3
has b.tst: w.b.tst A 300 127.9.0.1
ask ns.b.tst A -> 127.1.0.7
walk has asked ns.b.tst (127.1.0.3)
ask w.b.tst A -> 127.9.0.1
walk has asked ns.b.tst (127.1.0.7)

-- a delegation that changes is followed when the old one has expired --
has b.tst: w.b.tst A 60 127.9.0.1
ask w.b.tst A -> 127.9.0.1
zone b.tst at ns2.b.tst 127.1.0.8
has tst: b.tst NS 3600 ns2.b.tst
has b.tst: w.b.tst A 60 127.9.0.2
pass 3599
ask w.b.tst A -> 127.9.0.1
asked ns.b.tst
pass 60
ask w.b.tst A -> 127.9.0.2
asked ns.root ns.tst ns2.b.tst

-- a zone cannot keep itself alive after its parent took it back --
has b.tst: w.b.tst A 60 127.9.0.1
ask w.b.tst A -> 127.9.0.1
hasnt tst: b.tst NS
hasnt tst: ns.b.tst A
pass 3000
ask w.b.tst A -> 127.9.0.1
ask b.tst NS -> ns.b.tst
pass 600
ask w.b.tst A -> NXDOMAIN
asked ns.root ns.tst

-- a name server of another zone is looked up first, and its address is kept --
zone far at ns.far 127.1.0.9
zone d.tst at ns.far 127.1.0.9
has d.tst: w.d.tst A 10 127.9.0.1
ask w.d.tst A -> 127.9.0.1
asked ns.root ns.tst ns.root ns.far ns.far
walk has the address of ns.far has to be looked up
pass 10
ask w.d.tst A -> 127.9.0.1
asked ns.far
knows ns.far A: 127.1.0.9 (3590 s left)

-- two zones whose servers need each other cannot be reached --
has tst: hen.tst NS 3600 ns.egg.tst
has tst: egg.tst NS 3600 ns.hen.tst
ask w.hen.tst A -> SERVFAIL its address cannot be learned without asking it

-- a zone of many servers that do not exist is not looked for without end --
has tst: d.tst NS 3600 n1.c.tst, n2.c.tst, n3.c.tst, n4.c.tst, n5.c.tst, n6.c.tst, n7.c.tst, n8.c.tst, n9.c.tst
ask w.d.tst A -> SERVFAIL not looked up, after 5 servers without an address
asked ns.root ns.tst ns.tst ns.c.tst ns.c.tst ns.c.tst ns.c.tst ns.c.tst

-- a server with an address of IPv6 alone is passed over --
has tst: d.tst NS 3600 six.c.tst, ns.b.tst
has c.tst: six.c.tst AAAA 3600 ::1
zone d.tst at ns.b.tst 127.1.0.3
has tst: d.tst NS 3600 six.c.tst, ns.b.tst
has d.tst: w.d.tst A 300 127.9.0.1
ask w.d.tst A -> 127.9.0.1

-- a referral upwards is lame --
zone d.tst at ns.d.tst 127.1.0.5
ns.d.tst adds authority . NS 300 ns.root
ns.d.tst adds no authority
ask w.d.tst A -> SERVFAIL lame: no authority for d.tst

-- a cache that is flushed starts at the root again --
has b.tst: w.b.tst A 300 127.9.0.1
ask w.b.tst A -> 127.9.0.1
flush
ask w.b.tst A -> 127.9.0.1
asked ns.root ns.tst ns.b.tst
walk has A w.b.tst: not in the cache; from the root
knows tst NS: asked at ns.tst 127.1.0.2 (3600 s left)
"""
