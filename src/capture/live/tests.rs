//! What can be told without privileges, and the loopback where they are there.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use super::*;

#[test]
fn an_interface_that_is_not_there_is_told_from_a_missing_permission() {
    let stop = Arc::new(AtomicBool::new(false));
    let Err(error) = Live::open(&LiveOptions::on("absent0"), stop) else { panic!("it cannot be there") };
    let text = error.to_string();
    let known = matches!(error.kind(), ErrorKind::NoSuchInterface { .. } | ErrorKind::Permission { .. });
    assert!(known && text.starts_with("interface absent0: "), "{text}");
}

#[test]
fn messages_of_libpcap_become_remedies() {
    let denied = "Attempt to create packet socket failed - CAP_NET_RAW may be required".to_owned();
    let text = explain("lo", denied).to_string();
    assert!(text.starts_with("no permission to capture: run as root, or once "), "{text}");
    assert!(matches!(explain("lo", "the interface is not up".to_owned()), ErrorKind::Live(_)));
}

#[test]
fn a_wrong_filter_is_said_before_the_interface_is_opened() {
    let options = LiveOptions { filter: Some("tcp prot 1".to_owned()), ..LiveOptions::on("absent0") };
    let Err(error) = Live::open(&options, Arc::new(AtomicBool::new(false))) else { panic!("it is wrong") };
    assert!(matches!(error.kind(), ErrorKind::Filter { .. }));
}

/// Needs the right to capture; without it there is nothing to test.
#[test]
fn the_loopback_gives_its_segments_then_ticks_then_the_end() {
    let Ok(all) = interfaces() else { return };
    let Some(loopback) = all.iter().find(|one| one.is_loopback && one.is_up) else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let filter = Some(format!("tcp port {port}"));
    let options = LiveOptions { filter, tick: Duration::from_millis(50), ..LiveOptions::on(&loopback.name) };
    let stop = Arc::new(AtomicBool::new(false));
    let mut live = match Live::open(&options, Arc::clone(&stop)) {
        Ok(live) => live,
        Err(error) => {
            assert!(matches!(error.kind(), ErrorKind::Permission { .. } | ErrorKind::Live(_)), "{error}");
            return;
        }
    };
    let before = now();
    let client = std::thread::spawn(move || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(&[7; 5_000]).unwrap();
    });
    let (mut accepted, _) = listener.accept().unwrap();
    let mut received = Vec::new();
    accepted.read_to_end(&mut received).unwrap();
    client.join().unwrap();
    drop(accepted);

    let (mut frames, mut longest, mut last) = (0, 0, before);
    let idle = loop {
        match live.poll().unwrap() {
            Polled::Frame(frame) => {
                frames += 1;
                assert_eq!(frame.number, frames);
                assert!(frame.data.len() <= 256);
                assert!(frame.ts >= before, "{:?} {before:?}", frame.ts);
                (longest, last) = (longest.max(frame.wire_len), frame.ts);
            }
            Polled::Idle(now) => break now,
            Polled::End => panic!("nobody stopped it"),
        }
    };
    assert!(frames >= 6 && longest > 5_000 / 4, "{frames} frames, {longest} bytes");
    assert!(idle >= last && idle.since(last).0 < 10_000_000_000);
    let drops = live.kernel_drops().unwrap();
    assert!(drops.received >= frames && drops.dropped == 0, "{drops:?}");
    stop.store(true, Ordering::Relaxed);
    assert!(matches!(live.poll(), Ok(Polled::End)));
}

#[test]
fn a_live_source_can_be_sent_to_a_thread() {
    fn sendable<T: Send>() {}
    sendable::<Live>();
    sendable::<super::super::Files>();
    sendable::<Filter>();
}
