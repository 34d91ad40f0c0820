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
    AcceptQueueOverflow "accept_queue_overflow" Critical, "accept queue full", "", "", "";
    /// A flood of SYNs.
    SynFlood "syn_flood" Critical, "SYN flood", "", "", "";
    /// No ephemeral ports are left.
    PortExhaustion "port_exhaustion" Critical, "ephemeral ports run out", "", "", "";
    /// A listener refuses nearly all.
    ServiceDown "service_down" Critical, "service down", "", "", "";
    /// Nobody answers there.
    ServiceUnreachable "service_unreachable" Critical, "service does not answer", "", "", "";
    /// The peer went silent for good.
    PeerDead "peer_dead" Warning, "peer dead", "", "", "";
    /// The SYN was refused.
    Refused "refused" Warning, "connection refused", "", "", "";
    /// Nothing answered the SYN.
    SynUnanswered "syn_unanswered" Warning, "no answer to the SYN", "", "", "";
    /// Reset after a silence.
    IdleReset "idle_reset" Warning, "reset after idling", "", "", "";
    /// Reset by a third party.
    RstInjected "rst_injected" Warning, "reset by a third party", "", "", "";
    /// A TIME_WAIT was in the way.
    TimeWaitCollision "time_wait_collision" Warning, "met a TIME_WAIT", "", "", "";
    /// SYNs or SYN-ACKs had to be repeated.
    SlowConnect "slow_connect" Warning, "handshake repeated", "", "", "";
    /// Much was lost.
    PacketLoss "packet_loss" Warning, "packet loss", "", "", "";
    /// The receiver shut its window.
    ZeroWindow "zero_window" Warning, "window shut", "", "", "";
    /// Nagle's algorithm waited for delayed ACKs.
    NagleDelayedAck "nagle_delayed_ack" Warning, "Nagle against delayed ACK", "", "", "";
    /// A queue stands on the path.
    Bufferbloat "bufferbloat" Warning, "bufferbloat", "", "", "";
    /// Retransmissions that were not needed.
    SpuriousRetransmission "spurious_retransmission" Warning, "needless retransmissions", "", "", "";
    /// A host is scanned.
    PortScan "port_scan" Warning, "port scan", "", "", "";
    /// Half-open connections pile up.
    HalfOpenBacklog "half_open_backlog" Warning, "half-open connections pile up", "", "", "";
    /// TIME_WAIT takes the ports of a pair.
    TimeWaitPressure "time_wait_pressure" Warning, "TIME_WAIT fills the port range", "", "", "";
    /// Idle connections are killed on the way.
    IdleKiller "idle_killer" Warning, "idle connections are killed", "", "", "";
    /// Options are stripped on the way.
    OptionsStripped "options_stripped" Warning, "options stripped on the way", "", "", "";
    /// Many connections of one listener are reset.
    ResetStorm "reset_storm" Warning, "many resets", "", "", "";
    /// Many short connections where one would do.
    ConnectionChurn "connection_churn" Warning, "connection churn", "", "", "";
    /// Four-tuples come back early.
    PortReuse "port_reuse" Notice, "ports reused early", "", "", "";
    /// The window held the sender back for most of the time.
    WindowLimited "window_limited" Notice, "held back by the window", "", "", "";
    /// Window scaling is off on a long path.
    NoWindowScaling "no_window_scaling" Notice, "no window scaling", "", "", "";
    /// SACK is off.
    NoSack "no_sack" Notice, "no SACK", "", "", "";
    /// Small segments.
    SmallMss "small_mss" Notice, "small maximum segment size", "", "", "";
    /// Never finished.
    HalfOpen "half_open" Notice, "handshake not finished", "", "", "";
    /// The server's application is slow.
    SlowResponse "slow_response" Notice, "slow responses", "", "", "";
    /// Keep-alives hold it open.
    KeptAlive "kept_alive" Info, "kept alive", "", "", "";
    /// The capture has gaps.
    CaptureLoss "capture_loss" Info, "the capture has gaps", "", "", "";
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

    /// Those of severity warning and above.
    #[must_use]
    pub fn warnings(self) -> Self {
        let mut warnings = Self::default();
        for code in self.iter() {
            warnings.add(code, code.severity() >= Severity::Warning);
        }
        warnings
    }

    /// Them, the worst first.
    pub fn iter(self) -> impl Iterator<Item = Code> {
        Code::ALL.into_iter().filter(move |&code| self.has(code))
    }
}
