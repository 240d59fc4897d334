//! The line to the program.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

/// How long is waited until it is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// How long the program may leave what was sent to it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where the program serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A port, as `127.0.0.1:7000` or `localhost:7000`.
    Port(String),
    /// The path of a Unix socket.
    Path(String),
}

impl Address {
    /// A host and a port, else a path.
    pub fn read(text: &str) -> Self {
        let port = text
            .rsplit_once(':')
            .filter(|(host, port)| !host.is_empty() && !host.contains('/') && port.parse::<u16>().is_ok());
        if port.is_some() { Self::Port(text.to_owned()) } else { Self::Path(text.to_owned()) }
    }

    fn connect(&self) -> io::Result<Stream> {
        let stream = match self {
            Self::Port(address) => Stream::Port(TcpStream::connect(address)?),
            #[cfg(unix)]
            Self::Path(path) => Stream::Path(UnixStream::connect(path)?),
            #[cfg(not(unix))]
            Self::Path(_) => {
                return Err(io::Error::other("there are no Unix sockets here: give a host and a port"));
            }
        };
        stream.set_write_timeout()?;
        Ok(stream)
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Port(text) | Self::Path(text) => f.write_str(text),
        }
    }
}

enum Stream {
    Port(TcpStream),
    #[cfg(unix)]
    Path(UnixStream),
}

impl Stream {
    fn set_write_timeout(&self) -> io::Result<()> {
        match self {
            Self::Port(stream) => stream.set_write_timeout(Some(PATIENCE)),
            #[cfg(unix)]
            Self::Path(stream) => stream.set_write_timeout(Some(PATIENCE)),
        }
    }

    fn try_clone(&self) -> io::Result<Self> {
        Ok(match self {
            Self::Port(stream) => Self::Port(stream.try_clone()?),
            #[cfg(unix)]
            Self::Path(stream) => Self::Path(stream.try_clone()?),
        })
    }
}

impl Read for Stream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Port(stream) => stream.read(bytes),
            #[cfg(unix)]
            Self::Path(stream) => stream.read(bytes),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Port(stream) => stream.write(bytes),
            #[cfg(unix)]
            Self::Path(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A line that is there.
pub struct Line {
    reader: BufReader<Stream>,
}

/// Its other half.
pub struct Asks(Stream);

impl Line {
    pub fn new(address: &Address) -> io::Result<Self> {
        Ok(Self { reader: BufReader::new(address.connect()?) })
    }

    pub fn asks(&self) -> io::Result<Asks> {
        self.reader.get_ref().try_clone().map(Asks)
    }

    /// What the program says next.
    pub fn hear(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.reader.read_line(&mut line)? {
            0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the program has ended the connection")),
            _ => Ok(line),
        }
    }
}

impl Asks {
    /// Asks the program for something.
    pub fn ask(&mut self, request: &str) -> io::Result<()> {
        self.0.write_all(format!("{request}\n").as_bytes())
    }

    /// Asks for pictures, once or every so many seconds.
    pub fn ask_pictures(&mut self, every: Option<f64>) -> io::Result<()> {
        let every = every.map_or_else(String::new, |every| format!(",\"every\":{every}"));
        self.ask(&format!("{{\"do\":\"pictures\"{every}}}"))
    }
}

/// What comes over the line.
pub enum Event {
    /// It is there.
    Attached(Asks),
    Heard(String),
    /// It is gone, for this reason.
    Lost(String),
}

/// Keeps a line to the program, and tells what comes, until nobody hears it any more.
pub fn keep(address: Address, every: f64, events: Sender<Event>) {
    thread::spawn(move || {
        loop {
            let lost = attach(&address, every, &events).expect_err("it goes on until it is lost");
            if events.send(Event::Lost(lost.to_string())).is_err() {
                return;
            }
            thread::sleep(AGAIN);
        }
    });
}

fn attach(address: &Address, every: f64, events: &Sender<Event>) -> io::Result<()> {
    let mut line = Line::new(address)?;
    let mut asks = line.asks()?;
    asks.ask_pictures(Some(every))?;
    let tell = |event| events.send(event).map_err(|_| io::Error::other("nobody hears it"));
    tell(Event::Attached(asks))?;
    loop {
        tell(Event::Heard(line.hear()?))?;
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn a_host_with_a_port_is_told_from_a_path() {
        let port = |text: &str| Address::Port(text.to_owned());
        let path = |text: &str| Address::Path(text.to_owned());
        for text in ["127.0.0.1:7000", "localhost:1", "[::1]:65535"] {
            assert_eq!(Address::read(text), port(text));
        }
        for text in ["words.sock", "/run/user/1000/words:7", "a:b", ":7", "127.0.0.1:70000"] {
            assert_eq!(Address::read(text), path(text));
        }
    }
}
