//! A connection, of either kind.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
#[cfg(unix)]
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

/// Does the same with either.
macro_rules! each {
    ($stream:expr, $inner:ident => $done:expr) => {
        match $stream {
            Stream::Tcp($inner) => $done,
            #[cfg(unix)]
            Stream::Unix($inner) => $done,
        }
    };
}

impl Stream {
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        Ok(match self {
            Self::Tcp(inner) => Self::Tcp(inner.try_clone()?),
            #[cfg(unix)]
            Self::Unix(inner) => Self::Unix(inner.try_clone()?),
        })
    }

    pub(crate) fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        each!(self, inner => inner.set_nonblocking(nonblocking))
    }

    pub(crate) fn set_read_timeout(&self, timeout: Duration) -> io::Result<()> {
        each!(self, inner => inner.set_read_timeout(Some(timeout)))
    }

    pub(crate) fn set_write_timeout(&self, timeout: Duration) -> io::Result<()> {
        each!(self, inner => inner.set_write_timeout(Some(timeout)))
    }

    /// Ends it, also for a thread that waits in it.
    pub(crate) fn end(&self) {
        // One that has ended already can't be.
        let _ = each!(self, inner => inner.shutdown(Shutdown::Both));
    }

    /// True where anybody on the machine can have made it.
    pub(crate) fn is_open_to_all(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        each!(self, inner => inner.read(buffer))
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        each!(self, inner => inner.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        each!(self, inner => inner.flush())
    }
}

/// Where connections come from. It never waits.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

impl Listener {
    pub(crate) fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(inner) => inner.accept().map(|(stream, _)| Stream::Tcp(stream)),
            #[cfg(unix)]
            Self::Unix(inner) => inner.accept().map(|(stream, _)| Stream::Unix(stream)),
        }
    }
}
