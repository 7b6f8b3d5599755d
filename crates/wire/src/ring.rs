//! Frames as they pass a packet socket, through a ring of memory shared with the
//! kernel (packet_mmap, version 2).
//!
//! The ring is large, and each frame bears the kernel's time stamp, so a reader that
//! comes late loses nothing. What comes when the ring is full is lost, and counted.

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{Ordering, fence};
use std::time::Duration;

use nix::errno::Errno;
use nix::libc::{self, c_int, c_void};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

/// The size of a ring, in bytes.
const SIZE: usize = 16 << 20;
/// The size of the pieces that the kernel allocates.
const BLOCK: usize = 1 << 18;

/// A packet socket and its ring.
pub struct Ring {
    socket: OwnedFd,
    memory: Memory,
    slot: usize,
    slots: usize,
    next: usize,
}

// SAFETY: the memory belongs to the ring alone, and only `&mut self` reads it.
unsafe impl Send for Ring {}

/// A frame in the ring.
pub struct Taken<'a> {
    /// When it passed, since 1970.
    pub time: Duration,
    /// Its bytes, from the Ethernet header on: all, or as many as a slot holds.
    pub bytes: &'a [u8],
    /// How many bytes it had.
    pub length: usize,
}

impl Ring {
    /// A ring for the frames that arrive at `socket`, which keeps up to `longest` bytes of
    /// each.
    pub fn on(socket: OwnedFd, longest: usize) -> io::Result<Ring> {
        // An error may be left from before the device was up.
        socket2::SockRef::from(&socket).take_error()?;
        let slot = (longest + libc::TPACKET2_HDRLEN + 32).next_power_of_two();
        let slots = SIZE / slot;
        let version = libc::tpacket_versions::TPACKET_V2 as c_int;
        set(&socket, libc::PACKET_VERSION, &version)?;
        set(&socket, libc::PACKET_IGNORE_OUTGOING, &1)?;
        // What is sent goes straight to the device.
        set(&socket, libc::PACKET_QDISC_BYPASS, &1)?;
        let block = BLOCK.max(slot);
        let request = libc::tpacket_req {
            tp_block_size: block as u32,
            tp_block_nr: (SIZE / block) as u32,
            tp_frame_size: slot as u32,
            tp_frame_nr: slots as u32,
        };
        set(&socket, libc::PACKET_RX_RING, &request)?;
        Ok(Ring {
            memory: Memory::of(&socket)?,
            socket,
            slot,
            slots,
            next: 0,
        })
    }

    /// Gives the next frame to `use_it`; false if there is none yet.
    pub fn take(&mut self, use_it: impl FnOnce(Taken)) -> bool {
        // SAFETY: `next` is less than `slots`, so the slot lies within the mapping, and
        // slots are aligned as their sizes are powers of two.
        let slot = unsafe { self.memory.0.as_ptr().byte_add(self.next * self.slot) };
        let header: *mut libc::tpacket2_hdr = slot.cast();
        // SAFETY: the kernel writes the status too, hence volatile.
        let status = unsafe { (&raw const (*header).tp_status).read_volatile() };
        if status & libc::TP_STATUS_USER == 0 {
            return false;
        }
        // What the kernel wrote before the status is read after it.
        fence(Ordering::Acquire);
        // SAFETY: with that status the slot is this side's until it is given back.
        let frame = unsafe { *header };
        let (start, length) = (usize::from(frame.tp_mac), frame.tp_snaplen as usize);
        let length = length.min(self.slot.saturating_sub(start));
        // SAFETY: both lie within the slot.
        let bytes = unsafe { std::slice::from_raw_parts(slot.byte_add(start).cast(), length) };
        use_it(Taken {
            time: Duration::new(frame.tp_sec.into(), frame.tp_nsec),
            bytes,
            length: frame.tp_len as usize,
        });
        fence(Ordering::Release);
        // SAFETY: as above; the slot is the kernel's again.
        unsafe { (&raw mut (*header).tp_status).write_volatile(libc::TP_STATUS_KERNEL) };
        self.next = (self.next + 1) % self.slots;
        true
    }

    /// Sends a frame through the device.
    pub fn send(&self, frame: &[u8]) -> io::Result<()> {
        nix::sys::socket::send(
            self.socket.as_raw_fd(),
            frame,
            nix::sys::socket::MsgFlags::empty(),
        )?;
        Ok(())
    }

    /// How many frames were lost since the last time that this was asked.
    pub fn missed(&self) -> io::Result<u64> {
        let mut statistics = libc::tpacket_stats {
            tp_packets: 0,
            tp_drops: 0,
        };
        let mut length = size_of_val(&statistics) as libc::socklen_t;
        // SAFETY: the kernel writes at most `length` bytes to a structure of that length.
        let done = unsafe {
            libc::getsockopt(
                self.socket.as_raw_fd(),
                libc::SOL_PACKET,
                libc::PACKET_STATISTICS,
                (&raw mut statistics).cast(),
                &raw mut length,
            )
        };
        Errno::result(done)?;
        Ok(statistics.tp_drops.into())
    }
}

/// Sets an option of a packet socket.
fn set<T>(socket: &OwnedFd, name: c_int, value: &T) -> io::Result<()> {
    // SAFETY: the kernel reads a value of that type and length.
    let done = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            name,
            (&raw const *value).cast(),
            size_of::<T>() as libc::socklen_t,
        )
    };
    Errno::result(done)?;
    Ok(())
}

impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// The memory of a ring, of [`SIZE`] bytes.
struct Memory(NonNull<c_void>);

impl Memory {
    fn of(socket: &OwnedFd) -> io::Result<Memory> {
        let size = NonZeroUsize::new(SIZE).expect("it is a constant");
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: a new mapping, at an address of the kernel's choice.
        let memory = unsafe { mmap(None, size, access, MapFlags::MAP_SHARED, socket, 0)? };
        Ok(Memory(memory))
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: the mapping was made with this size, and no slice of it is left.
        unsafe { munmap(self.0, SIZE).ok() };
    }
}
