internal import CFuse
internal import Glibc

/// The kernel's side of a `FaultyDisk`: takes requests from /dev/fuse and answers them (<linux/fuse.h>). It must never
/// touch the mount itself: nobody else would answer.
final class FuseSession {
    private let backing: CInt
    private let device: CInt
    private let wake: CInt
    private let orders: DiskOrders
    /// A request as it came, and an answer as it goes.
    private var request = [UInt8](repeating: 0, count: FuseSession.most + 4_096)
    private var answer = [UInt8](repeating: 0, count: FuseSession.most + 4_096)
    /// Requests that hang, as they came.
    private var hanging: [[UInt8]] = []

    /// Bytes that one read or write may have.
    private static let most = 1 << 20
    private static let inHead = MemoryLayout<fuse_in_header>.size
    private static let outHead = MemoryLayout<fuse_out_header>.size

    init(backing name: String, path: String, wake: CInt, orders: DiskOrders) throws(DiskError) {
        (self.wake, self.orders) = (wake, orders)
        backing = open(name, O_RDWR | O_CLOEXEC)
        guard backing >= 0 else { throw DiskError("open \(name)") }
        device = open("/dev/fuse", O_RDWR | O_NONBLOCK | O_CLOEXEC)
        guard device >= 0 else { throw DiskError("open /dev/fuse") }
        // A root that is a file is mounted over a file.
        let options = "fd=\(device),rootmode=100600,user_id=0,group_id=0,allow_other"
        guard mount("holdfast-disk", path, "fuse", UInt(MS_NOSUID | MS_NODEV), options) == 0 else {
            throw DiskError("mount a disk at \(path)")
        }
    }

    deinit {
        close(device)
        close(backing)
    }

    /// Serves until the disk ends, or the kernel's last use of it does.
    func serve() {
        while true {
            var waited = [
                pollfd(fd: device, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
            ]
            if poll(&waited, 2, -1) < 0 { continue }
            if waited[1].revents != 0 {
                var count: UInt64 = 0
                read(wake, &count, 8)
                if orders.isEnding { return }
                takeUpWhatHung()
            }
            guard waited[0].revents != 0 else { continue }
            let count = read(device, &request, request.count)
            if count > 0 {
                handle(Array(request[..<count]))
            } else if errno == ENODEV {
                return
            }
        }
    }

    private func takeUpWhatHung() {
        let again = hanging
        hanging = []
        for request in again { handle(request) }
        orders.hanging = hanging.count
    }

    private func handle(_ request: [UInt8]) {
        let head = request.load(fuse_in_header.self, at: 0)
        switch fuse_opcode(head.opcode) {
        case FUSE_INIT: introduce(head, request.load(fuse_init_in.self, at: Self.inHead))
        case FUSE_GETATTR: answerAttributes(head)
        case FUSE_SETATTR: change(head, request.load(fuse_setattr_in.self, at: Self.inHead))
        case FUSE_OPEN:
            let flags = UInt32(FOPEN_DIRECT_IO | FOPEN_PARALLEL_DIRECT_WRITES)
            send(head, fuse_open_out(fh: 0, open_flags: flags, padding: 0))
        case FUSE_READ: serveRead(head, request)
        case FUSE_WRITE: serveWrite(head, request)
        case FUSE_FSYNC: serveFlush(head, request)
        case FUSE_FALLOCATE: allocate(head, request)
        case FUSE_LSEEK: seek(head, request.load(fuse_lseek_in.self, at: Self.inHead))
        case FUSE_STATFS:
            // Loop devices discard in units of this.
            var out = fuse_statfs_out()
            out.st.bsize = 4_096
            out.st.namelen = 255
            send(head, out)
        case FUSE_RELEASE: send(head, error: 0)
        case FUSE_FORGET, FUSE_BATCH_FORGET, FUSE_DESTROY: return
        // The kernel then does without: no signal ends a request, and it knows itself what may be opened.
        default: send(head, error: ENOSYS)
        }
    }

    private func introduce(_ head: fuse_in_header, _ asked: fuse_init_in) {
        var out = fuse_init_out()
        out.major = UInt32(FUSE_KERNEL_VERSION)
        out.minor = min(asked.minor, UInt32(FUSE_KERNEL_MINOR_VERSION))
        out.max_readahead = asked.max_readahead
        // Asynchronous direct I/O is what lets requests hang beside each other.
        out.flags = asked.flags & UInt32(FUSE_ASYNC_READ | FUSE_BIG_WRITES | FUSE_ASYNC_DIO | FUSE_MAX_PAGES)
        out.max_background = 4_096
        out.congestion_threshold = 4_096
        out.max_write = UInt32(Self.most)
        out.max_pages = UInt16(Self.most / 4_096)
        out.time_gran = 1
        send(head, out)
    }

    // MARK: Deeds that a test can have fail or hang

    /// Whether a request may be done; if not, it has been answered or hangs.
    private func mayBeDone(
        _ deed: FaultyDisk.Deed, _ head: fuse_in_header, _ bytes: Range<Int64>, _ request: [UInt8]
    ) -> Bool {
        switch orders.verdict(deed, bytes) {
        case .go: return true
        case .fail: send(head, error: EIO)
        case .hang:
            hanging.append(request)
            orders.hanging = hanging.count
        }
        return false
    }

    private func serveRead(_ head: fuse_in_header, _ request: [UInt8]) {
        let asked = request.load(fuse_read_in.self, at: Self.inHead)
        let bytes = Int64(asked.offset)..<Int64(asked.offset) + Int64(asked.size)
        guard mayBeDone(.read, head, bytes, request) else { return }
        let count = answer.withUnsafeMutableBytes {
            pread(backing, $0.baseAddress! + Self.outHead, Int(asked.size), off_t(asked.offset))
        }
        if count < 0 { send(head, error: errno) } else { send(head, error: 0, payload: count) }
    }

    private func serveWrite(_ head: fuse_in_header, _ request: [UInt8]) {
        let asked = request.load(fuse_write_in.self, at: Self.inHead)
        let bytes = Int64(asked.offset)..<Int64(asked.offset) + Int64(asked.size)
        guard mayBeDone(.write, head, bytes, request) else { return }
        let data = request[(Self.inHead + MemoryLayout<fuse_write_in>.size)...].prefix(Int(asked.size))
        let count = data.withUnsafeBytes { pwrite(backing, $0.baseAddress, $0.count, off_t(asked.offset)) }
        if count < 0 { return send(head, error: errno) }
        orders.note(.write(offset: bytes.lowerBound, bytes: Array(data)))
        send(head, fuse_write_out(size: UInt32(count), padding: 0))
    }

    private func serveFlush(_ head: fuse_in_header, _ request: [UInt8]) {
        guard mayBeDone(.sync, head, 0..<0, request) else { return }
        orders.note(.sync)
        send(head, error: 0)
    }

    /// What a loop device makes of discards and of writes of zeroes.
    private func allocate(_ head: fuse_in_header, _ request: [UInt8]) {
        let asked = request.load(fuse_fallocate_in.self, at: Self.inHead)
        let bytes = Int64(asked.offset)..<Int64(asked.offset) + Int64(asked.length)
        guard mayBeDone(.write, head, bytes, request) else { return }
        let zeroes = UInt32(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)
        guard asked.mode & ~(zeroes | UInt32(FALLOC_FL_KEEP_SIZE)) == 0 else { return send(head, error: EOPNOTSUPP) }
        guard holdfast_test_fallocate(backing, CInt(asked.mode), bytes.lowerBound, Int64(asked.length)) == 0 else {
            return send(head, error: errno)
        }
        if asked.mode & zeroes != 0 { orders.note(.zero(offset: bytes.lowerBound, count: Int64(bytes.count))) }
        send(head, error: 0)
    }

    // MARK: What a file needs besides

    private func change(_ head: fuse_in_header, _ asked: fuse_setattr_in) {
        if asked.valid & UInt32(FATTR_SIZE) != 0, ftruncate(backing, off_t(asked.size)) != 0 {
            return send(head, error: errno)
        }
        answerAttributes(head)
    }

    /// They are never kept by the kernel, so that a test may cut the backing file short.
    private func answerAttributes(_ head: fuse_in_header) {
        var status = stat()
        guard fstat(backing, &status) == 0 else { return send(head, error: errno) }
        var out = fuse_attr_out()
        out.attr.ino = UInt64(FUSE_ROOT_ID)
        out.attr.size = UInt64(status.st_size)
        out.attr.blocks = UInt64(status.st_blocks)
        out.attr.mtime = UInt64(status.st_mtim.tv_sec)
        out.attr.mode = S_IFREG | 0o600
        out.attr.nlink = 1
        out.attr.blksize = 4_096
        send(head, out)
    }

    private func seek(_ head: fuse_in_header, _ asked: fuse_lseek_in) {
        let found = lseek(backing, off_t(asked.offset), CInt(asked.whence))
        if found < 0 { send(head, error: errno) } else { send(head, fuse_lseek_out(offset: UInt64(found))) }
    }

    // MARK: Answers

    private func send<Body: BitwiseCopyable>(_ head: fuse_in_header, _ body: Body) {
        answer.withUnsafeMutableBytes { $0.storeBytes(of: body, toByteOffset: Self.outHead, as: Body.self) }
        send(head, error: 0, payload: MemoryLayout<Body>.size)
    }

    /// Sends an errno value, or 0 and the first bytes behind the head of `answer`. Nobody may wait for it any more.
    private func send(_ head: fuse_in_header, error: CInt, payload: Int = 0) {
        let out = fuse_out_header(len: UInt32(Self.outHead + payload), error: -error, unique: head.unique)
        answer.withUnsafeMutableBytes { $0.storeBytes(of: out, as: fuse_out_header.self) }
        _ = write(device, answer, Self.outHead + payload)
    }
}

extension [UInt8] {
    fileprivate func load<Value: BitwiseCopyable>(_ type: Value.Type, at offset: Int) -> Value {
        withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
    }
}
