internal import Glibc
internal import Processes

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
