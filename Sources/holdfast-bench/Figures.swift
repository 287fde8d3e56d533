internal import Glibc

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
