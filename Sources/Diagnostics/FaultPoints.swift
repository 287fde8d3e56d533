internal import Glibc
internal import Synchronization

/// The places at which a test may end this process, fail a step or hold it: before and after every durable step.
///
/// A durable step is a change that outlives the process: of files, mounts, devices, or by a tool. The functions that make one
/// (`Files`, `HostPath`, `LoopDevice`, `Tool` and their like) go through `durable` of the room `Syscalls`, which passes
/// the points, so a story cannot leave one out; `scripts/check` refuses such a system call outside of it.
///
/// They are on when `HOLDFAST_FAULTS` names a file. Each point that is passed is appended to that path with `.trace` behind
/// it: `before rename hf-*.record.new to hf-*.record`. The file itself, read at every point, may hold an order:
///
///     SERIAL kill|hang|fail:ERRNO before|after COUNT POINT
///
/// The order is carried out when the point is passed for the COUNT-th time since the order with that SERIAL was first seen.
/// `hang` holds the thread until the order is another one; `fail` is for `before` alone.
public enum FaultPoints {
    /// The control file, read from the environment once.
    private static let control: String? = getenv("HOLDFAST_FAULTS").map { String(cString: $0) }

    /// Whether anybody has asked for them. When not, a step costs one comparison more.
    public static let isOn: Bool = control != nil

    public enum Side: String, Sendable { case before, after }

    private struct Seen {
        var serial = ""
        var counts: [String: Int] = [:]
    }

    private static let seen = Mutex(Seen())

    /// Passes a point. The answer is the errno with which the step is to fail instead of being made, if it is to.
    public static func pass(_ side: Side, _ step: String, _ object: String) -> CInt? {
        guard let control else { return nil }
        let point = "\(step) \(kind(of: object))"
        let order = seen.withLock { seen -> Order? in
            append("\(side.rawValue) \(point)\n", to: control + ".trace")
            guard let order = Order(read(control)) else { return nil }
            if order.serial != seen.serial { seen = Seen(serial: order.serial) }
            guard order.side == side && order.point == point else { return nil }
            seen.counts[point, default: 0] += 1
            return seen.counts[point] == order.count ? order : nil
        }
        switch order?.action {
        case .kill:
            Glibc.kill(getpid(), SIGKILL)
            while true { pause() }
        case .hang:
            append("hanging \(point)\n", to: control + ".trace")
            while Order(read(control))?.serial == order?.serial { usleep(1_000) }
            return nil
        case .fail(let code): return code
        case nil: return nil
        }
    }

    /// What an object is, without what differs from one run to the next: the last part of a path, an id as `*`, digits as
    /// `#`.
    static func kind(of object: String) -> String {
        object.split(separator: " ").map { word in
            var out = ""
            var digits: [Character] = []
            func flush() {
                // Ids have 40 hexadecimal digits.
                if digits.count >= 32 {
                    out += "*"
                } else {
                    for digit in digits {
                        if digit.isNumber && out.last == "#" { continue }
                        out.append(digit.isNumber ? "#" : digit)
                    }
                }
                digits = []
            }
            for character in word.split(separator: "/").last ?? "" {
                if character.isHexDigit {
                    digits.append(character)
                } else {
                    flush()
                    out.append(character)
                }
            }
            flush()
            return out
        }.joined(separator: " ")
    }

    private struct Order {
        enum Action: Sendable {
            case kill, hang
            case fail(CInt)
        }

        let serial: String
        let action: Action
        let side: Side
        let count: Int
        let point: String

        init?(_ text: String) {
            let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
            guard words.count >= 5, let side = Side(rawValue: words[2]), let count = Int(words[3]) else { return nil }
            switch words[1] {
            case "kill": action = .kill
            case "hang": action = .hang
            default:
                guard words[1].hasPrefix("fail:"), side == .before, let code = CInt(words[1].dropFirst(5)) else {
                    return nil
                }
                action = .fail(code)
            }
            serial = words[0]
            self.side = side
            self.count = count
            point = words[4...].joined(separator: " ")
        }
    }

    private static func read(_ path: String) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var room = [UInt8](repeating: 0, count: 1_024)
        let count = Glibc.read(file, &room, room.count)
        return String(decoding: room.prefix(max(0, count)), as: UTF8.self)
    }

    private static func append(_ line: String, to path: String) {
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else { return }
        var line = line
        _ = line.withUTF8 { Glibc.write(file, $0.baseAddress, $0.count) }
        close(file)
    }
}
