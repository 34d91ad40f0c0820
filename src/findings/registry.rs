//! Every finding that there is: its code, how bad it is, what it means, and what to do about it.

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// It costs something, and may be meant so.
    Notice,
    /// Something is wrong.
    Warning,
    /// It keeps people from their work.
    Critical,
}

impl Severity {
    /// Its word in the output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// What is said of a code.
#[derive(Debug)]
pub struct Entry {
    /// The code.
    pub code: Code,
    /// Its word in the output. A word never changes its meaning.
    pub word: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// A heading, in a few words.
    pub title: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
    /// The RFC or the kernel parameter behind it.
    pub reference: &'static str,
}

macro_rules! registry {
    ($($(#[$doc:meta])* $code:ident $word:literal $severity:ident, $title:literal, $meaning:literal, $remedy:literal, $reference:literal;)*) => {
        /// What can be found. They are in the order in which they are told: the worst first.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])* $code,)* }

        impl Code {
            /// All of them.
            pub const ALL: [Code; [$($word),*].len()] = [$(Code::$code),*];
            /// Their words, in the same order.
            pub const WORDS: [&'static str; [$($word),*].len()] = [$($word),*];

            /// What is said of it.
            pub fn entry(self) -> &'static Entry {
                &ENTRIES[self as usize]
            }
        }

        /// All of them, in the order of [`Code::ALL`].
        pub static ENTRIES: [Entry; [$($word),*].len()] = [$(Entry {
            code: Code::$code,
            word: $word,
            severity: Severity::$severity,
            title: $title,
            meaning: $meaning,
            remedy: $remedy,
            reference: $reference,
        }),*];
    };
}

registry! {
    /// The listener's accept queue was full.
    AcceptQueueOverflow "accept_queue_overflow" Critical, "accept queue full",
        "The server finished the handshake in its own eyes only after the client had: the client's last ACK and its data were ignored, and the SYN-ACK came again, because the application does not call accept() fast enough. Clients believe to be connected and wait for seconds; with tcp_abort_on_overflow they are reset instead. A lost last ACK looks different: the first data of the client makes up for it.",
        "Confirm on the server: `nstat -az TcpExtListenOverflows TcpExtListenDrops`, and in `ss -ltn` a Recv-Q that has reached its Send-Q. Make the application accept faster (more workers, no blocking work in the accepting thread), or raise the backlog it passes to listen() together with net.core.somaxconn, which caps it.",
        "listen(2) backlog, net.core.somaxconn, net.ipv4.tcp_abort_on_overflow";
    /// A flood of SYNs.
    SynFlood "syn_flood" Critical, "SYN flood",
        "A hundred or more handshakes a second were begun at one listener and never finished, from many sources, while fewer than one in five succeeded. Sources that never send anything else are most likely forged. If the listener leaves SYNs unanswered, its queue of half-open connections is full and honest clients wait too.",
        "Keep SYN cookies on (net.ipv4.tcp_syncookies = 1) and watch `nstat -az TcpExtSyncookiesSent TcpExtTCPReqQFullDoCookies TcpExtTCPReqQFullDrop`. Raise net.ipv4.tcp_max_syn_backlog and net.core.somaxconn, lower net.ipv4.tcp_synack_retries, and filter upstream (SYN proxy, rate limits, source validation).",
        "RFC 4987; net.ipv4.tcp_syncookies, net.ipv4.tcp_max_syn_backlog, net.ipv4.tcp_synack_retries";
    /// No ephemeral ports are left.
    PortExhaustion "port_exhaustion" Critical, "ephemeral ports run out",
        "One client has nearly all of its ephemeral ports in use towards one service, most of them in TIME_WAIT, where a port stays for 60 s after the client closed. New connections come only as fast as ports get free: range / 60 s, about 470 a second with Linux's defaults. Beyond that connect() fails with EADDRNOTAVAIL.",
        "Reuse connections (keep-alive, connection pool): that is the cure. Until then widen net.ipv4.ip_local_port_range, keep net.ipv4.tcp_tw_reuse at 1 or 2 with TCP timestamps on, let the server close first, or spread the load over more source or destination addresses. Confirm with `ss -tan state time-wait dst SERVER | wc -l`.",
        "RFC 9293 3.3.2 (TIME-WAIT), RFC 6056; net.ipv4.ip_local_port_range, net.ipv4.tcp_tw_reuse";
    /// A listener refuses nearly all.
    ServiceDown "service_down" Critical, "service down",
        "Half or more of at least ten attempts to connect to this service were refused with a reset or an ICMP error: nothing listens there, or a firewall rejects it. Where some attempts succeed in between, the service is restarting again and again, or one member behind a load balancer is down.",
        "On the server: `ss -ltn 'sport = :PORT'` shows whether anything listens, and on which address. Look at the service's log and at what restarts it; behind a load balancer at the health of each member; at firewall rules that say REJECT.",
        "RFC 9293 3.5.2 (reset generation), RFC 1122 4.2.3.9 (ICMP)";
    /// Nobody answers there.
    ServiceUnreachable "service_unreachable" Critical, "service does not answer",
        "Half or more of at least ten attempts to connect to this service met silence: no SYN-ACK, no reset, no ICMP error. The host is down or unrouted, a firewall drops the packets, the answers take another way that was not captured, or the listener's queues are so full that it drops SYNs.",
        "Capture at the server too: if the SYNs arrive and nothing leaves, look at firewall rules that say DROP and at `nstat -az TcpExtListenDrops TcpExtTCPReqQFullDrop`; if they do not arrive, follow the path (`tcptraceroute HOST PORT`), security groups and routes.",
        "RFC 9293 3.8.3; net.ipv4.tcp_syn_retries";
    /// The peer went silent for good.
    PeerDead "peer_dead" Warning, "peer dead",
        "Keep-alives or data of one side were not answered any more, although the peer had not closed: its host crashed, lost its network, or something on the way forgot the connection.",
        "Find out what happened to the peer at that time: crash, suspend, change of address, failover, a firewall or NAT that dropped its state. Applications notice sooner with TCP_USER_TIMEOUT or shorter keep-alives (net.ipv4.tcp_keepalive_time, _intvl, _probes).",
        "RFC 9293 3.8.4 (keep-alives), RFC 5482 (user timeout); net.ipv4.tcp_keepalive_time, tcp_keepalive_intvl, tcp_keepalive_probes";
    /// The SYN was refused.
    Refused "refused" Warning, "connection refused",
        "The SYN was answered by a reset or by an ICMP error: nothing listens at that address and port, or a firewall rejects it.",
        "On the server: `ss -ltn` shows what listens and where (127.0.0.1 is reached from nowhere else). Check the address and port that the client was given, and firewall rules that say REJECT.",
        "RFC 9293 3.5.2, RFC 1122 4.2.3.9";
    /// Nothing answered the SYN.
    SynUnanswered "syn_unanswered" Warning, "no answer to the SYN",
        "The client repeated its SYN until it gave up, and nothing came back: host down, no route, a firewall that drops, or answers that take a way that was not captured.",
        "Capture at the server: do the SYNs arrive? Does an answer leave? Then check firewalls, security groups, routes and reverse-path filters in between.",
        "RFC 9293 3.8.3; net.ipv4.tcp_syn_retries, net.ipv4.conf.all.rp_filter";
    /// Reset after a silence.
    IdleReset "idle_reset" Warning, "reset after idling",
        "After a long silence of both sides the next packet was answered by a reset: one end, or a firewall, NAT or load balancer on the way, had given the connection up in the meantime without telling the other.",
        "Compare the length of the silence with the idle timeouts of what lies between. Send keep-alives more often than that (SO_KEEPALIVE with TCP_KEEPIDLE, or net.ipv4.tcp_keepalive_time), or let pools drop connections before they get so old.",
        "RFC 5382 REQ-5 (NAT: at least 2 h 4 min), RFC 1122 4.2.3.6; net.ipv4.tcp_keepalive_time, net.netfilter.nf_conntrack_tcp_timeout_established";
    /// Reset by a third party.
    RstInjected "rst_injected" Warning, "reset by a third party",
        "A reset bears the address of one end, but its TTL or IP identification does not fit with that end's other packets, or that end went on as if nothing had happened. A firewall, an intrusion prevention system or a censor sent it.",
        "Compare the reset's TTL with that of the packets around it to see how far away its sender is, and ask for the logs of firewalls, proxies and IPS in that place.",
        "RFC 5961 3 (challenge ACK), RFC 9293 3.10.7.4";
    /// A TIME_WAIT was in the way.
    TimeWaitCollision "time_wait_collision" Warning, "met a TIME_WAIT",
        "A new connection used ports whose previous connection the other end still remembered: its SYN was answered by an ACK of the old one, which the client had to reset before it could try again. That costs a second or more, or the connection.",
        "Have clients reuse their connections instead of their ports; keep TCP timestamps on (net.ipv4.tcp_timestamps = 1), which let a TIME_WAIT be reopened at once; do not bind clients to fixed source ports; widen net.ipv4.ip_local_port_range, also on NATs.",
        "RFC 6191, RFC 9293 3.6.1, RFC 5961 4; net.ipv4.tcp_timestamps, net.ipv4.tcp_tw_reuse";
    /// SYNs or SYN-ACKs had to be repeated.
    SlowConnect "slow_connect" Warning, "handshake repeated",
        "SYN or SYN-ACK had to be sent again before the connection stood. The first repetition comes after a second, the next after three: users feel it.",
        "See whether packets are lost (then data is sent again too), or whether the server dropped the SYN because a queue was full: `nstat -az TcpExtListenDrops TcpExtTCPReqQFullDrop` on the server; see accept_queue_overflow.",
        "RFC 6298 2 and 5.7 (initial timeout of 1 s); net.ipv4.tcp_syn_retries, net.ipv4.tcp_synack_retries";
    /// Much was lost.
    PacketLoss "packet_loss" Warning, "packet loss",
        "A noticeable share of the data had to be sent again because it was lost on the way. Every loss halves or cuts the sender's rate and delays what comes behind it.",
        "The columns …_lost_upstream_bytes and …_lost_downstream_bytes say on which side of the capture point it was lost. Look there for interface errors and drops (`ip -s link`, `ethtool -S`), duplex or MTU trouble, full queues and policers.",
        "RFC 5681, RFC 6675, RFC 8985 (RACK-TLP)";
    /// The receiver shut its window.
    ZeroWindow "zero_window" Warning, "window shut",
        "A receiver had no room left and said so: its application does not read fast enough. The sender waits, and probes.",
        "Look at the receiving application, not at the network: `ss -tm` shows a full Recv-Q. If it reads in time but in bursts, a larger buffer helps (SO_RCVBUF, net.ipv4.tcp_rmem).",
        "RFC 9293 3.8.6.1 (zero-window probing); net.ipv4.tcp_rmem";
    /// Nagle's algorithm waited for delayed ACKs.
    NagleDelayedAck "nagle_delayed_ack" Warning, "Nagle against delayed ACK",
        "A sender writes a message in several small pieces. Nagle's algorithm holds the second back until the first is acknowledged, and the receiver delays that ACK because it waits for more: 40 ms (Linux) to 200 ms (Windows) are lost each time.",
        "Write each message with one call (buffered writer, writev), or set TCP_NODELAY on the sending socket. TCP_QUICKACK at the receiver helps only for a moment.",
        "RFC 9293 3.7.4 (Nagle), RFC 1122 4.2.3.2 (delayed ACK); TCP_NODELAY";
    /// A queue stands on the path.
    Bufferbloat "bufferbloat" Warning, "bufferbloat",
        "While data flows, the round trip is a multiple of what it is otherwise: packets stand in an oversized queue before the bottleneck. The transfer itself does not mind; everything else on the same link does.",
        "Put queue management at the bottleneck (fq_codel, CAKE) or shape slightly below its rate; a delay-based congestion control (BBR) at the sender helps, and so does net.ipv4.tcp_notsent_lowat for what waits in the sender itself.",
        "RFC 7567, RFC 8289 (CoDel), RFC 8290 (FQ-CoDel); net.core.default_qdisc, net.ipv4.tcp_congestion_control";
    /// Retransmissions that were not needed.
    SpuriousRetransmission "spurious_retransmission" Warning, "needless retransmissions",
        "Much of what was sent again had arrived the first time: the sender took delay or reordering for loss, wasted capacity and slowed down for nothing.",
        "See whether the path reorders packets (bonding, ECMP per packet, several queues) or delays them in bursts (Wi-Fi, a suspended virtual machine). Keep SACK, D-SACK and timestamps on; net.ipv4.tcp_reordering and tcp_recovery (RACK) decide how soon loss is assumed.",
        "RFC 2883 (D-SACK), RFC 3522 (Eifel), RFC 5682 (F-RTO), RFC 8985; net.ipv4.tcp_reordering, net.ipv4.tcp_frto";
    /// A host is scanned.
    PortScan "port_scan" Warning, "port scan",
        "One source tried many ports of a host, or one port of many hosts, within a minute, and four of five attempts found nothing or ended without a byte of data.",
        "Find out whose it is: a security scanner, a monitoring system and a misconfigured service discovery look the same. Otherwise block the source, and check what its few successes reached.",
        "Zeek scan detection; RFC 9293 3.10.7.1 (answers of closed ports)";
    /// Half-open connections pile up.
    HalfOpenBacklog "half_open_backlog" Warning, "half-open connections pile up",
        "Many handshakes at one listener stand half open at the same time: it answered, and the clients did not. Each takes a place in its queue until the last SYN-ACK retry, about a minute, and when the queue is full SYNs are dropped.",
        "`ss -tn state syn-recv` on the server shows them. If the sources are real, see why the SYN-ACKs or the ACKs do not arrive (asymmetric routes, a stateful firewall). Keep SYN cookies on; net.ipv4.tcp_max_syn_backlog sets the room, net.ipv4.tcp_synack_retries how long each stays.",
        "RFC 4987; net.ipv4.tcp_max_syn_backlog, net.core.somaxconn, net.ipv4.tcp_synack_retries";
    /// TIME_WAIT takes the ports of a pair.
    TimeWaitPressure "time_wait_pressure" Warning, "TIME_WAIT fills the port range",
        "One client has more than 70 % of its ephemeral ports in use towards one service, most of them in TIME_WAIT, because it opens a connection for each request and closes it first. At a somewhat higher rate it runs out of ports.",
        "Reuse connections (keep-alive, pool). Otherwise widen net.ipv4.ip_local_port_range, use net.ipv4.tcp_tw_reuse with timestamps, or let the server close first. `ss -tan state time-wait | wc -l` counts them.",
        "RFC 9293 3.3.2 (TIME-WAIT), RFC 6191; net.ipv4.ip_local_port_range, net.ipv4.tcp_tw_reuse";
    /// Idle connections are killed on the way.
    IdleKiller "idle_killer" Warning, "idle connections are killed",
        "Several connections to one service died as soon as they were used again after the same long silence, while shorter silences did no harm: something, mostly a firewall, a NAT or a load balancer, forgets connections after that time.",
        "Raise that timeout, or stay below it: keep-alives more often (TCP_KEEPIDLE, net.ipv4.tcp_keepalive_time; its default of two hours is longer than most timeouts), or an idle limit in the connection pool that is shorter. Known ones: AWS NLB and NAT gateway 350 s, AWS ALB 60 s, Azure load balancer 240 s, many firewalls 3600 s.",
        "RFC 5382 REQ-5, RFC 1122 4.2.3.6; net.ipv4.tcp_keepalive_time, net.netfilter.nf_conntrack_tcp_timeout_established";
    /// Many connections of one listener are reset.
    ResetStorm "reset_storm" Warning, "many resets",
        "A fifth or more of the connections to one service, at least twenty, ended with a reset instead of a FIN: data may have been lost on each.",
        "The kinds tell who does it and why (column rst_kind): abort is an application that closes with unread data or SO_LINGER 0, no_socket a process or host that restarted, data_after_close one that closed too early. See the log of the side that resets.",
        "RFC 9293 3.5.2, RFC 2525 2.17, RFC 1122 4.2.2.13";
    /// Four-tuples come back early.
    PortReuse "port_reuse" Notice, "ports reused early",
        "A client used the same ports towards the same service again within a minute after the last connection: allowed with timestamps, but a sign that it goes through its ports fast, or binds to fixed ones. A NAT with few addresses does the same.",
        "Reuse connections, widen net.ipv4.ip_local_port_range, do not bind clients to source ports. Look for time_wait_collision and port_exhaustion beside it.",
        "RFC 6191, RFC 6056; net.ipv4.tcp_tw_reuse, net.ipv4.ip_local_port_range";
    /// Many short connections where one would do.
    ConnectionChurn "connection_churn" Notice, "connection churn",
        "One client opens ten or more connections a second to one service, and nearly all of them carry a single request. Each pays a round trip for TCP, more for TLS, begins in slow start, and leaves a TIME_WAIT behind.",
        "Use persistent connections or a pool: HTTP keep-alive (also between proxy and backend, where it is often off), database pools. The summary's requests per connection shows the effect.",
        "RFC 9112 9.3 (persistence), RFC 9113";
    /// Options are stripped on the way.
    OptionsStripped "options_stripped" Notice, "options stripped on the way",
        "The same client negotiates SACK, window scaling and timestamps with this service on some connections and none of them on others, or several clients get none of them where the rest get all. Middleboxes that rewrite or remove TCP options do that; very old or very small stacks do it themselves.",
        "Capture at both ends and compare the options of the SYN. Look at TCP normalisation or \"options clearing\" on firewalls, at SYN proxies and SYN cookies without timestamps, and at net.ipv4.tcp_sack, tcp_window_scaling and tcp_timestamps of the hosts.",
        "RFC 7323, RFC 2018, RFC 9293 3.1; net.ipv4.tcp_sack, net.ipv4.tcp_window_scaling, net.ipv4.tcp_timestamps";
    /// The window held the sender back for most of the time.
    WindowLimited "window_limited" Notice, "held back by the window",
        "For most of the time the sender waited for the receiver's window, not for the network: the window is smaller than what the path holds, or the application reads slowly.",
        "Raise the receiver's limits (net.ipv4.tcp_rmem, third value; no fixed SO_RCVBUF, which turns auto-tuning off), and see whether its application reads in time.",
        "RFC 7323 (window scaling), RFC 9293 3.8.6; net.ipv4.tcp_rmem, net.ipv4.tcp_moderate_rcvbuf";
    /// Window scaling is off on a long path.
    NoWindowScaling "no_window_scaling" Notice, "no window scaling",
        "Window scaling was not negotiated, so that no more than 64 kB can be on their way: on this path that limits a transfer to 64 kB a round trip.",
        "Switch it on at both ends (net.ipv4.tcp_window_scaling = 1) and see that no firewall removes the option from the SYN.",
        "RFC 7323 2; net.ipv4.tcp_window_scaling";
    /// SACK is off.
    NoSack "no_sack" Notice, "no SACK",
        "Selective acknowledgements were not negotiated: with several losses in one window the sender repairs one a round trip, or waits for its timer.",
        "Switch it on at both ends (net.ipv4.tcp_sack = 1) and see that no firewall removes the option from the SYN.",
        "RFC 2018, RFC 6675; net.ipv4.tcp_sack";
    /// Small segments.
    SmallMss "small_mss" Notice, "small maximum segment size",
        "The segment size that was agreed on is below 1200 bytes, or a SYN came without the option, which leaves 536: more packets and more overhead than the path is likely to need. Tunnels and MSS clamping lower it on purpose.",
        "Compare the MSS in the SYNs at both ends. Check the MTU of tunnels, `iptables … TCPMSS --clamp-mss-to-pmtu` rules and `ip route` entries with advmss.",
        "RFC 6691, RFC 9293 3.7.1, RFC 4821; net.ipv4.tcp_mtu_probing, net.ipv4.route.min_adv_mss";
    /// Never finished.
    HalfOpen "half_open" Notice, "handshake not finished",
        "The server answered the SYN, and the client never did: it is gone, it did not get the answer, or the address was forged.",
        "Singly it is of no matter. If it is always the same client, see whether the SYN-ACKs reach it (asymmetric routes, a firewall on the way back).",
        "RFC 9293 3.5, RFC 4987; net.ipv4.tcp_synack_retries";
    /// The server's application is slow.
    SlowResponse "slow_response" Notice, "slow responses",
        "The server took long to answer, with the network's round trips taken out: the time went into the application, or into what it waits for.",
        "Look at the server: its log at that time, its threads and its queues, its own connections to databases and other services (capture those next).",
        "RFC 9293 3.8 leaves it to the application; column response_time_p95_ms";
    /// Keep-alives hold it open.
    KeptAlive "kept_alive" Info, "kept alive",
        "The connection carried no data for long, and keep-alives, which were answered, held it open. That is what they are for.",
        "Nothing. If nobody needs the connection, give its pool an idle limit.",
        "RFC 9293 3.8.4; net.ipv4.tcp_keepalive_time";
    /// The capture has gaps.
    CaptureLoss "capture_loss" Info, "the capture has gaps",
        "Bytes were acknowledged that the capture never saw: it is the capture that lost them, not the network. Counts of this connection are lower bounds.",
        "Capture with a smaller snaplen (128 bytes) and a larger buffer (`tcpdump -B`), write to a faster disk, filter in the kernel; see whether the mirror port is oversubscribed.",
        "column missing_bytes";
}

const _: () = assert!(Code::ALL.len() <= 64);

impl Code {
    /// Its word in the output.
    pub fn word(self) -> &'static str {
        self.entry().word
    }

    /// How bad it is.
    pub fn severity(self) -> Severity {
        self.entry().severity
    }
}

/// A set of codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Codes(u64);

impl Codes {
    /// Adds a code, if `holds`.
    pub fn add(&mut self, code: Code, holds: bool) {
        self.0 |= u64::from(holds) << code as u64;
    }

    /// Those of both sets.
    #[must_use]
    pub const fn with(self, more: Self) -> Self {
        Self(self.0 | more.0)
    }

    /// It is among them.
    pub const fn has(self, code: Code) -> bool {
        self.0 >> code as u64 & 1 != 0
    }

    /// None is.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// One bit each, in the order of [`Code::ALL`].
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// All codes of severity warning and above.
    const WARNINGS: Self = {
        let (mut bits, mut at) = (0, 0);
        while at < ENTRIES.len() {
            bits |= (ENTRIES[at].severity as u64 >= Severity::Warning as u64) as u64 * (1 << at);
            at += 1;
        }
        Self(bits)
    };

    /// Those of severity warning and above.
    #[must_use]
    pub const fn warnings(self) -> Self {
        Self(self.0 & Self::WARNINGS.0)
    }

    /// Them, the worst first.
    pub fn iter(self) -> impl Iterator<Item = Code> {
        Code::ALL.into_iter().filter(move |&code| self.has(code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained() {
        for (entry, code) in ENTRIES.iter().zip(Code::ALL) {
            assert_eq!((entry.code, entry.word), (code, code.word()));
            for text in [entry.title, entry.meaning, entry.remedy, entry.reference] {
                assert!(!text.is_empty() && text.trim() == text && !text.contains("  "), "{}: {text:?}", entry.word);
            }
            for sentence in [entry.meaning, entry.remedy] {
                assert!(sentence.ends_with('.') && sentence.len() > 20, "{}: {sentence}", entry.word);
            }
            assert!(entry.word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", entry.word);
        }
        let mut words = Code::WORDS.to_vec();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Code::ALL.len());
    }

    #[test]
    fn warnings_are_told_from_the_rest() {
        let mut all = Codes::default();
        Code::ALL.into_iter().for_each(|code| all.add(code, true));
        assert!(Code::ALL.iter().all(|&code| all.warnings().has(code) == (code.severity() >= Severity::Warning)));
        assert!(Codes::default().warnings().is_empty());
    }

    #[test]
    fn the_worst_come_first() {
        assert!(Code::ALL.is_sorted_by_key(|code| std::cmp::Reverse(code.severity())));
    }
}
