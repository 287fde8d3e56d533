internal import CFuse
internal import Glibc

/// A disk that fails, hangs and remembers as it is told: a file that a thread of this process serves over /dev/fuse, with
/// what it holds in a backing file. A loop device on it is a block device with these faults.
///
/// It is a filesystem whose root is that one file, so it is mounted over a file: one of the test's own, or a pool's image.
/// Nothing is cached, so every read, write and flush comes here. A request that hangs holds nothing but itself; yet the
/// loop driver sends one request after the other unless it does direct I/O (`losetup --direct-io=on`), flushes aside, for
/// which its other requests always wait.
///
/// A flush is remembered and not passed on: what the backing file holds is only asked for while this host is up.
public final class FaultyDisk: Sendable {
    public enum Deed: String, Sendable, CaseIterable { case read, write, sync }

    /// The file that is the disk.
    public let path: String
    private let orders = DiskOrders()
    /// Tells the serving thread that the orders have changed (eventfd(2)).
    private let wake: CInt
    private let thread: pthread_t

    /// Serves `backing` as the file `path`, which hides what lies there; a missing one is made.
    public init(_ backing: String, at path: String) throws {
        self.path = path
        let file = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw DiskError("make \(path)") }
        close(file)
        wake = holdfast_test_eventfd()
        guard wake >= 0 else { throw DiskError("make an eventfd") }
        let start = Start(backing: backing, path: path, wake: wake, orders: orders)
        do {
            thread = try start.run()
        } catch {
            close(wake)
            throw error
        }
        // Who asks the kernel for what it knows, without asking us, is to be told of the size too (statx(2)).
        var status = stat()
        stat(path, &status)
    }

    deinit {
        umount2(path, CInt(MNT_DETACH))
        orders.end()
        ring()
        // The thread's descriptors go with it, and with them the connection: what still hangs ends in an error.
        pthread_join(thread, nil)
        close(wake)
    }

    /// Answers EIO to such requests from now on, or to those alone that touch these bytes. What is said later counts more.
    public func fail(_ deeds: Deed..., in range: Range<Int64>? = nil) { tell(.fail, deeds, range) }

    /// Answers nothing to such requests from now on, until `heal`; not even a signal ends them.
    public func hang(_ deeds: Deed..., in range: Range<Int64>? = nil) { tell(.hang, deeds, range) }

    /// Ends all faults, and does what hangs.
    public func heal() {
        orders.heal()
        ring()
    }

    private func tell(_ verdict: DiskOrders.Verdict, _ deeds: [Deed], _ range: Range<Int64>?) {
        orders.add(verdict, to: deeds, in: range)
        ring()
    }

    /// How many requests hang now.
    public var hanging: Int { orders.hanging }

    /// Begins to remember what is written, with nothing before it.
    public func startLog() { orders.startLog() }

    /// What was written and flushed since `startLog`. A request is in it before it is answered.
    public var log: DiskLog { orders.log ?? DiskLog() }

    /// How many entries the log has: the sequence number of the next one.
    public var position: Int { orders.position }

    private func ring() {
        var one: UInt64 = 1
        write(wake, &one, 8)
    }
}

/// The start of the serving thread, and its whole life.
private final class Start: @unchecked Sendable {
    private let backing: String
    private let path: String
    private let wake: CInt
    private let orders: DiskOrders
    private let isUp = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    private var failure: DiskError?

    init(backing: String, path: String, wake: CInt, orders: DiskOrders) {
        (self.backing, self.path, self.wake, self.orders) = (backing, path, wake, orders)
        sem_init(isUp, 0, 0)
    }

    deinit {
        sem_destroy(isUp)
        isUp.deallocate()
    }

    /// Starts the thread and waits for the mount.
    func run() throws -> pthread_t {
        var thread = pthread_t()
        let me = Unmanaged.passRetained(self)
        let status = pthread_create(
            &thread, nil,
            { raw in
                Unmanaged<Start>.fromOpaque(raw!).takeRetainedValue().live()
                return nil
            }, me.toOpaque())
        guard status == 0 else {
            me.release()
            throw DiskError("start a thread", code: status)
        }
        while sem_wait(isUp) != 0 {}
        guard let failure else { return thread }
        pthread_join(thread, nil)
        throw failure
    }

    /// The thread has a table of descriptors of its own. If this process is killed while another of its threads waits for
    /// the disk, /dev/fuse is closed all the same; in a common table the waiting thread would keep it open, for ever.
    private func live() {
        let session: FuseSession
        do throws(DiskError) {
            guard holdfast_test_unshare_from(UInt32(wake) + 1, .max) == 0,
                wake == 3 || holdfast_test_unshare_from(3, UInt32(wake) - 1) == 0
            else { throw DiskError("have a table of descriptors for \(path)") }
            session = try FuseSession(backing: backing, path: path, wake: wake, orders: orders)
        } catch {
            failure = error
            sem_post(isUp)
            return
        }
        sem_post(isUp)
        session.serve()
    }
}
