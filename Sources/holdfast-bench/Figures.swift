internal import Glibc
internal import Processes
internal import Syscalls

/// Prints one figure.
func report(_ name: String, _ value: Double, _ unit: String) {
    let scaled = Int((value * 1_000).rounded())
    let thousandths = String(scaled % 1_000)
    let fraction = String(repeating: "0", count: 3 - thousandths.count) + thousandths
    print("\(name) \(scaled / 1_000).\(fraction) \(unit)")
    fflush(nil)
}

/// The middle value.
func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
}

/// Why a measurement could not be taken.
struct BenchError: Error, CustomStringConvertible {
    let description: String
}

/// Runs a tool of the system. Its exit status has to be among the allowed ones.
@discardableResult
func run(_ tool: String, _ arguments: [String], allowed: Set<CInt> = [0]) throws -> String {
    let result = try Tool.run(tool, arguments, seconds: 120)
    guard let status = result.status, allowed.contains(status) else {
        throw BenchError(description: "\(tool) \(arguments.joined(separator: " ")) failed: \(result.summary)")
    }
    return result.output
}

/// The path of another executable of the same build.
func productBeside(_ name: String) -> String {
    var room = [CChar](repeating: 0, count: 4_096)
    let length = readlink("/proc/self/exe", &room, room.count - 1)
    let own = String(decoding: room[..<max(0, length)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return own.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/\(name)"
}

/// The value that so many hundredths of all values do not exceed.
func percentile(_ values: [Double], _ hundredths: Int) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, sorted.count * hundredths / 100)]
}

/// A process's memory in MiB (proc_pid_status(5)): all that is resident, and what of it is its own and no file's.
func memory(of daemon: Daemon) throws -> (resident: Double, anonymous: Double) {
    let status = String(decoding: try Files.read("/proc/\(daemon.processID)/status", limit: 1 << 16), as: UTF8.self)
    func value(_ name: String) throws -> Double {
        for line in status.split(separator: "\n") where line.hasPrefix("\(name):") {
            if let kilobytes = line.split(separator: " ").dropFirst().compactMap({ Double($0) }).first {
                return kilobytes / 1_024
            }
        }
        throw BenchError(description: "/proc says nothing of \(name) of process \(daemon.processID)")
    }
    return (try value("VmRSS"), try value("RssAnon"))
}
