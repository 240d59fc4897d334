//! Clients as they come: those that ask for what there is, those that send rubbish, and those that hang.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use anypipe_serve::{Server, serve_tcp};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    fn of(server: &Server) -> Self {
        let stream = TcpStream::connect(server.address().expect("it listens on a port")).expect("it lets in");
        stream.set_read_timeout(Some(LONG)).expect("a socket");
        Self { reader: BufReader::new(stream) }
    }

    fn stream(&mut self) -> &mut TcpStream {
        self.reader.get_mut()
    }

    fn send(&mut self, line: &[u8]) {
        self.stream().write_all(line).expect("it is read");
    }

    /// The next line, without its end; empty at the end of the connection.
    fn line(&mut self) -> String {
        let mut line = String::new();
        match self.reader.read_line(&mut line) {
            Ok(_) => line.trim_end().to_owned(),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => String::new(),
            Err(error) => panic!("no line: {error}"),
        }
    }

    fn ask(&mut self, line: &str) -> String {
        self.send(format!("{line}\n").as_bytes());
        self.line()
    }
}

const NOTHING: &str = r#"{"runs":[]}"#;
const PICTURES: &str = r#"{"do":"pictures"}"#;

fn serve() -> Server {
    serve_tcp("127.0.0.1:0").expect("loopback")
}

#[test]
fn rubbish_is_told_and_the_client_goes_on() {
    let server = serve();
    let mut client = Client::of(&server);
    assert_eq!(client.ask(PICTURES), NOTHING);
    for (rubbish, told) in [
        (&b"hello\n"[..], "no object of JSON"),
        (b"\xff\xfe\n", "no text in UTF-8"),
        (b"{\"do\":\"dance\"}\n", "unknown variant `dance`"),
        (b"{\"do\":\"pause\",\"run\":[]}\n", "invalid type: sequence"),
        (b"{\"do\":\"stop\",\"run\":77000}\n", "no run 77000 goes on"),
        (b"{\"do\":\"cancel\"}\n", "no run goes on"),
        (b"{\"do\":\"set_workers\",\"run\":77000,\"stage\":\"a\",\"n\":1}\n", "no run 77000 goes on"),
        (b"{\"do\":\"pictures\",\"every\":1e-9}\n", "from 0.05 to 3600"),
    ] {
        client.send(rubbish);
        let line = client.line();
        assert!(line.starts_with("{\"error\":\"") && line.contains(told), "{line}");
        assert_eq!(client.ask(PICTURES), NOTHING);
    }
}

#[test]
fn a_line_that_is_too_long_is_told_and_left_out() {
    let server = serve();
    let mut client = Client::of(&server);
    assert_eq!(client.ask(PICTURES), NOTHING);
    for _ in 0..3 {
        client.send(&vec![b'a'; 200_000]);
        assert_eq!(client.line(), r#"{"error":"a line has 65536 bytes at the most"}"#);
        assert_eq!(client.ask(&format!("aaa\n{PICTURES}")), NOTHING);
    }
}

#[test]
fn what_speaks_http_is_shut_out() {
    let server = serve();
    for first in ["POST / HTTP/1.1".to_owned(), format!("POST /{} HTTP/1.1", "a".repeat(70_000))] {
        let mut client = Client::of(&server);
        // It may be shut out before all was sent.
        let _ =
            client.stream().write_all(format!("{first}\r\nHost: localhost\r\n\r\n{PICTURES}\n").as_bytes());
        let mut heard = Vec::new();
        let _ = client.reader.read_to_end(&mut heard);
        let heard = String::from_utf8(heard).expect("text");
        assert!(heard.is_empty() || heard.starts_with("{\"error\":"), "{heard}");
        assert!(!heard.contains("runs"), "{heard}");
    }
}

#[test]
fn a_client_that_has_ended_its_side_hears_what_it_asked_for() {
    let server = serve();
    let mut once = Client::of(&server);
    // The last line needs no end.
    once.send(PICTURES.as_bytes());
    once.stream().shutdown(Shutdown::Write).expect("connected");
    assert_eq!(once.line(), NOTHING);
    assert_eq!(once.line(), "");

    let mut again = Client::of(&server);
    again.send(b"{\"do\":\"pictures\",\"every\":0.05}\n");
    again.stream().shutdown(Shutdown::Write).expect("connected");
    for _ in 0..4 {
        assert_eq!(again.line(), NOTHING);
    }
}

#[test]
fn pictures_come_until_others_are_asked_for() {
    let server = serve();
    let mut client = Client::of(&server);
    assert_eq!(client.ask(r#"{"do":"pictures","every":0.05}"#), NOTHING);
    for _ in 0..3 {
        assert_eq!(client.line(), NOTHING);
    }
    client.send(b"{\"do\":\"pictures\"}\nx\n");
    while !client.line().starts_with("{\"error\"") {}
    client.stream().set_read_timeout(Some(Duration::from_millis(200))).expect("a socket");
    let mut line = String::new();
    let error = client.reader.read_line(&mut line).expect_err("nothing more comes");
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
}

#[test]
fn sixteen_are_let_in_and_one_more_when_one_leaves() {
    let server = serve();
    let mut clients: Vec<_> = (0..16).map(|_| Client::of(&server)).collect();
    for client in &mut clients {
        assert_eq!(client.ask(PICTURES), NOTHING);
    }
    let mut more = Client::of(&server);
    assert_eq!(more.line(), r#"{"error":"16 clients are attached already"}"#);
    assert_eq!(more.line(), "");
    // One that leaves makes room, as soon as it is seen to have gone.
    drop(clients.pop());
    loop {
        let mut next = Client::of(&server);
        let _ = next.stream().write_all(format!("{PICTURES}\n").as_bytes());
        if next.line() == NOTHING {
            break;
        }
    }
    assert_eq!(clients[0].ask(PICTURES), NOTHING);
}

#[test]
fn one_that_never_reads_is_let_go_and_holds_nobody_up() {
    let server = serve();
    let mut hangs = Client::of(&server);
    let mut other = Client::of(&server);
    let rubbish = "x\n".repeat(32_000);
    hangs.send(format!("{PICTURES}\n").as_bytes());
    hangs.stream().set_write_timeout(Some(Duration::from_millis(100))).expect("a socket");
    // Its answers fill all that lies between, until nothing more of it is read; then it is let go.
    let is_gone =
        |error: std::io::Error| !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
    while !hangs.stream().write_all(rubbish.as_bytes()).is_err_and(is_gone) {
        assert_eq!(other.ask(PICTURES), NOTHING);
    }
    assert_eq!(other.ask(PICTURES), NOTHING);
}

#[test]
fn the_end_waits_for_no_client() {
    let server = serve();
    let mut silent = Client::of(&server);
    let mut half = Client::of(&server);
    half.send(b"{\"do\":\"pictures\",\"every\":3600}\n");
    assert_eq!(half.line(), NOTHING);
    half.stream().shutdown(Shutdown::Write).expect("connected");
    let mut hangs = Client::of(&server);
    hangs.send(format!("{PICTURES}\n").as_bytes());
    hangs.stream().set_write_timeout(Some(Duration::from_millis(100))).expect("a socket");
    while hangs.stream().write_all("x\n".repeat(32_000).as_bytes()).is_ok() {}
    // All of them hear the end.
    drop(server);
    assert_eq!((silent.line(), half.line()), (String::new(), String::new()));
}

#[test]
fn only_loopback_is_served() {
    for open in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let error = serve_tcp(open).expect_err(open);
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("can be reached from elsewhere"), "{error}");
    }
    assert!(serve_tcp("[::ffff:192.0.2.1]:0").is_err());
    let server = serve();
    let taken = serve_tcp(server.address().expect("a port")).expect_err("it is taken");
    assert_eq!(taken.kind(), ErrorKind::AddrInUse);
}
