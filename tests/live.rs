//! Live capture, beside tcpdump on the same interface: both must tell the same of the same connections.
//!
//! Two network namespaces with a cable between them are made for each test, and taken away whatever becomes of it. Where that is not permitted
//! the tests say so and pass; `TCPLENS_NO_SKIP=1` makes that a failure.

#![cfg(all(feature = "live", target_os = "linux"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a test may fail, and says so")]

mod kit;

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use kit::table::Table;

/// No single step takes longer.
const PATIENCE: Duration = Duration::from_secs(5);
/// libpcap hands over what it has at least so often; then nothing is on its way any more.
const SETTLE: Duration = Duration::from_millis(600);

const SERVER: &str = "10.77.0.2";
/// Which part of the talk this program plays, when it is started once more inside a namespace.
const ROLE: &str = "TCPLENS_TEST_ROLE";

/// Two namespaces, `10.77.0.1` in the first and `10.77.0.2` in the second. They go with it.
struct Cable {
    names: [String; 2],
    interface: String,
}

static CABLES: AtomicU32 = AtomicU32::new(0);

impl Cable {
    /// None, with a message, where it cannot be made.
    fn new() -> Option<Self> {
        let id = format!("{}x{}", std::process::id(), CABLES.fetch_add(1, Ordering::Relaxed));
        let cable = Cable { names: ["a", "b"].map(|end| format!("tcplens{id}{end}")), interface: "eth0".to_owned() };
        match cable.make() {
            Ok(()) => Some(cable),
            Err(why) => {
                assert!(std::env::var_os("TCPLENS_NO_SKIP").is_none(), "no network namespaces: {why}");
                println!("skipped: no network namespaces here: {why}");
                None
            }
        }
    }

    fn make(&self) -> Result<(), String> {
        let [a, b] = &self.names;
        for name in [a, b] {
            ip(&["netns", "add", name])?;
            ip(&["-n", name, "link", "set", "lo", "up"])?;
        }
        ip(&["-n", a, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", b])?;
        for (name, address) in [(a, "10.77.0.1/24"), (b, "10.77.0.2/24")] {
            ip(&["-n", name, "addr", "add", address, "dev", "eth0"])?;
            ip(&["-n", name, "link", "set", "eth0", "up"])?;
        }
        Ok(())
    }

    /// A command inside one of them.
    fn inside(&self, end: usize, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.names[end]]).arg(program).stdin(Stdio::null());
        command
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        for name in &self.names {
            let _ = ip(&["netns", "del", name]);
        }
    }
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("ip").args(arguments).output().map_err(|e| format!("ip: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("ip {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
}

/// A program that runs beside the test, and does not outlive it.
struct Beside {
    child: Child,
    said: mpsc::Receiver<String>,
    heard: String,
}

impl Beside {
    /// Starts it, and waits until it says `ready` on standard error (`of_stdout`: on standard output).
    fn start(command: &mut Command, of_stdout: bool, ready: &str) -> Self {
        let piped = |wanted: bool| if wanted { Stdio::piped() } else { Stdio::null() };
        let mut child = command.stdout(piped(of_stdout)).stderr(piped(!of_stdout)).spawn().unwrap();
        let stream: Box<dyn Read + Send> = match (child.stdout.take(), child.stderr.take()) {
            (Some(out), _) => Box::new(out),
            (_, Some(err)) => Box::new(err),
            _ => unreachable!("one of them is piped"),
        };
        let (tell, said) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let _ = tell.send(line);
            }
        });
        let mut beside = Beside { child, said, heard: String::new() };
        while !beside.heard.contains(ready) {
            match beside.said.recv_timeout(PATIENCE) {
                Ok(line) => beside.heard += &(line + "\n"),
                Err(why) => panic!("{command:?} is not ready ({why}); it said: {}", beside.heard),
            }
        }
        beside
    }

    fn signal(&self, name: &str) {
        let status = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.child.id())]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for its end: the exit status, and all that it said.
    fn end(mut self) -> (Option<i32>, String) {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(started.elapsed() < PATIENCE, "it does not end; it said: {}", self.heard);
            std::thread::sleep(Duration::from_millis(10));
        };
        while let Ok(line) = self.said.recv_timeout(Duration::from_millis(500)) {
            self.heard += &(line + "\n");
        }
        (status.code(), std::mem::take(&mut self.heard))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `tcplens live` in the first namespace.
fn live(cable: &Cable, output: &Path) -> Beside {
    let mut command = cable.inside(0, env!("CARGO_BIN_EXE_tcplens"));
    command.args(["live", "-i", &cable.interface, "-o"]).arg(output);
    Beside::start(&mut command, false, "capturing on")
}

/// This program once more, inside a namespace, to play a part.
fn player(cable: &Cable, end: usize, role: &str) -> Command {
    let mut command = cable.inside(end, std::env::current_exe().unwrap());
    command.args(["--exact", "plays_a_part", "--nocapture"]).env(ROLE, role);
    command
}

/// Not a test of its own: the two sides of the talk that is captured.
#[test]
fn plays_a_part() {
    match std::env::var(ROLE).as_deref() {
        Ok("server") => serve(),
        Ok("client") => talk(),
        Ok("refused") => try_nobody(),
        _ => {}
    }
}

/// What happens on each port; nobody listens on the fifth.
const ECHO: u16 = 7001;
const SINK: u16 = 7002;
const CLOSES_FIRST: u16 = 7003;
const FLOOD: u16 = 7004;
const NOBODY: u16 = 7005;

fn serve() {
    let listeners = [ECHO, SINK, CLOSES_FIRST, FLOOD].map(|port| TcpListener::bind((SERVER, port)).unwrap());
    println!("ready to serve");
    let threads = listeners.map(|listener| {
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                let mut bytes = [0; 4096];
                match listener.local_addr().unwrap().port() {
                    ECHO => {
                        while let Ok(n @ 1..) = stream.read(&mut bytes) {
                            stream.write_all(&bytes[..n]).unwrap();
                        }
                    }
                    SINK => while let Ok(1..) = stream.read(&mut bytes) {},
                    CLOSES_FIRST => stream.write_all(b"good bye").unwrap(),
                    // The client leaves with all of this unread.
                    _ => {
                        let _ = stream.write_all(&[0; 20_000]);
                        while let Ok(1..) = stream.read(&mut bytes) {}
                    }
                }
            }
        })
    });
    for thread in threads {
        thread.join().unwrap(); // until the test ends this program
    }
}

fn connect(port: u16) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&SocketAddr::new(SERVER.parse().unwrap(), port), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn talk() {
    for length in [1, 100, 2000] {
        let mut stream = connect(ECHO).unwrap();
        for _ in 0..3 {
            stream.write_all(&vec![b'x'; length]).unwrap();
            stream.read_exact(&mut vec![0; length]).unwrap();
        }
    }
    connect(SINK).unwrap().write_all(&[7; 200_000]).unwrap();
    let mut all = String::new();
    connect(CLOSES_FIRST).unwrap().read_to_string(&mut all).unwrap();
    assert_eq!(all, "good bye");
    let flooded = connect(FLOOD).unwrap();
    std::thread::sleep(Duration::from_millis(200)); // so that there is something unread
    drop(flooded);
    try_nobody();
    std::thread::sleep(Duration::from_millis(200)); // the last ACKs
    println!("all was said");
}

fn try_nobody() {
    assert_eq!(connect(NOBODY).unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
}

/// What does not depend on the moment at which a packet was stamped.
const SAME: [&str; 41] = [
    "client_ip",
    "client_port",
    "server_ip",
    "server_port",
    "role_evidence",
    "community_id",
    "encapsulation",
    "handshake",
    "end",
    "closed_by",
    "client_state",
    "server_state",
    "zeek_conn_state",
    "zeek_history",
    "syn_packets",
    "syn_ack_packets",
    "client_mss_bytes",
    "server_mss_bytes",
    "client_window_scale",
    "server_window_scale",
    "sack",
    "timestamps",
    "client_packets",
    "server_packets",
    "client_ip_bytes",
    "server_ip_bytes",
    "client_data_packets",
    "server_data_packets",
    "client_payload_bytes",
    "server_payload_bytes",
    "client_unique_bytes",
    "server_unique_bytes",
    "client_stream_bytes",
    "server_stream_bytes",
    "client_missing_bytes",
    "server_missing_bytes",
    "client_retrans_packets",
    "server_retrans_packets",
    "client_isn",
    "server_isn",
    "client_bad_checksum_packets",
];

/// These columns of all rows, in the order of the ports.
fn comparable(csv: &str) -> Table {
    let table = Table::parse(csv);
    let mut rows: Vec<Vec<String>> =
        (0..table.rows.len()).map(|row| SAME.map(|name| table.cell(row, name).to_owned()).to_vec()).collect();
    rows.sort_by_key(|row| (row[3].clone(), row[1].clone()));
    Table { columns: SAME.map(str::to_owned).to_vec(), rows }
}

#[test]
fn what_is_said_live_is_what_is_said_of_the_file() {
    let Some(cable) = Cable::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (csv, pcap) = (folder.path().join("live.csv"), folder.path().join("tcpdump.pcap"));
    let server = Beside::start(&mut player(&cable, 1, "server"), true, "ready to serve");
    let tcplens = live(&cable, &csv);
    let tcpdump = Command::new("tcpdump").arg("--version").output().is_ok_and(|o| o.status.success()).then(|| {
        let mut command = cable.inside(0, "tcpdump");
        command.args(["-i", &cable.interface, "-s", "256", "-Z", "root", "-U", "-w"]).arg(&pcap);
        Beside::start(&mut command, false, "listening on")
    });
    std::thread::sleep(Duration::from_millis(200));

    let (status, said) = Beside::start(&mut player(&cable, 0, "client"), true, "all was said").end();
    assert_eq!(status, Some(0), "{said}");
    std::thread::sleep(SETTLE);

    tcplens.signal("INT");
    let (status, said) = tcplens.end();
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains(" 0 dropped by the kernel"), "{said}");
    drop(server);

    let rows = comparable(&std::fs::read_to_string(&csv).unwrap());
    let of_port = |port: u16| -> Vec<usize> {
        (0..rows.rows.len()).filter(|&row| rows.cell(row, "server_port") == port.to_string()).collect()
    };
    // What the programs did.
    let expected: [(u16, usize, &str, &str, &str); 5] = [
        (ECHO, 3, "established", "fin", "client"),
        (SINK, 1, "established", "fin", "client"),
        (CLOSES_FIRST, 1, "established", "fin", "server"),
        (FLOOD, 1, "established", "rst_client", "client"),
        (NOBODY, 1, "refused_rst", "refused", "server"),
    ];
    for (port, count, handshake, end, closed_by) in expected {
        assert_eq!(of_port(port).len(), count, "connections to port {port}");
        for row in of_port(port) {
            let said = ["handshake", "end", "closed_by"].map(|name| rows.cell(row, name));
            assert_eq!(said, [handshake, end, closed_by], "port {port}");
        }
    }
    let bytes = |port: u16, column: &str| -> Vec<f64> {
        let mut all: Vec<f64> = of_port(port).into_iter().map(|row| rows.number(row, column).unwrap()).collect();
        all.sort_by(f64::total_cmp);
        all
    };
    assert_eq!(bytes(ECHO, "client_stream_bytes"), [3.0, 300.0, 6000.0]);
    assert_eq!(bytes(ECHO, "server_stream_bytes"), [3.0, 300.0, 6000.0]);
    assert_eq!(bytes(SINK, "client_stream_bytes"), [200_000.0]);
    assert_eq!(bytes(CLOSES_FIRST, "server_stream_bytes"), [8.0]);
    assert_eq!(rows.rows.len(), 7);

    let Some(tcpdump) = tcpdump else {
        println!("skipped in part: there is no tcpdump to compare with");
        return;
    };
    tcpdump.signal("INT");
    let (status, said) = tcpdump.end();
    assert_eq!(status, Some(0), "{said}");
    let of_file = comparable(&kit::program::run([pcap.as_os_str(), "--format".as_ref(), "csv".as_ref()]).clean());
    let difference = of_file.difference(&rows);
    assert!(difference.is_empty(), "the file → live:\n{difference}");
}

#[test]
fn rows_leave_while_the_capture_goes_on() {
    let Some(cable) = Cable::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("live.csv");
    let tcplens = live(&cable, &csv);
    // Nobody listens: a SYN, a RST, and it is over.
    assert_eq!(refused(&cable).status.code(), Some(0));
    let started = Instant::now();
    // A closed connection waits 3 s for stragglers; no packet comes to say that they have passed.
    loop {
        let text = std::fs::read_to_string(&csv).unwrap_or_default();
        if text.lines().count() == 2 {
            assert_eq!(Table::parse(&text).cell(0, "end"), "refused");
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(8), "no row yet: {text}");
        std::thread::sleep(Duration::from_millis(50));
    }
    tcplens.signal("TERM");
    let (status, said) = tcplens.end();
    assert_eq!(status, Some(0), "SIGTERM ends it well: {said}");
    assert_eq!(std::fs::read_to_string(&csv).unwrap().lines().count(), 2);
}

#[test]
fn sigterm_writes_what_is_open() {
    let Some(cable) = Cable::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("live.csv");
    let tcplens = live(&cable, &csv);
    assert_eq!(refused(&cable).status.code(), Some(0));
    std::thread::sleep(SETTLE);
    tcplens.signal("TERM");
    let (status, said) = tcplens.end();
    assert_eq!(status, Some(0), "{said}");
    let table = Table::parse(&std::fs::read_to_string(&csv).unwrap());
    assert_eq!(table.rows.len(), 1);
    assert_eq!(table.cell(0, "handshake"), "refused_rst");
}

/// One attempt to connect where nobody listens.
fn refused(cable: &Cable) -> Output {
    player(cable, 0, "refused").output().unwrap()
}

#[test]
fn an_unknown_interface_names_the_remedy() {
    let ran = kit::program::run(["live", "-i", "no_such_if0"]);
    assert_eq!((ran.status, ran.out.as_str()), (Some(2), ""), "{}", ran.err);
    assert!(ran.err.contains("no_such_if0"), "{}", ran.err);
    let remedy = ["tcplens interfaces", "run as root"].iter().any(|remedy| ran.err.contains(remedy));
    assert!(remedy, "{}", ran.err);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
}

#[test]
fn a_wrong_filter_is_status_2() {
    let Some(cable) = Cable::new() else { return };
    let output = cable
        .inside(0, env!("CARGO_BIN_EXE_tcplens"))
        .args(["live", "-i", &cable.interface, "--filter", "tcp and and"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("tcp and and"), "{said}");
}

#[test]
fn the_interfaces_are_listed() {
    let Some(cable) = Cable::new() else { return };
    let output = cable.inside(0, env!("CARGO_BIN_EXE_tcplens")).arg("interfaces").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    let line = said.lines().find(|line| line.starts_with("eth0 ")).unwrap_or_else(|| panic!("no eth0 in {said}"));
    assert!(line.contains("10.77.0.1"), "{line}");
    assert!(said.lines().any(|line| line.starts_with("lo ") && line.contains("loopback")), "{said}");
}
